"""Implements the interface with boto3: each method delegates to the module of its service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from provisioning.aws import resources
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
from provisioning.aws.services import artefacts, cloudformation, ec2, ecs, tagging
from provisioning.aws.sessions import Clients
from provisioning.caching import Cache

CACHED_ACCESSES: Final = 100
"""Accounts and regions whose clients are cached. All clients of one take about ten megabytes."""


class LiveAws:
    """AWS in one account and region. Thread-safe. Every method may raise
    `provisioning.aws.errors.AwsError`.
    """

    def __init__(self, access: AccountAccess, *, limiter: CallLimiter) -> None:
        self.access = access
        self._clients = Clients(access, limiter)
        self.reads = LiveReads(self._clients)

    def verify(self) -> None:
        """Checks that the account can be reached and is the intended one, and raises otherwise. The
        first call that changes something does so by itself.
        """
        self._clients.verify()

    def close(self) -> None:
        self._clients.close()

    def create_stack(self, spec: StackSpec, *, token: str) -> str:
        return cloudformation.create_stack(self._clients, spec, token=token)

    def delete_stack(self, stack_id: str, *, token: str, retain: Sequence[str] = ()) -> None:
        cloudformation.delete_stack(self._clients, stack_id, token=token, retain=retain)

    def describe_stack(self, name_or_id: str) -> StackState | None:
        return cloudformation.describe_stack(self._clients, name_or_id)

    def list_stacks(self, *, statuses: Sequence[str] = ()) -> list[StackState]:
        return cloudformation.list_stacks(self._clients, statuses=statuses)

    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[StackEvent]:
        return cloudformation.stack_events(self._clients, stack_id, after_event_id=after_event_id)

    def stack_resources(self, stack_id: str) -> list[StackResource]:
        return cloudformation.stack_resources(self._clients, stack_id)

    def set_termination_protection(self, stack_name: str, *, enabled: bool) -> None:
        cloudformation.set_termination_protection(self._clients, stack_name, enabled=enabled)

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

    def find_by_tag(self, key: str, value: str) -> list[TaggedResource]:
        return tagging.find_by_tag(self._clients, key, value)


_clients: Cache[tuple[AccountAccess, CallLimiter], LiveAws] = Cache(max_size=CACHED_ACCESSES)


def aws_for(access: AccountAccess, *, limiter: CallLimiter) -> LiveAws:
    """Returns this process's one `LiveAws` for an access.

    Another role, external id or endpoint is another access, with clients of its own.
    """
    return _clients.get_or_compute((access, limiter), lambda: LiveAws(access, limiter=limiter))


def close_all() -> None:
    """Closes all connections and drops their clients, at the end of a process or a test."""
    for live in _clients.clear():
        live.close()


_: type[Aws] = LiveAws  # mypy checks the class against the interface
