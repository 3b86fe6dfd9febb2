"""Change sets as on AWS: created in the background, refused while something is in progress.

Ministack computes the changes when it is asked for a change set. They are hidden until the change
set is ready.
"""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.cloudformation import change_set_creation
from provisioning.sandbox.cloudformation.change_set_answer import shown
from provisioning.sandbox.cloudformation.requests import (
    MINISTACKS,
    OK,
    Params,
    answer,
    content_of,
    find,
    path_style,
    problem,
    refuse,
    text,
)
from provisioning.sandbox.cloudformation.stacks import deployment_config, note_token, repeated, token_conflict
from provisioning.sandbox.iam import stack_rights
from provisioning.sandbox.private import cfn, helpers
from provisioning.sandbox.stacks import history, records
from provisioning.sandbox.stacks.records import Stack

ChangeSet = dict[str, Any]
CHANGEABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_FAILED",
)
IN_PROGRESS = "An operation on this ChangeSet is currently in progress."
_COMPARED = ("TemplateBody", "TemplateURL", "UsePreviousTemplate", "Parameters", "Tags", "Capabilities", "RoleARN")


def lookup(params: Params) -> ChangeSet | None:
    """A change set by its ARN, or by its name and the stack's name or id."""
    name = text(params, "ChangeSetName")
    if name.startswith("arn:"):
        found: ChangeSet | None = cfn.change_sets.get(name)
        return found
    stack = find(params)
    of_stack = (one for one in cfn.change_sets.values() if stack is not None and one["StackId"] == stack["StackId"])
    return next((one for one in of_stack if one["ChangeSetName"] == name), None)


def create_change_set(params: Params) -> Any:
    stack, kind = find(params), text(params, "ChangeSetType") or "UPDATE"
    refused = _refused(stack, kind)
    if refused:
        return refuse("ValidationError", refused)
    existing = lookup(params)
    if existing is not None:
        return _again(existing, params)
    content, sent = content_of(params), _compared(params)
    path_style(params)
    reason = problem(params)
    if reason:
        return refuse("ValidationError", reason)
    result = _by_ministack(stack, kind, params)
    if result[0] != OK:
        return result
    made = lookup(params)
    assert made is not None  # noqa: S101 - ministack has just made it
    operation = history.begin("CREATE_CHANGESET")
    placeholder = records.find(made["StackId"])
    if placeholder is not None:
        history.note(placeholder)
    made.update(
        _content=content,
        _sent=sent,
        _operation=operation,
        _role=text(params, "RoleARN"),
        _topics=helpers.extract_string_members(params, "NotificationARNs"),
        DeploymentConfig=deployment_config(params),
        DeploymentMode=text(params, "DeploymentMode") or None,
        IncludeNestedStacks=text(params, "IncludeNestedStacks") == "true",
    )
    change_set_creation.start(made)
    return answer("CreateChangeSet", {"Id": made["ChangeSetId"], "StackId": made["StackId"]})


def _refused(stack: Stack | None, kind: str) -> str:
    if stack is None:
        return ""  # ministack says that it does not exist, or creates it
    status = stack["StackStatus"]
    if status == "REVIEW_IN_PROGRESS":
        # aws/aws-cdk#7731
        return f"Stack [{stack['StackName']}] does not exist" if kind == "UPDATE" else ""
    if status == "ROLLBACK_COMPLETE" or (kind != "CREATE" and status not in CHANGEABLE):
        return f"Stack:{stack['StackId']} is in {status} state and can not be updated."
    return ""


def _again(existing: ChangeSet, params: Params) -> Any:
    """The same request has the same answer; another one under the same name is refused."""
    if existing.get("_content") == content_of(params):
        return answer("CreateChangeSet", {"Id": existing["ChangeSetId"], "StackId": existing["StackId"]})
    sent, former = _compared(params), existing.get("_sent", {})
    attribute = next((name for name in _COMPARED if sent.get(name) != former.get(name)), "Template")
    attribute = "Template" if attribute.startswith(("Template", "UsePrevious")) else attribute
    return refuse(
        "AlreadyExistsException",
        f"ChangeSet {existing['ChangeSetName']} cannot be created due to a mismatch with existing attribute {attribute}",
    )


def _compared(params: Params) -> dict[str, str]:
    names = {name: {key: one for key, one in params.items() if key.split(".")[0] == name} for name in _COMPARED}
    return {name: content_of(given) for name, given in names.items()}


def _by_ministack(stack: Stack | None, kind: str, params: Params) -> Any:
    """Ministack makes a new placeholder for each CREATE change set; here they belong to one stack under review."""
    if stack is not None:
        params["StackName"] = [stack["StackName"]]
    if stack is None or kind != "CREATE":
        return MINISTACKS["CreateChangeSet"](params)
    name, events = stack["StackName"], cfn.stack_events.get(stack["StackId"])
    cfn.stacks.pop(name, None)
    try:
        result = MINISTACKS["CreateChangeSet"](params)
        placeholder = cfn.stacks.get(name)
        if result[0] == OK and placeholder is not None:
            cfn.stack_events.pop(placeholder["StackId"], None)
            for one in cfn.change_sets.values():
                if one["StackId"] == placeholder["StackId"]:
                    one["StackId"] = stack["StackId"]
        return result
    finally:
        cfn.stacks[name] = stack
        cfn.stack_events[stack["StackId"]] = events


