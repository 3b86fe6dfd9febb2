"""What can be done with an environment now, and doing again what did not succeed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction

from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import may_operate
from provisioning.lifecycle.audit import audit
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.services.teardown import CAN_BE_TORN_DOWN, why_no_teardown
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.lifecycle.transitions import change_state
from provisioning.models import Environment, Operation, Request, RequestKind, User

CAN_BE_TRIED_AGAIN = {
    EnvironmentState.CREATE_FAILED: RequestKind.CREATE,
    EnvironmentState.TEARDOWN_FAILED: RequestKind.TEARDOWN,
}
TOO_LATE = "Its approval has expired. Tear the environment down and ask for it again."
TOO_LATE_FOR_TEARDOWN = "Its approval has expired. Ask for the teardown again."


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the page offers; `why_not` says why it cannot be done now, and is empty when it can."""

    key: str
    label: str
    tone: Literal["primary", "quiet", "danger"]
    why_not: str = ""


def actions_for(*, user: User, environment: Environment) -> list[Action]:
    """What this person may do with the environment, most useful first; nothing for those who only look on."""
    if not may_operate(user, environment.team):
        return []
    state = EnvironmentState(environment.state)
    actions = []
    if state in CAN_BE_TRIED_AGAIN:
        request = _request_to_repeat(environment)
        why_not = _why_not_again(request, at=clock.now()) if request else "There is nothing to try again."
        actions.append(Action("try_again", "Try again", "primary", why_not))
    if state in CAN_BE_TORN_DOWN:
        actions.append(Action("teardown", "Tear down", "danger", why_no_teardown(environment)))
    return actions


@transaction.atomic
def try_again(*, actor: User, environment: Environment) -> Operation:
    """Start another attempt at what did not succeed. What AWS has by now decides the first step, never the old attempt."""
    if not may_operate(actor, environment.team):
        raise NotAllowed(f"Only members of {environment.team.name} do this.")
    state = EnvironmentState(environment.state)
    if state not in CAN_BE_TRIED_AGAIN:
        raise WrongState(f"There is nothing to try again: the environment is “{state.label.lower()}”.")
    request = _request_to_repeat(environment)
    at = clock.now()
    if request is None:
        raise WrongState("There is nothing to try again.")
    if (why_not := _why_not_again(request, at=at)) != "":
        raise WrongState(why_not)
    change_state(request, RequestState.APPROVED, at=at, actor=actor, reason="Tried again.")
    request.environment = environment
    operation = open_operation(request, at=at, actor=actor)
    audit("operation:try_again", actor=actor, environment=environment, at=at, operation=str(operation.pk))
    return operation


def _request_to_repeat(environment: Environment) -> Request | None:
    kind = CAN_BE_TRIED_AGAIN[EnvironmentState(environment.state)]
    return (
        Request.objects.filter(environment=environment, kind=kind)
        .exclude(state__in=[RequestState.WAITING, RequestState.REFUSED, RequestState.WITHDRAWN])
        .select_related("plan")
        .order_by("-requested_at")
        .first()
    )


def _why_not_again(request: Request, *, at: datetime) -> str:
    late = TOO_LATE if request.kind == RequestKind.CREATE else TOO_LATE_FOR_TEARDOWN
    if request.state == RequestState.EXPIRED or (request.expires_at is not None and request.expires_at <= at):
        return late
    if request.state != RequestState.FAILED:
        return f"The request is “{RequestState(request.state).label.lower()}”."
    waiting = Request.objects.filter(environment_id=request.environment_id, state=RequestState.WAITING)
    return "A teardown waits for an approver." if waiting.exists() else ""
