"""What the portal does with a resource whatever its type: looks its record up and makes the call
that the record names.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from provisioning.aws.errors import NotFound
from provisioning.aws.interface import EmptyingProgress
from provisioning.aws.permits import acting_on
from provisioning.aws.services import service_call
from provisioning.aws.sessions import Clients
from provisioning.aws.types import aws_type


def exists(aws: Clients, resource_type: str, physical_id: str) -> bool | None:
    """Returns None if this type, or this form of its id, cannot be checked. A refusal of AWS is
    raised, because it proves nothing.
    """
    check = aws_type(resource_type).exists
    if not check or not physical_id:
        return None
    try:
        answer: bool | None = service_call(check)(aws, physical_id)
    except NotFound:
        return False
    return answer


def recovery_window(aws: Clients, resource_type: str, physical_id: str) -> datetime | None:
    """Returns None if the type has no recovery window, or if the resource is gone for good."""
    reference = aws_type(resource_type).recovery_window
    if not reference or not physical_id:
        return None
    try:
        until: datetime | None = service_call(reference)(aws, physical_id)
    except NotFound:
        return None
    return until


def lift_protection(aws: Clients, resource_type: str, physical_id: str) -> bool:
    """Returns False if the type has no deletion protection. Safe to repeat: a deleted resource
    needs none.
    """
    protection = aws_type(resource_type).protection
    if protection is None:
        return False
    with acting_on(physical_id), suppress(NotFound):
        service_call(protection.lift)(aws, physical_id)
    return True


def quiesce(aws: Clients, resource_type: str, physical_id: str, *, parent_id: str) -> bool:
    """Returns False if the type starts no work by itself. Safe to repeat: a deleted resource is
    left alone.
    """
    record = aws_type(resource_type)
    if not record.quiesce:
        return False
    with acting_on(physical_id), suppress(NotFound):
        if record.runs_in:
            service_call(record.quiesce)(aws, physical_id, parent_id)
        else:
            service_call(record.quiesce)(aws, physical_id)
    return True


def empty(aws: Clients, resource_type: str, physical_id: str, *, limit: int) -> EmptyingProgress:
    """Runs one round. A resource of a type that needs no emptying counts as empty."""
    emptying = aws_type(resource_type).emptying
    if emptying is None:
        return EmptyingProgress(deleted=0, empty=True)
    with acting_on(physical_id):
        progress: EmptyingProgress = service_call(emptying.call)(aws, physical_id, limit=limit)
    return progress
