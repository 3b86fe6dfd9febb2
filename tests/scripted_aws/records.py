"""What a scripted cloud consists of: stacks and their resources, change sets, tasks, and what lives
in an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioning.aws import interface
from provisioning.aws.change_sets import ChangeSetSpec, OperationEvent, ResourceChange, ResourceDrift
from provisioning.design.names import GENERATION_LENGTH
from tests.scripted_aws.rendering import Rendered


@dataclass
class ManualClock:
    """Stands still until the test moves it."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def now(self) -> datetime:
        return self.at

    def uptime(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Place:
    account_id: str
    region: str


@dataclass
class Resource:
    """`properties` are those that CloudFormation last set. `edits` are what people have set behind
    its back since, by property; None: removed.
    """

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    edits: dict[str, Any] = field(default_factory=dict)

    @property
    def actual(self) -> dict[str, Any]:
        merged = {**self.properties, **self.edits}
        return {name: value for name, value in merged.items() if value is not None}


@dataclass
class ScriptedChangeSet:
    change_set_id: str
    stack_id: str
    spec: ChangeSetSpec
    token: str
    created_at: datetime
    target: interface.StackSpec
    status: str = "CREATE_PENDING"
    execution_status: str = "UNAVAILABLE"
    reason: str = ""
    changes: tuple[ResourceChange, ...] = ()
    drift_status: str = ""
    executed_by: str = ""
    """The token of its execution."""

    @property
    def is_deleted(self) -> bool:
        return self.status == "DELETE_COMPLETE"


@dataclass
class ScriptedStack:
    """`token` is that of its creation, `operation_token` that of its newest operation. `rendered`
    is what it consists of by its template.
    """

    place: Place
    stack_id: str
    spec: interface.StackSpec
    token: str
    created_at: datetime
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    protected: bool = False
    role_arn: str = ""
    policy: str | None = None
    created_spec: interface.StackSpec | None = None
    delete_role_arns: list[str] = field(default_factory=list)
    delete_tokens: set[str] = field(default_factory=set)
    resources: dict[str, Resource] = field(default_factory=dict)
    events: list[interface.StackEvent] = field(default_factory=list)
    statuses: list[str] = field(default_factory=lambda: ["CREATE_IN_PROGRESS"])
    rendered: Mapping[str, Rendered] = field(default_factory=dict)
    operation_token: str = ""
    operations: list[tuple[str, str]] = field(default_factory=list)
    operation_events: list[OperationEvent] = field(default_factory=list)
    change_sets: list[ScriptedChangeSet] = field(default_factory=list)
    change_set_id: str = ""
    updated_at: datetime | None = None
    express: bool = False
    disable_rollback: bool = False
    notification_arns: tuple[str, ...] = ()
    drift_status: str = "NOT_CHECKED"
    drifts: list[ResourceDrift] = field(default_factory=list)
    seen: list[tuple[datetime, interface.StackState]] = field(default_factory=list)
    """How DescribeStacks described it at each change, for reads that are late."""

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

    @property
    def operation_id(self) -> str:
        return self.operations[0][1] if self.operations else ""


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
class Before:
    """A stack as it was before an update, to which a rollback returns."""

    spec: interface.StackSpec
    rendered: Mapping[str, Rendered]
    resources: Mapping[str, Resource]
