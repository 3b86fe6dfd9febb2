"""What AWS checks before a change set is ready, and tells DescribeEvents.

Errors of properties and names in use fail the change set; a bucket with objects that is to be
deleted, a repository with images and a service quota are warnings.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioning.sandbox.private import ec2, now_iso, s3
from provisioning.sandbox.properties import static_problems
from provisioning.sandbox.services.account_conditions import condition
from provisioning.sandbox.services.service_quotas import QUOTAS
from provisioning.sandbox.stacks import outside
from provisioning.sandbox.stacks.deployment import Deployment
from provisioning.sandbox.stacks.records import Stack

ChangeSet = dict[str, Any]
NAMED = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SSM::Parameter": "Name",
}
"""Types whose name is their physical id, and which ministack can look up."""
_CHECKS = {
    "PROPERTY_VALIDATION": "AWS::EarlyValidation::PropertyValidation",
    "NAME_CONFLICT_VALIDATION": "AWS::EarlyValidation::ResourceExistenceCheck",
}
_VPCS = ("vpc", "L-F678F1CE")


@dataclass(frozen=True)
class Problem:
    logical_id: str
    name: str
    reason: str
    path: str
    mode: str = "FAIL"


def problems(change_set: ChangeSet, stack: Stack) -> list[Problem]:
    deployment = Deployment(stack, change_set["_template"], change_set["_resolved_params"])
    found = [
        Problem(name, "PROPERTY_VALIDATION", line, f"/Resources/{name}/Properties")
        for name, text in static_problems(deployment).items()
        for line in text.split("\n")
    ]
    changes = [change["ResourceChange"] for change in change_set["Changes"]]
    found += _names_in_use(deployment, stack, changes)
    found += _full_buckets(changes)
    found += _quotas(changes)
    return found


def _names_in_use(deployment: Deployment, stack: Stack, changes: list[dict[str, Any]]) -> Iterator[Problem]:
    for change in changes:
        kind, name = change.get("ResourceType", ""), change["LogicalResourceId"]
        if change["Action"] != "Add" or kind not in NAMED or change.get("ResourceDriftStatus") == "DELETED":
            continue
        properties = deployment.resolve(deployment.definitions[name].get("Properties") or {})
        physical_id = properties.get(NAMED[kind])
        record = {"ResourceType": kind, "PhysicalResourceId": physical_id, "Properties": properties}
        found = outside.read(stack, name, record) if isinstance(physical_id, str) else None
        if found and found["StackResourceDriftStatus"] not in ("DELETED", "UNKNOWN"):
            reason = f"Resource of type '{kind}' with identifier '{physical_id}' already exists."
            yield Problem(name, "NAME_CONFLICT_VALIDATION", reason, f"/Resources/{name}")


def _full_buckets(changes: list[dict[str, Any]]) -> Iterator[Problem]:
    for change in changes:
        deletes = change["Action"] == "Remove" or change.get("Replacement") == "True"
        kept = str(change.get("PolicyAction", "")).endswith("Retain")
        if change.get("ResourceType") != "AWS::S3::Bucket" or not deletes or kept:
            continue
        bucket = s3.buckets.get(change.get("PhysicalResourceId", ""))
        if bucket and bucket["objects"]:
            name = change["LogicalResourceId"]
            reason = f"S3 bucket {change['PhysicalResourceId']} is not empty"
            yield Problem(name, "BUCKET_EMPTINESS_VALIDATION", reason, f"/Resources/{name}", "WARN")


def _quotas(changes: list[dict[str, Any]]) -> Iterator[Problem]:
    """Of the quotas that AWS checks, the sandbox knows that of VPCs."""
    new = [
        one["LogicalResourceId"] for one in changes if one["Action"] == "Add" and one["ResourceType"] == "AWS::EC2::VPC"
    ]
    most = condition("quotas").get("/".join(_VPCS), QUOTAS[_VPCS].default)
    used = len(ec2.vpcs)
    if new and used + len(new) > most:
        reason = f"{used} of {most:g} VPCs are in use, and the change set creates {len(new)}"
        yield Problem(new[0], "SERVICE_QUOTA_VALIDATION", reason, f"/Resources/{new[0]}", "WARN")


def failure(found: list[Problem]) -> str:
    """The reason of a change set that fails its validation; empty if there are only warnings."""
    checks = sorted({_CHECKS[one.name] for one in found if one.mode == "FAIL"})
    if not checks:
        return ""
    return (
        f"The following hook(s)/validation failed: [{', '.join(checks)}]. To troubleshoot Early Validation errors, use the "
        "DescribeEvents API for detailed failure information."
    )


def as_events(found: list[Problem], change_set: ChangeSet) -> list[dict[str, Any]]:
    definitions = change_set["_template"].get("Resources") or {}
    types = {
        one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"].get("ResourceType")
        for one in change_set["Changes"]
    }
    return [
        {
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": one.logical_id,
            "ResourceType": (definitions.get(one.logical_id) or {}).get("Type") or types.get(one.logical_id),
            "Timestamp": now_iso(),
            "ValidationFailureMode": one.mode,
            "ValidationName": one.name,
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": one.reason,
            "ValidationPath": one.path,
        }
        for one in found
    ]
