"""Rolls back the resources of a failed creation, or the changes of a failed update."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.private import cfn
from provisioning.sandbox.stacks import running
from provisioning.sandbox.stacks.deletion import Deletion
from provisioning.sandbox.stacks.deployment import Deployment
from provisioning.sandbox.stacks.records import Stack, set_status
from provisioning.sandbox.stacks.update_rollback import UpdateRollback

ON_CREATE = ("Retain",)
BACK = ("ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")


@running.ends_truthfully
async def roll_back(
    stack_name: str,  # noqa: ARG001 - ministack's own signature
    stack_id: str,
    stack: Stack,
    operation: dict[str, Any],
    reason_override: str = "",
) -> None:
    """Takes the place of ministack's rollback."""
    await running.take_over(stack_id)
    template, parameters = operation.get("template") or {}, operation.get("param_values") or {}
    stack["_operation"] = {
        "kind": "rollback",
        "operation": operation,
        "reason": reason_override,
        "template": template,
        "parameters": parameters,
    }
    stack.pop("_failed_operation", None)
    if operation.get("is_update") and operation.get("previous_stack"):
        if stack["StackStatus"] not in BACK or reason_override:
            set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason_override or _reason_of_update(operation))
        await UpdateRollback(stack, operation).run()
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
        set_status(stack, "ROLLBACK_FAILED", deletion.reason())
    else:
        set_status(stack, "ROLLBACK_COMPLETE")


@running.ends_truthfully
async def continue_rollback(stack_name: str, stack_id: str, skip: list[str]) -> None:
    """ContinueUpdateRollback: tries what failed again, and counts `skip` as rolled back."""
    await running.take_over(stack_id)
    stack: Stack = cfn.stacks[stack_name]
    operation = stack["_failed_rollback"]
    stack["_operation"] = {"kind": "rollback", "operation": operation, "reason": "", "template": {}, "parameters": {}}
    set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
    rollback = UpdateRollback(stack, operation)
    rollback.skip(skip)
    await rollback.run()
    stack.pop("_operation", None)


def _reason_of_update(operation: dict[str, Any]) -> str:
    failed = operation.get("failed_logical_id")
    if operation.get("cancelled"):
        return "User Initiated"
    if not failed:
        return "Rollback requested"
    verb = "update" if operation.get("failed_update") else "create"
    return f"The following resource(s) failed to {verb}: [{failed}]. "


def _reason(operation: dict[str, Any]) -> str:
    failed = operation.get("failed_logical_id")
    if not failed:
        return "Rollback requested by user."
    return f"The following resource(s) failed to create: [{failed}]. Rollback requested by user."
