"""What DescribeChangeSet shows, with property values if they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.private import engine
from provisioning.sandbox.stacks import records
from provisioning.sandbox.stacks.deployment import Deployment

ChangeSet = dict[str, Any]
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
MASKED = "****"
_ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")
_PLAIN = [
    "ChangeSetName",
    "ChangeSetId",
    "StackId",
    "StackName",
    "CreationTime",
    "ExecutionStatus",
    "Status",
    "DeploymentMode",
    "DeploymentConfig",
    "StackDriftStatus",
    "IncludeNestedStacks",
    "ImportExistingResources",
]


def shown(change_set: ChangeSet, changes: list[dict[str, Any]], *, with_values: bool) -> dict[str, Any]:
    """The members of the response, but for the next page's token."""
    secret = {name for name, one in change_set["_resolved_params"].items() if one.get("NoEcho")}
    parameters = [
        {**one, "ParameterValue": MASKED if one["ParameterKey"] in secret else one["ParameterValue"]}
        for one in change_set.get("Parameters", [])
    ]
    return {
        **{name: change_set.get(name) for name in _PLAIN},
        "Description": change_set.get("Description") or None,
        # With property values, AWS leaves the reason out (boto/boto3#4178).
        "StatusReason": None if with_values else change_set.get("StatusReason") or None,
        "OnStackFailure": change_set.get("OnStackFailure") or None,
        "NotificationARNs": change_set.get("_topics") or [],
        "Capabilities": change_set.get("Capabilities", []),
        "Parameters": parameters,
        "Tags": [{"Key": one["Key"], "Value": one.get("Value", "")} for one in change_set.get("Tags", [])],
        "Changes": _with_values(change_set, changes) if with_values else [_plain(one) for one in changes],
    }


def _plain(change: dict[str, Any]) -> dict[str, Any]:
    """A change without values; ministack's have no Type."""
    found = change["ResourceChange"]
    hidden = ("BeforeValue", "AfterValue", "BeforeValueFrom", "AfterValueFrom", "Path", "AttributeChangeType", "Drift")
    details = [
        {**one, "Target": {name: value for name, value in one["Target"].items() if name not in hidden}}
        for one in found.get("Details", [])
    ]
    return {"Type": "Resource", "ResourceChange": {"Scope": [], **found, "Details": details}}


def _with_values(change_set: ChangeSet, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """AWS may drop whole resources here (aws/aws-cdk-cli#1780); so does a fault of op `property_values`."""
    stack = records.find(change_set["StackId"]) or {}
    name = change_set["StackName"]
    after = _resources_after(change_set, stack)
    secrets = {
        str(one["Value"])
        for given in (stack.get("_resolved_params") or {}, change_set["_resolved_params"])
        for one in given.values()
        if one.get("NoEcho") and one.get("Value")
    }
    answer = []
    for change in changes:
        found = change["ResourceChange"]
        logical_id = found["LogicalResourceId"]
        if FAULTS.take(name, logical_id, found.get("ResourceType", ""), "property_values") is not None:
            continue
        old = _context(_before(stack, logical_id), secrets)
        new = _context(after.get(logical_id), secrets)
        details = [_detail(one, old, new) for one in found.get("Details", [])]
        contexts = {"BeforeContext": json.dumps(old) if old else None, "AfterContext": json.dumps(new) if new else None}
        if found["Action"] == "Remove":
            contexts["AfterContext"] = None
        answer.append({"Type": "Resource", "ResourceChange": {"Scope": [], **found, "Details": details, **contexts}})
    return answer


def _before(stack: Mapping[str, Any], logical_id: str) -> dict[str, Any] | None:
    definition = ((stack.get("_template") or {}).get("Resources") or {}).get(logical_id)
    record = stack.get("_resources", {}).get(logical_id)
    return {**definition, "Properties": record.get("Properties") or {}} if definition and record else None


def _resources_after(change_set: ChangeSet, stack: dict[str, Any]) -> dict[str, Any]:
    """The resources of the new template with resolved properties, where their values are known now."""
    deployment = Deployment(stack, change_set["_template"], change_set["_resolved_params"])
    unknown = {
        change["ResourceChange"]["LogicalResourceId"]
        for change in change_set["Changes"]
        if change["ResourceChange"].get("Replacement") != "False"
    }
    return {
        name: {
            **definition,
            "Properties": deployment.resolve(_until_known(definition.get("Properties") or {}, unknown)),
        }
        for name, definition in deployment.definitions.items()
    }


def _until_known(value: Any, unknown: set[str]) -> Any:
    """Takes the place of intrinsic functions of resources that are made or replaced by the change."""
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            references = {name for name, _ in engine.intrinsic_references(value)}
            return LATER if references & unknown else value
        return {key: _until_known(one, unknown) for key, one in value.items()}
    return [_until_known(one, unknown) for one in value] if isinstance(value, list) else value


def _context(definition: Mapping[str, Any] | None, secrets: set[str]) -> dict[str, Any]:
    if definition is None:
        return {}
    context = {"Properties": definition.get("Properties") or {}}
    context |= {name: definition[name] for name in _ATTRIBUTES if name in definition}
    masked: dict[str, Any] = _masked(context, secrets)
    return masked


def _masked(value: Any, secrets: set[str]) -> Any:
    """Values of NoEcho parameters are never shown."""
    if isinstance(value, Mapping):
        return {str(key): _masked(one, secrets) for key, one in value.items()}
    if value is engine.NO_VALUE:
        return None
    if isinstance(value, list):
        return [_masked(one, secrets) for one in value]
    return MASKED if isinstance(value, str) and value in secrets else value


def _detail(detail: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    target = detail["Target"]
    attribute, name = target["Attribute"], target.get("Name")
    if "AfterValue" in target or attribute == "Tags":
        return detail
    inside = attribute == "Properties" and name
    before = old.get("Properties", {}).get(name) if inside else old.get(attribute)
    after = new.get("Properties", {}).get(name) if inside else new.get(attribute)
    if detail.get("Evaluation") == "Dynamic":
        after = LATER
    kind = "Add" if before is None else "Remove" if after is None else "Modify"
    values = {
        "Path": f"/Properties/{name}" if inside else f"/{attribute}",
        "BeforeValue": _text(before),
        "AfterValue": _text(after),
        "AttributeChangeType": kind,
    }
    return {**detail, "Target": {**target, **values}}


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
