"""The history of a request or an environment, from the rows that every change of state writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from provisioning.lifecycle.states import EnvironmentState, Labelled, OperationState, RequestState, Tone
from provisioning.models import Environment, Request, Transition, User

ENTRIES_SHOWN = 60
_SUBJECTS: dict[str, tuple[str, type[Labelled]]] = {
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
    """The newest entries of the environment and of its requests and operations, newest first."""
    return _entries(Transition.objects.filter(environment=environment))


def request_history(request: Request) -> list[Entry]:
    """The newest entries of the request, newest first."""
    return _entries(Transition.objects.filter(subject_id=request.pk))


def _entries(rows: QuerySet[Transition]) -> list[Entry]:
    entries = []
    for row in rows.select_related("actor").order_by("-at", "-id")[:ENTRIES_SHOWN]:
        subject, states = _SUBJECTS[row.subject]
        state = states(row.to_state)
        entries.append(Entry(row.at, subject, state.label, state.tone, row.actor, row.reason))
    return entries
