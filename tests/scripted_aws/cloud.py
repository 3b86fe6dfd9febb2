"""One cloud for all accounts of a test: stacks, resources, buckets, tasks, and the queue of what
happens when.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from provisioning.aws import interface
from provisioning.aws.change_sets import DriftDetection, OperationEvent
from tests.scripted_aws.event_queue import EventQueues
from tests.scripted_aws.faults import Faults
from tests.scripted_aws.reads import AccountScript
from tests.scripted_aws.records import (
    Before,
    Living,
    ManualClock,
    Place,
    Resource,
    ScriptedChangeSet,
    ScriptedStack,
    Task,
)
from tests.scripted_aws.sent import Sent
from tests.scripted_aws.stack_state import outputs_of, state_of

__all__ = ["Cloud", "Living", "ManualClock", "Place", "Resource", "ScriptedChangeSet", "ScriptedStack", "Task"]


@dataclass
class Cloud:
    clock: ManualClock = field(default_factory=ManualClock)
    faults: Faults = field(default_factory=Faults)
    stacks: list[ScriptedStack] = field(default_factory=list)
    living: dict[tuple[Place, str, str], Living] = field(default_factory=dict)
    forgotten_late: list[tuple[datetime, Place, Living]] = field(default_factory=list)
    objects: Counter[str] = field(default_factory=Counter)
    locked_buckets: set[str] = field(default_factory=set)
    interfaces: dict[str, int] = field(default_factory=dict)  # security group or subnet -> releases it takes
    protected: set[str] = field(default_factory=set)
    tasks: dict[str, Task] = field(default_factory=dict)
    task_tokens: dict[str, str] = field(default_factory=dict)
    artefacts: dict[tuple[Place, str, str], bytes] = field(default_factory=dict)  # place, bucket, key
    recovery_points: Counter[str] = field(default_factory=Counter)  # backup vault -> how many
    going: Counter[str] = field(default_factory=Counter)  # backup vault -> how many of them are being deleted
    recovery_windows: dict[str, datetime] = field(default_factory=dict)  # deleted secret or key -> until when
    quiesced: list[str] = field(default_factory=list)
    stopped_services: list[str] = field(default_factory=list)
    # The script: what a creation, update or deletion of a logical id says, once each time it is in
    # the list. `fail_undo`: the rollback of its update.
    fail_create: dict[str, list[str]] = field(default_factory=dict)
    fail_update: dict[str, list[str]] = field(default_factory=dict)
    fail_undo: dict[str, list[str]] = field(default_factory=dict)
    fail_delete: dict[str, list[str]] = field(default_factory=dict)
    fail_rollback: bool = False
    fail_change_set: list[str] = field(default_factory=list)  # reasons of the next change sets' failures
    validations: list[OperationEvent] = field(default_factory=list)  # what the next change set's validation finds
    fail_detection: list[str] = field(default_factory=list)
    turns_back: dict[str, list[str]] = field(default_factory=dict)  # stack name -> why its deletion turns back
    drops_from_values: set[str] = field(default_factory=set)  # logical ids that IncludePropertyValues leaves out
    undriftable: set[str] = field(default_factory=set)  # logical ids whose drift detection says UNKNOWN
    task_exit_codes: list[int | None] = field(default_factory=list)
    task_seconds: float = 20.0
    resource_seconds: float = 10.0
    change_set_seconds: float = 4.0
    detection_seconds: float = 30.0
    tag_lag_seconds: float = 0.0
    invisible_seconds: float = 0.0  # how long DescribeStacks does not know a new stack
    list_lag_seconds: float = 0.0  # how far ListStacks is behind
    stale_seconds: float = 0.0  # how far DescribeStacks is behind, in the share `faults.stale_rate` of calls
    scripts: dict[Place, AccountScript] = field(default_factory=dict)
    output_values: dict[str, dict[str, str]] = field(default_factory=dict)  # stack name -> what its outputs say
    ssm_values: dict[tuple[Place, str], str] = field(default_factory=dict)
    creates: Counter[str] = field(default_factory=Counter)  # token -> stacks really made
    queues: EventQueues = field(default_factory=EventQueues)
    unfinished: dict[str, Before] = field(default_factory=dict)  # stack id -> to where a rollback returns
    detections: dict[str, DriftDetection] = field(default_factory=dict)
    detecting: dict[str, str] = field(default_factory=dict)  # stack id -> the detection that is running
    sent: list[Sent] = field(default_factory=list)
    sender: Callable[[], str] = lambda: ""
    """The name of the worker that calls."""
    between: Callable[[str], None] = lambda _point: None
    """Called before and after each call, and between the permit and the sending of a change."""
    _queue: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def script(self, place: Place) -> AccountScript:
        """What the account reads of a place return; a test changes it."""
        return self.scripts.setdefault(place, AccountScript(place.region))

    def number(self) -> int:
        return next(self._numbers)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.at() + timedelta(seconds=seconds), self.number(), what))

    _settling_at: datetime | None = None

    def at(self) -> datetime:
        return self._settling_at or self.clock.now()

    def settle(self) -> None:
        """Let everything happen that was to happen by now, each at its own time."""
        if self._settling_at is not None:
            return
        while self._queue and self._queue[0][0] <= self.clock.now():
            self._settling_at, _, what = heapq.heappop(self._queue)
            what()
        self._settling_at = None

    @property
    def next_at(self) -> datetime | None:
        """When something happens next by itself."""
        return self._queue[0][0] if self._queue else None

    # Stacks

    def begin_operation(self, stack: ScriptedStack, kind: str, token: str, *, executes: str = "") -> None:
        """Start an operation of CloudFormation. Executing a change set deletes the others; any
        other operation makes them obsolete.
        """
        stack.operations.insert(0, (kind, f"operation-{self.number()}"))
        stack.operation_token = token
        for change_set in stack.change_sets:
            if change_set.change_set_id == executes or change_set.is_deleted or change_set.executed_by:
                continue
            if executes:
                change_set.status = "DELETE_COMPLETE"
            elif change_set.status == "CREATE_COMPLETE":
                change_set.execution_status = "OBSOLETE"

    def event(self, stack: ScriptedStack, resource: Resource | None) -> None:
        """Write an event about a resource, or about the stack itself."""
        event = interface.StackEvent(
            event_id=f"event-{self.number()}",
            at=self.at(),
            logical_id=resource.logical_id if resource else stack.spec.name,
            physical_id=resource.physical_id if resource else stack.stack_id,
            type=resource.type if resource else "AWS::CloudFormation::Stack",
            status=resource.status if resource else stack.status,
            reason=resource.reason if resource else stack.reason,
            token=stack.operation_token or stack.token,
        )
        stack.events.append(event)
        kind, operation_id = stack.operations[0] if stack.operations else ("", "")
        stack.operation_events.append(
            OperationEvent(
                event_id=event.event_id,
                at=event.at,
                type="STACK_EVENT",
                operation_id=operation_id,
                operation_type=kind,
                logical_id=event.logical_id,
                physical_id=event.physical_id,
                resource_type=event.type,
                status=event.status,
                reason=event.reason,
                token=event.token,
            )
        )
        self.queues.put(stack, event)

    def set_status(self, stack: ScriptedStack, status: str, reason: str = "") -> None:
        stack.status, stack.reason = status, reason
        stack.statuses.append(status)
        self.remember(stack)
        self.event(stack, None)

    def remember(self, stack: ScriptedStack) -> None:
        stack.seen.append((self.at(), state_of(self, stack)))

    def bear(self, stack: ScriptedStack, resource: Resource) -> None:
        arn = resource.physical_id
        if not arn.startswith("arn:"):
            service = resource.type.split("::")[1].lower()
            where = f"{stack.place.region}:{stack.place.account_id}"
            arn = f"arn:aws:s3:::{arn}" if service == "s3" else f"arn:aws:{service}:{where}:thing/{arn}"
        living = Living(resource.type, resource.physical_id, arn, dict(stack.spec.tags), stack.stack_id)
        self.living[stack.place, resource.type, resource.physical_id] = living

    def end(self, stack: ScriptedStack, resource: Resource) -> None:
        living = self.living.pop((stack.place, resource.type, resource.physical_id), None)
        if living is not None and self.tag_lag_seconds:
            until = self.at() + timedelta(seconds=self.tag_lag_seconds)
            self.forgotten_late.append((until, stack.place, living))

    def lives(self, stack: ScriptedStack, resource: Resource) -> bool:
        return (stack.place, resource.type, resource.physical_id) in self.living

    def outputs_of(self, stack: ScriptedStack) -> dict[str, str]:
        return outputs_of(self, stack)

    def stack_called(self, place: Place, name_or_id: str) -> ScriptedStack | None:
        """By id any stack; by name only one that is not deleted."""
        for stack in reversed(self.stacks):
            if stack.place == place and stack.stack_id == name_or_id:
                return stack
            if stack.place == place and stack.spec.name == name_or_id and stack.status != "DELETE_COMPLETE":
                return stack
        return None

    def named(self, name: str) -> list[ScriptedStack]:
        return [stack for stack in self.stacks if stack.name == name]
