"""The operations that ministack's requests start: deploy, delete and roll back, each resumed after
a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from provisioning.sandbox.private import cfn, changesets, handlers, now_iso, provisioners, stacks
from provisioning.sandbox.properties import static_problems
from provisioning.sandbox.stacks import history, running
from provisioning.sandbox.stacks.deletion import delete_one, delete_stack
from provisioning.sandbox.stacks.deployment import Deployment, ResourceFailedError, run_update
from provisioning.sandbox.stacks.records import Stack, add_event, set_resource, set_status
from provisioning.sandbox.stacks.rollback import roll_back
from provisioning.sandbox.work import run_handler

FAILED_CREATION = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")


@running.ends_truthfully
async def deploy_stack(  # noqa: PLR0917 - ministack's own signature
    stack_name: str,
    stack_id: str,
    template: dict[str, Any],
    param_values: dict[str, Any],
    disable_rollback: bool,  # noqa: FBT001
    tags: list[dict[str, str]],  # noqa: ARG001 - they are on the stack already
    is_update: bool = False,  # noqa: FBT001, FBT002
    previous_stack: dict[str, Any] | None = None,
    retain_except_on_create: bool = False,  # noqa: FBT001, FBT002
    imports: dict[str, Any] | None = None,
) -> None:
    """Creates or updates a stack's resources and leaves it in one of AWS's final statuses."""
    await running.take_over(stack_id)
    stack: Stack = cfn.stacks[stack_name]
    stack.pop("_detailed_status", None)
    stack["_former_failure"] = stack.pop("_failed_operation", stack.get("_former_failure"))
    stack["_operation"] = {
        "kind": "deploy",
        "template": template,
        "parameters": param_values,
        "disable_rollback": disable_rollback,
        "is_update": is_update,
        "previous": previous_stack,
        "retain_except_on_create": retain_except_on_create,
        "imports": imports or {},
        "token": stacks.CLIENT_REQUEST_TOKEN.get(),
    }
    deployment = Deployment(stack, template, param_values, is_update, previous_stack or {}, imports or {})
    succeeded = (
        not _refuse_removals(deployment)
        and not _refuse_properties(deployment)
        and await (run_update(deployment) if is_update else deployment.run())
    )
    if succeeded:
        succeeded = _publish(deployment)
    if succeeded:
        stack.pop("_former_failure", None)
        stack.pop("_revert_drift", None)
        await _finish(deployment)
    else:
        await _give_up(deployment, disable_rollback=disable_rollback, retain_except_on_create=retain_except_on_create)


def _refuse_properties(deployment: Deployment) -> bool:
    """Fails resources whose properties violate their schema, as far as that is known before
    anything is created.
    """
    problems = static_problems(deployment)
    for logical_id, problem in problems.items():
        resource_type = deployment.definitions[logical_id]["Type"]
        before = deployment.previous.get("_resources", {}).get(logical_id)
        verb = "UPDATE" if before else "CREATE"
        set_resource(deployment.stack, logical_id, f"{verb}_IN_PROGRESS", ResourceType=resource_type)
        reason = f"Properties validation failed for resource {logical_id} with message:\n{problem}"
        set_resource(deployment.stack, logical_id, f"{verb}_FAILED", reason)
        deployment.failure = deployment.failure or (logical_id, reason)
        if before and deployment.failed_update is None:
            deployment.failed_update = (logical_id, resource_type, before["PhysicalResourceId"], None, None, None)
    if problems:
        _note_validation(deployment.stack, problems)
    return bool(problems)


def _note_validation(stack: Stack, problems: dict[str, str]) -> None:
    """What DescribeEvents says about a creation or update that fails its pre-deployment validation."""
    stack["_detailed_status"] = "VALIDATION_FAILED"
    stack.setdefault("_validation_events", []).extend(
        {
            **history.note(stack),
            "EventType": "VALIDATION_ERROR",
            "StackId": stack["StackId"],
            "OperationStatus": "FAILED",
            "LogicalResourceId": logical_id,
            "ResourceType": stack["_resources"][logical_id]["ResourceType"],
            "Timestamp": now_iso(),
            "ValidationFailureMode": "FAIL",
            "ValidationName": "PROPERTY_VALIDATION",
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": reason,
            "ValidationPath": f"/Resources/{logical_id}/Properties",
        }
        for logical_id, reason in problems.items()
    )


def _refuse_removals(deployment: Deployment) -> bool:
    """Fails an update that would delete resources that the stack's policy protects."""
    for logical_id, record in deployment.previous.get("_resources", {}).items():
        if logical_id in deployment.graph:
            continue
        try:
            deployment.allow("Update:Delete", logical_id, record["ResourceType"])
        except ResourceFailedError as error:
            set_resource(deployment.stack, logical_id, "UPDATE_FAILED", str(error))
            deployment.failure = (logical_id, str(error))
            return True
    return False


def _publish(deployment: Deployment) -> bool:
    try:
        deployment.publish()
    except ValueError as error:
        deployment.failure = ("", str(error))
        set_status(deployment.stack, f"{deployment.verb}_FAILED", str(error))
        return False
    return True


