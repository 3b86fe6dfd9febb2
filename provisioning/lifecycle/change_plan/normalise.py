"""From a stack and a design to the change set that is requested, and from AWS's description of it to
what a plan stores.

Two change sets that do the same have the same normal form. It leaves out what differs between them:
ids, names, times, reasons, property values, and the order of lists and pages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Final

from provisioning.aws.change_sets import ChangeDetail, ChangeSet, ChangeSetSpec, ResourceChange
from provisioning.aws.interface import StackState
from provisioning.lifecycle.ownership import tags_to_send
from provisioning.lifecycle.plan_document import PlannedChange, PlannedChangeSet, PlannedDetail, PlannedStack

NESTED_STACK: Final = "AWS::CloudFormation::Stack"
# CloudFormation accepts change sets in these only if a failure is not rolled back:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
UNFINISHED: Final = ("CREATE_FAILED", "UPDATE_FAILED")
_MAX_DEPTH: Final = 10

DescribeNested = Callable[[str], ChangeSet | None]


def spec_for(
    planned: PlannedStack,
    *,
    name: str,
    live: StackState,
    stack_inputs: Mapping[str, str],
    reverts_drift: bool,
) -> ChangeSetSpec:
    """What CreateChangeSet receives for one stack.

    `stack_inputs` are the outputs of other stacks that it takes, by parameter. A parameter that the
    portal does not know keeps its value: AWS would otherwise reset it to its default.
    """
    declared = json.loads(planned.body).get("Parameters", {})
    parameters: dict[str, str | None] = {
        key: None for key in sorted(live.parameters) if reverts_drift or key in declared
    }
    if not reverts_drift:
        parameters |= {**planned.parameters, **stack_inputs}
    return ChangeSetSpec(
        stack=live.stack_id,
        name=name,
        body=None if reverts_drift else planned.body,
        parameters=parameters,
        tags=tags_to_send(live.tags, live.tags if reverts_drift else planned.tags),
        capabilities=planned.capabilities,
        express=planned.express,
        disable_rollback=live.status in UNFINISHED,
        revert_drift=reverts_drift,
        include_nested_stacks=has_nested_stacks(planned.body),
    )


def has_nested_stacks(body: str) -> bool:
    return any(resource["Type"] == NESTED_STACK for resource in json.loads(body)["Resources"].values())


def planned_change_set(
    planned: PlannedStack,
    spec: ChangeSetSpec,
    described: ChangeSet | None,
    *,
    role_arn: str,
    fingerprint: str,
    body: str,
    describe_nested: DescribeNested,
) -> PlannedChangeSet:
    """The normal form of a change set, without the verdicts of the firewall and the stack policies.

    `described` is None if CloudFormation found nothing to do. `body` is the template that the stack
    has afterwards.
    """
    resolved = {} if described is None else {key: value for key, (_, value) in described.parameters.items() if value}
    return PlannedChangeSet(
        stack=planned.key,
        stack_id=spec.stack,
        region=planned.region,
        change_set_type=spec.kind,
        body_sha256=hashlib.sha256(body.encode()).hexdigest(),
        parameters=dict(spec.parameters),
        resolved=resolved,
        tags=dict(spec.tags),
        capabilities=tuple(sorted(spec.capabilities)),
        role_arn=role_arn,
        notification_arns=tuple(sorted(described.notification_arns)) if described is not None else (),
        express=spec.express,
        disable_rollback=spec.disable_rollback,
        revert_drift=spec.revert_drift,
        include_nested_stacks=spec.include_nested_stacks,
        import_existing_resources=spec.import_existing_resources,
        on_stack_failure=described.on_stack_failure if described is not None else "",
        has_changes=described is not None,
        changes=normal_changes(described.changes, describe_nested) if described is not None else (),
        verdicts=(),
        relaxed=(),
        policy_before="",
        policy_during="",
        policy_after="",
        fingerprint=fingerprint,
    )


def as_read(planned: PlannedChangeSet) -> PlannedChangeSet:
    """What a change set is read as, without what the portal has added to the plan."""
    return replace(planned, verdicts=(), relaxed=(), policy_before="", policy_during="", policy_after="")


def normal_changes(
    changes: Iterable[ResourceChange], describe_nested: DescribeNested, depth: int = 0
) -> tuple[PlannedChange, ...]:
    """The changes in the order of their logical ids."""
    normal = (_normal(change, describe_nested, depth) for change in changes)
    return tuple(sorted(normal, key=lambda change: (change.logical_id, change.action, change.physical_id)))


def _normal(change: ResourceChange, describe_nested: DescribeNested, depth: int) -> PlannedChange:
    return PlannedChange(
        logical_id=change.logical_id,
        action=change.action,
        type=change.type,
        physical_id=change.physical_id,
        replacement=change.replacement,
        policy_action=change.policy_action,
        scope=tuple(sorted(change.scope)),
        details=tuple(sorted(map(_detail, change.details), key=lambda detail: tuple(asdict(detail).values()))),
        nested=_nested_digest(change, describe_nested, depth),
    )


def _detail(detail: ChangeDetail) -> PlannedDetail:
    return PlannedDetail(
        attribute=detail.attribute,
        name=detail.name,
        requires_recreation=detail.requires_recreation,
        evaluation=detail.evaluation,
        source=detail.source,
        causing_entity=detail.causing_entity,
    )


def _nested_digest(change: ResourceChange, describe_nested: DescribeNested, depth: int) -> str:
    """The digest of a nested stack's own changes; empty if AWS shows none."""
    if not change.nested_change_set_id or depth >= _MAX_DEPTH:
        return ""
    nested = describe_nested(change.nested_change_set_id)
    if nested is None:
        return ""
    inner = [asdict(each) for each in normal_changes(nested.changes, describe_nested, depth + 1)]
    text = json.dumps(inner, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(approved: PlannedChangeSet, current: PlannedChangeSet) -> tuple[str, ...]:
    """What differs between the approved change set and the current one, in sentences."""
    sentences = []
    old = {change.logical_id: change for change in approved.changes}
    new = {change.logical_id: change for change in current.changes}
    for logical_id in sorted(old | new):
        if logical_id not in new:
            sentences.append(f"{logical_id} would no longer be changed ({_words(old[logical_id])} was approved).")
        elif logical_id not in old:
            sentences.append(f"{logical_id} would be changed as well: {_words(new[logical_id])}.")
        elif old[logical_id] != new[logical_id]:
            sentences.append(
                f"{logical_id}: {_words(old[logical_id])} was approved, and it would now be {_words(new[logical_id])}."
            )
    labels = {
        "body_sha256": "template",
        "parameters": "list of parameters",
        "resolved": "list of values read from SSM",
        "tags": "list of stack tags",
        "capabilities": "list of capabilities",
        "role_arn": "role",
        "notification_arns": "list of notification topics",
        "express": "deployment mode",
        "disable_rollback": "rollback setting",
        "on_stack_failure": "reaction to a failure",
        "has_changes": "statement that there is anything to do",
    }
    sentences += [
        f"The change set's {label} is not the approved one."
        for name, label in labels.items()
        if getattr(approved, name) != getattr(current, name)
    ]
    if as_read(approved) != as_read(current) and not sentences:
        sentences.append("The change set is not the approved one.")
    return tuple(sentences)


def _words(change: PlannedChange) -> str:
    replaced = {"True": ", replaced", "Conditional": ", perhaps replaced"}.get(change.replacement, "")
    names = sorted({detail.name for detail in change.details if detail.name})
    return f"“{change.action.lower()}{replaced}{': ' + ', '.join(names) if names else ''}”"
