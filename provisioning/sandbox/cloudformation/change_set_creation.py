"""What happens to a change set between CreateChangeSet and its readiness."""

from __future__ import annotations

import asyncio
from typing import Any

from provisioning.sandbox.cloudformation import validation
from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import cfn, request_scope
from provisioning.sandbox.stacks import outside, records
from provisioning.sandbox.stacks.conditions import evaluate_conditions
from provisioning.sandbox.stacks.deployment import Deployment
from provisioning.sandbox.stacks.records import Stack, exists

ChangeSet = dict[str, Any]
PENDING = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
PENDING_SECONDS = 1
CREATION_SECONDS = 5
"""Assumed: change sets of a few resources are ready within some seconds."""
SECONDS_FOR_EACH_RESOURCE = 0.1
_NO_CHANGES = "The submitted information didn't contain changes."
_tasks: set[asyncio.Task[None]] = set()


def start(change_set: ChangeSet) -> None:
    """Hides ministack's result until the change set is ready."""
    change_set["_ready"] = {name: change_set[name] for name in ("Status", "ExecutionStatus", "StatusReason")}
    change_set.update(Status="CREATE_PENDING", ExecutionStatus="UNAVAILABLE", StatusReason="")
    _go_on(change_set)


def carry_on() -> None:
    """After a start: finishes the change sets that a stop interrupted."""
    for (account, region, _id), change_set in list(cfn.change_sets.all_items()):
        if change_set["Status"] in PENDING:
            with request_scope(account, region):
                _go_on(change_set)


def _go_on(change_set: ChangeSet) -> None:
    task = asyncio.create_task(_create(change_set))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _create(change_set: ChangeSet) -> None:
    stack = records.find(change_set["StackId"])
    if stack is None:
        return
    fault = FAULTS.take(stack["StackName"], change_set["ChangeSetName"], "AWS::CloudFormation::ChangeSet", "change_set")
    await PACE.wait(PENDING_SECONDS)
    change_set["Status"] = "CREATE_IN_PROGRESS"
    if fault is not None and fault.mode == "hang":
        await fault.hang()
    elif fault is not None:
        await asyncio.sleep(fault.seconds)
    resources = (change_set["_template"] or {}).get("Resources") or {}
    await PACE.wait(CREATION_SECONDS + SECONDS_FOR_EACH_RESOURCE * len(resources))
    await asyncio.sleep(0)
    ready = change_set.pop("_ready")
    if fault is not None and fault.mode == "fail":
        ready = {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": fault.reason}
        change_set["Changes"] = []
    else:
        _complete(change_set, stack, ready)
        _validate(change_set, stack, ready)
    records.changed()
    change_set.update(ready)


def _validate(change_set: ChangeSet, stack: Stack, ready: dict[str, str]) -> None:
    if change_set.get("_disable_validation") or ready["Status"] != "CREATE_COMPLETE":
        return
    found = validation.problems(change_set, stack)
    change_set["_events"] = validation.as_events(found, change_set)
    failure = validation.failure(found)
    if failure:
        ready.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=failure)


def _complete(change_set: ChangeSet, stack: Stack, ready: dict[str, str]) -> None:
    """Corrects ministack's result where AWS has another one."""
    if change_set["ChangeSetType"] != "UPDATE":
        return
    _mark_references_as_dynamic(change_set)
    _retry_what_failed(change_set, stack)
    if change_set.get("DeploymentMode") == "REVERT_DRIFT":
        _revert_drift(change_set, stack)
    changes_something = bool(change_set["Changes"]) or _outputs_differ(change_set, stack)
    if ready["Status"] == "FAILED" and ready["StatusReason"].startswith(_NO_CHANGES) and changes_something:
        ready.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")


def _mark_references_as_dynamic(change_set: ChangeSet) -> None:
    """The value of a reference to a changed resource is known only when that has been changed."""
    for change in change_set["Changes"]:
        found = change["ResourceChange"]
        details = found.get("Details") or []
        for detail in details:
            if detail.get("ChangeSource") in ("ResourceReference", "ResourceAttribute"):
                detail["Evaluation"] = "Dynamic"
        if found.get("Replacement") != "True" or not details:
            continue
        recreation = {(one["Target"].get("RequiresRecreation"), one["Evaluation"]) for one in details}
        if ("Always", "Static") not in recreation and any(need != "Never" for need, _ in recreation):
            found["Replacement"] = "Conditional"
            found.pop("PolicyAction", None)


