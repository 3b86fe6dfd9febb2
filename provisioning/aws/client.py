"""Implements the interface with boto3: each method delegates to the module of its service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from provisioning.aws import resources
from provisioning.aws.change_sets import (
    ChangeSet,
    ChangeSetSpec,
    ChangeSetSummary,
    DriftDetection,
    OperationEvent,
    QueuedEvent,
    ResourceDrift,
)
from provisioning.aws.interface import (
    AccountAccess,
    Aws,
    EmptyingProgress,
    StackEvent,
    StackResource,
    StackSpec,
    StackState,
    TaggedResource,
    TaskSpec,
    TaskState,
)
from provisioning.aws.live_reads import LiveReads
from provisioning.aws.rate_limiter import CallLimiter
from provisioning.aws.services import artefacts, ec2, ecs, sqs, tagging
from provisioning.aws.services.cloudformation import change_sets, drift, events, recovery, stacks
from provisioning.aws.sessions import Clients
from provisioning.caching import Cache

CACHED_ACCESSES: Final = 100
"""Accounts and regions whose clients are cached. All clients of one take about ten megabytes, and
the teams of an account share them.
"""


class LiveAws:
    """AWS in one account and region. Thread-safe. Every method may raise
    `provisioning.aws.errors.AwsError`.

    `clients` may be shared by several accesses that differ only in `stack_role_arn`.
    """

    def __init__(self, access: AccountAccess, *, limiter: CallLimiter, clients: Clients | None = None) -> None:
        self.access = access
        self._clients = clients or Clients(access, limiter)
        self.reads = LiveReads(self._clients)

    def verify(self) -> None:
        """Checks that the account can be reached and is the intended one, and raises otherwise. The
        first call that changes something does so by itself.
        """
        self._clients.verify()

    def close(self) -> None:
        self._clients.close()

    # Stacks

    def create_stack(self, spec: StackSpec, *, token: str) -> str:
        return stacks.create_stack(self._clients, spec, token=token, role_arn=self.access.stack_role_arn)

    def delete_stack(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None:
        role_arn = self.access.stack_role_arn
        stacks.delete_stack(self._clients, stack_id, token=token, retain=retain, role_arn=role_arn)

    def describe_stack(self, name_or_id: str) -> StackState | None:
        return stacks.describe_stack(self._clients, name_or_id)

    def describe_all_stacks(self) -> list[StackState]:
        return stacks.describe_all_stacks(self._clients)

    def list_stacks(self, *, statuses: Sequence[str] = ()) -> list[StackState]:
        return stacks.list_stacks(self._clients, statuses=statuses)

    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[StackEvent]:
        return events.stack_events(self._clients, stack_id, after_event_id=after_event_id)

    def stack_resources(self, stack_id: str) -> list[StackResource]:
        return stacks.stack_resources(self._clients, stack_id)

    def set_termination_protection(self, stack_name: str, *, enabled: bool) -> None:
        stacks.set_termination_protection(self._clients, stack_name, enabled=enabled)

    # Changes of stacks

    def create_change_set(self, spec: ChangeSetSpec, *, token: str) -> str:
        return change_sets.create_change_set(self._clients, spec, token=token, role_arn=self.access.stack_role_arn)

    def describe_change_set(self, change_set: str, *, stack_id: str, values: bool = False) -> ChangeSet | None:
        return change_sets.describe_change_set(self._clients, change_set, stack_id=stack_id, values=values)

    def list_change_sets(self, stack_id: str) -> list[ChangeSetSummary]:
        return change_sets.list_change_sets(self._clients, stack_id)

    def execute_change_set(self, change_set_id: str, *, stack_id: str, token: str) -> None:
        change_sets.execute_change_set(self._clients, change_set_id, stack_id=stack_id, token=token)

    def delete_change_set(self, change_set_id: str, *, stack_id: str) -> None:
        change_sets.delete_change_set(self._clients, change_set_id, stack_id=stack_id)

    def stack_template(self, stack_id: str, *, change_set_id: str = "") -> str:
        return stacks.stack_template(self._clients, stack_id, change_set_id=change_set_id)

    def stack_policy(self, stack_id: str) -> str | None:
        return stacks.stack_policy(self._clients, stack_id)

    def set_stack_policy(self, stack_id: str, policy: str) -> None:
        stacks.set_stack_policy(self._clients, stack_id, policy)

    def cancel_update(self, stack_id: str, *, token: str) -> None:
        recovery.cancel_update(self._clients, stack_id, token=token)

    def continue_rollback(self, stack_id: str, *, token: str, skip: Sequence[str] = ()) -> None:
        role_arn = self.access.stack_role_arn
        recovery.continue_rollback(self._clients, stack_id, token=token, skip=skip, role_arn=role_arn)

    def rollback_stack(self, stack_id: str, *, token: str) -> None:
        recovery.rollback_stack(self._clients, stack_id, token=token, role_arn=self.access.stack_role_arn)

    def force_delete_stack(self, stack_id: str, *, token: str) -> None:
        recovery.force_delete_stack(self._clients, stack_id, token=token, role_arn=self.access.stack_role_arn)

    def operation_events(
        self, *, stack_id: str = "", change_set_id: str = "", operation_id: str = "", failed_only: bool = False
    ) -> list[OperationEvent]:
        return events.operation_events(
            self._clients,
            stack_id=stack_id,
            change_set_id=change_set_id,
            operation_id=operation_id,
            failed_only=failed_only,
        )

    # Drift

    def detect_drift(self, stack_id: str) -> str:
        return drift.detect_drift(self._clients, stack_id)

    def drift_detection(self, detection_id: str) -> DriftDetection:
        return drift.drift_detection(self._clients, detection_id)

    def resource_drifts(self, stack_id: str) -> list[ResourceDrift]:
        return drift.resource_drifts(self._clients, stack_id)

    # Events through EventBridge and SQS

    def receive_events(self, queue_url: str, *, wait_seconds: int) -> list[QueuedEvent]:
        return sqs.receive_events(self._clients, queue_url, wait_seconds=wait_seconds)

    def delete_events(self, queue_url: str, receipts: Sequence[str]) -> None:
        sqs.delete_events(self._clients, queue_url, receipts)

    # Artefacts, tasks and teardown

    def put_artefact(self, bucket: str, key: str, body: bytes, *, sha256: str) -> bool:
        return artefacts.put(self._clients, bucket, key, body, sha256=sha256)

    def run_task(self, spec: TaskSpec, *, token: str) -> str:
        return ecs.run_task(self._clients, spec, token=token)

    def describe_task(self, cluster: str, task_arn: str) -> TaskState | None:
        return ecs.describe_task(self._clients, cluster, task_arn)

    def quiesce(self, resource_type: str, physical_id: str, *, parent_id: str = "") -> bool:
        return resources.quiesce(self._clients, resource_type, physical_id, parent_id=parent_id)

    def lift_protection(self, resource_type: str, physical_id: str) -> bool:
        return resources.lift_protection(self._clients, resource_type, physical_id)

    def empty(self, resource_type: str, physical_id: str, *, limit: int) -> EmptyingProgress:
        return resources.empty(self._clients, resource_type, physical_id, limit=limit)

    def release_network_interfaces(self, used_by: Mapping[str, Sequence[str]]) -> list[str]:
        return ec2.release_network_interfaces(self._clients, used_by)

    def exists(self, resource_type: str, physical_id: str) -> bool | None:
        return resources.exists(self._clients, resource_type, physical_id)

    def recovery_window(self, resource_type: str, physical_id: str) -> datetime | None:
        return resources.recovery_window(self._clients, resource_type, physical_id)

    def find_by_tag(self, key: str, value: str) -> list[TaggedResource]:
        return tagging.find_by_tag(self._clients, key, value)

    def find_by_tag_values(self, key: str, values: Sequence[str]) -> list[TaggedResource]:
        return tagging.find_by_tag_values(self._clients, key, values)


_clients: Cache[tuple[AccountAccess, CallLimiter], Clients] = Cache(max_size=CACHED_ACCESSES)


def aws_for(access: AccountAccess, *, limiter: CallLimiter) -> LiveAws:
    """Returns a `LiveAws` with this process's one set of clients for the account and region.

    Another role, external id or endpoint has clients of its own. The stack role is an argument of
    calls, so teams with different ones share the clients.
    """
    shared = replace(access, stack_role_arn="")
    clients = _clients.get_or_compute((shared, limiter), lambda: Clients(shared, limiter))
    return LiveAws(access, limiter=limiter, clients=clients)


def close_all() -> None:
    """Closes all connections and drops their clients, at the end of a process or a test."""
    for clients in _clients.clear():
        clients.close()


_: type[Aws] = LiveAws  # mypy checks the class against the interface
