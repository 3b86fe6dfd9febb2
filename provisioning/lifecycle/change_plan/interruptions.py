"""Which changes in place interrupt a resource, as far as AWS's guides say so.

The key is a type, the value maps a property to what happens. A property that is not listed does not
interrupt, or AWS does not say so; the plan never calls such a change safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_DATABASE: Final = "The database restarts, or fails over to its standby: no connections for 1 to 2 minutes or longer."
_CACHE: Final = "The nodes are rebuilt one after the other; a cache with one node is not available in between."

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html
# https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/amazon-mq-editing-broker-preferences.html
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html
INTERRUPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "AWS::RDS::DBInstance": dict.fromkeys(
        ("DBInstanceClass", "EngineVersion", "DBParameterGroupName", "StorageType"), _DATABASE
    ),
    "AWS::RDS::DBCluster": {"EngineVersion": _DATABASE},
    "AWS::DocDB::DBInstance": {"DBInstanceClass": _DATABASE},
    "AWS::Neptune::DBInstance": {"DBInstanceClass": _DATABASE},
    "AWS::ElastiCache::ReplicationGroup": dict.fromkeys(("CacheNodeType", "EngineVersion", "Engine"), _CACHE),
    "AWS::ElastiCache::CacheCluster": dict.fromkeys(("CacheNodeType", "EngineVersion"), _CACHE),
    "AWS::AmazonMQ::Broker": dict.fromkeys(
        ("HostInstanceType", "EngineVersion"), "The broker restarts: no connections for some minutes."
    ),
    "AWS::EC2::Instance": dict.fromkeys(("InstanceType", "UserData"), "The instance stops and starts again."),
}


def interruption(type_name: str, properties: frozenset[str]) -> str:
    """What happens to a resource while these properties change; empty if nothing is known."""
    known = INTERRUPTIONS.get(type_name, {})
    return next((sentence for name, sentence in known.items() if name in properties), "")
