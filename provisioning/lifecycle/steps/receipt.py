"""Writes the receipt of a teardown: how each resource of the ledger ended, what is retained, and
what the scan found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from provisioning.aws import aws_type
from provisioning.aws.arns import is_final_snapshot, is_recovery_point, is_transient
from provisioning.lifecycle.plan_document import TeardownLine
from provisioning.lifecycle.planning import ENVIRONMENT_TAG
from provisioning.lifecycle.receipt_document import ReceiptDocument, ReceiptLine, TagScan
from provisioning.lifecycle.step_data import StepData
from provisioning.lifecycle.steps.base import Context
from provisioning.lifecycle.teardown_lines import reason_of_row
from provisioning.models import ResourceEnd, StackResource

ToRetain: TypeAlias = Mapping[tuple[str, str], TeardownLine]
"""The plan's retained resources by logical and physical id, because a bucket and its policy share
the physical id.
"""

UNTIL_DELETED: Final = "It costs storage until someone deletes it."
CANNOT_BE_ASKED: Final = "The portal knows no call that tells whether it exists."
IN_THE_VAULT: Final = "It is retained in its vault until it expires or someone deletes it."


class Found(NamedTuple):
    """A resource that the scan returned, with the region of the scan."""

    arn: str
    region: str


@dataclass(slots=True)
class Scan:
    """What the tagging API returned, sorted.

    `kept`: retained on purpose. `stale`: deleted, but still returned. `left_rows` and `left`: left
    over, in the ledger and outside of it.
    """

    kept: list[str] = field(default_factory=list)
    left_rows: list[str] = field(default_factory=list)
    snapshots: list[Found] = field(default_factory=list)
    recovery_points: list[Found] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def key_of(row: StackResource) -> tuple[str, str]:
    return row.logical_id, row.physical_id


def read_scan(
    tagged: Iterable[Found],
    *,
    kept: set[str],
    gone: set[str],
    known: set[str],
    to_retain: ToRetain,
    is_gone: Callable[[Found], bool],
) -> Scan:
    """Sort what the scan returned by the physical ids that were retained, that are gone, and that
    are known at all.

    A resource that is not in the ledger is looked up at its own service, else it is left over.
    """
    snapshot_types = {line.type for line in to_retain.values() if line.policy == "Snapshot"}
    retained_types = {line.type for line in to_retain.values()}
    scan, kept, gone, known = Scan(), _parts(kept), _parts(gone), _parts(known)
    for thing in sorted({item.arn: item for item in tagged}.values()):
        if _names(thing.arn, kept):
            scan.kept.append(thing.arn)
        elif any(is_final_snapshot(thing.arn, resource_type) for resource_type in snapshot_types):
            scan.snapshots.append(thing)
        elif any(is_recovery_point(thing.arn, resource_type) for resource_type in retained_types):
            scan.recovery_points.append(thing)
        elif is_transient(thing.arn) or _names(thing.arn, gone):
            scan.stale.append(thing.arn)
        elif _names(thing.arn, known):
            scan.left_rows.append(thing.arn)
        elif is_gone(thing):
            scan.stale.append(thing.arn)
        else:
            scan.left.append(thing.arn)
    return scan


def _parts(physical_ids: Iterable[str]) -> set[str]:
    """The ids, and the parts of joined ids, such as a web ACL's "name|id|scope"."""
    return {part for physical_id in physical_ids for part in (physical_id, *physical_id.split("|"))}


def _names(arn: str, physical_ids: set[str]) -> bool:
    last = re.split(r"[:/]", arn)[-1]
    return arn in physical_ids or last in physical_ids or arn.split(":", 5)[-1] in physical_ids


@dataclass(frozen=True, slots=True)
class Verified:
    """The rows of the ledger, how each one ended, and what the search by tag in these regions
    returned.
    """

    rows: Sequence[StackResource]
    ends: Mapping[int, ResourceEnd]
    scan: Scan
    regions: Sequence[str]
    to_retain: ToRetain


