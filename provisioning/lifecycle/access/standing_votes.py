"""Which votes count."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from provisioning.models import Delegation, Vote

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    JudgedVote = WithAnnotations[Vote, "Judgement"]


class Judgement(TypedDict):
    """Whether a vote counts: it was given in the voter's own right, or under a delegation that nobody has ended
    early since.
    """

    stands: bool


def votes_of_current_plans() -> QuerySet[JudgedVote]:
    """The votes that nobody has replaced on the plans that their requests have now, those that do not count included."""
    delegation = Delegation.objects.filter(
        delegator=OuterRef("seat"),
        delegate=OuterRef("voter"),
        begins_at__lte=OuterRef("at"),
        ends_at__gt=OuterRef("at"),
    ).exclude(ended_at__lt=F("ends_at"))
    stands = ExpressionWrapper(Q(voter=F("seat")) | Exists(delegation), output_field=BooleanField())
    return Vote.objects.filter(replaced_at=None, digest=F("request__plan__digest")).annotate(stands=stands)


def standing_votes() -> QuerySet[JudgedVote]:
    """The votes that count."""
    return votes_of_current_plans().filter(stands=True)
