"""Scans one account and region at a time, each once a night, whichever worker comes first."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q

from provisioning.aws import AwsError
from provisioning.lifecycle import clock
from provisioning.lifecycle.engine import AwsFor
from provisioning.lifecycle.scan.changes import compare_stacks
from provisioning.lifecycle.scan.leftovers import find_leftovers
from provisioning.lifecycle.scan.orphans import find_orphan_stacks
from provisioning.models import Account, PolledRegion, Stack

log = logging.getLogger(__name__)

EVERY: Final = timedelta(days=1)
AFTER_A_FAILURE: Final = timedelta(hours=1)
"""Also how long a claim lasts: a scan whose worker has crashed is repeated after this time."""
GLOBAL_REGION: Final = "us-east-1"
"""Where the tags of global services are, such as CloudFront's."""


def scan_due(aws_for: AwsFor) -> int:
    """Scan the account and region that is longest overdue. Returns 1, or 0 if none is due."""
    region = _claim(clock.now())
    if region is None:
        return 0
    try:
        scan_region(aws_for, region.account, region.region)
    except AwsError as error:
        log.warning("The scan of %s is repeated in an hour: %s", region, error)
        return 1
    at = clock.now()
    PolledRegion.objects.filter(pk=region.pk).update(scanned_at=at, scan_due_at=at + EVERY)
    return 1


def scan_region(aws_for: AwsFor, account: Account, region: str) -> None:
    """Scan now. Raises AwsError. AWS is read first and the database second: what AWS shows was
    recorded before it was created.
    """
    aws = aws_for(account, region)
    states = aws.describe_all_stacks()
    at = clock.now()
    compare_stacks(account, region, states, at=at)
    find_orphan_stacks(account, region, states, at=at)
    find_leftovers(aws, account, region, at=at)


def add_regions() -> None:
    """Let every region in which an account has, or may have, something of ours be scanned."""
    used = set(Stack.objects.values_list("environment__account_id", "region").distinct())
    for account in Account.objects.all():
        used |= {(account.pk, region) for region in (*account.regions, GLOBAL_REGION)}
    known = set(PolledRegion.objects.values_list("account_id", "region"))
    PolledRegion.objects.bulk_create(
        [PolledRegion(account_id=account_id, region=region) for account_id, region in sorted(used - known, key=str)],
        ignore_conflicts=True,
    )


def _claim(at: datetime) -> PolledRegion | None:
    with transaction.atomic():
        due = PolledRegion.objects.filter(Q(scan_due_at=None) | Q(scan_due_at__lte=at))
        rows = due.select_related("account").select_for_update(skip_locked=True, of=("self",))
        region = rows.order_by(F("scan_due_at").asc(nulls_first=True), "id").first()
        if region is not None:
            region.scan_due_at = at + AFTER_A_FAILURE
            region.save(update_fields=["scan_due_at"])
        return region
