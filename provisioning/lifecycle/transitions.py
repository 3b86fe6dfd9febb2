"""The only writer of states: compare-and-set on the old state, a history row, and the page's version, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from provisioning.errors import WrongState
from provisioning.lifecycle.states import (
    ENVIRONMENT_GRAPH,
    OPERATION_GRAPH,
    REQUEST_GRAPH,
    EnvironmentState,
    Labelled,
    OperationState,
    RequestState,
)
from provisioning.models import Environment, Operation, Request, Transition, User

Subject: TypeAlias = Request | Operation | Environment

_LIVES = {
    Request: ("request", REQUEST_GRAPH, RequestState),
    Operation: ("operation", OPERATION_GRAPH, OperationState),
    Environment: ("environment", ENVIRONMENT_GRAPH, EnvironmentState),
}


@contextmanager
def atomic_with(*rows: Subject) -> Iterator[None]:
    """One transaction for changes to these objects. If it fails, the objects get back the values they had before.

    Without this, an object would keep a state that the database has rolled back.
    """
    before = [{name: value for name, value in vars(row).items() if name != "_state"} for row in rows]
    try:
        with transaction.atomic():
            yield
    except BaseException:
        for row, values in zip(rows, before, strict=True):
            vars(row).update(values)
        raise


def change_state(
    row: Subject,
    to: Labelled,
    *,
    at: datetime,
    reason: str = "",
    actor: User | None = None,
    fence: int | None = None,
    **fields: Any,
) -> None:
    """Change the state that `row` was read with, and `fields` with it.

    Raises WrongState when the row has another state by now (or, with `fence`, another claim), and ValueError when
    the graph has no such edge.
    """
    subject, graph, _ = _LIVES[type(row)]
    old = row.state
    if not graph.allows(old, to):
        raise ValueError(f"The {subject} {row.pk} cannot go from {old} to {to}.")
    fields |= {"state": str(to), "state_changed_at": at}
    with transaction.atomic():
        same = _rows(row).filter(state=old)
        if fence is not None:
            same = same.filter(fence=fence)
        if not same.update(**fields):
            raise WrongState(_too_late(row, old))
        record(row, old, to, at=at, reason=reason, actor=actor)
    for name, value in fields.items():
        setattr(row, name, value)


def record(row: Subject, old: str, to: Labelled, *, at: datetime, reason: str = "", actor: User | None = None) -> None:
    """Write the history row; also for a subject's first state, with nothing before it."""
    environment_id = row.pk if isinstance(row, Environment) else row.environment_id
    Transition.objects.create(
        subject=_LIVES[type(row)][0],
        subject_id=row.pk,
        environment_id=environment_id,
        from_state=old,
        to_state=str(to),
        reason=reason,
        actor=actor,
        at=at,
    )
    bump(environment_id)


def bump(environment_id: UUID) -> None:
    """Tell the pages that look at this environment that there is something new."""
    Environment.objects.filter(pk=environment_id).update(version=F("version") + 1)


def _rows(row: Subject) -> QuerySet[Any]:
    return type(row)._default_manager.filter(pk=row.pk)  # noqa: SLF001 - Django's documented name


def _too_late(row: Subject, expected: str) -> str:
    subject, _, states = _LIVES[type(row)]
    now = _rows(row).values_list("state", flat=True).first()
    if now is None:
        return f"This {subject} does not exist any more."
    label = next(state.label.lower() for state in states if state == now)
    if now == expected:
        return f"Another worker took this {subject} over."
    return f"This {subject} has changed in the meantime: it is now “{label}”. Look at it again."
