"""Give and take the roles outside teams: approver, portal admin, auditor and superuser.

A superuser proposes a role, and somebody else confirms it: another superuser or a portal admin, who
is neither the proposer nor the person who gets the role. So nobody makes themselves, or a second
account of theirs, an approver. Auditors change nothing and need no confirmation. A role is taken away
by one superuser, at once.

An installation begins with one superuser, whom nobody can confirm. This superuser may give another
person the role of portal admin, and one person that of approver, alone; the event says so. This ends
for good with the first other person who has been a portal admin or superuser. If nobody can confirm
any more, `manage.py give_role` on the server gives a role: those who run the server can change the
database anyway.

Somebody else who could act as the person before must not be able to afterwards: see `former_access`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import (
    NEW_ROLE,
    check_superuser,
    end_former_access,
    is_superuser,
    may_confirm_roles,
)
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.services.deciders import deciders, lock_deciders
from provisioning.lifecycle.services.delegations import end_delegations_of_person
from provisioning.lifecycle.services.former_access import why_not_yet
from provisioning.lifecycle.services.provider_identity import note_role_decided_here
from provisioning.models import OutsideRole, RoleChange, RoleChangeState, User
from provisioning.models.role_change import FLAGS

VALID_FOR: Final = timedelta(days=7)
# Auditors only read. The others decide, or choose who decides.
NEEDS_CONFIRMATION: Final = frozenset({OutsideRole.APPROVER, OutsideRole.ADMIN, OutsideRole.SUPERUSER})
_ALONE: Final = frozenset({OutsideRole.APPROVER, OutsideRole.ADMIN})
_CONFIRMS: Final = frozenset({OutsideRole.ADMIN, OutsideRole.SUPERUSER})
NOT_PENDING: Final = "This proposal was decided on, was withdrawn, or has expired. Reload the page."


def propose_role(*, actor: User, user: User, role: OutsideRole) -> RoleChange:
    """Propose a role for a person, or give it at once where no confirmation is needed.

    Raises NotAllowed and Refused.
    """
    check_superuser(actor)
    at = clock.now()
    with transaction.atomic():
        lock_deciders()
        check_superuser(User.objects.get(pk=actor.pk))
        user = _checked_person(user, role)
        _withdraw_all(RoleChange.objects.filter(user=user, role=role, expires_at__lte=at), actor=None, at=at)
        if RoleChange.objects.filter(user=user, role=role, state=RoleChangeState.PENDING).exists():
            raise Refused(f"The role {role.label} is proposed for {user.get_username()} already.")
        if role not in NEEDS_CONFIRMATION:
            return _give(user, role, actor=actor, at=at, why="An auditor changes nothing.")
        if not confirmers(actor, user).exists():
            if reason := why_not_alone(actor, user, role):
                raise Refused(reason)
            return _give(user, role, actor=actor, at=at, why="Nobody else could confirm it yet.")
        change = RoleChange.objects.create(
            user=user,
            role=role,
            state=RoleChangeState.PENDING,
            proposed_by=actor,
            proposed_at=at,
            expires_at=at + VALID_FOR,
        )
        _audit(AuditAction.ROLE_PROPOSE, change, actor=actor, at=at)
    return change


def confirm_role(*, actor: User, change: RoleChange) -> RoleChange:
    """Confirm a proposal, which gives the role. Raises NotAllowed, Refused and WrongState."""
    at = clock.now()
    with transaction.atomic():
        lock_deciders()
        change = _pending(change, at=at)
        _check_may_decide(actor, change)
        if change.proposed_by is None or not is_superuser(change.proposed_by):
            raise Refused("The person who proposed this is no longer a superuser. Propose the role again.")
        role = OutsideRole(change.role)
        user = _checked_person(change.user, role)
        _set(user, role, holds=True)
        end_former_access(user, at=at, why=NEW_ROLE)
        _decide(change, RoleChangeState.CONFIRMED, actor=actor, at=at)
        _audit(
            AuditAction.ROLE_CONFIRM,
            change,
            actor=actor,
            at=at,
            why=f"Proposed by {change.proposed_by.get_username()}.",
        )
    return change


def decline_role(*, actor: User, change: RoleChange) -> RoleChange:
    """Decline a proposal. Raises NotAllowed and WrongState."""
    at = clock.now()
    with transaction.atomic():
        change = _pending(change, at=at)
        _check_may_decide(actor, change)
        _decide(change, RoleChangeState.DECLINED, actor=actor, at=at)
        _audit(AuditAction.ROLE_DECLINE, change, actor=actor, at=at)
    return change


def withdraw_role(*, actor: User, change: RoleChange) -> RoleChange:
    """Withdraw a proposal, as any superuser may. Raises NotAllowed and WrongState."""
    check_superuser(actor)
    at = clock.now()
    with transaction.atomic():
        change = _pending(change, at=at)
        _decide(change, RoleChangeState.WITHDRAWN, actor=actor, at=at)
        _audit(AuditAction.ROLE_WITHDRAW, change, actor=actor, at=at)
    return change


def take_role(*, actor: User, user: User, role: OutsideRole) -> User:
    """Take a role away, with effect at once. Raises NotAllowed, WrongState, and Refused for the last
    superuser.
    """
    check_superuser(actor)
    with transaction.atomic():
        lock_deciders()
        check_superuser(User.objects.get(pk=actor.pk))
        return take_within_transaction(actor=actor, user=user, role=role, at=clock.now())


def take_all_roles(*, actor: User, user: User, at: datetime) -> None:
    """Take all roles of a person who is being deactivated. Call it inside a transaction."""
    lock_deciders()
    for role, flag in FLAGS.items():
        if getattr(user, flag):
            take_within_transaction(actor=actor, user=user, role=role, at=at)
    _withdraw_all(RoleChange.objects.filter(user=user), actor=actor, at=at)


def take_within_transaction(*, actor: User | None, user: User, role: OutsideRole, at: datetime) -> User:
    locked = User.objects.select_for_update().get(pk=user.pk)
    if not getattr(locked, FLAGS[role]):
        raise WrongState(f"{locked.get_username()} no longer has the role {role.label}. Reload the page.")
    if role == OutsideRole.SUPERUSER and (reason := why_not_without_superuser(locked)):
        raise Refused(reason)
    _set(locked, role, holds=False)
    if role == OutsideRole.APPROVER:
        end_delegations_of_person(locked, None, at)
    change = RoleChange.objects.create(
        user=locked, role=role, state=RoleChangeState.TAKEN, proposed_by=actor, proposed_at=at, decided_at=at
    )
    _audit(AuditAction.ROLE_TAKE, change, actor=actor, at=at)
    return locked


def give_role_from_server(*, user: User, role: OutsideRole) -> RoleChange:
    """Give a role to somebody, as the command on the server does. A password that was set through a
    link ends, also of somebody who has no other way in: those who run the server can set a new one.
    Raises Refused.
    """
    at = clock.now()
    with transaction.atomic():
        lock_deciders()
        user = _checked_person(user, role, by_people=False)
        _withdraw_all(RoleChange.objects.filter(user=user, role=role), actor=None, at=at)
        return _give(user, role, actor=None, at=at, why="A command on the server gave it.")


def take_role_from_server(*, user: User, role: OutsideRole) -> User:
    with transaction.atomic():
        lock_deciders()
        return take_within_transaction(actor=None, user=user, role=role, at=clock.now())


def confirmers(proposer: User, user: User) -> QuerySet[User]:
    """Return the people who could confirm a role that `proposer` proposes for `user`."""
    return deciders().exclude(pk__in=[proposer.pk, user.pk])


def why_not_alone(actor: User, user: User, role: OutsideRole) -> str:
    """Why a superuser whom nobody can confirm may not give this role, as a sentence; empty if they may."""
    by_command = (
        f"Nobody else can confirm it. Ask the person who runs the server to run: "
        f"manage.py give_role {user.get_username()} {role.value}"
    )
    if user.pk == actor.pk or role not in _ALONE:
        return f"Nobody gives this role alone to themselves or makes a superuser alone. {by_command}"
    others = User.objects.exclude(pk=actor.pk)
    given = RoleChange.objects.filter(state__in=[RoleChangeState.CONFIRMED, RoleChangeState.TAKEN])
    if others.filter(Q(is_superuser=True) | Q(is_admin=True)).exists():
        return by_command
    if given.exclude(user=actor).filter(role__in=_CONFIRMS).exists():
        return by_command
    if others.filter(**{FLAGS[role]: True}).exists() or given.filter(role=role).exists():
        return f"Make somebody else a portal admin first, who can confirm the role. {by_command}"
    return ""


def why_not_without_superuser(user: User) -> str:
    """Why this person cannot lose the role of superuser, as a sentence; empty if there is another one."""
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and not others.exists():
        return f"{user.get_username()} is the only superuser. Make somebody else a superuser first."
    return ""


def why_not_decide(actor: User, change: RoleChange) -> str:
    """Why this person cannot confirm or decline a proposal, as a sentence; empty if they can."""
    if not may_confirm_roles(actor):
        return "Only portal admins and superusers confirm roles outside teams."
    if actor.pk == change.user_id:
        return "Nobody confirms a role for themselves. Another portal admin has to."
    if actor.pk == change.proposed_by_id:
        return "You proposed this role. Another portal admin or superuser has to confirm it."
    return ""


def pending_changes(*, at: datetime) -> QuerySet[RoleChange]:
    """Return the proposals that can be decided on, oldest first."""
    rows = RoleChange.objects.filter(state=RoleChangeState.PENDING, expires_at__gt=at)
    return rows.select_related("user", "proposed_by").order_by("proposed_at")


def _checked_person(user: User, role: OutsideRole, *, by_people: bool = True) -> User:
    """Return the person's row, locked. Raises Refused unless the person can get the role."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    name = locked.get_username()
    if locked.is_service or not locked.is_active:
        raise Refused(f"{name} is deactivated and gets no role.")
    if getattr(locked, FLAGS[role]):
        raise Refused(f"{name} has the role {role.label} already.")
    if locked.last_login is None and not locked.has_usable_password():
        raise Refused(f"{name} has not signed in yet. Propose the role after the first sign-in.")
    if by_people and (sentence := why_not_yet(locked)):
        raise Refused(sentence)
    return locked


