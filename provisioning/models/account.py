"""An AWS account that the portal may use, or the sandbox."""

import secrets
import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from provisioning.aws.port import AccountAccess

ACCOUNT_ID = RegexValidator(r"^[0-9]{12}$", "An account id has twelve digits.")
ROLE_ARN = RegexValidator(r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", "This is not the ARN of a role.")


def new_external_id() -> str:
    """Made by the portal, one for each account: who guesses another's cannot use our role for it."""
    return secrets.token_urlsafe(32)


class Account(models.Model):
    """`sizes` are those that it takes; the portal assumes `role_arn` with `external_id`. No credentials are stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=64, unique=True)
    account_id = models.CharField(max_length=12, validators=[ACCOUNT_ID])
    regions = ArrayField(models.CharField(max_length=25))
    sizes = ArrayField(models.CharField(max_length=10))
    role_arn = models.CharField(max_length=2048, blank=True, validators=[ROLE_ARN])
    external_id = models.CharField(max_length=128, blank=True, default=new_external_id)
    endpoint_url = models.URLField(blank=True)
    artefact_bucket = models.CharField(max_length=63, blank=True)
    stack_role_arn = models.CharField(max_length=2048, blank=True, validators=[ROLE_ARN])
    is_sandbox = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name

    def access(self, region: str) -> AccountAccess:
        return AccountAccess(
            account_id=self.account_id,
            region=region,
            role_arn=self.role_arn,
            external_id=self.external_id,
            endpoint_url=self.endpoint_url,
            artefact_bucket=self.artefact_bucket,
            stack_role_arn=self.stack_role_arn,
        )
