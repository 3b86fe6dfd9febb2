"""The typed interface through which the engine uses AWS, for one account and region.

`provisioning.aws.client` implements it with boto3, the scripted AWS of the tests in memory. The
engine knows only this interface. Every call may raise an error of `provisioning.aws.errors`; no
botocore exception leaves this package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from provisioning.aws.account_reads import AccountReads
from provisioning.aws.change_sets import (
    ChangeSet,
    ChangeSetSpec,
    ChangeSetSummary,
    DriftDetection,
    OperationEvent,
    QueuedEvent,
    ResourceDrift,
)
from provisioning.outgoing.rules import NOTHING_ALLOWED, Rules


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """How to reach one account.

    `endpoint_url` is the address of an emulator, and `endpoint_rules` says what is allowed there
    besides https to public addresses. Without `role_arn`, the process's own credentials
    are used. `stack_role_arn` is the role that CloudFormation assumes (RoleARN of CreateStack and
    DeleteStack); without it, CloudFormation acts with the caller's permissions.
    """

    account_id: str
    region: str
    role_arn: str = ""
    external_id: str = ""
    endpoint_url: str = ""
    artefact_bucket: str = ""
    stack_role_arn: str = ""
    endpoint_rules: Rules = NOTHING_ALLOWED


@dataclass(frozen=True, slots=True)
class StackSpec:
    """The arguments of CreateStack. A `body` over 51,200 bytes is passed through the artefact
    bucket.
    """

    name: str
    body: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: Sequence[str] = ("CAPABILITY_NAMED_IAM",)
    termination_protection: bool = False
    stack_policy: str | None = None
    express: bool = False


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack as DescribeStacks or ListStacks returns it. A summary of ListStacks has the status,
    times, drift status, parent and last operation only.

    `parameters` are (value, resolved value) by key; AWS masks NoEcho values. `last_operation` is
    the newest of LastOperations, as (type, id).
    """

    stack_id: str
    name: str
    status: str
    status_reason: str
    created_at: datetime
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    termination_protection: bool = False
    last_updated_at: datetime | None = None
    detailed_status: str = ""
    parameters: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    role_arn: str = ""
    notification_arns: tuple[str, ...] = ()
    change_set_id: str = ""
    last_operation: tuple[str, str] = ("", "")
    express: bool = False
    disable_rollback: bool = False
    parent_id: str = ""
    drift_status: str = ""


@dataclass(frozen=True, slots=True)
class StackEvent:
    event_id: str
    at: datetime
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    token: str

    @property
    def is_about_stack(self) -> bool:
        """Whether it reports the stack itself, not one of its resources (or a nested stack)."""
        return (
            self.type == "AWS::CloudFormation::Stack"
            and self.physical_id.startswith("arn:")
            and f":stack/{self.logical_id}/" in self.physical_id
        )


