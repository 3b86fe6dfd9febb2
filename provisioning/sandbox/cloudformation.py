"""CloudFormation calls for which AWS is stricter than ministack, or returns more.

Each function runs before ministack's handler of the same action. It rejects the call, or lets
ministack respond and completes the response.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from provisioning.sandbox import private, template_problems
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.notifications import ANNOUNCED
from provisioning.sandbox.private import app, cfn, engine, get_account_id, get_region, handlers, helpers
from provisioning.sandbox.services.calls import Answer
from provisioning.sandbox.stacks import records, running, signals
from provisioning.sandbox.stacks.records import Stack, set_status
from provisioning.sandbox.throttle import THROTTLE

Params = dict[str, Any]
Action = Callable[[Params], Any]
_ministacks: dict[str, Action] = dict(handlers.ACTION_HANDLERS)
_VIRTUAL_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?\Z")
DESCRIBED_RESOURCES = 100
REUSABLE = ("DELETE_COMPLETE",)


def _text(params: Params, name: str) -> str:
    return str(helpers.p(params, name) or "")


def _refuse(code: str, message: str) -> Any:
    return helpers.error(code, message)


def _find(params: Params) -> Stack | None:
    name = _text(params, "StackName")
    stack: Stack | None = handlers.resolve_stack(name) if name else None
    return None if stack is not None and stack["StackStatus"] in REUSABLE and stack["StackId"] != name else stack


def _path_style(params: Params) -> None:
    """Template and policy URLs with the bucket in the host name, converted to ministack's form with
    the bucket in the path.
    """
    for name in ("TemplateURL", "StackPolicyURL", "StackPolicyDuringUpdateURL"):
        url = _text(params, name)
        if not url:
            continue
        parts = urlsplit(url)
        virtual = _VIRTUAL_HOST.match(parts.netloc)
        path = f"/{virtual['bucket']}{parts.path}" if virtual else parts.path
        params[name] = [f"https://s3.amazonaws.com{unquote(path)}"]


def _problem(params: Params) -> str:
    """Why the call is refused: its template, its service role, or a parameter that the role may not read."""
    return _template_problem(params) or stack_rights.role_problem(
        _text(params, "RoleARN"),
        f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{_text(params, 'StackName')}",
    )


def _template_problem(params: Params) -> str:
    body, refused = helpers.resolve_template(params)
    if refused or not body:
        return ""  # ministack reports the error
    try:
        template = engine.parse_template(body)
    except Exception:  # noqa: BLE001 - a template that isn't one; ministack says so in AWS's words
        return ""
    if not isinstance(template, dict):
        return ""
    given = {item["Key"]: item.get("Value") for item in helpers.extract_members(params, "Parameters")}
    return (
        template_problems.problem(template)
        or template_problems.unknown_parameters(template, set(given))
        or stack_rights.parameter_problem(_text(params, "RoleARN"), template, given)
    )


def _note(stack: Stack, params: Params, action: str) -> None:
    """Data about this call that later calls need."""
    stack_rights.note_caller(stack)
    stack.setdefault("_tokens", {})[action] = _text(params, "ClientRequestToken")
    arns = helpers.extract_string_members(params, "NotificationARNs")
    if arns or "NotificationARNs" in params:
        stack["NotificationARNs"] = arns
    for name in ("RoleARN", "TimeoutInMinutes"):
        if _text(params, name):
            stack[name] = _text(params, name)
    mode = _text(params, "DeploymentConfig.Mode")
    if mode:
        stack["_deployment_mode"] = mode


def _repeated(stack: Stack | None, params: Params, action: str) -> bool:
    """Whether the same call was made before: the same action on the stack with the same token."""
    token = _text(params, "ClientRequestToken")
    return bool(stack and token and stack.get("_tokens", {}).get(action) == token)


def _same_answer(action: str, stack: Stack) -> Any:
    stack_id = escape(stack["StackId"])
    inner = f"<{action}Result><StackId>{stack_id}</StackId></{action}Result>"
    return helpers.xml(200, f"{action}Response", inner)


def create_stack(params: Params) -> Any:
    stack = _find(params)
    if stack is not None:
        if _repeated(stack, params, "CreateStack"):
            return _same_answer("CreateStack", stack)
        return _refuse("AlreadyExistsException", f"Stack [{stack['StackName']}] already exists")
    _path_style(params)
    problem = _problem(params)
    if problem:
        return _refuse("ValidationError", problem)
    topics = helpers.extract_string_members(params, "NotificationARNs")
    before = ANNOUNCED.set(tuple(topics))
    try:
        return _then_note(params, "CreateStack")
    finally:
        ANNOUNCED.reset(before)


def update_stack(params: Params) -> Any:
    stack = _find(params)
    if stack is not None and _repeated(stack, params, "UpdateStack"):
        return _same_answer("UpdateStack", stack)
    _path_style(params)
    problem = _problem(params)
    if problem:
        return _refuse("ValidationError", problem)
    if stack is not None:
        override, refused = helpers.resolve_document(
            params, "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL", "Stack policy"
        )
        if refused:
            return refused
        stack["_policy_during_update"] = override or ""
    return _then_note(params, "UpdateStack")


def _then_note(params: Params, action: str) -> Any:
    answer = _ministacks[action](params)
    stack = _find(params)
    if stack is not None and answer[0] == 200:  # noqa: PLR2004
        _note(stack, params, action)
    return answer


def delete_stack(params: Params) -> Any:
    stack = _find(params)
    if stack is None:
        return _ministacks["DeleteStack"](params)
    if stack["StackStatus"] == "DELETE_IN_PROGRESS":
        return helpers.xml(200, "DeleteStackResponse", "")
    problem = stack_rights.role_problem(_text(params, "RoleARN"), stack["StackId"])
    if problem:
        return _refuse("ValidationError", problem)
    answer = _ministacks["DeleteStack"](params)
    if answer[0] == 200 and stack["StackStatus"] not in REUSABLE:  # noqa: PLR2004
        set_status(stack, "DELETE_IN_PROGRESS", "User Initiated")
        _note(stack, params, "DeleteStack")
    return answer


def create_change_set(params: Params) -> Any:
    stack = _find(params)
    kind = _text(params, "ChangeSetType") or "UPDATE"
    if stack is not None and stack["StackStatus"] == "ROLLBACK_COMPLETE":
        return _refuse(
            "ValidationError", f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
        )
    if stack is not None and kind == "CREATE" and stack["StackStatus"] == "REVIEW_IN_PROGRESS":
        cfn.stacks.pop(stack["StackName"], None)  # ministack creates the placeholder again
    _path_style(params)
    problem = _problem(params)
    if problem:
        return _refuse("ValidationError", problem)
    answer = _ministacks["CreateChangeSet"](params)
    placeholder = _find(params)
    if placeholder is not None and answer[0] == 200 and stack is not None and kind == "CREATE":  # noqa: PLR2004
        # A second CREATE change set belongs to the stack under review; ministack has created a new stack for it.
        new_id, placeholder["StackId"] = placeholder["StackId"], stack["StackId"]
        cfn.stack_events.pop(new_id, None)
        for change_set in cfn.change_sets.values():
            if change_set["StackId"] == new_id:
                change_set["StackId"] = stack["StackId"]
        answer = (answer[0], answer[1], answer[2].replace(new_id.encode(), stack["StackId"].encode()))
    if placeholder is not None and answer[0] == 200:  # noqa: PLR2004
        arns = helpers.extract_string_members(params, "NotificationARNs")
        if arns:
            placeholder["NotificationARNs"] = arns
        if _text(params, "RoleARN"):
            placeholder["RoleARN"] = _text(params, "RoleARN")
    return answer


def execute_change_set(params: Params) -> Any:
    _, change_set = private.changesets.find_change_set(_text(params, "ChangeSetName"), _text(params, "StackName"))
    token = _text(params, "ClientRequestToken")
    if change_set and token and change_set.get("_execute_token") == token:
        return helpers.xml(200, "ExecuteChangeSetResponse", "<ExecuteChangeSetResult></ExecuteChangeSetResult>")
    answer = _ministacks["ExecuteChangeSet"](params)
    stack = records.find(change_set["StackId"]) if change_set else None
    if stack is not None:
        stack_rights.note_caller(stack)
    if change_set and answer[0] == 200:  # noqa: PLR2004
        change_set["_execute_token"] = token
    return answer


def cancel_update_stack(params: Params) -> Any:
    answer = _ministacks["CancelUpdateStack"](params)
    stack = _find(params)
    if stack is not None and answer[0] == 200:  # noqa: PLR2004
        stack.pop("_cancel_requested", None)
        running.cancel_update(stack["StackId"])
    return answer


def signal_resource(params: Params) -> Any:
    """Signals an instance or a group that waits; ministack only knows wait conditions."""
    stack = _find(params)
    unique_id, status = _text(params, "UniqueId"), _text(params, "Status")
    valid = stack is not None and status in (signals.SUCCESS, signals.FAILURE) and bool(unique_id)
    if valid and signals.signal(stack or {}, _text(params, "LogicalResourceId"), unique_id, status):
        return helpers.xml(200, "SignalResourceResponse", "")
    return _ministacks["SignalResource"](params)


def validate_template(params: Params) -> Any:
    _path_style(params)
    problem = _template_problem(params)
    return _refuse("ValidationError", problem) if problem else _ministacks["ValidateTemplate"](params)


def get_template_summary(params: Params) -> Any:
    _path_style(params)
    return _ministacks["GetTemplateSummary"](params)


def describe_stacks(params: Params) -> Any:
    """Ministack's response with the notification topics, the role, the time limit and the deletion
    time added.
    """
    status, headers, body = _ministacks["DescribeStacks"](params)
    text = body.decode()
    for stack in cfn.stacks.values():
        marker = f"<StackId>{escape(stack['StackId'])}</StackId>"
        if marker not in text:
            continue
        arns = "".join(f"<member>{escape(arn)}</member>" for arn in stack.get("NotificationARNs") or [])
        plain = {name: stack.get(name) for name in ("RoleARN", "TimeoutInMinutes", "DeletionTime")}
        added = f"<NotificationARNs>{arns}</NotificationARNs>"
        added += "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in plain.items() if value)
        text = text.replace(marker, marker + added, 1)
    return status, headers, text.encode()


def describe_stack_resources(params: Params) -> Any:
    """Returns only the first hundred, as AWS does; ListStackResources returns all, in pages."""
    status, headers, body = _ministacks["DescribeStackResources"](params)
    head, opened, rest = body.decode().partition("<StackResources>")
    if not opened:
        return status, headers, body
    inner, closed, tail = rest.partition("</StackResources>")
    kept = inner.split("</member>")[:-1][:DESCRIBED_RESOURCES]
    return status, headers, (head + opened + "".join(f"{item}</member>" for item in kept) + closed + tail).encode()


def _throttled(handle: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
    async def limited(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Answer:
        match = re.search(rb"(?:\A|&)Action=(\w+)", body or b"")
        action = match[1].decode() if match else headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if not THROTTLE.allow(get_account_id(), get_region(), action):
            refused: Answer = _refuse("Throttling", "Rate exceeded")
            return refused
        return await handle(method, path, headers, body, query)

    return limited


def install() -> None:
    """Replaces ministack's handlers by these."""
    handlers.put("capabilities_enforced", lambda: True)
    handlers.ACTION_HANDLERS.update(
        {
            "CreateStack": create_stack,
            "UpdateStack": update_stack,
            "DeleteStack": delete_stack,
            "CreateChangeSet": create_change_set,
            "ExecuteChangeSet": execute_change_set,
            "CancelUpdateStack": cancel_update_stack,
            "SignalResource": signal_resource,
            "ValidateTemplate": validate_template,
            "GetTemplateSummary": get_template_summary,
            "DescribeStacks": describe_stacks,
            "DescribeStackResources": describe_stack_resources,
        }
    )
    app.SERVICE_HANDLERS["cloudformation"] = _throttled(app.SERVICE_HANDLERS["cloudformation"])
