"""Who reads the audit log: auditors all of it, and owners the events of their teams."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from provisioning.errors import NotAllowed
from provisioning.lifecycle.access.outside_roles import is_auditor
from provisioning.lifecycle.access.permissions import Permission, permissions_of
from provisioning.lifecycle.access.teams import memberships_of
from provisioning.models import Team, User


@dataclass(frozen=True, slots=True)
class AuditScope:
    """The part of the log that a user may read. `teams` are the teams to choose from."""

    is_everything: bool
    teams: tuple[Team, ...]

    @property
    def condition(self) -> Q:
        return Q() if self.is_everything else Q(team__in=self.teams)


def audit_scope(user: User) -> AuditScope:
    """Return what the user may read of the audit log. Raises NotAllowed if that is nothing."""
    if is_auditor(user):
        return AuditScope(is_everything=True, teams=tuple(Team.objects.order_by("name")))
    owned = [item.team for item in memberships_of(user) if Permission.MANAGE in permissions_of(item.role)]
    if not owned or not user.is_active:
        raise NotAllowed("Only auditors may read the audit log, and owners the events of their teams.")
    return AuditScope(is_everything=False, teams=tuple(owned))
