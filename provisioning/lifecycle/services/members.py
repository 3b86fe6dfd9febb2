"""Add people to a team, change their roles and remove them. Owners and portal admins do this.

The team's row is locked meanwhile, so that two owners who remove each other at the same time do not
leave the team without an owner. Service users belong to tokens and are not changed here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_manage_members, revoke
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import Membership, Role, Team, User

NO_LONGER_A_MEMBER: Final = "This person is no longer in the team. Reload the page."


def add_member(*, actor: User, team: Team, user: User, role: str) -> Membership:
    """Add a person who has an account. Raises NotAllowed, Refused and WrongState."""
    check_may_manage_members(actor, team)
    check_role(role)
    if user.is_service or not user.is_active:
        raise Refused(f"{user.get_username()} is deactivated. Ask a portal admin to reactivate the person first.")
    with transaction.atomic():
        lock_team(team)
        check_may_manage_members(actor, team)
        membership, is_new = Membership.objects.get_or_create(team=team, user=user, defaults={"role": role})
        if not is_new:
            raise Refused(
                f"{name_of(user)} is in {team.name} already, as {membership.get_role_display()}. "
                "Change the role in the list of members."
            )
        audit_event(
            AuditAction.MEMBER_ADD,
            actor=actor,
            at=clock.now(),
            team=team,
            subject=user.get_username(),
            subject_id=user.pk,
            after={"role": membership.get_role_display()},
        )
    return membership


def change_member_role(*, actor: User, team: Team, user: User, role: str) -> Membership:
    """Give a member another role. Raises NotAllowed, WrongState, and Refused for the last owner."""
    check_may_manage_members(actor, team)
    check_role(role)
    with transaction.atomic():
        membership = _locked_membership(actor, team, user)
        before = membership.get_role_display()
        if membership.role == role:
            return membership
        if role != Role.OWNER and (reason := why_not_without_owner(team, user)):
            raise Refused(reason)
        membership.role = role
        membership.save(update_fields=["role"])
        audit_event(
            AuditAction.MEMBER_CHANGE_ROLE,
            actor=actor,
            at=clock.now(),
            team=team,
            subject=user.get_username(),
            subject_id=user.pk,
            before={"role": before},
            after={"role": membership.get_role_display()},
        )
    return membership


def remove_member(*, actor: User, team: Team, user: User) -> None:
    """Remove a member, who loses all rights in the team at once. Everyone may leave a team.

    Raises NotAllowed, WrongState, and Refused for the last owner.
    """
    leaves = actor.pk == user.pk
    if not leaves:
        check_may_manage_members(actor, team)
    with transaction.atomic():
        membership = _locked_membership(actor, team, user, checks_actor=not leaves)
        if reason := why_not_without_owner(team, user):
            raise Refused(reason)
        membership.delete()
        at = clock.now()
        revoke(user, team=team, at=at)
        audit_event(
            AuditAction.MEMBER_LEAVE if leaves else AuditAction.MEMBER_REMOVE,
            actor=actor,
            at=at,
            team=team,
            subject=user.get_username(),
            subject_id=user.pk,
            before={"role": membership.get_role_display()},
        )


def owners_of(team: Team) -> QuerySet[User]:
    """Return the owners of a team who can sign in, by user name."""
    return User.objects.filter(
        is_active=True, is_service=False, memberships__team=team, memberships__role=Role.OWNER
    ).order_by("username")


def why_not_without_owner(team: Team, user: User) -> str:
    """Why this person cannot leave, be removed or lose the role of owner, as a sentence; empty if
    there is another owner.
    """
    owners = list(owners_of(team).values_list("pk", flat=True))
    if owners == [user.pk]:
        return f"{name_of(user)} is the only owner of {team.name}. Make somebody else an owner first."
    return ""


def note_teams_without_owner(teams: Iterable[Team], *, at: datetime) -> None:
    """Tell portal admins which of the teams have no owner left who can sign in. Call it in the transaction
    in which a person lost the role for a reason that nobody can refuse: a deactivation, or single sign-on.
    """
    for team in teams:
        if team.deleted_at is None and not owners_of(team).exists():
            audit_event(
                AuditAction.TEAM_LOSE_OWNERS, actor=None, at=at, team=team, subject=team.name, subject_id=team.pk
            )


def check_role(role: str) -> None:
    if role not in Role.values:
        raise Refused(f"Choose one of the roles {', '.join(Role.labels)}.")


def name_of(user: User) -> str:
    return user.get_full_name() or user.get_username()


def _locked_membership(actor: User, team: Team, user: User, *, checks_actor: bool = True) -> Membership:
    """Lock the team, and check again what may have changed before the lock."""
    lock_team(team)
    if checks_actor:
        check_may_manage_members(actor, team)
    membership = Membership.objects.filter(team=team, user=user).first()
    if membership is None or user.is_service:
        raise WrongState(NO_LONGER_A_MEMBER)
    return membership
