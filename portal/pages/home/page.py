"""The home page: the pending requests and the environments that concern the user."""

from __future__ import annotations

from dataclasses import dataclass

from portal.web.listing import PENDING_SHOWN, EnvironmentRow, RequestRow, environment_rows, pending_rows
from provisioning.lifecycle.access import (
    acting_teams,
    is_admin,
    is_approver,
    is_delegate,
    memberships_of,
    sees_all_teams,
    visible,
)
from provisioning.lifecycle.read.inbox import InboxRow, inbox
from provisioning.lifecycle.read.setup import Setup, SetupStep, setup_of
from provisioning.lifecycle.read.teams import whom_to_ask
from provisioning.models import User

ENVIRONMENTS_SHOWN = 25


@dataclass(frozen=True, slots=True)
class HomePage:
    """`awaiting` are the requests that the user can decide on, None for a person who is neither an
    approver nor acts for one; they see the pending requests of their teams in `pending`. `team`
    is the name of the user's first team, empty without one. `setup` is the checklist, for a portal
    admin only. `ask` are the names of portal admins, for a user without a team.
    """

    awaiting: list[InboxRow] | None
    pending: list[RequestRow]
    environments: list[EnvironmentRow]
    team: str
    may_request: bool
    ask: list[str]
    setup: Setup | None

    @property
    def begins_with_setup(self) -> bool:
        """Whether nothing can be done but to set the portal up."""
        return self.setup is not None and self.setup.is_shown and SetupStep.ACCOUNT not in self.setup.done

    @property
    def has_more_environments(self) -> bool:
        return len(self.environments) == ENVIRONMENTS_SHOWN

    @property
    def shows_all_awaiting(self) -> bool:
        return self.awaiting is not None and len(self.awaiting) < PENDING_SHOWN


def home_page(user: User) -> HomePage:
    memberships = memberships_of(user)
    decides = is_approver(user) or is_delegate(user)
    return HomePage(
        awaiting=inbox(user, limit=PENDING_SHOWN) if decides else None,
        pending=[] if decides else pending_rows(user),
        environments=environment_rows(visible(user), limit=ENVIRONMENTS_SHOWN, living=True),
        team=memberships[0].team.name if memberships else "",
        may_request=bool(acting_teams(memberships)),
        ask=whom_to_ask(user) if not memberships and not sees_all_teams(user) else [],
        setup=setup_of(user) if is_admin(user) else None,
    )
