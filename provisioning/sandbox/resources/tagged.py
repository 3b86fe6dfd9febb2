"""Types that ministack creates without tags (or a role's boundary): calls the service's own tagging
API afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

from provisioning.sandbox.api import Properties, api, tag_list
from provisioning.sandbox.private import get_account_id, get_region
from provisioning.sandbox.resources.registry import Made, original, resource_type

Tag = Callable[[str, Properties], None]
"""(physical id, properties)"""
LIST, MAP = ("Tags", "list"), ("Tags", "map")


def _tag_cache(kind: str) -> Tag:
    def tag(physical_id: str, properties: Properties) -> None:
        arn = f"arn:aws:elasticache:{get_region()}:{get_account_id()}:{kind}:{physical_id}"
        arn = physical_id if physical_id.startswith("arn:") else arn
        api("elasticache").add_tags_to_resource(ResourceName=arn, Tags=tag_list(properties))

    return tag


def _tag_balancer_part(physical_id: str, properties: Properties) -> None:
    api("elbv2").add_tags(ResourceArns=[physical_id], Tags=tag_list(properties))


def _tag_event_rule(physical_id: str, properties: Properties) -> None:
    name = physical_id.rsplit("|", 1)[-1].rsplit("/", 1)[-1]
    bus = properties.get("EventBusName")
    arn = api("events").describe_rule(Name=name, **({"EventBusName": bus} if bus else {}))["Arn"]
    api("events").tag_resource(ResourceARN=arn, Tags=tag_list(properties))


def _tag_web_acl(physical_id: str, properties: Properties) -> None:
    acls = api("wafv2").list_web_acls(Scope=properties["Scope"])["WebACLs"]
    arn = next(
        acl["ARN"] for acl in acls if physical_id in (acl["ARN"], acl["Id"]) or acl["Id"] in physical_id.split("|")
    )
    api("wafv2").tag_resource(ResourceARN=arn, Tags=tag_list(properties))


def _tag_event_source(physical_id: str, properties: Properties) -> None:
    arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:event-source-mapping:{physical_id}"
    api("lambda").tag_resource(Resource=arn, Tags={tag["Key"]: tag["Value"] for tag in tag_list(properties)})


def _tag_policy(physical_id: str, properties: Properties) -> None:
    api("iam").tag_policy(PolicyArn=physical_id, Tags=tag_list(properties))


def _bound_role(physical_id: str, properties: Properties) -> None:
    boundary = properties.get("PermissionsBoundary")
    if boundary:
        api("iam").put_role_permissions_boundary(RoleName=physical_id, PermissionsBoundary=boundary)


def _extend(name: str, tag: Tag, tags: tuple[str, str] | None = LIST) -> None:
    create, change = original(name, "create"), original(name, "update")

    def created(logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = create(logical_id, properties, stack)
        if tags is None or properties.get("Tags"):
            tag(made[0], properties)
        return made

    def updated(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
        made: Made = change(physical_id, old, new, stack, logical_id)
        if tags is None or new.get("Tags"):
            tag(made[0], new)
        return made

    resource_type(name, create=created, update=updated, tags=tags)


def register() -> None:
    for name, kind in (
        ("SubnetGroup", "subnetgroup"),
        ("ParameterGroup", "parametergroup"),
        ("ReplicationGroup", "replicationgroup"),
        ("User", "user"),
        ("UserGroup", "usergroup"),
    ):
        _extend(f"AWS::ElastiCache::{name}", _tag_cache(kind))
    _extend("AWS::ElasticLoadBalancingV2::ListenerRule", _tag_balancer_part)
    _extend("AWS::Events::Rule", _tag_event_rule)
    _extend("AWS::Lambda::EventSourceMapping", _tag_event_source)
    _extend("AWS::WAFv2::WebACL", _tag_web_acl)
    _extend("AWS::IAM::ManagedPolicy", _tag_policy)
    _extend("AWS::IAM::Role", _bound_role, None)
