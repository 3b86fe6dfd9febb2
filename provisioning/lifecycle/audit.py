"""Who did what, for good. Every service calls this inside its own transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from provisioning.models import AuditEvent, Environment, User


def audit(action: str, *, actor: User | None, environment: Environment, at: datetime, **detail: Any) -> None:
    """`action` is `noun:verb`, as `request:approve`."""
    AuditEvent.objects.create(
        at=at, actor=actor, team_id=environment.team_id, environment=environment, action=action, detail=detail
    )
