"""Rolls back the resources of a failed creation, or the changes of a failed update."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.private import stacks
from provisioning.sandbox.stacks import running
from provisioning.sandbox.stacks.deletion import Deletion
from provisioning.sandbox.stacks.deployment import Deployment
from provisioning.sandbox.stacks.records import Stack, set_status

_roll_back_update = stacks.roll_back_operation  # ministack's own, one resource after the other
ON_CREATE = ("Retain",)


@running.ends_truthfully
async def roll_back(
    stack_name: str, stack_id: str, stack: Stack, operation: dict[str, Any], reason_override: str = ""
) -> None:
    """Replaces ministack's rollback of a failed creation; ministack rolls back failed updates."""
    await running.take_over(stack_id)
    template, parameters = operation.get("template") or {}, operation.get("param_values") or {}
    kind = "rollback"
    stack["_operation"] = {
        "kind": kind,
        "operation": operation,
        "reason": reason_override,
        "template": template,
        "parameters": parameters,
    }
    stack.pop("_failed_operation", None)
    if operation.get("is_update"):
        await _roll_back_update(stack_name, stack_id, stack, operation, reason_override)
        stack.pop("_operation", None)
        return
    if stack["StackStatus"] != "ROLLBACK_IN_PROGRESS" or reason_override:
        set_status(stack, "ROLLBACK_IN_PROGRESS", reason_override or _reason(operation))
    deployment = Deployment(stack, template, parameters)
    kept = () if operation.get("retain_except_on_create") else ON_CREATE
    deletion = Deletion(deployment, set(stack["_resources"]), honour_policies=kept, snapshots=False)
    await deletion.run()
    stack.pop("_operation", None)
    stack.update(_template=template, _resolved_params=parameters)
    if deletion.failed:
        stack["_rollback_failed"] = {name: {**stack["_resources"][name]} for name in deletion.failed}
        set_status(stack, "ROLLBACK_FAILED", deletion.reason())
    else:
        set_status(stack, "ROLLBACK_COMPLETE")


def _reason(operation: dict[str, Any]) -> str:
    failed = operation.get("failed_logical_id")
    if not failed:
        return "Rollback requested by user."
    return f"The following resource(s) failed to create: [{failed}]. Rollback requested by user."
