"""Amazon MQ: existence checks; offers."""

from __future__ import annotations

from provisioning.aws.account_reads import BrokerOffer
from provisioning.aws.sessions import Clients


def has_broker(aws: Clients, broker_id: str) -> bool:
    return bool(aws.client("mq").describe_broker(BrokerId=broker_id)["BrokerId"])


def broker_offer(aws: Clients, engine: str, instance_type: str) -> BrokerOffer:
    answer = aws.client("mq").describe_broker_instance_options(
        EngineType=engine.upper(), HostInstanceType=instance_type, MaxResults=100
    )
    options = answer["BrokerInstanceOptions"]
    return BrokerOffer(
        zones=frozenset(zone["Name"] for option in options for zone in option["AvailabilityZones"]),
        versions=frozenset(version for option in options for version in option["SupportedEngineVersions"]),
    )