async def _finish(deployment: Deployment) -> None:
    stack = deployment.stack
    removed = [name for name in deployment.previous.get("_resources", {}) if name not in deployment.graph]
    if deployment.is_update and (removed or deployment.replaced):
        stack["_operation"] = {
            "kind": "cleanup",
            "removed": removed,
            "replaced": [list(item[:5]) for item in deployment.replaced],
            "previous": deployment.previous,
        }
        set_status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        await clean_up(deployment, removed)
    stack.pop("_operation", None)
    set_status(stack, f"{deployment.verb}_COMPLETE")


async def clean_up(deployment: Deployment, removed: list[str]) -> None:
    """Deletes resources that an update replaced or removed; a failed deletion does not fail the
    update.
    """
    stack, name = deployment.stack, deployment.stack["StackName"]
    for logical_id, resource_type, old_id, new_id, old_properties, deletions in reversed(deployment.replaced):
        if deployment.policy(logical_id, "UpdateReplacePolicy") in provisioners.RETAINING_POLICIES:
            if new_id != old_id:
                add_event(stack["StackId"], name, logical_id, resource_type, "DELETE_SKIPPED", "", old_id)
            continue
        add_event(stack["StackId"], name, logical_id, resource_type, "DELETE_IN_PROGRESS", "", old_id)
        try:
            for function, arguments, keywords in deletions:
                await run_handler(resource_type, lambda f=function, a=arguments, k=keywords: f(*a, **k))
            if new_id != old_id and not deletions:
                record = {"ResourceType": resource_type, "PhysicalResourceId": old_id, "Properties": old_properties}
                await delete_one(stack, logical_id, record)
        except Exception as error:  # noqa: BLE001 - the handler's words become the event's
            add_event(stack["StackId"], name, logical_id, resource_type, "DELETE_FAILED", str(error), old_id)
        else:
            add_event(stack["StackId"], name, logical_id, resource_type, "DELETE_COMPLETE", "", old_id)
    await _remove(deployment, removed)


async def _remove(deployment: Deployment, removed: list[str]) -> None:
    """Resources that the new template no longer has, in the old template's order and with its
    policies.
    """
    from provisioning.sandbox.stacks.deletion import Deletion  # noqa: PLC0415

    previous = deployment.previous
    old = Deployment(deployment.stack, previous.get("_template") or {}, previous.get("_resolved_params") or {})
    deletion = Deletion(old, {name for name in removed if name in deployment.stack["_resources"]})
    await deletion.run()
    for name in removed:
        if name not in deletion.failed:
            deployment.stack["_resources"].pop(name, None)


async def _give_up(deployment: Deployment, *, disable_rollback: bool, retain_except_on_create: bool) -> None:
    stack = deployment.stack
    failed, reason = deployment.failure or ("", "The operation was stopped.")
    operation = stacks.failed_operation(
        deployment.is_update,
        deployment.previous or None,
        deployment.done,
        deployment.failed_update,
        failed,
        [item[0] for item in deployment.replaced],
        reason == "User Initiated",
        deployment.template,
        deployment.parameters,
        retain_except_on_create,
        deployment.tags,
        deployment.previous.get("Tags") or [],
        deployment.imports,
    )
    operation = _with_former_failure(stack.pop("_former_failure", None), operation)
    if not disable_rollback:
        history.begin("ROLLBACK")
        await roll_back(stack["StackName"], stack["StackId"], stack, operation)
        return
    stack.pop("_operation", None)
    stack["_failed_operation"] = operation
    stack.update(_template=deployment.template, _resolved_params=deployment.parameters)
    names = sorted(name for name, record in stack["_resources"].items() if record["ResourceStatus"].endswith("_FAILED"))
    verb = "update" if deployment.is_update else "create"
    set_status(
        stack,
        f"{deployment.verb}_FAILED",
        f"The following resource(s) failed to {verb}: [{', '.join(names)}]. " if names else reason,
    )


def _with_former_failure(former: dict[str, Any] | None, operation: dict[str, Any]) -> dict[str, Any]:
    """An operation on a stack that had failed goes back to before that failure, not to the half-made state."""
    if not former:
        return operation
    created = [*former["created"], *(name for name in operation["created"] if name not in former["created"])]
    keys = ("is_update", "previous_stack", "previous_tags", "imports")
    return {**operation, **{key: former[key] for key in keys}, "created": created}


async def create_then_delete(stack_name: str, stack_id: str, deploy: Awaitable[None]) -> None:
    """OnFailure=DELETE: a failed creation is deleted after its rollback."""
    stack: Stack = cfn.stacks[stack_name]
    stack["_delete_on_failure"] = True
    await deploy
    stack.pop("_delete_on_failure", None)
    if stack.get("StackStatus") in FAILED_CREATION:
        await delete_stack(stack_name, stack_id)


def install() -> None:
    """Replaces ministack's operations by these, in every module that calls them."""
    ours: dict[str, object] = {
        "add_event": add_event,
        "deploy_stack_async": deploy_stack,
        "delete_stack_async": delete_stack,
        "roll_back_operation": roll_back,
        "create_then_delete_on_failure": create_then_delete,
    }
    for module in (stacks, handlers, changesets):
        for name in ours.keys() & set(module.names):
            module.put(name, ours[name])
