"""Writes `provisioning/aws/identifiers.json` from the schemas of CloudFormation that cfn-lint ships.

Run it as `python -m tests.aws.refresh_identifiers`. A test compares the file with the schemas.
"""

from __future__ import annotations

import json
from typing import Any, Final

from provisioning.aws.data_types import HOLDS_DATA
from provisioning.aws.identifiers import DATA
from provisioning.aws.types import TYPES
from tests.aws.refresh_handlers import schema_of

_OTHER_NAMES: Final = {
    "AWS::EC2::SecurityGroup": {"GroupName"},
    "AWS::ElastiCache::CacheCluster": {"ClusterName"},
}
# Their names are unique within another resource only, which may be replaced as well.
_NAMED_WITHIN_ANOTHER: Final = frozenset(
    {
        "AWS::ApiGateway::Stage",
        "AWS::ApiGatewayV2::Stage",
        "AWS::AutoScaling::LifecycleHook",
        "AWS::Cassandra::Table",
        "AWS::ECS::Service",
        "AWS::Glue::Table",
        "AWS::Lambda::Alias",
        "AWS::Logs::LogStream",
        "AWS::Route53::HostedZone",
        "AWS::Route53::RecordSet",
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        "AWS::ServiceDiscovery::Service",
        "AWS::Timestream::Table",
    }
)


def identifiers() -> dict[str, Any]:
    """What never changes while a resource exists, and for a type that holds data, what replaces it."""
    found = {}
    for name in sorted({*TYPES, *HOLDS_DATA}):
        try:
            schema = schema_of(name)
        except (KeyError, OSError):
            continue  # no type of CloudFormation, or none that has a schema
        found[name] = {"lasting": lasting(schema), "custom_name": custom_names(name, schema)}
        if name in HOLDS_DATA:
            found[name]["create_only"] = paths(schema, "createOnlyProperties")
    return found


def lasting(schema: dict[str, Any]) -> list[str]:
    """An id inside of a property may be that of something else, such as the secret of a database."""
    read_only = [
        path for path in paths(schema, "readOnlyProperties") if path.endswith(("Id", "Arn")) and "." not in path
    ]
    return sorted({*paths(schema, "primaryIdentifier"), *read_only})


def custom_names(name: str, schema: dict[str, Any]) -> list[str]:
    """Properties with which a template names the resource itself, so that two cannot exist at once.

    They are those that AWS lists as name types, by the rule that they all follow:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    if name in _NAMED_WITHIN_ANOTHER:
        return []
    last = name.rpartition("::")[2]
    wanted = {"Name", f"{last}Name", f"{last}Identifier", f"{last}Id"} | _OTHER_NAMES.get(name, set())
    return sorted(wanted & set(paths(schema, "createOnlyProperties")))


def paths(schema: dict[str, Any], key: str) -> list[str]:
    return sorted(path.removeprefix("/properties/").replace("/", ".") for path in schema.get(key, ()))


if __name__ == "__main__":
    DATA.write_text(json.dumps(identifiers(), separators=(",", ":"), sort_keys=True) + "\n")
