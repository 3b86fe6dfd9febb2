"""CancelUpdateStack, ContinueUpdateRollback and RollbackStack."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from provisioning.sandbox.cloudformation.requests import MINISTACKS, OK, Params, answer, find, refuse, text
from provisioning.sandbox.cloudformation.stacks import note_token, repeated, token_conflict
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.private import helpers
from provisioning.sandbox.stacks import history, running
from provisioning.sandbox.stacks.records import Stack
from provisioning.sandbox.stacks.rollback import continue_rollback
from provisioning.sandbox.stacks.update_rollback import FAILED

_tasks: set[asyncio.Task[None]] = set()


def cancel_update_stack(params: Params) -> Any:
    stack = find(params)
    same = repeated(stack, params, "CancelUpdateStack")
    if same is None:
        return token_conflict(params)
    if same:
        return answer("CancelUpdateStack")
    result = MINISTACKS["CancelUpdateStack"](params)
    if stack is not None and result[0] == OK:
        stack.pop("_cancel_requested", None)
        note_token(stack, params, "CancelUpdateStack")
        running.cancel_update(stack["StackId"])
    return result


def continue_update_rollback(params: Params) -> Any:
    stack = find(params)
    if stack is None:
        return refuse("ValidationError", f"Stack [{text(params, 'StackName')}] does not exist")
    same = repeated(stack, params, "ContinueUpdateRollback")
    if same is None:
        return token_conflict(params)
    if same:
        return answer("ContinueUpdateRollback", {})
    if stack["StackStatus"] != FAILED:
        return refuse("ValidationError", "ContinueUpdateRollback cannot be called from current stack status")
    failed = sorted(stack["_failed_rollback"]["failed"])
    skip = helpers.extract_string_members(params, "ResourcesToSkip")
    force = text(params, "ForceRollback") == "true"
    unknown = sorted(set(skip) - set(failed))
    reason = stack_rights.role_problem(text(params, "RoleARN"), stack["StackId"])
    if unknown:
        reason = f"[{', '.join(unknown)}] cannot be skipped: only resources whose rollback failed can be skipped"
    if skip and force:
        reason = "ResourcesToSkip and ForceRollback cannot both be specified"
    if reason:
        return refuse("ValidationError", reason)
    _note(stack, params, "ContinueUpdateRollback")
    history.begin("CONTINUE_ROLLBACK")
    stack["StackStatus"] = "UPDATE_ROLLBACK_IN_PROGRESS"
    _start(continue_rollback(stack["StackName"], stack["StackId"], failed if force else skip))
    return answer("ContinueUpdateRollback", {})


def rollback_stack(params: Params) -> Any:
    stack = find(params)
    same = repeated(stack, params, "RollbackStack")
    if same is None:
        return token_conflict(params)
    if stack is not None and same:
        return answer("RollbackStack", {"StackId": stack["StackId"]})
    reason = stack_rights.role_problem(text(params, "RoleARN"), stack["StackId"]) if stack is not None else ""
    if reason:
        return refuse("ValidationError", reason)
    operation = history.begin("ROLLBACK")
    result = MINISTACKS["RollbackStack"](params)
    if stack is None or result[0] != OK:
        return result
    _note(stack, params, "RollbackStack")
    return answer("RollbackStack", {"StackId": stack["StackId"], "OperationId": operation})


def _note(stack: Stack, params: Params, action: str) -> None:
    stack_rights.note_caller(stack)
    note_token(stack, params, action)
    if text(params, "RoleARN"):
        stack["RoleARN"] = text(params, "RoleARN")


def _start(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
