"""RDS and ElastiCache, where ministack is less strict or less complete than AWS."""

from __future__ import annotations

import hashlib
import json
import secrets
import string
from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox import private
from provisioning.sandbox.api import Properties, api, arguments, refused, tag_list
from provisioning.sandbox.private import elasticache, get_account_id, get_region, provisioners
from provisioning.sandbox.resources.registry import Made, original, physical_name, resource_type, true
from provisioning.sandbox.work import on_loop

LIST = ("Tags", "list")
PASSWORD_LENGTH = 28
GROUP = "AWS::ElastiCache::ReplicationGroup"
_create_group, _update_group = original(GROUP, "create"), original(GROUP, "update")
_create_instance = original("AWS::RDS::DBInstance", "create")
_update_instance = original("AWS::RDS::DBInstance", "update")
_delete_instance = original("AWS::RDS::DBInstance", "delete")


def _managed_secret(instance_id: str, properties: Properties) -> str:
    """The secret that RDS creates and owns with ManageMasterUserPassword, named as on AWS."""
    letters = string.ascii_letters + string.digits
    password = "".join(secrets.choice(letters) for _ in range(PASSWORD_LENGTH))
    kms_key = (properties.get("MasterUserSecret") or {}).get("KmsKeyId")
    instance_arn = api("rds").describe_db_instances(DBInstanceIdentifier=instance_id)["DBInstances"][0]["DBInstanceArn"]
    tags = [
        {"Key": "aws:secretsmanager:owningService", "Value": "rds"},
        {"Key": "aws:rds:primaryDBInstanceArn", "Value": instance_arn},
    ]
    secret = api("secretsmanager").create_secret(
        Name=f"rds!db-{private.new_uuid()}",
        SecretString=json.dumps({"username": properties.get("MasterUsername", "admin"), "password": password}),
        Tags=tags,
        **({"KmsKeyId": kms_key} if kms_key else {}),
    )
    status = {"SecretArn": secret["ARN"], "SecretStatus": "active", **({"KmsKeyId": kms_key} if kms_key else {})}
    on_loop(lambda: private.rds.instances[instance_id].update(MasterUserSecret=status))
    return str(secret["ARN"])


def _stored(properties: Properties) -> dict[str, object]:
    """Properties of an instance that ministack's own handler does not record."""
    wanted: dict[str, object] = {
        "EnabledCloudwatchLogsExports": list(properties.get("EnableCloudwatchLogsExports") or []),
        "PerformanceInsightsRetentionPeriod": properties.get("PerformanceInsightsRetentionPeriod"),
        "Iops": properties.get("Iops"),
        "StorageThroughput": properties.get("StorageThroughput"),
        "CACertificateIdentifier": properties.get("CACertificateIdentifier"),
    }
    return {name: value for name, value in wanted.items() if value}


def create_instance(logical_id: str, properties: Properties, stack: str) -> Made:
    instance_id = properties.get("DBInstanceIdentifier")
    if instance_id and on_loop(lambda: instance_id in private.rds.instances):
        raise ValueError(
            "DB instance already exists (Service: Rds, Status Code: 400) (HandlerErrorCode: AlreadyExists)"
        )
    physical_id, attributes = _create_instance(logical_id, properties, stack)
    on_loop(lambda: private.rds.instances[physical_id].update(_stored(properties)))
    if true(properties.get("ManageMasterUserPassword")):
        attributes = {**attributes, "MasterUserSecret.SecretArn": _managed_secret(physical_id, properties)}
    return physical_id, attributes


