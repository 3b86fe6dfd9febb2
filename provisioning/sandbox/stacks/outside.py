"""What has happened to a resource outside its stack, as far as ministack can read its type."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.private import drift, now_iso

Stack = dict[str, Any]


class MissingError(Exception):
    """The resource was deleted outside the stack; the message is the handler's."""


def read(stack: Stack, logical_id: str, record: dict[str, Any]) -> dict[str, Any] | None:
    """The resource's drift as DescribeStackResourceDrifts shows it; None if its type cannot be read."""
    if not drift.supports_drift(record.get("ResourceType", "")):
        return None
    answer: dict[str, Any] = drift.detect_resource_drift(stack, logical_id, record, now_iso())
    return answer


def check_that_it_exists(stack: Stack, logical_id: str, record: dict[str, Any]) -> None:
    """Raises MissingError: a handler cannot update what was deleted behind CloudFormation's back."""
    found = read(stack, logical_id, record)
    if found is not None and found["StackResourceDriftStatus"] == "DELETED":
        kind, physical_id = record["ResourceType"], record["PhysicalResourceId"]
        raise MissingError(
            f"Resource handler returned message: \"Resource of type '{kind}' with identifier '{physical_id}' was not "
            'found." (HandlerErrorCode: NotFound)'
        )
