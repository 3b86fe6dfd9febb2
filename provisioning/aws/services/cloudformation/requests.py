"""The arguments that CreateStack and CreateChangeSet share, and those of roles and deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioning.aws.services.artefacts import upload
from provisioning.aws.sessions import Clients
from provisioning.cloudformation_limits import MAX_INLINE_BYTES


def role(role_arn: str) -> dict[str, Any]:
    """CloudFormation acts as this role; without one, with the caller's permissions."""
    return {"RoleARN": role_arn} if role_arn else {}


def template(aws: Clients, body: str) -> dict[str, Any]:
    """A template over 51,200 bytes is passed through the account's artefact bucket."""
    content = body.encode()
    if len(content) <= MAX_INLINE_BYTES:
        return {"TemplateBody": body}
    return {"TemplateURL": upload(aws, content, prefix="templates", suffix=".json")}


def parameters(values: Mapping[str, str | None]) -> list[dict[str, Any]]:
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
