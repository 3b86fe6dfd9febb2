"""Votes on a plan: who has approved it, and whose approvals are still missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from provisioning.errors import WrongState
from provisioning.lifecycle import audit_context
from provisioning.lifecycle.access import Seat, groups_of, has_requested, identities_of
from provisioning.lifecycle.rules import ApprovalRule, Needed
from provisioning.models import ApproverGroup, Delegation, Request, User, Vote


def cast_vote(*, request: Request, voter: User, seat: User, comment: str, at: datetime) -> list[str]:
    """Write a vote. It replaces votes of the seat and of the voter under a delegation that was ended since,
    which count for nobody, and returns whose they were. Raises WrongState if the voter, or the seat, has
    voted on this plan already.
    """
    replaced = []
    for earlier in votes_on(request):
        is_theirs = earlier.seat_id == seat.pk or earlier.voter_id == voter.pk
        if is_theirs and earlier.voter_id != earlier.seat_id and not _was_delegated(earlier):
            replaced.append(f"{earlier.voter.username} for {earlier.seat.username}")
            earlier.delete()
    _check_is_somebody_else(request, voter)
    try:
        with transaction.atomic():
            Vote.objects.create(
                request=request, digest=request.plan.digest, voter=voter, seat=seat, comment=comment, at=at
            )
    except IntegrityError as error:
        who = "You have" if voter == seat else f"{seat.get_full_name() or seat.username} has"
        raise WrongState(f"{who} approved this plan already. It needs the approval of other people as well.") from error
    return replaced


def _check_is_somebody_else(request: Request, voter: User) -> None:
    """Raise WrongState if somebody who counts as the same person has voted."""
    for earlier in votes_on(request):
        if earlier.voter_id != voter.pk and identities_of(earlier.voter) & identities_of(voter):
            name = earlier.voter.get_full_name() or earlier.voter.username
            raise WrongState(
                f"You and {name}, who has approved this plan already, count as one person, because one of you invited "
                "the other to the portal, or the same person invited both. Another approver has to approve it as well, "
                "or a portal admin confirms under People that you are two people."
            )


def votes_on(request: Request) -> list[Vote]:
    """The votes for the request's plan, oldest first. Votes for an earlier plan do not count."""
    rows = Vote.objects.filter(request=request, digest=request.plan.digest)
    return list(rows.select_related("voter", "seat").order_by("at", "id"))


def missing_approvals(request: Request, rule: ApprovalRule) -> tuple[Needed, ...]:
    """What the rule still asks for. The votes of people who have lost their right do not count."""
    return rule.missing(groups for vote in votes_on(request) if (groups := _groups_now(vote, request)))


def _groups_now(vote: Vote, request: Request) -> frozenset[ApproverGroup]:
    is_own = has_requested(vote.voter, request) or has_requested(vote.seat, request)
    if is_own or not vote.voter.is_active:
        return frozenset()
    groups = groups_of(vote.seat, request.environment.team)
    if vote.voter_id == vote.seat_id:
        return groups
    return groups & {ApproverGroup.APPROVERS} if _was_delegated(vote) else frozenset()


def _was_delegated(vote: Vote) -> bool:
    """Whether the vote was given under a delegation that nobody has ended early since."""
    rows = Delegation.objects.filter(
        delegator=vote.seat_id, delegate=vote.voter_id, begins_at__lte=vote.at, ends_at__gt=vote.at
    )
    return rows.exclude(ended_at__lt=F("ends_at")).exists()


@contextmanager
def acting_for(actor: User, seat: Seat) -> Iterator[None]:
    """Let the audit log say for whom a delegate acts."""
    if seat.holder == actor:
        yield
        return
    with audit_context.acting_as(f"delegate of {seat.holder.username}"):
        yield
