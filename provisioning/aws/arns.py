"""What an ARN says: the type and physical id of a resource, a snapshot, a recovery point or a
transient part.

The forms are in the records of `aws/types`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from provisioning.aws.types import TYPES, aws_type

_ARN_PARTS: Final = 6


def type_and_id(arn: str) -> tuple[str, str] | None:
    """Returns the CloudFormation type and the physical id, as `exists` takes them; None for an
    unknown form.
    """
    for record in TYPES.values():
        if record.arn is not None and (physical_id := record.arn.physical_id(arn)) is not None:
            return record.name, physical_id
    return None


def is_named_by(arn: str, physical_ids: Collection[str]) -> bool:
    """Whether one of the physical ids is the ARN itself or its last part."""
    last = re.split(r"[:/]", arn)[-1]
    return any(part in physical_ids for part in (arn, last, arn.split(":", 5)[-1]))


def account_of(text: str) -> str:
    """Returns the account id in an ARN; empty for an ARN without one, and for any other text."""
    parts = text.split(":", 5)
    return parts[4] if parts[0] == "arn" and len(parts) == _ARN_PARTS else ""


def is_transient(arn: str) -> bool:
    """Whether it is a short-lived part of another resource, such as an ECS task, and ends by
    itself.
    """
    return any(form.matches(arn) for record in TYPES.values() for form in record.transient)


def is_final_snapshot(arn: str, resource_type: str) -> bool:
    """Whether it may be the snapshot that a deleted resource of this type left. AWS Backup's are
    not.
    """
    snapshot = aws_type(resource_type).final_snapshot
    return snapshot is not None and any(form.matches(arn) for form in snapshot.forms)


def is_recovery_point(arn: str, resource_type: str) -> bool:
    """Whether it is a recovery point that a resource of this type, a backup vault, may hold."""
    return any(form.matches(arn) for form in aws_type(resource_type).recovery_points)
