"""The checklist of the first administrator. Its state is computed from what exists, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists, Q

from provisioning.lifecycle.access import check_admin
from provisioning.models import (
    Account,
    AccountState,
    AccountTeam,
    Connection,
    Environment,
    Invitation,
    Membership,
    Team,
    User,
)


class SetupStep(StrEnum):
    """In the order in which they are done."""

    ACCOUNT = "account"
    TEAM = "team"
    RIGHTS = "rights"
    PEOPLE = "people"
    APPROVER = "approver"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Setup:
    """`done` are the steps that are done. `is_connecting`: an account was begun and not opened."""

    done: frozenset[SetupStep]
    is_connecting: bool
    is_dismissed: bool

    @property
    def is_finished(self) -> bool:
        return len(self.done) == len(SetupStep)

    @property
    def steps(self) -> int:
        return len(SetupStep)

    @property
    def is_shown(self) -> bool:
        """Whether home shows the checklist."""
        return not self.is_finished and not self.is_dismissed

    @property
    def next(self) -> SetupStep | None:
        """The one open step: the first that is not done."""
        return next((step for step in SetupStep if step not in self.done), None)


def setup_of(user: User) -> Setup:
    """Return the state of the checklist as a portal admin sees it. Raises NotAllowed. One query."""
    check_admin(user)
    opened = Account.objects.filter(state__in=(AccountState.OPEN, AccountState.CLOSED)).exclude(
        connection__in=(Connection.UNTESTED, Connection.FAILED)
    )
    people = Q(user__is_active=True, user__is_service=False) & ~Q(user=user)
    exists = {
        SetupStep.ACCOUNT: opened,
        SetupStep.TEAM: Team.objects.filter(deleted_at=None),
        SetupStep.RIGHTS: AccountTeam.objects.filter(account__in=opened),
        SetupStep.PEOPLE: Membership.objects.filter(people),
        SetupStep.APPROVER: User.objects.filter(is_approver=True, is_active=True).exclude(is_service=True),
        SetupStep.ENVIRONMENT: Environment.objects.all(),
    }
    connecting = Account.objects.filter(state=AccountState.CONNECTING)
    also = (Exists(Invitation.objects.all()), Exists(connecting))
    columns = (*(Exists(rows) for rows in exists.values()), *also)
    *flags, is_invited, is_connecting = User.objects.filter(pk=user.pk).values_list(*columns).get()
    done = {step for step, flag in zip(exists, flags, strict=True) if flag}
    if is_invited:
        done.add(SetupStep.PEOPLE)
    return Setup(done=frozenset(done), is_connecting=is_connecting, is_dismissed=user.setup_dismissed_at is not None)
