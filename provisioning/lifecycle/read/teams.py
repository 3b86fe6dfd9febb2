"""Teams, their members and what they may use, as pages and the API show them. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import PERMISSIONS, Permission, account_teams_of, living_teams, offered_sizes
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.models import Environment, Invitation, Membership, Role, Team, User

TEAMS_PER_PAGE: Final = 50
# What a role allows, in words, in the order in which pages show it.
PERMISSION_WORDS: Final = (
    ("See environments, requests and their history", Permission.SEE),
    ("Request, change, retry and tear down", Permission.OPERATE),
    ("Manage members, invite, hand over environments", Permission.MANAGE),
)


@dataclass(frozen=True, slots=True)
class TeamRow:
    """`role` is the reader's own role in the team, as people read it; empty for others."""

    id: UUID
    slug: str
    name: str
    role: str
    members: int
    environments: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    user_id: UUID
    username: str
    name: str
    email: str
    role: str
    is_active: bool
    is_from_provider: bool
    last_login: datetime | None

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)


@dataclass(frozen=True, slots=True)
class InvitationRow:
    id: UUID
    email: str
    role: str
    invited_at: datetime
    expires_at: datetime
    has_expired: bool

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label)


@dataclass(frozen=True, slots=True)
class UsableAccount:
    name: str
    account_id: str
    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    lists: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PermissionLine:
    words: str
    roles: tuple[bool, ...]


def team_rows(
    user: User, *, own: bool, only: Team | None = None, after: str = "", limit: int = TEAMS_PER_PAGE
) -> list[TeamRow]:
    """Return the teams that the user may see, or with `own` only those that they are in, by slug; with
    `only`, just this team if it is one of them.

    `after` is the slug of the last row that was shown. One query.
    """
    teams = Team.objects.filter(living_teams(user), slug__gt=after)
    if only is not None:
        teams = teams.filter(pk=only.pk)
    membership = Membership.objects.filter(team=OuterRef("pk"), user=user)
    if own:
        teams = teams.filter(Exists(membership))
    rows = teams.annotate(
        role=Coalesce(Subquery(membership.values("role")[:1]), Value("")),
        members=_count(Membership.objects.filter(team=OuterRef("pk"), user__is_service=False), "team"),
        living=_count(Environment.objects.filter(team=OuterRef("pk")).exclude(state__in=NO_LONGER_THERE), "team"),
    )
    values = rows.order_by("slug").values_list("id", "slug", "name", "role", "members", "living")[:limit]
    return [
        TeamRow(pk, slug, name, str(Role(role).label) if role else "", members, living)
        for pk, slug, name, role, members, living in values
    ]


def member_rows(team: Team) -> list[MemberRow]:
    """Return the members: owners first, then by user name. One query."""
    columns = (
        "user_id",
        "user__username",
        "user__first_name",
        "user__last_name",
        "user__email",
        "role",
        "user__is_active",
        "is_from_provider",
        "user__last_login",
    )
    values = (
        Membership.objects.filter(team=team, user__is_service=False).order_by("user__username").values_list(*columns)
    )
    rows = [
        MemberRow(user_id, username, f"{first} {last}".strip() or username, *rest)
        for user_id, username, first, last, *rest in values
    ]
    order = [str(Role.OWNER), str(Role.OPERATOR), str(Role.VIEWER)]
    return sorted(rows, key=lambda row: order.index(row.role))


def invitation_rows(team: Team) -> list[InvitationRow]:
    """Return the invitations that nobody has accepted, newest first. One query."""
    now = clock.now()
    rows = Invitation.objects.filter(team=team, ended_at=None).order_by("-invited_at")
    return [
        InvitationRow(row.pk, row.email, row.role, row.invited_at, row.expires_at, row.expires_at <= now)
        for row in rows
    ]


def usable_accounts(team: Team) -> list[UsableAccount]:
    """Return the accounts in which the team may create environments, with what it may use there."""
    titles = (
        ("hosted zone", "hosted_zones"),
        ("secret", "secrets"),
        ("certificate", "certificates"),
        ("image repository", "image_repositories"),
    )
    return [
        UsableAccount(
            name=entry.account.name,
            account_id=entry.account.account_id,
            sizes=tuple(offered_sizes(entry)),
            regions=tuple(entry.regions or entry.account.regions),
            lists=tuple((title, len(getattr(entry, field))) for title, field in titles if getattr(entry, field)),
        )
        for entry in account_teams_of([team])
    ]


def permission_lines(roles: Sequence[str]) -> list[PermissionLine]:
    """Return for each permission which of these roles grant it."""
    return [
        PermissionLine(words, tuple(permission in PERMISSIONS[role] for role in roles))
        for words, permission in PERMISSION_WORDS
    ]


def whom_to_ask(user: User, *, limit: int = 5) -> list[str]:
    """Return the names of portal admins, who can put a person without a team into one."""
    admins = User.objects.filter(Q(is_admin=True) | Q(is_superuser=True), is_active=True, is_service=False)
    found = admins.exclude(pk=user.pk).order_by("username")[:limit]
    return [admin.get_full_name() or admin.get_username() for admin in found]


def _count(rows: Any, group: str) -> Coalesce:
    counted = rows.order_by().values(group).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