@dataclass(frozen=True, slots=True)
class StackResource:
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A one-off ECS task. The `token` of run_task is AWS's clientToken: one token never starts two
    tasks.
    """

    cluster: str
    task_definition: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskState:
    """`status` as ECS spells it (PROVISIONING … STOPPED); `exit_code` is None until a container has
    stopped.
    """

    task_arn: str
    status: str
    exit_code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class EmptyingProgress:
    """The result of one bounded round of emptying: how many entries were deleted, and whether none
    is left.

    The entries of a bucket are versions, delete markers and unfinished uploads; those of a backup
    vault are recovery points.
    """

    deleted: int
    empty: bool


@dataclass(frozen=True, slots=True)
class TaggedResource:
    arn: str
    tags: Mapping[str, str]


class Aws(Protocol):
    """AWS in one account and region."""

    access: AccountAccess

    @property
    def reads(self) -> AccountReads:
        """What is checked about the account before a request is approved."""

    def verify(self) -> None:
        """Checks that the account can be reached and is the intended one, and raises otherwise. The
        first call that changes something does so by itself.
        """

    # CloudFormation
    def create_stack(self, spec: StackSpec, *, token: str) -> str:
        """Returns the stack id. Raises AlreadyExists if another operation has created a stack of
        this name.
        """

    def delete_stack(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None: ...
    def describe_stack(self, name_or_id: str) -> StackState | None:
        """Returns None if CloudFormation does not know it. By its id, a deleted stack is found as
        DELETE_COMPLETE.
        """

    def list_stacks(self, *, statuses: Sequence[str] = ()) -> list[StackState]: ...
    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[StackEvent]:
        """Returns the events after `after_event_id`, oldest first."""

    def stack_resources(self, stack_id: str) -> list[StackResource]: ...
    def set_termination_protection(self, stack_name: str, *, enabled: bool) -> None: ...
    def describe_all_stacks(self) -> list[StackState]:
        """Returns every stack of the region, described in full: one call for each hundred."""

    # Changes of stacks
    def create_change_set(self, spec: ChangeSetSpec, *, token: str) -> str:
        """Returns the change set's id. Raises AlreadyExists if one of this name has other content."""

    def describe_change_set(self, change_set: str, *, stack_id: str, values: bool = False) -> ChangeSet | None:
        """Returns all its pages; None if there is no such change set. Property `values` are a
        second call's decoration: AWS may leave out resources in it.
        """

    def list_change_sets(self, stack_id: str) -> list[ChangeSetSummary]: ...
    def execute_change_set(self, change_set_id: str, *, stack_id: str, token: str) -> None: ...
    def delete_change_set(self, change_set_id: str, *, stack_id: str) -> None: ...
    def stack_template(self, stack_id: str, *, change_set_id: str = "") -> str:
        """Returns the original template of the stack, or of a change set."""

    def stack_policy(self, stack_id: str) -> str | None: ...
    def set_stack_policy(self, stack_id: str, policy: str) -> None: ...
    def cancel_update(self, stack_id: str, *, token: str) -> None: ...
    def continue_rollback(self, stack_id: str, *, token: str, skip: Sequence[str] = ()) -> None: ...
    def rollback_stack(self, stack_id: str, *, token: str) -> None: ...
    def force_delete_stack(self, stack_id: str, *, token: str) -> None:
        """DeleteStack with FORCE_DELETE_STACK, which AWS accepts only in DELETE_FAILED."""

    def operation_events(
        self, *, stack_id: str = "", change_set_id: str = "", operation_id: str = "", failed_only: bool = False
    ) -> list[OperationEvent]:
        """DescribeEvents, oldest first."""

    # Drift
    def detect_drift(self, stack_id: str) -> str:
        """Starts a detection and returns its id."""

    def drift_detection(self, detection_id: str) -> DriftDetection: ...
    def resource_drifts(self, stack_id: str) -> list[ResourceDrift]: ...

    # Events through EventBridge and SQS
    def receive_events(self, queue_url: str, *, wait_seconds: int) -> list[QueuedEvent]: ...
    def delete_events(self, queue_url: str, receipts: Sequence[str]) -> None: ...

    def put_artefact(self, bucket: str, key: str, body: bytes, *, sha256: str) -> bool:
        """Stores a package where a stack expects it. Returns False if it is there already. S3
        verifies the checksum.
        """

    # Post-deployment tasks
    def run_task(self, spec: TaskSpec, *, token: str) -> str:
        """Returns the task's ARN."""

    def describe_task(self, cluster: str, task_arn: str) -> TaskState | None: ...

    # Teardown; `provisioning.aws.types` says what applies to which type
    def quiesce(self, resource_type: str, physical_id: str, *, parent_id: str = "") -> bool:
        """Stops what starts work by itself, such as a service or a schedule. Returns False for
        other types.

        `parent_id` is the physical id of the resource that it runs in, for a type with `runs_in`.
        """

    def lift_protection(self, resource_type: str, physical_id: str) -> bool:
        """Switches deletion protection off. Returns False for types that have none. Safe to repeat."""

    def empty(self, resource_type: str, physical_id: str, *, limit: int) -> EmptyingProgress:
        """Deletes at most `limit` entries. A resource that does not exist counts as empty.

        AWS deletes recovery points some time after the call; the vault is not empty until then.
        """

    def release_network_interfaces(self, used_by: Mapping[str, Sequence[str]]) -> list[str]:
        """Deletes detached network interfaces that block the deletion of others, and returns their
        ids.

        The keys are the `network_interface_filter` of a type, the values physical ids.
        """

    def exists(self, resource_type: str, physical_id: str) -> bool | None:
        """Asks the resource's own service whether it exists. Returns None if this cannot be
        checked.
        """

    def recovery_window(self, resource_type: str, physical_id: str) -> datetime | None:
        """Until when a deleted resource can be restored; None if it cannot."""

    def find_by_tag(self, key: str, value: str) -> list[TaggedResource]:
        """Lists all resources of this region with the tag, through the Resource Groups Tagging API."""

    def find_by_tag_values(self, key: str, values: Sequence[str]) -> list[TaggedResource]:
        """As `find_by_tag`, for at most twenty values in one call."""
