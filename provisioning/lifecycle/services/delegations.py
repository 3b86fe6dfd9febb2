"""An approver who is away lets somebody else decide until a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from provisioning.errors import NotAllowed, NotFound, Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import (
    NEW_DELEGATION,
    end_former_access,
    is_approver,
    is_protected,
    on_revocation,
)
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.services.deciders import lock_deciders
from provisioning.lifecycle.services.former_access import why_not_yet
from provisioning.models import Delegation, Team, User

LONGEST: Final = timedelta(days=60)
MOST_CHARACTERS: Final = 300


def delegate_approvals(*, actor: User, delegate: User, ends_at: datetime, reason: str) -> Delegation:
    """Let `delegate` decide in place of the actor from now on, until `ends_at`.

    The delegate sees what approvers see, uses the actor's one vote, and decides neither on their own
    requests nor on the actor's. A right that was delegated cannot be delegated further. Sessions and
    tokens that the delegate has from before end, unless they have a role outside teams already.

    Raises NotAllowed unless the actor is an approver, and Refused.
    """
    at = clock.now()
    try:
        with transaction.atomic():
            lock_deciders()
            # The locks that taking a role and ending a delegation wait for: so no delegation outlives the role that
            # it comes from.
            people = User.objects.order_by("pk").select_for_update().in_bulk([actor.pk, delegate.pk])
            if not is_approver(people[actor.pk]):
                raise NotAllowed("Only approvers may delegate their approvals.")
            has_role = is_protected(people[delegate.pk])
            sentence = _problem(actor, people[delegate.pk], ends_at, reason, at)
            if sentence := sentence or ("" if has_role else why_not_yet(people[delegate.pk])):
                raise Refused(sentence)
            Delegation.objects.filter(delegator=actor, ended_at=None, ends_at__lte=at).update(ended_at=at)
            delegation = Delegation.objects.create(
                delegator=actor, delegate=delegate, reason=reason.strip(), begins_at=at, ends_at=ends_at
            )
            if not has_role:
                end_former_access(people[delegate.pk], at=at, why=NEW_DELEGATION)
            note_delegate(people[delegate.pk])
            audit_event(
                AuditAction.DELEGATION_BEGIN,
                actor=actor,
                at=at,
                subject=f"{actor.username} to {delegate.username}",
                subject_id=delegate.pk,  # who gets a message
                ends_at=ends_at.isoformat(),
                reason=delegation.reason,
            )
    except IntegrityError as error:
        raise Refused("You have delegated your approvals already. End that delegation first.") from error
    return delegation


def _problem(actor: User, delegate: User, ends_at: datetime, reason: str, at: datetime) -> str:
    if delegate == actor:
        return "Choose another person than yourself."
    if not delegate.is_active or delegate.is_service:
        return f"{delegate.get_username()} cannot sign in. Choose another person."
    if is_approver(delegate):
        return (
            f"{delegate.get_full_name() or delegate.username} is an approver already and decides without a delegation."
        )
    if not at < ends_at <= at + LONGEST:
        return f"Choose an end in the future, at most {LONGEST.days} days from now."
    if not reason.strip() or len(reason.strip()) > MOST_CHARACTERS:
        return f"Enter a reason of at most {MOST_CHARACTERS} characters. Everyone who sees requests reads it."
    return ""


@transaction.atomic
def end_delegation(*, actor: User, delegation: Delegation) -> Delegation:
    """End a delegation now. Its approver may, and the delegate. Raises NotAllowed."""
    if actor.pk not in (delegation.delegator_id, delegation.delegate_id):
        raise NotAllowed("Only the two people concerned may end this delegation.")
    lock_deciders()
    _end(delegation, actor=actor, at=clock.now())
    return delegation


def _end(delegation: Delegation, *, actor: User | None, at: datetime) -> None:
    # `note_delegate` reads the other delegations to the same person, so that these change one at a time.
    delegate = User.objects.select_for_update().get(pk=delegation.delegate_id)
    if not Delegation.objects.filter(pk=delegation.pk, ended_at=None).update(ended_at=at):
        return
    delegation.ended_at = at
    note_delegate(delegate)
    delegate_hears = delegate.is_active and (actor is None or actor.pk != delegate.pk)
    audit_event(
        AuditAction.DELEGATION_END,
        actor=actor,
        at=at,
        subject=f"{delegation.delegator.username} to {delegation.delegate.username}",
        subject_id=delegate.pk if delegate_hears else delegation.delegator_id,  # who gets a message
    )


@on_revocation
def end_delegations_of_person(user: User, team: Team | None, at: datetime) -> None:
    """End the delegations of a person who is deactivated or has lost a role outside teams."""
    if team is not None:
        return
    for delegation in open_delegations().filter(delegator=user):
        _end(delegation, actor=None, at=at)
    if not user.is_active:
        for delegation in open_delegations().filter(delegate=user):
            _end(delegation, actor=None, at=at)


def delegations_of(user: User) -> QuerySet[Delegation]:
    """Return the delegations that the person has given or received, newest first."""
    rows = Delegation.objects.filter(Q(delegator=user) | Q(delegate=user)).select_related("delegator", "delegate")
    return rows.order_by("-begins_at")


def get_delegation(*, actor: User, delegation_id: UUID) -> Delegation:
    """Return a delegation that the actor has given or received. Raises NotFound."""
    if (delegation := delegations_of(actor).filter(pk=delegation_id).first()) is None:
        raise NotFound("This delegation does not exist, or it concerns other people.")
    return delegation


def open_delegations() -> QuerySet[Delegation]:
    """The delegations that have not ended, with their people."""
    return Delegation.objects.filter(ended_at=None).select_related("delegator", "delegate")


def delegations_in_effect() -> list[Delegation]:
    """Who decides for whom now, by the name of the approver."""
    return list(open_delegations().filter(ends_at__gt=clock.now()).order_by("delegator__username"))


def note_delegate(user: User) -> None:
    """Note on the user until when they decide for an approver, which every page asks. Call it with the user's
    row locked.
    """
    last = Delegation.objects.filter(delegate=user, ended_at=None).aggregate(last=Max("ends_at"))["last"]
    user.delegate_until = last
    User.objects.filter(pk=user.pk).update(delegate_until=last)
