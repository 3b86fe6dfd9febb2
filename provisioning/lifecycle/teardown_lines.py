"""What a teardown would do with each resource of an environment now, from the ledger and from the
templates as they are in AWS.

The preview shows these lines, and the operation compares them with what was approved after it has
listed the stacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from provisioning.aws import aws_type
from provisioning.lifecycle.deletion_policies import RETAIN, deletion_policies, outlives_stack
from provisioning.lifecycle.ledger import remaining_resources
from provisioning.lifecycle.plan_document import StackedPlan, TeardownLine
from provisioning.lifecycle.step_data import StepData
from provisioning.models import ResourceEnd, Stack, StackResource

RETAINED_IN_AWS: Final = "The stack’s template in AWS retains it."
SNAPSHOT_IN_AWS: Final = "The stack’s template in AWS takes a snapshot of it first."
LEFT_BY_STACK: Final = "Its stack has left it in the account and no longer manages it."
RETURNED: Final = (
    "It exists again after its deletion: a service has created it once more, as for logs that come late. "
    "Delete it in its own service, then retry."
)
_NAMED: Final = 10

Key: TypeAlias = tuple[str, str, str]
"""The stack, the logical id and the physical id: a bucket and its policy have the same physical id."""


@dataclass(frozen=True, slots=True)
class TeardownLines:
    """`left_by_stack` are the keys of those to retain that their stack has left already."""

    to_delete: tuple[TeardownLine, ...]
    to_retain: tuple[TeardownLine, ...]
    left_by_stack: frozenset[Key] = frozenset()

    @property
    def all(self) -> tuple[TeardownLine, ...]:
        return self.to_delete + self.to_retain


def teardown_lines(stacks: Sequence[Stack], current: StackedPlan) -> TeardownLines:
    """Sort everything that exists into what is deleted and what outlives its stack."""
    by_id = {stack.pk: stack for stack in stacks}
    rows = remaining_resources(by_id)
    policies = {stack.pk: policies_of(stack, current, rows) for stack in stacks}
    titles = current.titles
    reasons = {(resource.logical_id, resource.policy): resource.why for resource in current.retained}
    to_delete: list[TeardownLine] = []
    to_retain: list[TeardownLine] = []
    left: set[Key] = set()
    for row in rows:
        stack = by_id[row.stack_id]
        is_left = row.end == ResourceEnd.RETAINED
        policy = RETAIN if is_left else outlives_stack(policies[stack.pk].get(row.logical_id, ""), row.status)
        line = TeardownLine(
            logical_id=row.logical_id,
            type=row.type,
            physical_id=row.physical_id,
            address=row.address,
            title=titles.get(row.logical_id, row.logical_id),
            policy=policy,
            why=LEFT_BY_STACK if is_left else _why(row, policy, reasons),
            stack=stack.role,
            region=stack.region,
        )
        (to_retain if policy else to_delete).append(line)
        if is_left:
            left.add(_key(line))
    return TeardownLines(tuple(to_delete), tuple(to_retain), frozenset(left))


def policies_of(stack: Stack, current: StackedPlan, rows: Iterable[StackResource]) -> Mapping[str, str]:
    """The deletion policies of a stack's resources, from its template in AWS if that was read, else
    from its planned template.
    """
    if stack.listed_at is not None:
        policies: Mapping[str, str] = stack.policies
        return policies
    planned = next((planned for planned in current.stacks if planned.key == stack.role), None)
    if planned is None:
        return {}
    return deletion_policies(planned.body, [row.logical_id for row in rows if row.stack_id == stack.pk])


def _why(row: StackResource, policy: str, reasons: Mapping[tuple[str, str], str]) -> str:
    if not policy:
        return aws_type(row.type).teardown_note
    return reasons.get((row.logical_id, policy)) or (RETAINED_IN_AWS if policy == "Retain" else SNAPSHOT_IN_AWS)


def difference(
    approved: TeardownLines, current: TeardownLines, *, agreed: Iterable[TeardownLine] = ()
) -> tuple[str, ...]:
    """What exists and was not shown, and what is retained now and was not then, as sentences.

    Less than was shown is no difference: what is gone needs no approval. `agreed` may be left in the
    account by their stack.
    """
    shown = {_key(line): line for line in approved.all}
    new = [line for line in current.all if _key(line) not in shown]
    sentences = [f"Not shown: {_names(new)}."] if new else []
    expected = current.left_by_stack & {_key(line) for line in agreed}
    changed = [
        line
        for line in current.all
        if line not in new and _key(line) not in expected and shown[_key(line)].policy != line.policy
    ]
    for policy, words in (
        ("Retain", "Now retained"),
        ("Snapshot", "Now deleted after a snapshot"),
        ("", "Now deleted"),
    ):
        if lines := [line for line in changed if line.policy == policy]:
            sentences.append(f"{words}: {_names(lines)}.")
    return tuple(sentences)


def _key(line: TeardownLine) -> Key:
    return line.stack, line.logical_id, line.physical_id


def _names(lines: Sequence[TeardownLine]) -> str:
    names = [f"{line.logical_id} ({line.physical_id})" for line in lines[:_NAMED]]
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return ", ".join(names) + more


def reason_of_row(row: StackResource, data: StepData) -> str:
    """Why a resource is left over: what a step noted, or AWS's reason."""
    if (problem := data.problems.get(str(row.pk))) is not None:
        return problem
    return RETURNED if row.status == "DELETE_COMPLETE" else row.reason
