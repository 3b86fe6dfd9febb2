"""Rules: what admins allow beyond what the portal itself forbids, with every version of each rule."""

from __future__ import annotations

import uuid

from django.db import models

from .account import Account
from .team import Team, User


class ApproverGroup(models.TextChoices):
    """Whose members an approval may have to come from."""

    APPROVERS = "approvers", "approvers"
    OWNERS = "owners", "owners of the team"
    ADMINS = "admins", "portal admins"


class RuleKind(models.TextChoices):
    """The kinds of request that rules tell apart. A change that may replace or delete data is a
    dangerous change.
    """

    CREATE = "create", "create"
    CHANGE = "change", "change"
    DANGEROUS_CHANGE = "dangerous_change", "dangerous change"
    TEARDOWN = "teardown", "teardown"
    RECOVER = "recover", "recovery"
    ADOPT = "adopt", "adoption"
    PUT_BACK = "put_back", "reversal of drift"


class Rule(models.Model):
    """The rule of one scope. It applies where size, account and team are those that it names; a part
    that is not set matches all.

    `key` is the scope as text, so that each scope has one rule. `version` is the number of the
    version in effect, which an edit compares and raises.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=120, unique=True)
    size = models.CharField(max_length=10, blank=True)
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="rules")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="rules")
    version = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.key


class RuleVersion(models.Model):
    """One version of a rule. It never changes, which a trigger of the database ensures.

    `settings` is the JSON of `lifecycle.rules.settings.RuleSettings`.
    """

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    settings = models.JSONField()
    reason = models.TextField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "number"], name="rule_version_once")]

    def __str__(self) -> str:
        return f"{self.rule} version {self.number}"


class PreviewCount(models.Model):
    """How many previews a user has asked for in the minute that began at `minute`. One row a user."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="+")
    minute = models.DateTimeField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} previews at {self.minute:%H:%M}"
