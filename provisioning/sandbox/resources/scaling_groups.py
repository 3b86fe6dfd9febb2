"""Auto Scaling groups from a template: rejected if their launch template cannot launch anything,
otherwise with instances.
"""

from __future__ import annotations

from provisioning.sandbox.api import Properties
from provisioning.sandbox.private import autoscaling
from provisioning.sandbox.resources.registry import Made, original, resource_type
from provisioning.sandbox.services import scaling_groups
from provisioning.sandbox.work import on_loop

NAME = "AWS::AutoScaling::AutoScalingGroup"
_create, _update, _delete = (original(NAME, handler) for handler in ("create", "update", "delete"))


def _fill(name: str, *, new: bool) -> None:
    group = autoscaling.asgs[name]
    reason = scaling_groups.refusal(group) if new else ""
    if reason:
        autoscaling.asgs.pop(name)
        raise ValueError(f"{reason} (Service: AutoScaling, Status Code: 400) (HandlerErrorCode: InvalidRequest)")
    scaling_groups.touched(group)


def create_group(logical_id: str, properties: Properties, stack: str) -> Made:
    made: Made = _create(logical_id, properties, stack)
    on_loop(lambda: _fill(made[0], new=True))
    return made


def update_group(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Made:
    made: Made = _update(physical_id, old, new, stack, logical_id)
    on_loop(lambda: _fill(made[0], new=made[0] != physical_id))
    return made


def delete_group(physical_id: str, properties: Properties) -> None:
    on_loop(scaling_groups.end, physical_id)
    _delete(physical_id, properties)


def register() -> None:
    resource_type(NAME, create=create_group, update=update_group, delete=delete_group)
