"""An environment of a team."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .account import Account
from .blueprint import BlueprintVersion
from .team import Team, User


class Environment(models.Model):
    """One blueprint version in one size, in one account and region.

    `region` is that of the main stack. `places` lists all stacks as "region/stack name", so that a
    request for a stack name in use is refused before AWS refuses it. Every physical name begins
    with `name`, so it is unique per account and region among environments that exist. `version`
    grows with every change that pages show; they poll with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="environments")
    name = models.CharField(max_length=32)
    blueprint_version = models.ForeignKey(BlueprintVersion, on_delete=models.PROTECT)
    size = models.CharField(max_length=10)
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    region = models.CharField(max_length=25)
    places = ArrayField(models.CharField(max_length=160), default=list)
    inputs = models.JSONField(default=dict)
    state = models.CharField(max_length=20)
    state_changed_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region", "name"],
                condition=~Q(state__in=["gone", "withdrawn"]),
                name="environment_name_once",
            )
        ]
        indexes = [models.Index(fields=["team", "-created_at", "-id"], name="environment_by_team")]

    def __str__(self) -> str:
        return self.name
