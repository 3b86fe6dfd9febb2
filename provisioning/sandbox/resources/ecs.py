"""ECS: task definitions and services with all their properties, and a cluster's capacity providers."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.api import Properties, api, arguments
from provisioning.sandbox.resources.registry import Made, physical_name, resource_type

LIST = ("Tags", "list")


def _tags(properties: Properties) -> dict[str, Any]:
    tags = properties.get("Tags")
    return {"tags": [{"key": tag["Key"], "value": str(tag["Value"])} for tag in tags]} if tags else {}


def _retag(arn: str, old: Properties, new: Properties) -> None:
    before = {tag["Key"] for tag in old.get("Tags") or []}
    gone = before - {tag["Key"] for tag in new.get("Tags") or []}
    if gone:
        api("ecs").untag_resource(resourceArn=arn, tagKeys=sorted(gone))
    if new.get("Tags"):
        api("ecs").tag_resource(resourceArn=arn, **_tags(new))


def create_task_definition(logical_id: str, properties: Properties, stack: str) -> Made:
    family = properties.get("Family") or f"{stack}-{logical_id}"
    wanted = arguments("ecs", "RegisterTaskDefinition", {**properties, "Family": family})
    for volume in wanted.get("volumes", ()):
        file_system = volume.get("efsVolumeConfiguration")
        if file_system and "fileSystemId" not in file_system:
            raise ValueError("EFSVolumeConfiguration needs a FilesystemId. (Service: Ecs, Status Code: 400)")
    definition = api("ecs").register_task_definition(**{**wanted, **_tags(properties)})["taskDefinition"]
    return definition["taskDefinitionArn"], {"TaskDefinitionArn": definition["taskDefinitionArn"]}


def update_task_definition(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    if {**old, "Tags": None} != {**new, "Tags": None}:
        return create_task_definition(logical_id, new, stack)
    _retag(physical_id, old, new)
    return physical_id, {"TaskDefinitionArn": physical_id}


def delete_task_definition(physical_id: str, _properties: Properties) -> None:
    api("ecs").deregister_task_definition(taskDefinition=physical_id)


def create_service(logical_id: str, properties: Properties, stack: str) -> Made:
    name = properties.get("ServiceName") or physical_name(stack, logical_id, 60)
    wanted = arguments("ecs", "CreateService", {"DesiredCount": 1, **properties, "ServiceName": name})
    service = api("ecs").create_service(**{**wanted, **_tags(properties)})["service"]
    return service["serviceArn"], {"ServiceArn": service["serviceArn"], "Name": name}


def update_service(physical_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    """Sends changed properties only, so that a count set by autoscaling is kept unless the
    template's count changes.
    """
    changed = {key: value for key, value in new.items() if key != "Tags" and old.get(key) != value}
    name = physical_id.rsplit("/", 1)[-1]
    cluster = new.get("Cluster", "default")
    request = arguments(
        "ecs", "UpdateService", {k: v for k, v in changed.items() if k not in ("Cluster", "ServiceName")}
    )
    if request:
        api("ecs").update_service(cluster=cluster, service=name, **request)
    _retag(physical_id, old, new)
    return physical_id, {"ServiceArn": physical_id, "Name": name}


def delete_service(physical_id: str, properties: Properties) -> None:
    cluster, name = properties.get("Cluster", "default"), physical_id.rsplit("/", 1)[-1]
    found = api("ecs").describe_services(cluster=cluster, services=[name])["services"]
    if found and found[0]["status"] != "INACTIVE":
        api("ecs").delete_service(cluster=cluster, service=name, force=True)


def put_capacity_providers(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("ecs", "PutClusterCapacityProviders", properties)
    api("ecs").put_cluster_capacity_providers(**wanted)
    return properties["Cluster"], {"Cluster": properties["Cluster"]}


def update_capacity_providers(
    physical_id: str, _old: Properties, new: Properties, stack: str, _logical_id: str
) -> Made:
    return put_capacity_providers(physical_id, new, stack)


def delete_capacity_providers(physical_id: str, _properties: Properties) -> None:
    api("ecs").put_cluster_capacity_providers(
        cluster=physical_id, capacityProviders=[], defaultCapacityProviderStrategy=[]
    )


def register() -> None:
    resource_type(
        "AWS::ECS::TaskDefinition",
        create=create_task_definition,
        delete=delete_task_definition,
        update=update_task_definition,
        tags=LIST,
    )
    resource_type("AWS::ECS::Service", create=create_service, delete=delete_service, update=update_service, tags=LIST)
    resource_type(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        create=put_capacity_providers,
        delete=delete_capacity_providers,
        update=update_capacity_providers,
    )
