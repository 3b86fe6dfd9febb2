"""The hosted zones of an account, so that an admin chooses them instead of typing their IDs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from provisioning.aws import AwsError
from provisioning.aws.account_reads import ListedZone
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.connection.bounded import within
from provisioning.lifecycle.services.test_connection import Connect
from provisioning.models import Account


@dataclass(frozen=True, slots=True)
class ZonesOnOffer:
    """`problem` says why AWS has not listed them."""

    zones: Sequence[ListedZone]
    problem: str = ""


def zones_of(account: Account, *, connect: Connect = aws_for_account) -> ZonesOnOffer:
    """Ask AWS. Takes some seconds at most, and never raises for what AWS answers."""
    aws = connect(account, account.regions[0])
    try:
        return ZonesOnOffer(within(settings.CONNECTION_TEST_SECONDS, aws.reads.hosted_zones))
    except (AwsError, TimeoutError) as error:
        return ZonesOnOffer((), f"The zones of the account could not be listed: {error}")
