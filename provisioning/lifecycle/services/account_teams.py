"""Let a team use an account, and decide what it may use there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

from django.db import transaction
from django.db.models import Q

from provisioning.aws.onboarding import stack_role_arn
from provisioning.design.names import team_key
from provisioning.errors import InvalidFields, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.field_errors import check_row
from provisioning.lifecycle.services.accounts import check_unchanged, shown_names
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import Account, AccountTeam, Environment, Team, User

LABELS: Final = {
    "regions": "Regions",
    "sizes": "Sizes",
    "hosted_zones": "Hosted zones",
    "secrets": "Secrets",
    "certificates": "Certificates",
    "roles": "Roles",
    "image_repositories": "Image repositories",
    "email_identities": "Email identities",
    "trusted_accounts": "Trusted accounts",
}
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class TeamRights:
    """What a team may use in an account. Without `regions` and `sizes`, it may use all of the account's."""

    regions: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    hosted_zones: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    image_repositories: tuple[str, ...] = ()
    email_identities: tuple[str, ...] = ()
    trusted_accounts: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: AccountTeam) -> Self:
        return cls(**{one.name: tuple(getattr(entry, one.name)) for one in fields(cls)})

    def write_to(self, entry: AccountTeam) -> None:
        for name, entries in asdict(self).items():
            setattr(entry, name, list(dict.fromkeys(entries)))


def admit_team(*, actor: User, account: Account, team: Team, rights: TeamRights) -> AccountTeam:
    """Let a team use an account. Raises NotAllowed, InvalidFields, and WrongState for a deleted team."""
    check_admin(actor)
    key = team_key(team.slug)
    entry = AccountTeam(
        account=account,
        team=team,
        stack_role_arn=stack_role_arn(account.account_id, key, partition=account.partition),
    )
    rights.write_to(entry)
    with transaction.atomic():
        lock_team(team)
        Account.objects.select_for_update().get(pk=account.pk)
        check_row(entry)
        entry.save(force_insert=True)
        audit_event(
            AuditAction.ACCOUNT_TEAM_ADD,
            actor=actor,
            at=clock.now(),
            team=team,
            account=account,
            after=_plain(TeamRights.of(entry)),
        )
    return entry


def change_team_rights(
    *, actor: User, entry: AccountTeam, rights: TeamRights, seen: TeamRights | None = None
) -> AccountTeam:
    """Change what a team may use in an account. `seen` is what the author saw; None compares nothing.

    Raises NotAllowed, InvalidFields, and WrongState if somebody else has changed it.
    """
    check_admin(actor)
    with transaction.atomic():
        locked = _locked(entry)
        before = TeamRights.of(locked)
        if seen is not None:
            check_unchanged(seen, before, noun=f"What {locked.team.name} may use", labels=LABELS)
        _check_living(locked, rights)
        rights.write_to(locked)
        check_row(locked)
        if (after := TeamRights.of(locked)) == before:
            return locked
        locked.save()
        old, new = _plain(before), _plain(after)
        changed = [name for name in new if old[name] != new[name]]
        audit_event(
            AuditAction.ACCOUNT_TEAM_CHANGE,
            actor=actor,
            at=clock.now(),
            team=locked.team,
            account=locked.account,
            before={name: old[name] for name in changed},
            after={name: new[name] for name in changed},
        )
    return locked


def remove_team(*, actor: User, entry: AccountTeam) -> None:
    """End that a team may use an account. Raises NotAllowed, WrongState, and Refused while environments of the team
    live there, or some that it has handed over and that need its stack role. Nothing is changed in AWS.
    """
    check_admin(actor)
    with transaction.atomic():
        locked = _locked(entry)
        names = list(_living(locked, or_its_role=True).values_list("name", flat=True)[: _SHOWN + 1])
        if names:
            raise Refused(
                f"{locked.team.name} still has, or has handed over, environments in {locked.account.name}: {shown_names(names)}. Tear them down "
                "first, or limit the team to other accounts by closing this one."
            )
        audit_event(
            AuditAction.ACCOUNT_TEAM_REMOVE,
            actor=actor,
            at=clock.now(),
            team=locked.team,
            account=locked.account,
            before=_plain(TeamRights.of(locked)),
        )
        locked.delete()


def _locked(entry: AccountTeam) -> AccountTeam:
    """Lock the team first: while it creates or takes over an environment, its rights do not change."""
    lock_team(entry.team)
    rows = AccountTeam.objects.select_for_update(of=("self",)).select_related("account", "team")
    if (locked := rows.filter(pk=entry.pk).first()) is None:
        raise WrongState(f"{entry.team.name} may no longer use {entry.account.name}. Reload the page.")
    return locked


def _living(entry: AccountTeam, *, or_its_role: bool = False) -> Any:
    """The team's environments there, with `or_its_role` also those of other teams that need its role."""
    mine = Q(team_id=entry.team_id)
    if or_its_role:
        mine |= Q(stack_role_arn=entry.stack_role_arn)
    rows = Environment.objects.filter(mine, account_id=entry.account_id)
    return rows.exclude(state__in=NO_LONGER_THERE).order_by("name")


def _check_living(entry: AccountTeam, rights: TeamRights) -> None:
    """Refuse a limit that the team's own environments do not keep."""
    errors: dict[str, list[str]] = {}
    for field, column in (("regions", "region"), ("sizes", "size")):
        allowed = getattr(rights, field)
        outside = _living(entry).exclude(**{f"{column}__in": allowed}) if allowed else _living(entry).none()
        if names := list(outside.values_list("name", flat=True)[: _SHOWN + 1]):
            errors[field] = [
                f"{entry.team.name} has environments elsewhere: {shown_names(names)}. Tear them down first."
            ]
    if errors:
        raise InvalidFields(errors)


def _plain(rights: TeamRights) -> dict[str, list[str]]:
    return {name: list(entries) for name, entries in asdict(rights).items()}
