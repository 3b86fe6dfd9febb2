"""The list of teams, and the page of one team."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from django.db.models import Q

from portal.pages.teams.forms import ROLES, AddForm, DeleteForm, RenameForm
from portal.web.listing import EnvironmentRow, environment_rows
from provisioning.lifecycle.access import Permission, is_admin, may, may_manage_members, permissions_in, sees_all_teams
from provisioning.lifecycle.read.teams import (
    TEAMS_PER_PAGE,
    InvitationRow,
    MemberRow,
    PermissionLine,
    TeamRow,
    UsableAccount,
    invitation_rows,
    member_rows,
    permission_lines,
    team_rows,
    usable_accounts,
    whom_to_ask,
)
from provisioning.lifecycle.services.handover import offers_to
from provisioning.lifecycle.services.teams import why_not_delete
from provisioning.models import HandoverOffer, Role, Team, User

ENVIRONMENTS_SHOWN = 10
SHOWN_ROLES = (Role.VIEWER, Role.OPERATOR, Role.OWNER)


@dataclass(frozen=True, slots=True)
class TeamsPage:
    rows: list[TeamRow]
    next_after: str
    shows_all: bool
    may_create: bool
    ask: list[str]


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation's link, which is shown once."""

    email: str
    url: str = field(repr=False)
    team: str

    @property
    def mailto(self) -> str:
        subject = quote(f"Invitation to {self.team} in the portal")
        body = quote(
            f"Open this link to join {self.team}. It works once, within 7 days, for {self.email}.\n\n{self.url}\n"
        )
        return f"mailto:{quote(self.email)}?subject={subject}&body={body}"


@dataclass(frozen=True, slots=True)
class Member:
    """`why_not` says why the person cannot be removed and keeps the role; empty if nothing forbids it."""

    row: MemberRow
    is_you: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class TeamPage:
    team: Team
    role: str
    members: list[Member]
    invitations: list[InvitationRow]
    permissions: list[PermissionLine]
    accounts: list[UsableAccount]
    environments: list[EnvironmentRow]
    offers: list[HandoverOffer]
    owns: bool
    manages: bool
    administers: bool
    may_operate: bool
    add_form: AddForm
    rename_form: RenameForm
    delete_form: DeleteForm
    why_not_delete: str
    link: Link | None = None
    roles: tuple[tuple[str, str], ...] = tuple((str(value), label) for value, label in ROLES)
    role_titles: tuple[str, ...] = tuple(str(role.label).capitalize() for role in SHOWN_ROLES)

    @property
    def people(self) -> int:
        return len(self.members)

    @property
    def you(self) -> Member | None:
        return next((member for member in self.members if member.is_you), None)


def teams_page(user: User, *, after: str) -> TeamsPage:
    rows = team_rows(user, own=False, after=after, limit=TEAMS_PER_PAGE + 1)
    return TeamsPage(
        rows=rows[:TEAMS_PER_PAGE],
        next_after=rows[TEAMS_PER_PAGE - 1].slug if len(rows) > TEAMS_PER_PAGE else "",
        shows_all=sees_all_teams(user),
        may_create=is_admin(user),
        ask=whom_to_ask(user) if not rows else [],
    )


def team_page(
    user: User,
    team: Team,
    *,
    add_form: AddForm | None = None,
    rename_form: RenameForm | None = None,
    delete_form: DeleteForm | None = None,
    link: Link | None = None,
) -> TeamPage:
    owns = may(user, team, Permission.MANAGE)
    manages, administers = may_manage_members(user, team), is_admin(user)
    rows = member_rows(team)
    owners = [row for row in rows if row.role == Role.OWNER and row.is_active]
    only = owners[0].user_id if len(owners) == 1 else None
    reason = f"The only owner of {team.name}. Make somebody else an owner first."
    own = next((row for row in rows if row.user_id == user.pk), None)
    return TeamPage(
        team=team,
        role=own.role_label if own is not None else "",
        members=[Member(row, row.user_id == user.pk, reason if row.user_id == only else "") for row in rows],
        invitations=invitation_rows(team) if manages else [],
        permissions=permission_lines(SHOWN_ROLES),
        accounts=usable_accounts(team),
        environments=environment_rows(Q(team=team), limit=ENVIRONMENTS_SHOWN, living=True),
        offers=list(offers_to(team)) if owns else [],
        owns=owns,
        manages=manages,
        administers=administers,
        may_operate=own is not None and Permission.OPERATE in permissions_in(user, team),
        add_form=add_form or AddForm(),
        rename_form=rename_form or RenameForm(initial={"name": team.name}),
        delete_form=delete_form or DeleteForm(),
        why_not_delete=why_not_delete(team) if administers else "",
        link=link,
    )
