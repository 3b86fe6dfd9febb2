"""Users, teams and memberships."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models

from provisioning.design.names import RESERVED_TEAM_KEYS, team_key


class User(AbstractUser):
    """With `is_approver`, a user decides on the requests of every team, but never on their own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    is_approver = models.BooleanField(default=False)


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a slug of which AWS would see the same form as of another team's."""
        key = team_key(self.slug)
        if self._state.adding and self.slug in RESERVED_TEAM_KEYS:
            raise ValidationError({"slug": f"“{self.slug}” is reserved. Choose another slug."})
        others = Team.objects.exclude(pk=self.pk)
        if (other := next((team for team in others if team_key(team.slug) == key), None)) is not None:
            raise ValidationError(
                {"slug": f"AWS would see “{key}” for this team and for {other.name}. Choose another slug."}
            )


class Role(models.TextChoices):
    """Members request and use environments; owners also manage the team."""

    MEMBER = "member"
    OWNER = "owner"


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team} as {self.role}"
