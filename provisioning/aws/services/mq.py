"""Amazon MQ: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_broker(aws: Clients, broker_id: str) -> bool:
    return bool(aws.client("mq").describe_broker(BrokerId=broker_id)["BrokerId"])
