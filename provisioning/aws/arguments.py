"""The arguments of calls that change something, and their digest.

The engine computes the digest of the call that an approved plan stands for. The client computes the
digest of the arguments that it is about to send, and the two must be equal. Both build arguments
here, so that one record of a stack, change set or task has one digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from provisioning.aws.change_sets import ChangeSetSpec
from provisioning.aws.interface import StackSpec, TaskSpec
from provisioning.aws.permits import Change, current_target

Arguments = Mapping[str, Any]

TOKENS: Final = ("ClientRequestToken", "ClientToken", "clientToken")
# The argument that names what a call changes, the most exact one first.
_TARGETS: Final = ("ChangeSetName", "StackName", "Bucket", "cluster")
_SHA256: Final = re.compile(r"/([0-9a-f]{64})\.[a-z]+$")


def change_of(service: str, operation: str, arguments: Arguments, *, account_id: str, region: str) -> Change:
    """Describe a call by the arguments that botocore receives."""
    named = next((str(arguments[name]) for name in _TARGETS if name in arguments), "")
    return Change(
        service=service,
        operation=operation,
        account_id=account_id,
        region=region,
        digest=digest_of(operation, arguments),
        token=next((str(arguments[name]) for name in TOKENS if name in arguments), ""),
        target=current_target() or named,
    )


def digest_of(operation: str, arguments: Arguments) -> str:
    """Return the SHA-256 of the arguments as canonical JSON, without the client token.

    A template counts by its SHA-256, whether it is sent inline or through the artefact bucket. The
    order of tags and parameters does not count.
    """
    normal = {name: _normal(value) for name, value in arguments.items() if name not in TOKENS}
    if operation == "PutObject":
        normal = {name: normal[name] for name in ("Bucket", "Key", "Body")}
    if (body := normal.pop("TemplateBody", None)) is not None:
        normal["Template"] = hashlib.sha256(body.encode()).hexdigest()
    elif (url := normal.pop("TemplateURL", None)) is not None:
        by_content = _SHA256.search(url)
        normal["Template"] = by_content.group(1) if by_content else url
    text = json.dumps([operation, normal], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _normal(value: Any) -> Any:
    match value:
        case bytes():
            return hashlib.sha256(value).hexdigest()
        case Mapping():
            return {name: _normal(item) for name, item in value.items()}
        case list() | tuple():
            items = [_normal(item) for item in value]
            return sorted(items, key=_name) if all(_name(item) for item in items) else items
    return value


def _name(item: Any) -> str:
    """The name of a tag or parameter; empty for anything else."""
    return str(item.get("ParameterKey") or item.get("Key") or "") if isinstance(item, Mapping) else ""


# What CloudFormation, S3 and ECS receive


def create_stack(spec: StackSpec, *, role_arn: str = "", template: Arguments | None = None) -> dict[str, Any]:
    """The arguments of CreateStack without the token. `template` is given if the body goes through
    the artefact bucket. A stack that fails is deleted again, also in express mode.
    """
    policy = {} if spec.stack_policy is None else {"StackPolicyBody": spec.stack_policy}
    return {
        "StackName": spec.name,
        "Parameters": parameters(spec.parameters),
        "Capabilities": list(spec.capabilities),
        "Tags": tags(spec.tags),
        "EnableTerminationProtection": spec.termination_protection,
        "DeploymentConfig": deployment(express=spec.express, disable_rollback=False),
        **role(role_arn),
        **policy,
        **(template or {"TemplateBody": spec.body}),
    }


def create_change_set(spec: ChangeSetSpec, *, role_arn: str = "", template: Arguments | None = None) -> dict[str, Any]:
    """The arguments of CreateChangeSet without the token."""
    body = {"UsePreviousTemplate": True} if spec.body is None else template or {"TemplateBody": spec.body}
    return {
        "StackName": spec.stack,
        "ChangeSetName": spec.name,
        "ChangeSetType": spec.kind,
        "Parameters": parameters(spec.parameters),
        "Tags": tags(spec.tags),
        "Capabilities": list(spec.capabilities),
        "IncludeNestedStacks": spec.include_nested_stacks,
        "ImportExistingResources": spec.import_existing_resources,
        "DeploymentConfig": deployment(express=spec.express, disable_rollback=spec.disable_rollback),
        **role(role_arn),
        **names("NotificationARNs", spec.notification_arns),  # an empty list would remove the stack's topics
        **({"DeploymentMode": "REVERT_DRIFT"} if spec.revert_drift else {}),
        **body,
    }


def set_stack_policy(stack_id: str, policy: str) -> dict[str, Any]:
    return {"StackName": stack_id, "StackPolicyBody": policy}


def run_task(spec: TaskSpec) -> dict[str, Any]:
    """The arguments of RunTask without the token: one task on Fargate, without a public address."""
    return {
        "cluster": spec.cluster,
        "taskDefinition": spec.task_definition,
        "launchType": "FARGATE",
        "count": 1,
        "startedBy": "portal",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": list(spec.subnets),
                "securityGroups": list(spec.security_groups),
                "assignPublicIp": "DISABLED",
            }
        },
        "tags": [{"key": key, "value": value} for key, value in spec.tags.items()],
    }


def put_object(bucket: str, key: str, *, sha256: str) -> dict[str, Any]:
    """What counts in PutObject: where, and the SHA-256 of the content."""
    return {"Bucket": bucket, "Key": key, "Body": sha256}


def template_key(body: str) -> str:
    """The key in the artefact bucket of a template that is too long for a request."""
    return f"templates/{hashlib.sha256(body.encode()).hexdigest()}.json"


def role(role_arn: str) -> dict[str, Any]:
    """CloudFormation acts as this role; without one, with the caller's permissions."""
    return {"RoleARN": role_arn} if role_arn else {}


def parameters(values: Mapping[str, str] | Mapping[str, str | None]) -> list[dict[str, Any]]:
    """A parameter with value None keeps its previous value."""
    return [
        {"ParameterKey": key, "UsePreviousValue": True}
        if value is None
        else {"ParameterKey": key, "ParameterValue": value}
        for key, value in values.items()
    ]


def tags(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def deployment(*, express: bool, disable_rollback: bool) -> dict[str, Any]:
    """Always explicit: AWS's pages disagree about the defaults. The API reference says that a failed
    operation is rolled back by default, the page on express mode that it is not.
    """
    return {"Mode": "EXPRESS" if express else "STANDARD", "DisableRollback": disable_rollback}


def names(key: str, values: Sequence[str]) -> dict[str, Any]:
    """An argument that is left out if its list is empty."""
    return {key: list(values)} if values else {}
