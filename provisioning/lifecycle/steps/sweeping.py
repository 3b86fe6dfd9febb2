"""After the stack is gone: every line of the ledger is asked for at its own service, then a scan by tag proves that nothing is left.

The tagging API forgets late. What it still names counts as left only while its own service knows it, or while nobody can be asked;
the sweep is repeated with growing pauses before it gives up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from provisioning.aws import port
from provisioning.lifecycle.planning import ENVIRONMENT_TAG
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.lifecycle.teardown import NOTES
from provisioning.models import ResourceEnd, StackResource

ASKED_A_STEP: Final = 20
PAUSES: Final = (5.0, 15.0, 60.0, 180.0, 300.0, 600.0, 900.0)
# Things that end by themselves with what they belong to, and carry its tags until AWS forgets them.
PASSING: Final = re.compile(r"^arn:[^:]+:ecs:[^:]*:[^:]*:(?:task|container-instance)/")
SNAPSHOT: Final = re.compile(
    r"^arn:[^:]+:(?:rds|elasticache):[^:]*:[^:]*:(?:cluster-)?(?:snapshot|serverlesscachesnapshot):(?P<id>.+)$"
)
# How to ask for a thing that is known by nothing but its ARN.
BY_ARN: Final = (
    (re.compile(r"^arn:[^:]+:ec2:[^:]*:[^:]*:network-interface/(.+)$"), "AWS::EC2::NetworkInterface"),
    (re.compile(r"^arn:[^:]+:ec2:[^:]*:[^:]*:security-group/(.+)$"), "AWS::EC2::SecurityGroup"),
    (re.compile(r"^arn:[^:]+:ec2:[^:]*:[^:]*:subnet/(.+)$"), "AWS::EC2::Subnet"),
    (re.compile(r"^arn:[^:]+:ec2:[^:]*:[^:]*:natgateway/(.+)$"), "AWS::EC2::NatGateway"),
    (re.compile(r"^arn:[^:]+:ec2:[^:]*:[^:]*:vpc/(.+)$"), "AWS::EC2::VPC"),
    (re.compile(r"^arn:[^:]+:ec2:[^:]*:[^:]*:vpc-endpoint/(.+)$"), "AWS::EC2::VPCEndpoint"),
    (re.compile(r"^(arn:[^:]+:secretsmanager:.+)$"), "AWS::SecretsManager::Secret"),
    (re.compile(r"^arn:[^:]+:kms:[^:]*:[^:]*:key/(.+)$"), "AWS::KMS::Key"),
    (re.compile(r"^(arn:[^:]+:ecs:[^:]*:[^:]*:task-definition/.+)$"), "AWS::ECS::TaskDefinition"),
    (re.compile(r"^arn:[^:]+:s3:::(.+)$"), "AWS::S3::Bucket"),
)
GONE, THERE, UNASKED = "gone", "there", "unasked"

Stays: TypeAlias = Mapping[tuple[str, str], Mapping[str, str]]
"""What was said to stay, by logical and physical id: a bucket and its policy share the physical one."""


def sweep(context: Context) -> Outcome:
    mine = StackResource.objects.filter(stack__in=context.stacks).exclude(physical_id="")
    rows = list(mine.exclude(end=ResourceEnd.FOREIGN).order_by("id"))
    answers: dict[str, str] = dict(context.memory.get("answers", {}))
    unasked = [row for row in rows if str(row.pk) not in answers]
    for row in unasked[:ASKED_A_STEP]:
        answers[str(row.pk)] = _ask(context.aws, row.type, row.physical_id)
    if len(unasked) > ASKED_A_STEP:
        return Outcome(memory={"answers": answers})
    found = context.aws.find_by_tag(ENVIRONMENT_TAG, str(context.operation.environment_id))
    return _conclude(context, rows, answers, found)


def _ask(aws: port.Aws, resource_type: str, physical_id: str) -> str:
    answer = aws.exists(resource_type, physical_id)
    return UNASKED if answer is None else THERE if answer else GONE


def _conclude(
    context: Context, rows: Sequence[StackResource], answers: Mapping[str, str], found: Sequence[port.TaggedResource]
) -> Outcome:
    stays = {(line["logical_id"], line["physical_id"]): line for line in context.content["stays"]}
    ends = {row.pk: _end(row, answers[str(row.pk)], stays) for row in rows}
    kept = {row.physical_id for row in rows if ends[row.pk] is ResourceEnd.RETAINED}
    gone = {row.physical_id for row in rows if ends[row.pk] is ResourceEnd.DELETED}
    scan = _read_scan(context.aws, [resource.arn for resource in found], kept=kept, gone=gone, stays=stays)
    left = [row.physical_id for row in rows if ends[row.pk] is ResourceEnd.ABANDONED] + scan["left"]
    if left:
        return _again(context, left)
    lines = [_line(row, ends[row.pk], context.made_from, stays.get(_key(row))) for row in rows]
    lines += _snapshot_lines(context, scan["snapshots"])
    receipt = {
        "lines": lines,
        "scan": {
            "key": ENVIRONMENT_TAG,
            "value": str(context.operation.environment_id),
            "at": context.now.isoformat(),
            "found": scan["kept"] + scan["snapshots"],
            "stale": scan["stale"],
            "left": [],
        },
    }
    # What was asked is on the receipt now.
    forget: dict[str, Any] = {"answers": {}, "left": []}
    return Outcome(to=OperationState.SUCCEEDED, reason="Nothing is left.", ends=ends, receipt=receipt, memory=forget)


def _key(row: StackResource) -> tuple[str, str]:
    return row.logical_id, row.physical_id


def _end(row: StackResource, answer: str, stays: Stays) -> ResourceEnd:
    """A service's own answer counts more than CloudFormation's event; without one the event does."""
    meant_to_stay = stays.get(_key(row), {}).get("policy") == "Retain" or row.status == "DELETE_SKIPPED"
    if answer == GONE:
        return ResourceEnd.DELETED
    if meant_to_stay:
        return ResourceEnd.RETAINED
    if answer == THERE:
        return ResourceEnd.ABANDONED
    # Nobody can be asked, and the stack is gone: CloudFormation says so only when it has deleted what was in it.
    return ResourceEnd.DELETED


def _read_scan(
    aws: port.Aws, arns: Iterable[str], *, kept: set[str], gone: set[str], stays: Stays
) -> dict[str, list[str]]:
    """Sort what the tagging API named: kept on purpose, a final snapshot, forgotten late, or left."""
    sorted_arns: dict[str, list[str]] = {"kept": [], "snapshots": [], "stale": [], "left": []}
    for arn in sorted(set(arns)):
        if _names(arn, kept):
            key = "kept"
        elif SNAPSHOT.match(arn) and any(line["policy"] == "Snapshot" for line in stays.values()):
            key = "snapshots"
        elif PASSING.match(arn) or _names(arn, gone) or _is_gone(aws, arn):
            key = "stale"
        else:
            key = "left"
        sorted_arns[key].append(arn)
    return sorted_arns


def _names(arn: str, physical_ids: set[str]) -> bool:
    last = re.split(r"[:/]", arn)[-1]
    return arn in physical_ids or last in physical_ids or arn.split(":", 5)[-1] in physical_ids


def _is_gone(aws: port.Aws, arn: str) -> bool:
    for pattern, resource_type in BY_ARN:
        if (match := pattern.match(arn)) is not None:
            return aws.exists(resource_type, match.group(1)) is False
    return False


def _again(context: Context, left: Sequence[str]) -> Outcome:
    number = context.memory.get("sweeps", 0)
    if number < len(PAUSES):
        memory = {"sweeps": number + 1, "answers": {}, "left": list(left)}
        return Outcome(
            wait=PAUSES[number] if not context.operation.environment.account.is_sandbox else 1.0, memory=memory
        )
    return stop(
        OperationState.FAILED,
        f"The stack is gone, but {len(left)} resource{'s are' if len(left) > 1 else ' is'} still there.",
        hint="Take them away in their own service if they are not needed, then try again: the sweep looks once more.",
        detail=", ".join(left[:20]),
    )


def _line(
    row: StackResource, end: ResourceEnd, made_from: Mapping[str, Any], stays: Mapping[str, str] | None
) -> dict[str, Any]:
    titles = {resource["logical_id"]: resource["title"] for resource in made_from.get("resources", [])}
    note = stays["why"] if stays else NOTES.get(row.type, "")
    return {
        "logical_id": row.logical_id,
        "type": row.type,
        "physical_id": row.physical_id,
        "address": row.address,
        "title": titles.get(row.logical_id, row.logical_id),
        "end": str(end),
        "policy": stays["policy"] if stays else "",
        "note": note,
        "ended_at": row.ended_at.isoformat() if row.ended_at else "",
    }


def _snapshot_lines(context: Context, found: Sequence[str]) -> list[dict[str, Any]]:
    """One line for each final snapshot, named by what the scan found, else by the template; not every one carries tags."""
    body = context.made_from.get("body")
    template = json.loads(body)["Resources"] if body else {}
    unclaimed, lines = list(found), []
    for line in context.content["stays"]:
        if line["policy"] != "Snapshot":
            continue
        names = {line["physical_id"].lower(), line["logical_id"].lower()}
        arn = next((arn for arn in unclaimed if any(name in arn.lower() for name in names)), "")
        if arn:
            unclaimed.remove(arn)
        named = template.get(line["logical_id"], {}).get("Properties", {}).get("FinalSnapshotName", "")
        lines.append(_snapshot_line(arn or (named if isinstance(named, str) else ""), line["title"], line["why"]))
    return lines + [_snapshot_line(arn, "Snapshot", "") for arn in unclaimed]


def _snapshot_line(physical_id: str, of: str, why: str) -> dict[str, Any]:
    return {
        "logical_id": "",
        "type": "snapshot",
        "physical_id": physical_id,
        "address": "",
        "title": f"Final snapshot of {of}",
        "end": str(ResourceEnd.RETAINED),
        "policy": "Snapshot",
        "note": why or "It costs storage until somebody deletes it.",
        "ended_at": "",
    }
