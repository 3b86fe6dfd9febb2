"""After a start: resumes operations that a stop or a crash interrupted, from the saved state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from provisioning.sandbox.private import cfn, request_scope, stacks
from provisioning.sandbox.stacks import running
from provisioning.sandbox.stacks.deletion import delete_stack
from provisioning.sandbox.stacks.deployment import Deployment
from provisioning.sandbox.stacks.operations import clean_up, create_then_delete, deploy_stack
from provisioning.sandbox.stacks.records import Stack, set_status
from provisioning.sandbox.stacks.rollback import roll_back

_tasks: set[asyncio.Task[None]] = set()


def carry_on() -> int:
    """Restarts the operations in progress and returns their number."""
    interrupted = [
        (account, region, stack)
        for (account, region, _name), stack in list(cfn.stacks.all_items())
        if stack.get("StackStatus", "").endswith("_IN_PROGRESS") and stack["StackStatus"] != "REVIEW_IN_PROGRESS"
    ]
    for account, region, stack in interrupted:
        with request_scope(account, region):
            task = asyncio.create_task(_go_on(stack))
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
    return len(interrupted)


async def _go_on(stack: Stack) -> None:
    operation: dict[str, Any] = stack.get("_operation") or {}
    stacks.CLIENT_REQUEST_TOKEN.set(operation.get("token", ""))
    name, stack_id = stack["StackName"], stack["StackId"]
    kind = operation.get("kind")
    if kind == "delete" or stack["StackStatus"] == "DELETE_IN_PROGRESS":
        await delete_stack(name, stack_id, operation.get("retain", ()), operation.get("force", False))
    elif kind == "rollback":
        await roll_back(name, stack_id, stack, operation["operation"], operation.get("reason", ""))
    elif kind == "cleanup":
        await _finish_cleanup(stack, operation)
    elif kind == "deploy":
        await _deploy_again(stack, operation)
    else:
        _end_truthfully(stack)
    good = stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
    for change_set in cfn.change_sets.values():
        if change_set.get("StackId") == stack_id and change_set.get("ExecutionStatus") == "EXECUTE_IN_PROGRESS":
            change_set["ExecutionStatus"] = "EXECUTE_COMPLETE" if good else "EXECUTE_FAILED"


async def _deploy_again(stack: Stack, operation: dict[str, Any]) -> None:
    deploy: Awaitable[None] = deploy_stack(
        stack["StackName"],
        stack["StackId"],
        operation["template"],
        operation["parameters"],
        operation["disable_rollback"],
        stack.get("Tags") or [],
        operation["is_update"],
        operation["previous"],
        operation["retain_except_on_create"],
        operation["imports"],
    )
    if stack.get("_delete_on_failure"):
        deploy = create_then_delete(stack["StackName"], stack["StackId"], deploy)
    await deploy


async def _finish_cleanup(stack: Stack, operation: dict[str, Any]) -> None:
    await running.take_over(stack["StackId"])
    deployment = Deployment(
        stack, stack["_template"], stack["_resolved_params"], is_update=True, previous=operation["previous"]
    )
    deployment.replaced = [(*item, []) for item in operation["replaced"]]
    await clean_up(deployment, operation["removed"])
    stack.pop("_operation", None)
    set_status(stack, "UPDATE_COMPLETE")
    running.done(stack["StackId"])


def _end_truthfully(stack: Stack) -> None:
    """Ends an operation without its own record (an import, a drift detection) as failed instead of
    in progress.
    """
    verb = stack["StackStatus"].removesuffix("_IN_PROGRESS")
    ends = {
        "IMPORT": "IMPORT_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK": "UPDATE_ROLLBACK_FAILED",
        "ROLLBACK": "ROLLBACK_FAILED",
    }
    set_status(stack, ends.get(verb, f"{verb}_FAILED"), "The sandbox was stopped in the middle of the operation.")
