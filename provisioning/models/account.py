"""An AWS account that the portal may use, or the sandbox."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from provisioning.aws.port import AccountAccess


class Account(models.Model):
    """`sizes` are those that it takes; the portal assumes `role_arn` with `external_id`. No credentials are stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=64, unique=True)
    account_id = models.CharField(max_length=12)
    regions = ArrayField(models.CharField(max_length=25))
    sizes = ArrayField(models.CharField(max_length=10))
    role_arn = models.CharField(max_length=2048, blank=True)
    external_id = models.CharField(max_length=128, blank=True)
    endpoint_url = models.URLField(blank=True)
    artefact_bucket = models.CharField(max_length=63, blank=True)
    stack_role_arn = models.CharField(max_length=2048, blank=True)
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
