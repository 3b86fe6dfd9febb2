"""What writes or starts work by itself, stopped before anything is deleted: a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from provisioning.aws.errors import NotFound, WrongStatus
from provisioning.aws.services import autoscaling, lambda_functions
from provisioning.aws.sessions import Clients


def _disable_rule(aws: Clients, physical_id: str) -> None:
    """The name, "bus|name", or the ARN: arn:…:rule/name, arn:…:rule/bus/name."""
    bus, name = rule_of(physical_id)
    place = {"EventBusName": bus} if bus else {}
    aws.client("events").disable_rule(Name=name, **place)


def rule_of(physical_id: str) -> tuple[str, str]:
    """Bus (empty for the default one) and name of an EventBridge rule."""
    bus, _, name = (
        physical_id.partition(":rule/")[2].rpartition("/") if ":rule/" in physical_id else physical_id.rpartition("|")
    )
    return bus, name


STOPS: Final[Mapping[str, Callable[[Clients, str], None]]] = {
    "AWS::AutoScaling::AutoScalingGroup": autoscaling.stop_group,
    "AWS::Events::Rule": _disable_rule,
    "AWS::Lambda::EventSourceMapping": lambda_functions.stop_event_source,
}


def quiesce(aws: Clients, resource_type: str, physical_id: str) -> bool:
    """False when the type does nothing by itself. What is gone or changing already is left, so repeating is harmless."""
    stop = STOPS.get(resource_type)
    if stop is None:
        return False
    with suppress(NotFound, WrongStatus):  # the latter: a mapping on its way to another state
        stop(aws, physical_id)
    return True