def update_instance(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update_instance(physical_id, old, new, stack, logical_id)
    instance_id, attributes = made
    on_loop(lambda: private.rds.instances[instance_id].update(_stored(new)))
    if true(new.get("ManageMasterUserPassword")):
        record = api("rds").describe_db_instances(DBInstanceIdentifier=instance_id)["DBInstances"][0]
        arn = (record.get("MasterUserSecret") or {}).get("SecretArn") or _managed_secret(instance_id, new)
        attributes = {**attributes, "MasterUserSecret.SecretArn": arn}
    return instance_id, attributes


def delete_instance(physical_id: str, properties: Properties) -> None:
    try:
        record = api("rds").describe_db_instances(DBInstanceIdentifier=physical_id)["DBInstances"][0]
    except ClientError as error:
        if refused(error, "DBInstanceNotFound", "DBInstanceNotFoundFault"):
            return
        raise
    if record.get("DeletionProtection"):
        raise ValueError(
            "Cannot delete protected DB Instance, please disable deletion protection and try again. "
            "(Service: Rds, Status Code: 400) (HandlerErrorCode: InvalidRequest)"
        )
    secret = (record.get("MasterUserSecret") or {}).get("SecretArn")
    _delete_instance(physical_id, properties)
    if secret:
        api("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def _serverless_attributes(cache: dict[str, object]) -> dict[str, str]:
    def part(endpoint: object, name: str) -> str:
        return str(endpoint.get(name, "")) if isinstance(endpoint, dict) else ""

    endpoint = cache.get("Endpoint") or {}
    reader = cache.get("ReaderEndpoint") or endpoint
    return {
        "ARN": str(cache.get("ARN", "")),
        "CreateTime": str(cache.get("CreateTime", "")),
        "FullEngineVersion": str(cache.get("FullEngineVersion", "")),
        "Status": str(cache.get("Status", "")),
        "Endpoint.Address": part(endpoint, "Address"),
        "Endpoint.Port": part(endpoint, "Port") or "6379",
        "ReaderEndpoint.Address": part(reader, "Address"),
        "ReaderEndpoint.Port": part(reader, "Port") or "6380",
    }


def cache_host(name: str, kind: str = "", before: str = "") -> str:
    """A host name in ElastiCache's form: `<name>.<six letters>.<kind>.eun1.cache.amazonaws.com`."""
    area, *direction, number = get_region().split("-")
    short = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}
    compass = "".join(short.get(word, word[0]) for word in direction)
    mark = hashlib.sha256(f"{get_account_id()}{name.removesuffix('-ro')}".encode()).hexdigest()[:6]
    parts = (before, name, mark, kind, f"{area}{compass}{number}", "cache.amazonaws.com")
    return ".".join(part for part in parts if part)


def _with_host(value: Any, host: str) -> Any:
    """The same data with `host` at every address: ministack uses a container's name for all of
    them.
    """
    if isinstance(value, dict):
        return {
            key: host if key.endswith("Address") and item else _with_host(item, host) for key, item in value.items()
        }
    return [_with_host(item, host) for item in value] if isinstance(value, list) else value


def create_serverless_cache(logical_id: str, properties: Properties, stack: str) -> Made:
    name = properties.get("ServerlessCacheName") or physical_name(stack, logical_id)
    wanted = arguments("elasticache", "CreateServerlessCache", {**properties, "ServerlessCacheName": name})
    wanted["Tags"] = tag_list(properties)
    api("elasticache").create_serverless_cache(**wanted)
    host = cache_host(name, "serverless")
    on_loop(lambda: _rename(elasticache.serverless_caches, name, host))
    cache = api("elasticache").describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"][0]
    return name, _serverless_attributes(cache)


def _rename(records: Any, name: str, host: str) -> None:
    records[name] = _with_host(records[name], host)


def _name_nodes(name: str) -> dict[str, Any]:
    """Gives a replication group's endpoints host names in ElastiCache's form; returns the
    attributes for GetAtt.
    """
    record = elasticache.replication_groups[name]
    encrypted = str(record.get("TransitEncryptionEnabled")).lower() == "true"
    if record.get("ConfigurationEndpoint"):
        host = cache_host(name, before="clustercfg") if encrypted else cache_host(name, "clustercfg")
        record["ConfigurationEndpoint"]["Address"] = host
    for group in record.get("NodeGroups") or []:
        mark = group["NodeGroupId"]
        primary = cache_host(name, before="master") if encrypted else cache_host(name, f"ng.{mark}")
        reader = cache_host(name, before="replica") if encrypted else cache_host(f"{name}-ro", f"ng.{mark}")
        for endpoint, host in (("PrimaryEndpoint", primary), ("ReaderEndpoint", reader)):
            if group.get(endpoint):
                group[endpoint]["Address"] = host
        for member in group.get("NodeGroupMembers") or []:
            node = member["CacheClusterId"]
            if member.get("ReadEndpoint"):
                host = cache_host(name, before=node) if encrypted else cache_host(node, mark)
                member["ReadEndpoint"]["Address"] = host
    attributes: dict[str, Any] = provisioners.ec_rg_attrs(name)
    return attributes


def create_replication_group(logical_id: str, properties: Properties, stack: str) -> Made:
    group_id, _attributes = _create_group(logical_id, properties, stack)
    return group_id, on_loop(_name_nodes, group_id)


def update_replication_group(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    group_id, _attributes = _update_group(physical_id, old, new, stack, logical_id)
    return group_id, on_loop(_name_nodes, group_id)


def update_serverless_cache(physical_id: str, _old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    wanted = arguments("elasticache", "ModifyServerlessCache", new, ServerlessCacheName=physical_id)
    cache = api("elasticache").modify_serverless_cache(**wanted)["ServerlessCache"]
    if tag_list(new):
        api("elasticache").add_tags_to_resource(ResourceName=cache["ARN"], Tags=tag_list(new))
    return physical_id, _serverless_attributes(cache)


def delete_serverless_cache(physical_id: str, _properties: Properties) -> None:
    try:
        api("elasticache").delete_serverless_cache(ServerlessCacheName=physical_id)
    except ClientError as error:
        if not refused(error, "ServerlessCacheNotFoundFault", "ServerlessCacheNotFound"):
            raise


def register() -> None:
    resource_type(GROUP, create=create_replication_group, update=update_replication_group)
    resource_type("AWS::RDS::DBInstance", create=create_instance, delete=delete_instance, update=update_instance)
    resource_type(
        "AWS::ElastiCache::ServerlessCache",
        create=create_serverless_cache,
        delete=delete_serverless_cache,
        update=update_serverless_cache,
        tags=LIST,
    )
