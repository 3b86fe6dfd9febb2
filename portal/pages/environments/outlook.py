"""What a reader of an environment's page needs to decide: while an operation is in progress, what can
be done; after a failure, what exists now and whether data is safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioning.aws import aws_type
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.read.actions import Action
from provisioning.lifecycle.read.cancellation import cancellation
from provisioning.lifecycle.read.progress import Progress
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment, Operation, Request


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a reader can do. `url_name` is the page that does it; empty: nothing to click."""

    title: str
    text: str
    url_name: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers after a failure: a question, its answer, and a note."""

    question: str
    answer: str
    note: str = ""


def choices(operation: Operation | None, actions: list[Action]) -> list[Choice]:
    """What can be done while the operation is in progress; nothing otherwise."""
    if operation is None or operation.ended_at is not None:
        return []
    possible, noun = cancellation(operation), kind_of(operation.kind).words.noun.lower()
    offered = {action.key for action in actions if not action.why_not}
    lines = [Choice("Wait.", "The work goes on without this page, and its result is kept in the history.")]
    if possible.why_not:
        lines.append(Choice("It cannot be cancelled.", possible.why_not))
    else:
        text = f"{possible.sentence} {possible.remains}".strip()
        lines.append(Choice(f"Cancel the {noun}.", text, "cancel" if "cancel" in offered else ""))
    if "stop_watching" in offered:
        lines.append(
            Choice("Stop watching.", "AWS does not answer. CloudFormation goes on by itself.", "stop_watching")
        )
    return lines


def answers(environment: Environment, operation: Operation, now: Progress) -> list[Answer]:
    """What exists after a failure, whether data is safe, and how often it was attempted."""
    state = EnvironmentState(environment.state)
    living = [line for line in now.resources if line.tone == "ok" and line.physical_id and not line.is_gone]
    holding = [line for line in living if aws_type(line.type).holds_data]
    attempts = Operation.objects.filter(request=operation.request_id, kind=operation.kind).count()
    took = _minutes(operation.started_at, operation.ended_at)
    return [
        _exists(state, len(living), now.total, removal=kind_of(operation.kind).removes_environment),
        Answer(
            "Data",
            f"{len(holding)} resource{'' if len(holding) == 1 else 's'} with data" if holding else "None is stored",
            ", ".join(line.title for line in holding[:3]) + (" …" if len(holding) > 3 else ""),  # noqa: PLR2004 - enough to recognise them
        ),
        Answer("Attempt", f"{attempts} of this request", f"after {took}" if took else ""),
    ]


def _exists(state: EnvironmentState, living: int, total: int, *, removal: bool) -> Answer:
    in_place = f"{living} of {total} resources are in place"
    nothing = ("Nothing", "everything that was created is removed")
    answer, note = {
        EnvironmentState.RUNNING: ("All of it" if removal else "The version before", "the environment runs as it did"),
        EnvironmentState.CHANGE_FAILED: ("Partly changed", in_place),
        EnvironmentState.NEEDS_REPAIR: ("Neither old nor new", in_place),
        EnvironmentState.TEARDOWN_FAILED: (f"{living} of {total} resources", "they are left, and cost money"),
    }.get(state, (f"{living} of {total} resources", "they cost money until the teardown") if living else nothing)
    return Answer("What exists now", answer, note)


def _minutes(began: datetime, ended: datetime | None) -> str:
    if ended is None:
        return ""
    minutes = round((ended - began).total_seconds() / 60)
    return f"{minutes} min" if minutes else "less than a minute"


def approver_of(operation: Operation | None) -> Request | None:
    """The request of the operation in progress, if somebody has approved it."""
    if operation is None or operation.ended_at is not None:
        return None
    request = Request.objects.select_related("decided_by").filter(pk=operation.request_id).first()
    return request if request is not None and request.decided_by_id else None
