"""One cloud for all accounts of a test: stacks, resources, buckets, tasks, and the queue of what
happens when.
"""

from __future__ import annotations

import heapq
import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provisioning.aws import interface
from provisioning.design.names import GENERATION_LENGTH
from tests.scripted_aws.faults import Faults
from tests.scripted_aws.reads import AccountScript


@dataclass
class ManualClock:
    """Stands still until the test moves it."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Place:
    account_id: str
    region: str


@dataclass
class Resource:
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""


@dataclass
class ScriptedStack:
    place: Place
    stack_id: str
    spec: interface.StackSpec
    token: str
    created_at: datetime
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    protected: bool = False
    role_arn: str = ""
    delete_role_arns: list[str] = field(default_factory=list)
    delete_tokens: set[str] = field(default_factory=set)
    resources: dict[str, Resource] = field(default_factory=dict)
    events: list[interface.StackEvent] = field(default_factory=list)
    statuses: list[str] = field(default_factory=lambda: ["CREATE_IN_PROGRESS"])

    @property
    def name(self) -> str:
        """The stack's name without team and generation: `orders-copy` for
        `payments-orders-7k2mx-copy`.
        """
        tags = self.spec.tags
        environment = tags.get("portal:environment", "")
        start = f"{tags.get('portal:team')}-{environment}-"
        if not self.spec.name.startswith(start):
            return self.spec.name
        return environment + self.spec.name[len(start) + GENERATION_LENGTH :]


@dataclass
class Living:
    """Something that exists in an account; `tags` None means that the tagging API does not know its
    type.
    """

    type: str
    physical_id: str
    arn: str
    tags: dict[str, str]
    stack_id: str = ""


@dataclass
class Task:
    arn: str
    ends_at: datetime
    exit_code: int | None
    reason: str


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
    quiesced: list[str] = field(default_factory=list)
    stopped_services: list[str] = field(default_factory=list)
    # The script: what a creation or deletion of a logical id says, once each time it is in the list.
    fail_create: dict[str, list[str]] = field(default_factory=dict)
    fail_delete: dict[str, list[str]] = field(default_factory=dict)
    fail_rollback: bool = False
    task_exit_codes: list[int | None] = field(default_factory=list)
    task_seconds: float = 20.0
    resource_seconds: float = 10.0
    tag_lag_seconds: float = 0.0
    invisible_seconds: float = 0.0  # how long DescribeStacks does not know a new stack
    scripts: dict[Place, AccountScript] = field(default_factory=dict)
    output_values: dict[str, dict[str, str]] = field(default_factory=dict)  # stack name -> what its outputs say
    creates: Counter[str] = field(default_factory=Counter)  # token -> stacks really made
    _queue: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def script(self, place: Place) -> AccountScript:
        """What the account reads of a place return; a test changes it."""
        return self.scripts.setdefault(place, AccountScript(place.region))

    def number(self) -> int:
        return next(self._numbers)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self._at() + timedelta(seconds=seconds), self.number(), what))

    _settling_at: datetime | None = None

    def _at(self) -> datetime:
        return self._settling_at or self.clock.now()

    def settle(self) -> None:
        """Let everything happen that was to happen by now, each at its own time."""
        while self._queue and self._queue[0][0] <= self.clock.now():
            self._settling_at, _, what = heapq.heappop(self._queue)
            what()
        self._settling_at = None

    def event(self, stack: ScriptedStack, resource: Resource | None) -> None:
        """Write an event about a resource, or about the stack itself."""
        stack.events.append(
            interface.StackEvent(
                event_id=f"event-{self.number()}",
                at=self._at(),
                logical_id=resource.logical_id if resource else stack.spec.name,
                physical_id=resource.physical_id if resource else stack.stack_id,
                type=resource.type if resource else "AWS::CloudFormation::Stack",
                status=resource.status if resource else stack.status,
                reason=resource.reason if resource else stack.reason,
                token=stack.token,
            )
        )

    def set_status(self, stack: ScriptedStack, status: str, reason: str = "") -> None:
        stack.status, stack.reason = status, reason
        stack.statuses.append(status)
        self.event(stack, None)

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
            until = self._at() + timedelta(seconds=self.tag_lag_seconds)
            self.forgotten_late.append((until, stack.place, living))

    def outputs_of(self, stack: ScriptedStack) -> dict[str, str]:
        """A value of its own for each output of the template, and `Url`."""
        declared = json.loads(stack.spec.body).get("Outputs", {})
        values = {name: f"{stack.name}:{name}" for name in declared}
        given = self.output_values.get(stack.spec.name, {})
        return {"Url": f"https://{stack.name}.example", **values, **given}

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
