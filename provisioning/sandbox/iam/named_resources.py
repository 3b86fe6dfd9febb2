"""The resources that a resource's properties refer to, as ARNs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioning.sandbox.iam import resources
from provisioning.sandbox.private import iam

_EC2_KINDS = {
    "acl": "network-acl",
    "ami": "image",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "rtb": "route-table",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
_EC2_ID = re.compile(rf"({'|'.join(_EC2_KINDS)})-[0-9a-f]{{8,17}}\Z")
# Properties that contain text for others: the handler does not call anything that they name.
_OPAQUE = re.compile(
    r"(.*Policy(Document)?|Policies|Environment|EnvironmentFiles|Secrets|ContainerDefinitions|UserData|Tags|DashboardBody"
    r"|Definition(String)?|InsufficientDataActions|AlarmActions|OKActions|Metrics|TemplateBody|AliasTarget|Rules|Dimensions)\Z"
)
_NOT_PASSED = re.compile(r"(Policies|Environment|ContainerDefinitions|.*Document)\Z")
_ROLE = re.compile(r"(.*Role(Arn|ARN|s)?|DeliverLogsPermissionArn)\Z")


def _plain(service: str, kind: str) -> Callable[[str], str]:
    return lambda name: resources.arn(service, f"{kind}{name}")


def _key(name: str) -> str:
    """AWS's own keys (alias/aws/…) are no resource of the account's."""
    return "" if "alias/aws/" in name else resources.key_arn(name)


_BY_PROPERTY: dict[str, Callable[[str], str]] = {
    "BackupVaultName": _plain("backup", "backup-vault:"),
    "Bucket": lambda name: f"arn:aws:s3:::{name}",
    "CacheParameterGroupName": _plain("elasticache", "parametergroup:"),
    "CacheSubnetGroupName": _plain("elasticache", "subnetgroup:"),
    "Cluster": resources.cluster_arn,
    "ConfigurationSetName": _plain("ses", "configuration-set/"),
    "DBParameterGroupName": _plain("rds", "pg:"),
    "DBSnapshotIdentifier": _plain("rds", "snapshot:"),
    "DBSubnetGroupName": _plain("rds", "subgrp:"),
    "EncryptionKeyArn": _key,
    "FileSystemId": _plain("elasticfilesystem", "file-system/"),
    "FunctionName": resources.function_arn,
    "HostedZoneId": lambda zone: f"arn:aws:route53:::hostedzone/{zone}",
    "IamInstanceProfile": resources.profile_arn,
    "KMSMasterKeyID": _key,
    "KmsKeyArn": _key,
    "KmsKeyId": _key,
    "KmsMasterKeyId": _key,
    "LogGroupName": _plain("logs", "log-group:"),
    "NamespaceId": _plain("servicediscovery", "namespace/"),
    "QueueUrl": resources.queue_arn,
    "Queues": resources.queue_arn,
    "RoleName": resources.role_arn,
    "Roles": resources.role_arn,
    "SecretId": resources.secret_arn,
    "TargetFunctionArn": resources.function_arn,
    "TargetBackupVault": _plain("backup", "backup-vault:"),
    "UserGroupId": _plain("elasticache", "usergroup:"),
    "UserGroupIds": _plain("elasticache", "usergroup:"),
    "UserIds": _plain("elasticache", "user:"),
}


def named_arns(properties: Mapping[str, Any]) -> list[str]:
    """The ARNs of everything that the properties name, each once."""
    named = [_arn_of(name, text) for name, text in _leaves(properties, _OPAQUE)]
    for inner in _maps(properties):
        if "S3Bucket" in inner and "S3Key" in inner:
            named.append(f"arn:aws:s3:::{inner['S3Bucket']}/{inner['S3Key']}")
        if inner.get("TargetType") == "AWS::RDS::DBInstance" and "TargetId" in inner:
            named.append(resources.arn("rds", f"db:{inner['TargetId']}"))
    return list(dict.fromkeys(arn for arn in named if arn))


def _arn_of(name: str, text: str) -> str:
    read = _BY_PROPERTY.get(name)
    if read is not None:
        return read(text)
    if text.startswith("arn:") and text.count(":") >= 5:  # noqa: PLR2004 - the parts of an ARN
        return text.removesuffix(":*")
    match = _EC2_ID.match(text)
    return resources.arn("ec2", f"{_EC2_KINDS[match[1]]}/{text}") if match else ""


def passed_roles(properties: Mapping[str, Any]) -> list[str]:
    """The ARNs of the roles that the properties hand to a service, those of instance profiles included."""
    roles = [resources.role_arn(text) for name, text in _leaves(properties, _NOT_PASSED) if _ROLE.match(name)]
    profiles = [text for name, text in _leaves(properties, _NOT_PASSED) if name == "IamInstanceProfile"]
    for inner in _maps(properties):
        nested = inner.get("IamInstanceProfile")
        profiles += [str(nested.get("Arn") or nested.get("Name"))] if isinstance(nested, Mapping) else []
    for profile in profiles:
        record = iam.instance_profiles.get(profile.rpartition("/")[2]) or {}
        roles += [
            str(one["Arn"]) if isinstance(one, Mapping) else resources.role_arn(one)
            for one in record.get("Roles") or ()
        ]
    return list(dict.fromkeys(roles))


def _leaves(value: Any, without: re.Pattern[str], name: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the name of its property, outside the properties that the pattern names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not without.match(key):
                yield from _leaves(inner, without, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, without, name)
    elif isinstance(value, str) and value:
        yield name, value


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    """The properties and every map in them, policies and the like left out."""
    if isinstance(value, Mapping):
        yield value
        for key, inner in value.items():
            if not _OPAQUE.match(key):
                yield from _maps(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _maps(inner)
