"""The only writer of states: compare-and-set, a history row and the environment's page version, in
one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from provisioning.errors import WrongState
from provisioning.lifecycle.states import ENVIRONMENT_GRAPH, OPERATION_GRAPH, REQUEST_GRAPH, Labelled
from provisioning.models import Environment, Operation, Request, Transition, User

HANDED_OVER: Final = "This environment was handed over to another team in the meantime. Reload the page."
Subject: TypeAlias = Request | Operation | Environment

_GRAPHS = {Request: REQUEST_GRAPH, Operation: OPERATION_GRAPH, Environment: ENVIRONMENT_GRAPH}


@contextmanager
def atomic_with(*rows: Subject) -> Iterator[None]:
    """One transaction for changes to these objects.

    If it fails, the objects get back the values they had before.

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
    call_no: int | None = None,
    **fields: Any,
) -> None:
    """Move `row` from the state that it was read with to `to`, and write `fields` with it.

    Raises WrongState if the row has another state in the meantime (or an environment another team,
    or, with `fence` and `call_no`, another claim or a later call), and ValueError if the graph has no
    such edge. Wrap several changes in `atomic_with`, so that the objects follow a rollback.
    """
    graph, old = _GRAPHS[type(row)], row.state
    if not graph.allows(old, to):
        raise ValueError(f"The {graph.subject} {row.pk} cannot go from {old} to {to}.")
    fields |= {"state": str(to), "state_changed_at": at}
    unchanged = _rows(row).filter(state=old)
    if isinstance(row, Environment):  # so that nobody acts with the rights of a team that has handed it over
        unchanged = unchanged.filter(team_id=row.team_id)
    if fence is not None:
        unchanged = unchanged.filter(fence=fence)
    if call_no is not None:
        unchanged = unchanged.filter(call_no=call_no)
    with transaction.atomic(savepoint=False):
        if changed := unchanged.update(**fields):
            record(row, old, to, at=at, reason=reason, actor=actor)
    if not changed:
        raise WrongState(_conflict(row, old))
    for name, value in fields.items():
        setattr(row, name, value)


def record(row: Subject, old: str, to: Labelled, *, at: datetime, reason: str = "", actor: User | None = None) -> None:
    """Write the history row of a change; with an empty `old`, the first state of a new subject."""
    environment_id = row.pk if isinstance(row, Environment) else row.environment_id
    Transition.objects.create(
        subject=_GRAPHS[type(row)].subject,
        subject_id=row.pk,
        environment_id=environment_id,
        from_state=old,
        to_state=str(to),
        reason=reason,
        actor=actor,
        at=at,
    )
    bump(environment_id)


def bump(*environment_ids: UUID) -> None:
    """Raise the version that the pages of these environments compare when they poll."""
    if environment_ids:
        Environment.objects.filter(pk__in=environment_ids).update(version=F("version") + 1)


def _rows(row: Subject) -> QuerySet[Any]:
    return type(row)._default_manager.filter(pk=row.pk)  # noqa: SLF001 - Django's documented name


def _conflict(row: Subject, expected: str) -> str:
    graph = _GRAPHS[type(row)]
    current = _rows(row).values_list("state", flat=True).first()
    if current is None:
        return f"This {graph.subject} no longer exists."
    if isinstance(row, Environment) and not _rows(row).filter(team_id=row.team_id).exists():
        return HANDED_OVER
    if current == expected:
        return f"Another worker has taken over this {graph.subject}."
    label = graph.states(current).label.lower()
    return f"This {graph.subject} has changed in the meantime: it is now “{label}”. Reload the page."
