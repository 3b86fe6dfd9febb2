"""The actions that a page offers on an environment, for one user. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import may, may_operate
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.kinds.registry import KINDS, kinds_failing_in
from provisioning.lifecycle.services.recording import why_not_requested
from provisioning.lifecycle.services.retry import why_not_retry
from provisioning.models import Environment, User

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


def actions_for(*, actor: User, environment: Environment) -> list[Action]:
    """The actions that this user may take, most useful first; none for users who may only look."""
    team, actions = environment.team, []
    if kinds_failing_in(environment.state) and may_operate(actor, team):
        why_not = why_not_retry(environment, at=clock.now())
        actions.append(Action(Button.RETRY, "Retry", "primary", why_not))
    for kind in KINDS.values():
        if not kind.is_offered or environment.state not in kind.starts_from:
            continue
        if may(actor, team, kind.permission):
            tone: Tone = "danger" if kind.removes_environment else "quiet"
            why_not = why_not_requested(kind, environment)
            actions.append(Action(kind.key, kind.words.verb, tone, why_not, opens_page=True))
    return actions
