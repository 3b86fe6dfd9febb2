"""What the engine may ask of AWS: one account and region, in our words, typed.

`provisioning.aws.client` answers with boto3; the tests' scripted AWS answers from memory. The engine knows only this.
Every call may raise one of `provisioning.aws.errors`; no botocore exception leaves this package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """How to reach one account.

    `endpoint_url` names an emulator; `role_arn` empty means the process's own credentials. `stack_role_arn` is what
    CloudFormation acts as (RoleARN of CreateStack and DeleteStack); empty means the caller's own rights.
    """

    account_id: str
    region: str
    role_arn: str = ""
    external_id: str = ""
    endpoint_url: str = ""
    artefact_bucket: str = ""
    stack_role_arn: str = ""


@dataclass(frozen=True, slots=True)
class StackSpec:
    """All that CreateStack is told. `body` over 51,200 bytes goes through the artefact bucket."""

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
    """A stack as DescribeStacks or ListStacks shows it; `outputs` and `tags` only from DescribeStacks."""

    stack_id: str
    name: str
    status: str
    status_reason: str
    created_at: datetime
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    termination_protection: bool = False


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


@dataclass(frozen=True, slots=True)
class StackResource:
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A one-off ECS task. `token` in run_task is AWS's clientToken: the same token never starts a second task."""

    cluster: str
    task_definition: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskState:
    """`status` as ECS spells it (PROVISIONING … STOPPED); `exit_code` is None until a container has stopped."""

    task_arn: str
    status: str
    exit_code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class BucketProgress:
    """One bounded round of emptying a bucket or a vault: how many went, and whether nothing is left.

    Of a bucket: objects, versions, markers, uploads; of a vault: recovery points.
    """

    deleted: int
    empty: bool


@dataclass(frozen=True, slots=True)
class TaggedResource:
    arn: str
    tags: Mapping[str, str]


class Aws(Protocol):
    """One account and region."""

    access: AccountAccess

    # CloudFormation
    def create_stack(self, spec: StackSpec, *, token: str) -> str:
        """Returns the stack id. AlreadyExists is raised when a stack of this name exists and the token is not its own."""

    def delete_stack(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None: ...
    def describe_stack(self, name_or_id: str) -> StackState | None:
        """None when CloudFormation says that it does not exist; a deleted stack asked for by id answers DELETE_COMPLETE."""

    def list_stacks(self, *, statuses: Sequence[str] = ()) -> list[StackState]: ...
    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[StackEvent]:
        """Oldest first; only those newer than `after_event_id`."""

    def stack_resources(self, stack_id: str) -> list[StackResource]: ...
    def set_termination_protection(self, stack_name: str, *, enabled: bool) -> None: ...

    def put_artefact(self, bucket: str, key: str, body: bytes, *, sha256: str) -> bool:
        """Stores a package where a stack looks for it; False when it lies there already. AWS itself proves the checksum."""

    # What a plan does after the stack is up
    def run_task(self, spec: TaskSpec, *, token: str) -> str:
        """Returns the task's ARN."""

    def describe_task(self, cluster: str, task_arn: str) -> TaskState | None: ...

    # Teardown
    def empty_bucket(self, bucket: str, *, limit: int) -> BucketProgress:
        """Deletes at most `limit` objects, versions, markers and uploads. A bucket that is not there counts as empty."""

    def empty_vault(self, vault: str, *, limit: int) -> BucketProgress:
        """Asks for the deletion of at most `limit` recovery points. They go some time later: only then it is empty."""

    def stop_service(self, cluster: str, service: str) -> None:
        """Sets the desired count to 0 and takes scaling's minimum to 0, so that nothing writes while things are deleted."""

    def quiesce(self, resource_type: str, physical_id: str) -> bool:
        """Stops what starts work by itself: a group of instances, a rule, an event source. False when the type does not."""

    def lift_protection(self, resource_type: str, physical_id: str) -> bool:
        """Turns off deletion protection of a database, cache, load balancer, …; False when the type has none. Safe to repeat."""

    def release_network_interfaces(self, *, security_groups: Sequence[str], subnets: Sequence[str]) -> list[str]:
        """Deletes detached network interfaces that keep groups or subnets from going; returns the ids that went."""

    def exists(self, resource_type: str, physical_id: str) -> bool | None:
        """Asks the resource's own service. None when this type cannot be asked for."""

    def find_by_tag(self, key: str, value: str) -> list[TaggedResource]:
        """All resources of this region that carry the tag, by the Resource Groups Tagging API."""
