"""An environment of a team."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from provisioning.design.names import team_key

from .account import Account
from .blueprint import BlueprintVersion
from .team import Team, User


class Environment(models.Model):
    """One blueprint version in one size, in one account and region.

    `region` is that of the main stack. `places` lists all stacks as "region/stack name", which
    processes of earlier versions compare before they plan another environment. `version` grows with every
    change that pages show; they poll with it.

    `generation` is part of every physical name, so that no two environments of an account ever have
    a name in common. `stack_role_arn` is the role that CloudFormation assumes for this environment.
    Both are set at the request and never change. Environments of earlier versions have no
    generation. Their physical names begin with `name` alone, so it is unique among them.

    `team_key` is the key of the team that requested it, which is in names and tags in AWS. It remains
    when the environment is handed over to another team. Empty: the key of `team`, as for rows that
    a process of an earlier version inserted.
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
    # Those that the team gave, and that it runs with.
    tags = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    state = models.CharField(max_length=20)
    state_changed_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)
    # The database has the defaults as well, so that a process of an earlier version can insert rows.
    generation = models.CharField(max_length=5, blank=True, default="", db_default="")
    stack_role_arn = models.CharField(max_length=2048, blank=True, default="", db_default="")
    team_key = models.CharField(max_length=14, blank=True, default="", db_default="")

    # Until when somebody is looking at its page, so that its events are read.
    viewed_until = models.DateTimeField(null=True, blank=True)
    is_adopted = models.BooleanField(default=False, db_default=False)
    # Why no change is accepted until it is repaired; empty if nothing is wrong.
    needs_repair = models.TextField(blank=True, default="", db_default="")
    # Until when the rules of its creation let it live; nothing is enforced.
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "account", "region", "name"],
                condition=~Q(generation="") & ~Q(state__in=["gone", "withdrawn"]),
                name="environment_name_once_in_team",
            ),
            models.UniqueConstraint(
                fields=["account", "generation"], condition=~Q(generation=""), name="environment_generation_once"
            ),
            models.UniqueConstraint(
                fields=["account", "region", "name"],
                condition=Q(generation="") & ~Q(state__in=["gone", "withdrawn"]),
                name="environment_name_once",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="environment_by_team"),
            models.Index(fields=["-created_at", "-id"], name="environment_by_creation"),
            models.Index(fields=["state", "-created_at", "-id"], name="environment_by_state"),
            models.Index(fields=["viewed_until"], name="environment_viewed"),
            # Those that count against a team's quota.
            models.Index(
                fields=["team", "size", "account"],
                condition=~Q(state__in=["gone", "withdrawn"]),
                name="environment_living",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def role_for_stacks(self) -> str:
        """The role that CloudFormation assumes for the stacks; empty: the caller's permissions.

        A row that a process of an earlier version inserted names none, and has its account's.
        """
        return self.stack_role_arn or ("" if self.generation else self.account.stack_role_arn)

    @property
    def key_in_aws(self) -> str:
        """The key of a team in this environment's names and tags in AWS."""
        return self.team_key or team_key(self.team.slug)

    @property
    def was_handed_over(self) -> bool:
        """Whether its names and its stack role in AWS are those of another team than its own."""
        return self.key_in_aws != team_key(self.team.slug)
