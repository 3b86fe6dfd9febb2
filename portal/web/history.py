"""Who changed what and when, as sentences, from the rows that every change of state leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from provisioning.lifecycle.states import EnvironmentState, Labelled, OperationState, RequestState, Tone
from provisioning.models import Environment, Request, Transition, User

SHOWN = 60
_LIVES: dict[str, tuple[str, type[Labelled]]] = {
    "request": ("Request", RequestState),
    "operation": ("Operation", OperationState),
    "environment": ("Environment", EnvironmentState),
}


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    subject: str
    label: str
    tone: Tone
    actor: User | None
    reason: str


def environment_history(environment: Environment) -> list[Entry]:
    """Newest first."""
    rows = Transition.objects.filter(environment=environment).select_related("actor").order_by("-at", "-id")
    return _entries(rows[:SHOWN])


def request_history(request: Request) -> list[Entry]:
    rows = Transition.objects.filter(subject_id=request.pk).select_related("actor").order_by("-at", "-id")
    return _entries(rows[:SHOWN])


def _entries(rows: Iterable[Transition]) -> list[Entry]:
    found = []
    for row in rows:
        subject, states = _LIVES[row.subject]
        state = states(row.to_state)
        found.append(Entry(row.at, subject, state.label, state.tone, row.actor, row.reason))
    return found
