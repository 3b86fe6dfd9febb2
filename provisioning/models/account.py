"""An AWS account that the portal may use, or the sandbox."""

import secrets
import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from provisioning.aws.interface import AccountAccess
from provisioning.aws.regions import partition_of
from provisioning.outgoing import NOTHING_ALLOWED, OWN_MACHINE, Guard, OutgoingError, Rules

from .allowed_destination import AllowedDestination
from .validators import check_account_id, check_endpoint_url, check_region, check_role_arn


def new_external_id() -> str:
    """A random external ID.

    Each account has its own, so that nobody can make the portal use another account's role.
    """
    return secrets.token_urlsafe(32)


class AccountState(models.TextChoices):
    """An account that is being connected is offered to nobody. A closed one accepts no new environments;
    those that exist are changed and torn down as before.
    """

    CONNECTING = "connecting", "being connected"
    OPEN = "open", "open"
    CLOSED = "closed", "closed for new environments"


class Connection(models.TextChoices):
    """The result of the last connection test. An account that an earlier version of the portal used, or
    that was entered without the service, counts as tested (EARLIER).

    INCOMPLETE: the portal can use the account, and something is missing or was not checked. FAILED: it cannot
    use it.
    """

    EARLIER = "earlier", "not tested yet"
    UNTESTED = "untested", "not tested since it changed"
    PASSED = "passed", "passed"
    INCOMPLETE = "incomplete", "incomplete"
    FAILED = "failed", "failed"


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
    # The database has the defaults as well, so that a process of an earlier version can insert rows.
    state = models.CharField(
        max_length=12, choices=AccountState, default=AccountState.OPEN, db_default=AccountState.OPEN, editable=False
    )
    connection = models.CharField(
        max_length=12, choices=Connection, default=Connection.EARLIER, db_default=Connection.EARLIER, editable=False
    )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse an account that is entered already, because teams and their rights belong to one entry;
        and a role of another account.
        """
        errors: dict[str, str] = {}
        for name in ("role_arn", "stack_role_arn"):
            owner = "".join(getattr(self, name).split(":")[4:5])  # what is no ARN has no owner
            if owner and owner != self.account_id:
                errors[name] = f"This role is in account {owner}, not in {self.account_id}."
        if errors:
            raise ValidationError(errors)
        same = Account.objects.filter(account_id=self.account_id, endpoint_url=self.endpoint_url)
        if (other := same.exclude(pk=self.pk).first()) is not None:
            raise ValidationError(
                {
                    "account_id": f"The AWS account {self.account_id} is entered already, as {other.name}. Change that one."
                }
            )
        if self.endpoint_url:
            try:
                Guard(self.endpoint_rules()).check(self.endpoint_url)
            except OutgoingError as error:
                raise ValidationError({"endpoint_url": error.sentence}) from None

    def endpoint_rules(self) -> Rules:
        """What is allowed for `endpoint_url` besides https to public addresses: what admins have
        allowed, and for a simulated account the portal's own machine.
        """
        admitted = AllowedDestination.rules().allowed
        return Rules(allowed=(*admitted, *OWN_MACHINE.allowed)) if self.is_sandbox else Rules(allowed=admitted)

    @property
    def partition(self) -> str:
        """AWS's partition: `aws`, `aws-cn` or `aws-us-gov`."""
        return partition_of(self.regions[0]) if self.regions else "aws"

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
            endpoint_rules=self.endpoint_rules() if self.endpoint_url else NOTHING_ALLOWED,
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
