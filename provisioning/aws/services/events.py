"""EventBridge: disables rules; existence checks."""

from __future__ import annotations

from contextlib import suppress

from provisioning.aws.errors import WrongStatus
from provisioning.aws.sessions import Clients


def stop_rule(aws: Clients, physical_id: str) -> None:
    bus, name = _bus_and_name(physical_id)
    place = {"EventBusName": bus} if bus else {}
    with suppress(WrongStatus):  # it is changing already
        aws.client("events").disable_rule(Name=name, **place)


def has_rule(aws: Clients, physical_id: str) -> bool:
    bus, name = _bus_and_name(physical_id)
    place = {"EventBusName": bus} if bus else {}
    return bool(aws.client("events").describe_rule(Name=name, **place)["Name"])


def _bus_and_name(physical_id: str) -> tuple[str, str]:
    """Splits "name", "bus|name", or the ARN (arn:…:rule/name, arn:…:rule/bus/name). The default bus
    is empty.
    """
    bus, _, name = (
        physical_id.partition(":rule/")[2].rpartition("/") if ":rule/" in physical_id else physical_id.rpartition("|")
    )
    return bus, name
