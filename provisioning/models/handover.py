"""Offers to hand an environment over to another team."""

import uuid

from django.db import models
from django.db.models import Q

from .environment import Environment
from .team import Team, User


class OfferState(models.TextChoices):
    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class HandoverOffer(models.Model):
    """An owner of the giving team offers, and an owner of the receiving team accepts or declines.

    An open offer whose `expires_at` has passed can no longer be accepted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="offers")
    from_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    to_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="offers")
    state = models.CharField(max_length=10, choices=OfferState, default=OfferState.OPEN)
    note = models.TextField(blank=True, default="")
    offered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment"], condition=Q(state="open"), name="offer_once"),
        ]
        indexes = [
            models.Index(fields=["to_team", "offered_at"], condition=Q(state="open"), name="offer_open_by_team"),
        ]

    def __str__(self) -> str:
        return f"{self.environment} to {self.to_team}"
