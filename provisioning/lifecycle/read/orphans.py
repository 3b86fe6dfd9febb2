"""What administrators and approvers see of orphans, with the next step for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Min, Q

from provisioning.aws.arns import type_and_id
from provisioning.lifecycle.scan.orphans import is_stack, uuid_of
from provisioning.lifecycle.states import NO_LONGER_THERE
from provisioning.models import Environment, Orphan, PolledRegion

SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class OrphanLine:
    """`next_step` is a sentence. `tear_down` is the environment whose teardown takes the stack in;
    `adopt` is the ARN of a stack that can be adopted, and then torn down.
    """

    arn: str
    name: str
    kind: str
    account: str
    region: str
    team: str
    reason: str
    status: str
    found_at: datetime
    seen_at: datetime
    next_step: str
    tear_down: UUID | None = None
    adopt: str = ""


@dataclass(frozen=True, slots=True)
class ScanLine:
    """The regions of one account. `scanned_at` is the time of the search that is longest ago, and
    `not_yet` the number of regions that were never searched.
    """

    account: str
    regions: int
    not_yet: int
    scanned_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Tagged:
    """The environment that an orphan names in its tag. `stacks` are the names of its stacks."""

    id: UUID
    name: str
    state: str
    stacks: frozenset[str]


def orphan_lines() -> list[OrphanLine]:
    """The open orphans, newest first, at most `SHOWN`. Two queries."""
    orphans = list(Orphan.objects.filter(ended_at=None).select_related("account").order_by("-found_at", "arn")[:SHOWN])
    ids = [pk for orphan in orphans if (pk := uuid_of(orphan.environment_id_tag)) is not None]
    stacks = ArrayAgg("stacks__name", filter=Q(stacks__isnull=False), default=[])
    rows = Environment.objects.filter(pk__in=ids).annotate(stack_names=stacks)
    tagged = {
        pk: _Tagged(pk, name, state, frozenset(names))
        for pk, name, state, names in rows.values_list("pk", "name", "state", "stack_names")
    }
    return [_line(orphan, tagged.get(uuid_of(orphan.environment_id_tag) or UUID(int=0))) for orphan in orphans]


def scan_lines() -> list[ScanLine]:
    accounts = PolledRegion.objects.values("account__name").order_by("account__name")
    rows = accounts.annotate(
        regions=Count("region"), not_yet=Count("region", filter=Q(scanned_at=None)), first=Min("scanned_at")
    )
    return [ScanLine(*row) for row in rows.values_list("account__name", "regions", "not_yet", "first")]


def _line(orphan: Orphan, environment: _Tagged | None) -> OrphanLine:
    stack = is_stack(orphan.arn)
    name = orphan.arn.split("/")[1] if stack else orphan.arn.split(":", 5)[-1]
    known = type_and_id(orphan.arn)
    next_step, tear_down, adopt = _next_step(orphan, environment, name)
    return OrphanLine(
        arn=orphan.arn,
        name=name,
        kind="AWS::CloudFormation::Stack" if stack else known[0] if known else "Resource",
        account=orphan.account.name,
        region=orphan.region,
        team=orphan.team_tag,
        reason=orphan.reason,
        status=orphan.status,
        found_at=orphan.found_at,
        seen_at=orphan.seen_at,
        next_step=next_step,
        tear_down=tear_down,
        adopt=adopt,
    )


def _next_step(orphan: Orphan, environment: _Tagged | None, name: str) -> tuple[str, UUID | None, str]:
    owner = f"team {orphan.team_tag}" if orphan.team_tag else "its owner"
    if not is_stack(orphan.arn):
        by_hand = f"Ask {owner} whether it is needed. If not, an administrator of {orphan.account.name} deletes it."
        return by_hand, None, ""
    if environment is not None and environment.state not in NO_LONGER_THERE and name in environment.stacks:
        return f"Tear down {environment.name}. Its teardown takes this stack in.", environment.id, ""
    return f"Adopt it for {owner}, then tear it down.", None, orphan.arn
