"""The actions that a page offers on an environment, for one user. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import may_operate
from provisioning.lifecycle.kinds.registry import kinds_failing_in
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.services.retry import why_not_retry
from provisioning.lifecycle.services.teardown import why_no_teardown
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment, User


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    `why_not` is the sentence that explains why it is not possible now; empty if it is.

    `key` is also the name of its URL. With `opens_page` it has a page of its own, otherwise one
    click does it.
    """

    key: str
    label: str
    tone: Literal["primary", "quiet", "danger"]
    why_not: str = ""
    opens_page: bool = False


def actions_for(*, actor: User, environment: Environment) -> list[Action]:
    """The actions that this user may take, most useful first; none for users who may only look."""
    if not may_operate(actor, environment.team):
        return []
    state = EnvironmentState(environment.state)
    actions = []
    if kinds_failing_in(state):
        actions.append(Action("try_again", "Retry", "primary", why_not_retry(environment, at=clock.now())))
    if state in TEARDOWN.starts_from:
        actions.append(
            Action(TEARDOWN.key, TEARDOWN.words.verb, "danger", why_no_teardown(environment), opens_page=True)
        )
    return actions
