"""Finds resources with the tags of environments that are torn down, and that no receipt lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from provisioning.aws import Aws, TaggedResource
from provisioning.aws.arns import is_named_by, is_transient, type_and_id
from provisioning.design.names import ENVIRONMENT_ID_TAG, TEAM_TAG
from provisioning.lifecycle.receipt_document import ReceiptDocument
from provisioning.lifecycle.scan.open_calls import in_flight
from provisioning.lifecycle.scan.orphans import Finding, is_stack, uuid_of, write_orphans
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Account, Environment, Receipt, ResourceEnd, StackResource

LOOKED_FOR: Final = timedelta(days=90)
VALUES_A_CALL: Final = 20
"""The most values of one tag filter (GetResources in the Resource Groups Tagging API reference)."""
FOUND_BY_TAG: Final = "Found by its tags (GetResources)."


def find_leftovers(aws: Aws, account: Account, region: str, *, at: datetime) -> None:
    """Look for the resources of the account's torn-down environments that still exist in a region.

    Raises AwsError. The tagging API still returns resources for a while after they are deleted, so
    each is looked up at its own service as well.
    """
    gone = Environment.objects.filter(
        account=account, state=EnvironmentState.GONE, state_changed_at__gt=at - LOOKED_FOR, is_adopted=False
    )
    ids = list(gone.order_by("state_changed_at", "pk").values_list("pk", flat=True))
    ids = [pk for pk in ids if pk not in in_flight(ids, at=at)]
    tagged: list[TaggedResource] = []
    for values in batches(ids):
        tagged += aws.find_by_tag_values(ENVIRONMENT_ID_TAG, [str(pk) for pk in values])
    names = dict(gone.values_list("pk", "name"))
    listed, deleted = _ends_of(ids)
    findings = []
    for resource in tagged:
        environment_id = uuid_of(resource.tags.get(ENVIRONMENT_ID_TAG, ""))
        if (
            environment_id is None
            or environment_id not in listed
            or is_stack(resource.arn)
            or is_transient(resource.arn)
        ):
            continue
        if is_named_by(resource.arn, listed[environment_id]) or _is_gone(aws, resource.arn, deleted[environment_id]):
            continue
        findings.append(
            Finding(
                arn=resource.arn,
                environment_id=str(environment_id),
                team=resource.tags.get(TEAM_TAG, ""),
                reason=(
                    f"Its environment {names[environment_id]} is torn down, and its receipt does not list it. "
                    f"{FOUND_BY_TAG}"
                ),
            )
        )
    write_orphans(account, region, findings, of_stacks=False, at=at)


def batches(ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), VALUES_A_CALL):
        yield ids[start : start + VALUES_A_CALL]


def _ends_of(environment_ids: list[UUID]) -> tuple[dict[UUID, set[str]], dict[UUID, set[str]]]:
    """For each environment the ids of what its receipt lists as existing, and of what was deleted."""
    listed: dict[UUID, set[str]] = {pk: set() for pk in environment_ids}
    deleted: dict[UUID, set[str]] = {pk: set() for pk in environment_ids}
    rows = StackResource.objects.filter(stack__environment__in=environment_ids).exclude(physical_id="").exclude(end="")
    for pk, physical_id, end in rows.values_list("stack__environment_id", "physical_id", "end"):
        ids = deleted if end == ResourceEnd.DELETED else listed
        ids[pk] |= {physical_id, *physical_id.split("|")}
    receipts = Receipt.objects.filter(environment__in=environment_ids)
    for pk, lines, scan in receipts.values_list("environment_id", "lines", "scan"):
        receipt = ReceiptDocument.from_json(lines, scan)
        listed[pk] |= {line.physical_id for line in receipt.lines if line.end != ResourceEnd.DELETED}
        listed[pk] |= {*receipt.scan.found, *receipt.scan.left}
    return listed, deleted


def _is_gone(aws: Aws, arn: str, deleted: set[str]) -> bool:
    """What its own service says; if it cannot be asked, what the ledger says."""
    known = type_and_id(arn)
    exists = aws.exists(*known) if known is not None else None
    return exists is False or (exists is None and is_named_by(arn, deleted))