def describe_change_set(params: Params) -> Any:
    change_set = lookup(params)
    if change_set is None:
        return _not_found(params)
    with_values = text(params, "IncludePropertyValues") == "true"
    changes, more, refused = helpers.page(change_set.get("Changes", []), params, "DescribeChangeSet")
    if refused:
        return refused
    token = more.removeprefix("<NextToken>").removesuffix("</NextToken>") or None
    ready = change_set["Status"] not in change_set_creation.PENDING
    result = shown(change_set, changes if ready else [], with_values=with_values)
    return answer("DescribeChangeSet", {**result, "NextToken": token if ready else None})


def list_change_sets(params: Params) -> Any:
    stack = find(params)
    if stack is None:
        return refuse("ValidationError", f"Stack [{text(params, 'StackName')}] does not exist")
    listed = [one for one in cfn.change_sets.values() if one["StackId"] == stack["StackId"]]
    page, more, refused = helpers.page(listed, params, "ListChangeSets")
    if refused:
        return refused
    names = [
        "StackId",
        "StackName",
        "ChangeSetId",
        "ChangeSetName",
        "ExecutionStatus",
        "Status",
        "StatusReason",
        "CreationTime",
        "Description",
        "IncludeNestedStacks",
        "ImportExistingResources",
    ]
    token = more.removeprefix("<NextToken>").removesuffix("</NextToken>") or None
    summaries = [{name: one[name] for name in names if one.get(name) not in (None, "")} for one in page]
    return answer("ListChangeSets", {"Summaries": summaries, "NextToken": token})


def delete_change_set(params: Params) -> Any:
    change_set = lookup(params)
    if change_set is None:
        return MINISTACKS["DeleteChangeSet"](params)
    if change_set["Status"] in change_set_creation.PENDING or change_set["ExecutionStatus"] == "EXECUTE_IN_PROGRESS":
        return refuse("InvalidChangeSetStatus", IN_PROGRESS)
    cfn.change_sets.pop(change_set["ChangeSetId"], None)
    return answer("DeleteChangeSet", {})


def execute_change_set(params: Params) -> Any:
    change_set = lookup(params)
    if change_set is None:
        return _not_found(params)
    token = text(params, "ClientRequestToken")
    if token and change_set.get("_execute_token") == token:
        return answer("ExecuteChangeSet", {})
    stack = records.find(change_set["StackId"])
    if repeated(stack, params, "ExecuteChangeSet") is None:
        return token_conflict(params)
    refused = _unexecutable(change_set)
    if refused:
        return refuse("InvalidChangeSetStatus", refused)
    disabled = change_set["DeploymentConfig"]["DisableRollback"] or text(params, "DisableRollback") == "true"
    reason = _not_ready(stack, change_set, disabled=disabled)
    if stack is None or reason:
        return refuse("ValidationError", reason)
    return _execute(change_set, stack, params, disabled=disabled)


def _unexecutable(change_set: ChangeSet) -> str:
    """Why the change set cannot be executed: aws/amazon-chime-sdk-js#1089 and aws/aws-cdk#26182 quote AWS."""
    arn = change_set["ChangeSetId"]
    if change_set["Status"] in change_set_creation.PENDING:
        return IN_PROGRESS
    if change_set["Status"] != "CREATE_COMPLETE":
        return f"ChangeSet [{arn}] cannot be executed in its current status of [{change_set['Status']}]"
    if change_set["ExecutionStatus"] != "AVAILABLE":
        execution = change_set["ExecutionStatus"]
        return f"ChangeSet [{arn}] cannot be executed in its current execution status of [{execution}]"
    return ""


def _not_ready(stack: Stack | None, change_set: ChangeSet, *, disabled: bool) -> str:
    if stack is None:
        return f"Stack [{change_set['StackName']}] does not exist"
    status = stack["StackStatus"]
    if status not in (*CHANGEABLE, "REVIEW_IN_PROGRESS"):
        return f"Stack:{stack['StackId']} is in {status} state and can not be updated."
    if status.endswith("_FAILED") and not disabled:
        return (
            f"This stack is currently in a non-terminal [{status}] state. To update the stack from this state, please use "
            "the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the "
            "rollback-stack API"
        )
    return ""


def _execute(change_set: ChangeSet, stack: Stack, params: Params, *, disabled: bool) -> Any:
    params["ChangeSetName"] = [change_set["ChangeSetId"]]
    if disabled and not change_set.get("OnStackFailure"):
        params["DisableRollback"] = ["true"]
    history.begin("CREATE_STACK" if change_set["ChangeSetType"] == "CREATE" else "UPDATE_STACK")
    stack_rights.note_caller(stack)
    role, topics = change_set.get("_role"), change_set.get("_topics")
    former = {key: stack.get(key) for key in ("RoleARN", "NotificationARNs", "_revert_drift")}
    stack.update(
        RoleARN=role or former["RoleARN"],
        NotificationARNs=topics or former["NotificationARNs"],
        _revert_drift=change_set.get("_drifted"),
    )
    result = MINISTACKS["ExecuteChangeSet"](params)
    if result[0] != OK:
        stack.update(former)
        return result
    token = text(params, "ClientRequestToken")
    change_set["_execute_token"] = token
    note_token(stack, params, "ExecuteChangeSet")
    stack["_change_set_id"] = change_set["ChangeSetId"]
    stack["_deployment"] = {**change_set["DeploymentConfig"], "DisableRollback": disabled}
    return answer("ExecuteChangeSet", {})


def _not_found(params: Params) -> Any:
    return helpers.error("ChangeSetNotFound", f"ChangeSet [{text(params, 'ChangeSetName')}] does not exist", 404)
