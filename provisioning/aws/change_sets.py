"""Records of change sets, drift and events, as CloudFormation reports them.

Field values are AWS's own words (CreateChangeSet, DescribeChangeSet, DescribeEvents and
DescribeStackResourceDrifts in the CloudFormation API reference).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class ChangeSetSpec:
    """The arguments of CreateChangeSet. `stack` is the stack's id, or its name for a new stack.

    `body` None reuses the stack's template. A parameter with value None keeps its previous value.
    `kind` is CREATE, UPDATE or IMPORT. `express` and `disable_rollback` are always sent, because
    AWS's pages disagree about their defaults. `revert_drift` sends DeploymentMode=REVERT_DRIFT.
    """

    stack: str
    name: str
    body: str | None
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: Sequence[str] = ("CAPABILITY_NAMED_IAM",)
    kind: str = "UPDATE"
    express: bool = False
    disable_rollback: bool = False
    revert_drift: bool = False
    include_nested_stacks: bool = False
    import_existing_resources: bool = False
    notification_arns: Sequence[str] = ()


KNOWN_LATER: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""The value after a change that CloudFormation knows only when it has made the change."""


@dataclass(frozen=True, slots=True)
class ChangeDetail:
    """Why a resource changes, and where. `before` and `after` are JSON texts and only given with
    property values; they are decoration and decide nothing.
    """

    attribute: str
    name: str = ""
    requires_recreation: str = ""
    evaluation: str = ""
    source: str = ""
    causing_entity: str = ""
    path: str = ""
    before: str | None = None
    after: str | None = None
    change_type: str = ""


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One change of a change set. `replacement` is True, False or Conditional, as AWS's text."""

    action: str
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: str = ""
    policy_action: str = ""
    scope: tuple[str, ...] = ()
    details: tuple[ChangeDetail, ...] = ()
    nested_change_set_id: str = ""
    drift_status: str = ""
    drift_ignored: tuple[tuple[str, str], ...] = ()
    """(path, reason) of attributes whose drift AWS ignores."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set as DescribeChangeSet returns it, all pages together."""

    change_set_id: str
    name: str
    stack_id: str
    status: str
    execution_status: str
    status_reason: str
    created_at: datetime
    changes: tuple[ResourceChange, ...] = ()
    parameters: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Value and resolved value (of SSM parameters) by key. NoEcho values are masked by AWS."""
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    notification_arns: tuple[str, ...] = ()
    deployment_mode: str = ""
    express: bool = False
    disable_rollback: bool = False
    include_nested_stacks: bool = False
    import_existing_resources: bool = False
    on_stack_failure: str = ""
    stack_drift_status: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSetSummary:
    change_set_id: str
    name: str
    status: str
    execution_status: str


@dataclass(frozen=True, slots=True)
class OperationEvent:
    """An event as DescribeEvents returns it. `type` is its EventType, such as VALIDATION_ERROR."""

    event_id: str
    at: datetime
    type: str
    operation_id: str = ""
    operation_type: str = ""
    logical_id: str = ""
    physical_id: str = ""
    resource_type: str = ""
    status: str = ""
    reason: str = ""
    token: str = ""
    validation_name: str = ""
    validation_mode: str = ""
    """FAIL or WARN, of a validation."""
    validation_path: str = ""


@dataclass(frozen=True, slots=True)
class DriftDetection:
    """`status` is DETECTION_IN_PROGRESS, DETECTION_COMPLETE or DETECTION_FAILED."""

    detection_id: str
    status: str
    drift_status: str = ""
    reason: str = ""
    drifted_resources: int | None = None


@dataclass(frozen=True, slots=True)
class PropertyDifference:
    path: str
    expected: str
    actual: str
    change_type: str


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """`status` is IN_SYNC, MODIFIED, DELETED, NOT_CHECKED, UNKNOWN or UNSUPPORTED."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""
    differences: tuple[PropertyDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """A message of the account's event queue. `body` is the EventBridge event as JSON text."""

    receipt: str
    body: str
