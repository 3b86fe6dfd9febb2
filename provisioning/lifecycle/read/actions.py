"""The actions that a page offers on an environment, for one user. Reads only.

Every state has one, also while an operation is in progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import Permission, permissions_in
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.kinds.registry import KINDS, kind_of, kinds_failing_in
from provisioning.lifecycle.read.cancellation import cancellation, why_not_stop_watching
from provisioning.lifecycle.read.operation_view import last_operation
from provisioning.lifecycle.services.recording import undecided_kinds, why_not_possible, why_waiting
from provisioning.lifecycle.services.retry import why_not_retry
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment, Operation, User

Tone: TypeAlias = Literal["primary", "quiet", "danger"]


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    `why_not` is the sentence that explains why it is not possible now; empty if it is.

    `key` is also the name of its URL. With `opens_page` it has a page of its own, otherwise one
    click does it.
    """

    key: str
    label: str
    tone: Tone
    why_not: str = ""
    opens_page: bool = False


def actions_for(*, actor: User, environment: Environment, operation: Operation | None = None) -> list[Action]:
    """The actions that this user may take, most useful first; none for users who may only look.

    `operation` is the environment's last one, if the caller already has it.
    """
    allowed, actions = permissions_in(actor, environment.team), []
    if operation is None:
        operation = last_operation(environment)
    if operation is not None and operation.ended_at is None:
        return _while_in_progress(operation) if kind_of(operation.kind).permission in allowed else []
    if kinds_failing_in(environment.state) and Permission.OPERATE in allowed:
        why_not = why_not_retry(environment, at=clock.now())
        actions.append(Action(Button.RETRY, "Retry", "primary", why_not))
    undecided = undecided_kinds(environment)
    suggested = operation.next_action if operation is not None else ""
    for kind in KINDS.values():
        if _is_offered(kind, environment, suggested) and kind.permission in allowed:
            tone: Tone = "danger" if kind.removes_environment else "quiet"
            why_not = why_not_possible(kind, environment) or why_waiting(kind, undecided)
            actions.append(Action(kind.key, kind.words.verb, tone, why_not, opens_page=True))
    return actions


def _while_in_progress(operation: Operation) -> list[Action]:
    noun = kind_of(operation.kind).words.noun.lower()
    actions = []
    if not why_not_stop_watching(operation, now=clock.now()):
        actions.append(Action(Button.STOP_WATCHING, "Stop watching", "danger", opens_page=True))
    why_not = cancellation(operation).why_not
    actions.append(Action(Button.CANCEL, f"Cancel the {noun}", "danger", why_not, opens_page=True))
    return actions


def _is_offered(kind: Kind, environment: Environment, suggested: str) -> bool:
    if not kind.is_offered or kind.starts_environment or environment.state not in kind.starts_from:
        return False
    stuck = environment.state == EnvironmentState.NEEDS_REPAIR and not environment.needs_repair
    return not kind.only_if_suggested or suggested == kind.key or stuck
