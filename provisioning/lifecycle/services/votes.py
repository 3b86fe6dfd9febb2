"""Votes on a plan: who has approved it, and whose approvals are still missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction

from provisioning.errors import WrongState
from provisioning.lifecycle import audit_context
from provisioning.lifecycle.access import Seat, groups_of, has_requested, identities_of, votes_of_current_plans
from provisioning.lifecycle.rules import ApprovalRule, Needed
from provisioning.models import ApproverGroup, Request, User, Vote

if TYPE_CHECKING:
    from provisioning.lifecycle.access.standing_votes import JudgedVote


def cast_vote(*, request: Request, voter: User, seat: User, comment: str, at: datetime) -> list[str]:
    """Write a vote. It replaces votes of the seat and of the voter that count for nobody any more, and returns
    whose they were. Raises WrongState if the voter, or the seat, has voted on this plan already.
    """
    earlier = votes_on(request)
    theirs = [vote for vote in earlier if vote.seat_id == seat.pk or vote.voter_id == voter.pk]
    lapsed = [vote for vote in theirs if not vote.stands]
    Vote.objects.filter(pk__in=[vote.pk for vote in lapsed]).update(replaced_at=at)
    _check_is_somebody_else({voter, seat}, [vote for vote in earlier if vote not in theirs])
    try:
        with transaction.atomic():
            Vote.objects.create(
                request=request, digest=request.plan.digest, voter=voter, seat=seat, comment=comment, at=at
            )
    except IntegrityError as error:
        who = "You have" if voter == seat else f"{_name(seat)} has"
        raise WrongState(f"{who} approved this plan already. It needs the approval of other people as well.") from error
    return [f"{vote.voter.username} for {vote.seat.username}" for vote in lapsed]


def _check_is_somebody_else(people: Collection[User], votes: Iterable[JudgedVote]) -> None:
    """Raise WrongState if somebody who counts as one of these people has voted, or was voted for."""
    mine = frozenset[UUID]().union(*map(identities_of, people))
    for vote in votes:
        for other in (vote.voter, vote.seat):
            if identities_of(other) & mine:
                raise WrongState(
                    f"You and {_name(other)}, who has approved this plan already, count as one person, because one of "
                    "you invited the other to the portal, the same person invited both, or both have the same address. "
                    "Another approver has to approve it as well, or a portal admin confirms under People that you are "
                    "two people."
                )


def _name(person: User) -> str:
    return person.get_full_name() or person.username


def votes_on(request: Request) -> list[JudgedVote]:
    """The votes for the request's plan, oldest first. Votes for an earlier plan do not count."""
    rows = votes_of_current_plans().filter(request=request, digest=request.plan.digest)
    return list(rows.select_related("voter", "seat").order_by("at", "id"))


def missing_approvals(request: Request, rule: ApprovalRule) -> tuple[Needed, ...]:
    """What the rule still asks for. The votes of people who have lost their right do not count."""
    return rule.missing(groups for vote in votes_on(request) if (groups := _groups_now(vote, request)))


def _groups_now(vote: JudgedVote, request: Request) -> frozenset[ApproverGroup]:
    is_own = has_requested(vote.voter, request) or has_requested(vote.seat, request)
    if is_own or not vote.voter.is_active or not vote.stands:
        return frozenset()
    groups = groups_of(vote.seat, request.environment.team)
    return groups if vote.voter_id == vote.seat_id else groups & {ApproverGroup.APPROVERS}


@contextmanager
def acting_for(actor: User, seat: Seat) -> Iterator[None]:
    """Let the audit log say for whom a delegate acts."""
    if seat.holder == actor:
        yield
        return
    with audit_context.acting_as(f"delegate of {seat.holder.username}"):
        yield
