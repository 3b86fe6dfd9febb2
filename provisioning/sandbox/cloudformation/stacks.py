"""CreateStack, UpdateStack and DeleteStack, where AWS is stricter than ministack or answers more."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.cloudformation.requests import (
    MINISTACKS,
    OK,
    REUSABLE,
    Params,
    answer,
    content_of,
    find,
    path_style,
    problem,
    refuse,
    text,
)
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.notifications import ANNOUNCED
from provisioning.sandbox.private import helpers
from provisioning.sandbox.stacks import exports, history
from provisioning.sandbox.stacks.records import Stack, set_status

UNDELETABLE = (
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_IN_PROGRESS",
)
"""aws/aws-toolkit-azure-devops#317 and aws-amplify/amplify-backend#2366 quote the refusal."""


def _note(stack: Stack, params: Params, action: str) -> None:
    """Data about this call that later calls need."""
    stack_rights.note_caller(stack)
    note_token(stack, params, action)
    arns = helpers.extract_string_members(params, "NotificationARNs")
    if arns or "NotificationARNs" in params:
        stack["NotificationARNs"] = arns
    for name in ("RoleARN", "TimeoutInMinutes"):
        if text(params, name):
            stack[name] = text(params, name)
    if action != "DeleteStack":
        stack["_deployment"] = deployment_config(params)


def deployment_config(params: Params) -> dict[str, Any]:
    """DeploymentConfig as DescribeStacks shows it, also if the request has the older DisableRollback only."""
    disabled = text(params, "DeploymentConfig.DisableRollback") or text(params, "DisableRollback") or "false"
    return {"Mode": text(params, "DeploymentConfig.Mode") or "STANDARD", "DisableRollback": disabled == "true"}


def disable_rollback(params: Params) -> None:
    """Ministack knows only the older parameter."""
    if deployment_config(params)["DisableRollback"]:
        params["DisableRollback"] = ["true"]


def note_token(stack: Stack, params: Params, action: str) -> None:
    token = text(params, "ClientRequestToken")
    if token:
        stack.setdefault("_tokens", {})[token] = [action, content_of(params)]


def repeated(stack: Stack | None, params: Params, action: str) -> bool | None:
    """Whether the same call was made before with this token; None if another one was."""
    token = text(params, "ClientRequestToken")
    known = (stack or {}).get("_tokens", {}).get(token) if token else None
    if known is None:
        return False
    return True if known == [action, content_of(params)] else None


def token_conflict(params: Params) -> Any:
    """AWS's model has the error; its sentence is not documented."""
    token = text(params, "ClientRequestToken")
    return refuse("TokenAlreadyExistsException", f"A client request token already exists: {token}")


def create_stack(params: Params) -> Any:
    stack = find(params)
    if stack is not None:
        same = repeated(stack, params, "CreateStack")
        if same is None:
            return token_conflict(params)
        if same:
            return _same_answer("CreateStack", stack)
        return refuse("AlreadyExistsException", f"Stack [{stack['StackName']}] already exists")
    content = {**params}
    path_style(params)
    reason = problem(params)
    if reason:
        return refuse("ValidationError", reason)
    disable_rollback(params)
    operation = history.begin("CREATE_STACK")
    before = ANNOUNCED.set(tuple(helpers.extract_string_members(params, "NotificationARNs")))
    try:
        return _then_note(params, content, "CreateStack", operation)
    finally:
        ANNOUNCED.reset(before)


def update_stack(params: Params) -> Any:
    stack = find(params)
    same = repeated(stack, params, "UpdateStack")
    if same is None:
        return token_conflict(params)
    if stack is not None and same:
        return _same_answer("UpdateStack", stack)
    content = {**params}
    path_style(params)
    reason = problem(params)
    if reason:
        return refuse("ValidationError", reason)
    if stack is not None:
        override, refused = helpers.resolve_document(
            params, "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL", "Stack policy"
        )
        if refused:
            return refused
        stack["_policy_during_update"] = override or ""
    disable_rollback(params)
    return _then_note(params, content, "UpdateStack", history.begin("UPDATE_STACK"))


def _then_note(params: Params, content: Params, action: str, operation: str) -> Any:
    result = MINISTACKS[action](params)
    stack = find(params)
    if stack is None or result[0] != OK:
        return result
    _note(stack, content, action)
    return answer(action, {"StackId": stack["StackId"], "OperationId": operation})


def _same_answer(action: str, stack: Stack) -> Any:
    kind = {"CreateStack": "CREATE_STACK", "UpdateStack": "UPDATE_STACK"}[action]
    ids = (one["OperationId"] for one in history.last_operations(stack) if one["OperationType"] == kind)
    return answer(action, {"StackId": stack["StackId"], "OperationId": next(ids, None)})


def delete_stack(params: Params) -> Any:
    stack = find(params)
    if stack is None:
        return MINISTACKS["DeleteStack"](params)
    if stack["StackStatus"] == "DELETE_IN_PROGRESS":
        return answer("DeleteStack")
    if repeated(stack, params, "DeleteStack") is None:
        return token_conflict(params)
    if stack["StackStatus"] in UNDELETABLE:
        return refuse(
            "ValidationError", f"Stack [{stack['StackId']}] cannot be deleted while in status {stack['StackStatus']}"
        )
    reason = stack_rights.role_problem(text(params, "RoleARN"), stack["StackId"])
    if reason:
        return refuse("ValidationError", reason)
    history.begin("DELETE_STACK")
    with exports.unseen(stack):
        result = MINISTACKS["DeleteStack"](params)
    if result[0] == OK and stack["StackStatus"] not in REUSABLE:
        stack["_deleting_from"] = stack["StackStatus"]
        set_status(stack, "DELETE_IN_PROGRESS", "User Initiated")
        _note(stack, params, "DeleteStack")
    return result