def _pending(change: RoleChange, *, at: datetime) -> RoleChange:
    rows = RoleChange.objects.select_for_update(of=("self",)).select_related("user", "proposed_by")
    locked = rows.filter(pk=change.pk, state=RoleChangeState.PENDING, expires_at__gt=at).first()
    if locked is None:
        raise WrongState(NOT_PENDING)
    return locked


def _check_may_decide(actor: User, change: RoleChange) -> None:
    if reason := why_not_decide(User.objects.get(pk=actor.pk), change):
        raise NotAllowed(reason)


def _withdraw_all(changes: QuerySet[RoleChange], *, actor: User | None, at: datetime) -> None:
    """Withdraw those of the proposals that are pending."""
    for change in changes.filter(state=RoleChangeState.PENDING).select_related("user"):
        _decide(change, RoleChangeState.WITHDRAWN, actor=actor, at=at)
        _audit(AuditAction.ROLE_WITHDRAW, change, actor=actor, at=at)


def _give(user: User, role: OutsideRole, *, actor: User | None, at: datetime, why: str) -> RoleChange:
    _set(user, role, holds=True)
    end_former_access(user, at=at, why=NEW_ROLE)
    change = RoleChange.objects.create(
        user=user, role=role, state=RoleChangeState.CONFIRMED, proposed_by=actor, proposed_at=at, decided_at=at
    )
    _audit(AuditAction.ROLE_GIVE, change, actor=actor, at=at, why=why)
    return change


def _set(user: User, role: OutsideRole, *, holds: bool) -> None:
    """Superusers also sign in to /admin/, the pages for emergencies; nobody else does."""
    setattr(user, FLAGS[role], holds)
    fields = [FLAGS[role]]
    if role == OutsideRole.SUPERUSER:
        user.is_staff = holds
        fields.append("is_staff")
    user.save(update_fields=fields)
    note_role_decided_here(user, role, holds=holds)


def _decide(change: RoleChange, state: RoleChangeState, *, actor: User | None, at: datetime) -> None:
    change.state, change.decided_by, change.decided_at = state, actor, at
    change.save(update_fields=["state", "decided_by", "decided_at"])


def _audit(action: AuditAction, change: RoleChange, *, actor: User | None, at: datetime, why: str = "") -> None:
    role = change.get_role_display()
    held = action in (AuditAction.ROLE_CONFIRM, AuditAction.ROLE_GIVE)
    changed = held or action == AuditAction.ROLE_TAKE
    audit_event(
        action,
        actor=actor,
        at=at,
        subject=change.user.get_username(),
        subject_id=change.user_id,
        before={role: not held} if changed else None,
        after={role: held} if changed else None,
        role=role,
        why=why,
    )
