"""What a team may use in an account."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from provisioning.design.names import team_key

from .account import Account
from .team import Team
from .validators import (
    check_account_id,
    check_certificate_arn,
    check_email_identity,
    check_hosted_zone_id,
    check_image_repository,
    check_region,
    check_role_arn,
    check_secret,
)


class AccountTeam(models.Model):
    """A team uses an account only if an administrator has entered this row.

    `stack_role_arn` is the role with which CloudFormation creates the team's environments. The
    lists name what the team may use besides what its environments create, and what is named for the
    team: secrets under `portal/TEAM/` and image repositories under `TEAM/`.

    `regions` and `sizes` limit the team to some of the account's; empty: all of them.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="account_teams")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="account_teams")
    stack_role_arn = models.CharField(max_length=2048, validators=[check_role_arn])
    hosted_zones = ArrayField(
        models.CharField(max_length=32, validators=[check_hosted_zone_id]), default=list, blank=True
    )
    secrets = ArrayField(models.CharField(max_length=2048, validators=[check_secret]), default=list, blank=True)
    certificates = ArrayField(
        models.CharField(max_length=2048, validators=[check_certificate_arn]), default=list, blank=True
    )
    roles = ArrayField(models.CharField(max_length=2048, validators=[check_role_arn]), default=list, blank=True)
    image_repositories = ArrayField(
        models.CharField(max_length=512, validators=[check_image_repository]), default=list, blank=True
    )
    email_identities = ArrayField(
        models.CharField(max_length=320, validators=[check_email_identity]), default=list, blank=True
    )
    trusted_accounts = ArrayField(
        models.CharField(max_length=12, validators=[check_account_id]), default=list, blank=True
    )

    regions = ArrayField(
        models.CharField(max_length=25, validators=[check_region]), default=list, db_default=[], blank=True
    )
    sizes = ArrayField(models.CharField(max_length=10), default=list, db_default=[], blank=True)

    class Meta:
        verbose_name = "team of an account"
        verbose_name_plural = "teams of accounts"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "team"],
                name="account_team_once",
                violation_error_message="This team already has an entry for this account. Change that one.",
            ),
            # Team keys are short, so that two teams could have the same one. They would share this role.
            models.UniqueConstraint(
                fields=["account", "stack_role_arn"],
                name="stack_role_of_one_team",
                violation_error_message="This is the stack role of another team. Each team has its own.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} in {self.account}"

    def clean(self) -> None:
        """Refuse secrets that are named for a team, and what belongs to another account.

        A sandbox accepts the examples of the blueprints, which name AWS's example account.
        """
        # With a new account or team on the same page, the object is there and its id is not yet.
        account, team = getattr(self, "account", None), getattr(self, "team", None)
        if account is None or team is None:
            return
        errors: dict[str, str] = {}
        role = f"role/portal/stacks/portal-stacks-{team_key(team.slug)}"
        if not self.stack_role_arn.endswith(f":{role}"):
            errors["stack_role_arn"] = f"The stack role of {team.name} is {role}."
        account_id = "" if account.is_sandbox else account.account_id
        for field, entries in (
            ("stack_role_arn", [self.stack_role_arn]),
            ("certificates", self.certificates),
            ("secrets", self.secrets),
        ):
            for arn in entries:
                if arn.startswith("arn:") and account_id and arn.split(":")[4] != account_id:
                    errors[field] = f"“{arn}” is in the account {arn.split(':')[4]}, not in {account_id}."
        for secret in self.secrets:
            if secret.split(":")[-1].startswith("portal/"):
                errors["secrets"] = (
                    f"“{secret}” is named for one team: a team may use what is under portal/, its key and /, and "
                    "nobody else may. Remove it from the list."
                )
        errors |= self._limits_outside_the_account()
        if (other := self._with_a_key_alike()) is not None:
            errors["team"] = (
                f"In AWS, the names of {team.name} and {other.name} would begin alike, and some are all that separates "
                f"the teams. Use another account, or give {team.name} another slug."
            )
        if errors:
            raise ValidationError(errors)

    def _limits_outside_the_account(self) -> dict[str, str]:
        errors: dict[str, str] = {}
        for field, noun in (("regions", "region"), ("sizes", "size")):
            if outside := [one for one in getattr(self, field) if one not in getattr(self.account, field)]:
                errors[field] = f"{self.account.name} does not have the {noun} {', '.join(outside)}."
        return errors

    def _with_a_key_alike(self) -> Team | None:
        """Another team of the account whose key begins with this team's and a hyphen, or the reverse.

        IAM compares the names of private zones and functions with `KEY-*`.
        """
        key = f"{team_key(self.team.slug)}-"
        others = AccountTeam.objects.filter(account_id=self.account_id).exclude(team_id=self.team_id)
        for other in others.select_related("team"):
            others_key = f"{team_key(other.team.slug)}-"
            if key.startswith(others_key) or others_key.startswith(key):
                return other.team
        return None