def _retry_what_failed(change_set: ChangeSet, stack: Stack) -> None:
    """A change set on a failed stack also has the resources that failed, with or without other changes."""
    if not stack["StackStatus"].endswith("_FAILED"):
        return
    listed = {change["ResourceChange"]["LogicalResourceId"] for change in change_set["Changes"]}
    for name, record in stack["_resources"].items():
        if name in listed or not record["ResourceStatus"].endswith("_FAILED"):
            continue
        change: dict[str, Any] = {"Action": "Add", "LogicalResourceId": name, "ResourceType": record["ResourceType"]}
        if exists(record):
            change |= {"Action": "Modify", "PhysicalResourceId": record["PhysicalResourceId"]}
            change |= {"Replacement": "False", "Scope": [], "Details": []}
        change_set["Changes"].append({"ResourceChange": change})


def _outputs_differ(change_set: ChangeSet, stack: Stack) -> bool:
    """A change of outputs only is executable, and has no resource changes (aws/aws-cdk#2029)."""
    new, old = change_set["_template"], stack.get("_template") or {}
    conditions = evaluate_conditions(stack, new, change_set["_resolved_params"])
    return bool(
        (new.get("Outputs") or {}) != (old.get("Outputs") or {}) or conditions != (stack.get("_conditions") or {})
    )


def _revert_drift(change_set: ChangeSet, stack: Stack) -> None:
    """Adds what differs from the template to the changes: DeploymentMode=REVERT_DRIFT compares with
    the actual state, also of resources that the template leaves as they are.
    """
    desired = Deployment(stack, change_set["_template"], change_set["_resolved_params"])
    changes = {change["ResourceChange"]["LogicalResourceId"]: change for change in change_set["Changes"]}
    drifted: dict[str, Any] = {}
    for name, record in stack["_resources"].items():
        if name not in desired.graph or not exists(record):
            continue
        found = outside.read(stack, name, record)
        status = found["StackResourceDriftStatus"] if found else "UNSUPPORTED"
        if found and status in ("MODIFIED", "DELETED"):
            drifted[name] = found
            changes.setdefault(name, _drift_change(name, record, found))
        if name in changes:
            changes[name]["ResourceChange"]["ResourceDriftStatus"] = status
    change_set["Changes"] = [changes[name] for name in sorted(changes)]
    change_set["StackDriftStatus"] = "DRIFTED" if drifted else "IN_SYNC"
    change_set["_drifted"] = drifted


def _drift_change(name: str, record: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    change: dict[str, Any] = {"LogicalResourceId": name, "ResourceType": record["ResourceType"]}
    if found["StackResourceDriftStatus"] == "DELETED":
        return {"ResourceChange": {**change, "Action": "Add"}}
    details = [_drift_detail(difference, found["Timestamp"]) for difference in found["PropertyDifferences"]]
    change |= {"Action": "Modify", "PhysicalResourceId": record["PhysicalResourceId"], "Replacement": "False"}
    return {"ResourceChange": {**change, "Scope": ["Properties"], "Details": details}}


def _drift_detail(difference: dict[str, Any], timestamp: str) -> dict[str, Any]:
    path, expected, actual = difference["PropertyPath"], difference["ExpectedValue"], difference["ActualValue"]
    kind = {"ADD": "Remove", "REMOVE": "Add"}.get(difference["DifferenceType"], "Modify")
    target = {
        "Attribute": "Properties",
        "Name": path.strip("/").split("/", maxsplit=1)[0],
        "RequiresRecreation": "Never",
        "Path": f"/Properties{path}",
        "BeforeValue": actual,
        "AfterValue": expected,
        "BeforeValueFrom": "ACTUAL_STATE",
        "AfterValueFrom": "TEMPLATE",
        "Drift": {"PreviousValue": expected, "ActualValue": actual, "DriftDetectionTimestamp": timestamp},
        "AttributeChangeType": kind,
    }
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "NoModification"}
