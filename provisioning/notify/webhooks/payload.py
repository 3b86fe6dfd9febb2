"""The body of a webhook: one audit event."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from provisioning.lifecycle.audit import AuditAction
from provisioning.models import AuditEvent

TEST_TYPE: Final = "webhook.test"
LONGEST_FIELD: Final = 8_000
"""The specification recommends bodies below 20 kB. Longer details are left out; the portal has them."""


def event_type(action: str) -> str:
    """The type of an action, with a full stop as the specification recommends: `request.create`."""
    return action.replace(":", ".")


def event_types() -> dict[str, str]:
    """Every type that a webhook can receive, with its meaning."""
    return {event_type(str(action)): action.meaning for action in AuditAction}


def body_of(event: AuditEvent) -> str:
    """Return the JSON of the event. Audit events hold no secrets. From where somebody acted is left
    out: it is of no use to programs.
    """
    environment = event.environment
    return _as_json(
        event_type(event.action),
        event.at,
        {
            "id": event.pk,
            "actor": {"id": str(event.actor_id), "name": event.actor_name} if event.actor_id else None,
            "team": {"slug": event.team.slug, "name": event.team.name} if event.team is not None else None,
            "environment": {"id": str(environment.pk), "name": environment.name} if environment is not None else None,
            "subject": {"kind": event.subject_kind, "id": event.subject_id, "name": event.subject},
            "before": _short(event.before),
            "after": _short(event.after),
            "detail": _short(event.detail),
        },
    )


def body_of_test(at: datetime) -> str:
    return _as_json(TEST_TYPE, at, {"message": "This is a test from the portal."})


def _as_json(kind: str, at: datetime, data: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, separators=(",", ":"))


def _short(field: Any) -> Any:
    return field if len(json.dumps(field)) <= LONGEST_FIELD else {"left_out": True}
