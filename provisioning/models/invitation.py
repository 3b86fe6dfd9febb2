"""Invitations of people to teams."""

import uuid

from django.db import models
from django.db.models import Q

from .team import Role, Team, User


class Invitation(models.Model):
    """One person may join a team with a link, once. The link contains a token, of which only the
    SHA-256 is stored.

    `email` is in lower case. Only a person with this address may accept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=8, choices=Role)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)  # accepted, withdrawn or replaced by a newer one

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "email"], condition=Q(ended_at=None), name="invitation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.team}"
