"""The plan of a change: the new design, and exactly what CloudFormation will do to each stack.

A change is planned in two parts. `services/changes.py` writes the plan with the new stacks and
without change sets. The operation `plan` then creates a change set for each stack, reads it, and
completes the plan once with `change_sets`. People see and decide on the complete plan only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic.dataclasses import dataclass

from provisioning.lifecycle.plan_documents.parts import FORMAT, STRICT, Format, StackedPlan, Task


@dataclass(config=STRICT, frozen=True, slots=True)
class PlannedDetail:
    """Why a resource changes, in AWS's words. Property values are no part of it: AWS gives them for
    decoration only.
    """

    attribute: str
    name: str
    requires_recreation: str
    evaluation: str
    source: str
    causing_entity: str


@dataclass(config=STRICT, frozen=True, slots=True)
class PlannedChange:
    """One change of a change set. Scope and details are sorted. `nested` is the digest of a nested
    stack's own changes.
    """

    logical_id: str
    action: str
    type: str
    physical_id: str
    replacement: str
    policy_action: str
    scope: tuple[str, ...]
    details: tuple[PlannedDetail, ...]
    nested: str


@dataclass(config=STRICT, frozen=True, slots=True)
class FirewallVerdict:
    """What the replacement firewall says about one resource that holds data.

    `is_dangerous` verdicts need a second approver and the typed name. `outcome` is what happens to
    the data: "snapshot", "retained", "deleted" or "unknown". A verdict that is not dangerous explains
    why AWS's "Conditional" cannot become a replacement. `reasons` are sentences.
    """

    logical_id: str
    type: str
    physical_id: str
    is_dangerous: bool
    outcome: str
    reasons: tuple[str, ...]


@dataclass(config=STRICT, frozen=True, slots=True)
class PlannedChangeSet:
    """What CreateChangeSet receives for one stack, and what CloudFormation will do with it.

    `parameters` are those that are sent; None keeps the previous value. `resolved` are the values
    that AWS read from SSM. `has_changes` is False if CloudFormation found nothing to do; a change of
    outputs only is executable and has no `changes`. `body_sha256` is the template's.

    `policy_before` is the stack's policy now, `policy_during` that with which the change set is
    executed, and `policy_after` the one that follows success; empty texts set none. `relaxed` are the
    logical ids that may be replaced or deleted in between. `fingerprint` is the live stack's.
    """

    stack: str
    stack_id: str
    region: str
    change_set_type: str
    body_sha256: str
    parameters: Mapping[str, str | None]
    resolved: Mapping[str, str]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    role_arn: str
    notification_arns: tuple[str, ...]
    express: bool
    disable_rollback: bool
    revert_drift: bool
    include_nested_stacks: bool
    import_existing_resources: bool
    on_stack_failure: str
    has_changes: bool
    changes: tuple[PlannedChange, ...]
    verdicts: tuple[FirewallVerdict, ...]
    relaxed: tuple[str, ...]
    policy_before: str
    policy_during: str
    policy_after: str
    fingerprint: str

    @property
    def is_dangerous(self) -> bool:
        return any(verdict.is_dangerous for verdict in self.verdicts)


@dataclass(config=STRICT, frozen=True, slots=True)
class ChangePlan(StackedPlan):
    """Changes an environment, or puts it back as designed: then its stacks are those that it runs.

    `previous_digest` is the plan that the environment ran when this one was made. `change_sets` are
    in the order of `stacks`; empty until AWS has planned the change. `run_tasks` are the keys of the
    post-deployment tasks that must run again.
    """

    environment_id: str
    previous_digest: str
    run_tasks: tuple[str, ...]
    change_sets: tuple[PlannedChangeSet, ...]
    kind: Literal["change", "put_back"] = "change"
    format: Format = FORMAT

    @property
    def reverts_drift(self) -> bool:
        """Whether the stacks keep their templates, and drift is reverted."""
        return self.kind == "put_back"

    @property
    def due_tasks(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.key in self.run_tasks)

    @property
    def is_complete(self) -> bool:
        """Whether AWS has planned the change, so that people can decide on it."""
        return bool(self.change_sets)

    @property
    def has_changes(self) -> bool:
        return any(change_set.has_changes for change_set in self.change_sets)

    @property
    def is_dangerous(self) -> bool:
        """Whether data may be replaced or deleted: a second approver types the name, then."""
        return any(change_set.is_dangerous for change_set in self.change_sets)

    def change_set(self, stack: str) -> PlannedChangeSet:
        """Raise LookupError if the plan has none for this stack."""
        for change_set in self.change_sets:
            if change_set.stack == stack:
                return change_set
        raise LookupError(f"The plan has no change set for the stack {stack}.")