def write_receipt(context: Context, verified: Verified, data: StepData) -> ReceiptDocument:
    titles, scan = context.plan.titles, verified.scan
    lines = [
        _line(row, verified.ends[row.pk], titles, verified.to_retain.get(key_of(row)), data) for row in verified.rows
    ]
    lines += [_left_line(arn) for arn in scan.left]
    lines += _snapshot_lines(context, scan.snapshots)
    lines += [
        _kept_line(point, "recovery point", "Recovery point of AWS Backup", policy="Retain", note=IN_THE_VAULT)
        for point in scan.recovery_points
    ]
    kept_beside = [thing.arn for thing in (*scan.snapshots, *scan.recovery_points)]
    tag_scan = TagScan(
        key=ENVIRONMENT_TAG,
        value=str(context.operation.environment_id),
        at=context.now,
        regions=[region for region in verified.regions if region not in data.unsearched],
        found=scan.kept + kept_beside,
        stale=scan.stale,
        left=scan.left_rows + scan.left,
        unsearched=data.unsearched,
        settled_until=data.settled_until,
    )
    return ReceiptDocument(lines, tag_scan)


def _line(
    row: StackResource,
    end: ResourceEnd,
    titles: Mapping[str, str],
    planned: TeardownLine | None,
    data: StepData,
) -> ReceiptLine:
    window = data.recovery_windows.get(str(row.pk))
    return ReceiptLine(
        logical_id=row.logical_id,
        type=row.type,
        physical_id=row.physical_id,
        address=row.address,
        title=titles.get(row.logical_id, row.logical_id),
        stack=row.stack.role,
        region=row.stack.region,
        end=str(end),
        policy=planned.policy if planned else "",
        note=planned.why if planned else aws_type(row.type).teardown_note,
        ended_at=row.ended_at,
        reason=_reason(row, end, data),
        restorable_until=datetime.fromisoformat(window) if window else None,
    )


def _reason(row: StackResource, end: ResourceEnd, data: StepData) -> str:
    if end is ResourceEnd.LEFT_OVER:
        return reason_of_row(row, data) or "CloudFormation has left it in the account."
    if end is not ResourceEnd.NOT_VERIFIED:
        return ""
    report = (
        "CloudFormation reports that it was deleted."
        if row.status == "DELETE_COMPLETE"
        else f"CloudFormation’s last report was {row.status}."
    )
    return f"{aws_type(row.type).why_unchecked or CANNOT_BE_ASKED} {report}"


def _left_line(arn: str) -> ReceiptLine:
    """A resource with the environment’s tag that is in no ledger."""
    region = arn.split(":", 4)[3] if arn.count(":") > 3 else ""  # noqa: PLR2004 - arn:partition:service:region
    return ReceiptLine(
        title=arn.rsplit(":", 1)[-1],
        type="resource with the environment's tag",
        physical_id=arn,
        region=region,
        end=str(ResourceEnd.LEFT_OVER),
        reason="No stack of the environment has created it.",
    )


def _snapshot_lines(context: Context, found: Sequence[Found]) -> list[ReceiptLine]:
    """One line for each final snapshot, named by the scan, or by the template: not every snapshot
    has tags.
    """
    template = context.plan.template_resources()
    unclaimed, lines = list(found), []
    for line in context.teardown.to_retain:
        if line.policy != "Snapshot":
            continue
        names = {line.physical_id.lower(), line.logical_id.lower()}
        named = template.get(line.logical_id, {}).get("Properties", {}).get("FinalSnapshotName", "")
        known = Found(named if isinstance(named, str) else "", line.region)
        claimed = next((thing for thing in unclaimed if _is_snapshot_of(thing, line, names)), None)
        if claimed is not None:
            unclaimed.remove(claimed)
        title = f"Final snapshot of {line.title}"
        lines.append(_kept_line(claimed or known, "snapshot", title, policy="Snapshot", note=line.why))
    more = [_kept_line(thing, "snapshot", "Final snapshot", policy="Snapshot") for thing in unclaimed]
    return lines + more


def _is_snapshot_of(thing: Found, line: TeardownLine, names: set[str]) -> bool:
    """Whether a snapshot is of this resource: by the name from CloudFormation, or by region if AWS
    only numbers it.
    """
    snapshot = aws_type(line.type).final_snapshot
    if snapshot is not None and not snapshot.named:
        return thing.region == line.region and is_final_snapshot(thing.arn, line.type)
    return any(name in thing.arn.lower() for name in names)


def _kept_line(thing: Found, kind: str, title: str, *, policy: str, note: str = "") -> ReceiptLine:
    return ReceiptLine(
        title=title,
        type=kind,
        physical_id=thing.arn,
        region=thing.region,
        end=str(ResourceEnd.RETAINED),
        policy=policy,
        note=note or UNTIL_DELETED,
    )
