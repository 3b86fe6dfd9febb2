"""An AWS account that the portal may use, or the sandbox."""

import secrets
import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from provisioning.aws.interface import AccountAccess

from .validators import check_account_id, check_endpoint_url, check_region, check_role_arn


def new_external_id() -> str:
    """A random external ID.

    Each account has its own, so that nobody can make the portal use another account's role.
    """
    return secrets.token_urlsafe(32)


class Account(models.Model):
    """`sizes` are the sizes that the account accepts.

    The portal assumes `role_arn` with `external_id`.

    No credentials are stored. `artefact_region` is the region of `artefact_bucket`, if the name
    does not show it. `stack_role_arn` is the role of environments from before teams had stack roles
    of their own (`AccountTeam`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=64, unique=True)
    account_id = models.CharField(max_length=12, validators=[check_account_id])
    regions = ArrayField(models.CharField(max_length=25, validators=[check_region]))
    sizes = ArrayField(models.CharField(max_length=10))
    role_arn = models.CharField(max_length=2048, blank=True, validators=[check_role_arn])
    external_id = models.CharField(max_length=128, blank=True, default=new_external_id)
    endpoint_url = models.URLField(blank=True, validators=[check_endpoint_url])
    artefact_bucket = models.CharField(max_length=63, blank=True)
    artefact_region = models.CharField(max_length=25, blank=True)
    stack_role_arn = models.CharField(max_length=2048, blank=True, validators=[check_role_arn])
    is_sandbox = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse an account that is entered already: teams and their rights belong to one entry."""
        same = Account.objects.filter(account_id=self.account_id, endpoint_url=self.endpoint_url)
        if (other := same.exclude(pk=self.pk).first()) is not None:
            raise ValidationError(
                {
                    "account_id": f"The AWS account {self.account_id} is entered already, as {other.name}. Change that one."
                }
            )

    def access(self, region: str, *, stack_role_arn: str = "") -> AccountAccess:
        """How to reach the account in a region.

        `stack_role_arn` is that of the environment whose stacks are created or deleted.
        """
        return AccountAccess(
            account_id=self.account_id,
            region=region,
            role_arn=self.role_arn,
            external_id=self.external_id,
            endpoint_url=self.endpoint_url,
            artefact_bucket=self.artefact_bucket_in(region),
            stack_role_arn=stack_role_arn,
        )

    def artefact_bucket_in(self, region: str) -> str:
        """The bucket for code and long templates in a region; empty if the account has no artefact
        bucket.

        Code must be in the region where it runs. In other regions than that of the account's own
        bucket, it is the bucket that onboarding creates there, under its fixed name.
        """
        if not self.artefact_bucket:
            return ""
        onboarding_prefix = f"portal-artefacts-{self.account_id}-"
        if self.artefact_bucket.startswith(onboarding_prefix):
            return onboarding_prefix + region
        here = self.artefact_region or next(iter(self.regions), "")
        return self.artefact_bucket if region == here else onboarding_prefix + region
