"""What the page of a request says about its decision: the rule, the votes, and the questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from provisioning.lifecycle.access import has_requested, may, seat_of, why_own
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.rules import ApprovalRule, Needed, approval_rule_of
from provisioning.lifecycle.services.approvals import needs_typed_name
from provisioning.lifecycle.services.delegations import delegations_in_effect
from provisioning.lifecycle.services.votes import missing_approvals, votes_on
from provisioning.lifecycle.states import RequestState
from provisioning.models import ApproverGroup, Delegation, Request, RequestComment, Role, User, Vote

NAMES_SHOWN: Final = 8
WORDS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Word:
    """A vote, a question or an answer. `instead_of` is the approver for whom a delegate voted."""

    at: datetime
    person: User
    did: str
    text: str
    instead_of: User | None = None


@dataclass(frozen=True, slots=True)
class DecisionPanel:
    """`rule` and `missing` are what the rules of now ask for, None and empty unless the request is
    pending. `may_still` names people whose approvals are missing. `decides_for` is the approver for
    whom the reader would vote. `words` are the votes, questions and answers, oldest first.
    """

    is_pending: bool
    why_own: str
    may_decide: bool
    may_answer: bool
    has_voted: bool
    decides_for: User | None
    needs_typed_name: bool
    rule: ApprovalRule | None
    missing: tuple[Needed, ...]
    may_still: Sequence[str]
    delegations: Sequence[Delegation]
    words: Sequence[Word]
    question_is_open: bool
    news: str

    @property
    def missing_words(self) -> str:
        """Such as "1 more approval by approvers and 1 by portal admins"."""
        parts = [
            f"{needed.count} by {needed.group.label}" if number else _more(needed)
            for number, needed in enumerate(self.missing)
        ]
        return " and ".join(parts)


def decision_panel(user: User, request: Request) -> DecisionPanel:
    is_pending = request.state == RequestState.WAITING
    votes = votes_on(request)
    words = _words(request, votes)
    has_voted = any(user.pk in (vote.voter_id, vote.seat_id) for vote in votes)
    seat = seat_of(user, request) if is_pending and not has_voted else None
    rule = approval_rule_of(request) if is_pending else None
    missing = missing_approvals(request, rule) if rule is not None else ()
    return DecisionPanel(
        is_pending=is_pending,
        why_own=why_own(user, request) if is_pending and has_requested(user, request) else "",
        may_decide=seat is not None,
        may_answer=is_pending and may(user, request.environment.team, kind_of(request.kind).permission),
        has_voted=has_voted,
        decides_for=seat.holder if seat is not None and seat.holder != user else None,
        needs_typed_name=is_pending and needs_typed_name(request),
        rule=rule,
        missing=missing,
        may_still=_may_still(request, missing, votes) if missing else (),
        delegations=delegations_in_effect() if is_pending else (),
        words=words,
        question_is_open=is_pending and request.question_asked_at is not None,
        news=_news(request, words),
    )


def _words(request: Request, votes: Sequence[Vote]) -> list[Word]:
    comments = RequestComment.objects.filter(request=request).select_related("author").order_by("-at", "-id")
    said = [
        Word(comment.at, comment.author, "asked" if comment.is_question else "answered", comment.text)
        for comment in comments[:WORDS_SHOWN]
    ]
    approved = [
        Word(vote.at, vote.voter, "approved", vote.comment, vote.seat if vote.seat_id != vote.voter_id else None)
        for vote in votes
    ]
    return sorted([*said, *approved], key=lambda word: word.at)


def _may_still(request: Request, missing: Sequence[Needed], votes: Sequence[Vote]) -> list[str]:
    """Names of people in the groups that are missing, who have not voted and may."""
    members = {
        ApproverGroup.APPROVERS: Q(is_approver=True),
        ApproverGroup.ADMINS: Q(is_admin=True) | Q(is_superuser=True),
        ApproverGroup.OWNERS: Q(memberships__team=request.environment.team_id, memberships__role=Role.OWNER),
    }
    anyone = Q()
    for needed in missing:
        anyone |= members[needed.group]
    gone = {request.requested_by_id, *request.earlier_requesters}
    gone |= {person for vote in votes for person in (vote.voter_id, vote.seat_id)}
    people = User.objects.filter(anyone, is_active=True, is_service=False).exclude(pk__in=gone)
    people = people.exclude(Q(counts_as__isnull=False) & Q(counts_as__in=gone)).distinct()
    return [_name(person) for person in people.order_by("first_name", "username")[: NAMES_SHOWN + 1]]


def _news(request: Request, words: Sequence[Word]) -> str:
    """The sentence to announce to somebody who has the page open."""
    if request.state == RequestState.WAITING:
        if not words:
            return ""
        last = words[-1]
        return {
            "approved": f"{_name(last.person)} approved this plan. Further approvals are needed.",
            "asked": f"{_name(last.person)} asked a question.",
            "answered": f"{_name(last.person)} answered.",
        }[last.did]
    label = RequestState(request.state).label
    by = f" {_name(request.decided_by)} decided on it." if request.decided_by is not None else ""
    return f"This request is no longer pending approval: {label}.{by}"


def _more(needed: Needed) -> str:
    return f"{needed.count} more approval{'s' if needed.count > 1 else ''} by {needed.group.label}"


def _name(person: User) -> str:
    return person.get_full_name() or person.get_username()
