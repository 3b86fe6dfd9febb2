"""Plain values that components read and return. None of them knows the build or a component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf

from provisioning.design.graph import Node, Reference

MAIN = "main"
"""Key of the main stack. Every environment has it; it is created last."""

Tier = Literal["internet", "edge", "public", "private", "data", "supporting"]


class Family(StrEnum):
    """What a kind is for. The reference shows families in this order; the value is their title."""

    NETWORK = "Network and edge"
    COMPUTE = "Compute"
    DATABASES = "Databases and caches"
    STORAGE = "Storage and backups"
    MESSAGING = "Messaging and email"
    MODELS = "Models"
    ACCESS = "Secrets and roles"
    MONITORING = "Monitoring"
    IMPORTED = "Your own templates"


# Settings


class Settings(BaseModel):
    """Base of every component's settings schema. An unknown setting is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    uses: tuple[InstanceOf[Reference], ...] = Field(
        default=(), description="Components that this one uses; it gets what each of them gives its users"
    )


class Block(BaseModel):
    """Base of a nested block of settings, such as `tasks = { … }`."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True)


def require_bucket(reference: Reference) -> Reference:
    """Reject a reference to anything but a bucket. A pydantic validator."""
    if reference.kind != "bucket":
        raise ValueError(f"{reference} is a {reference.kind}; only a bucket is allowed here")
    return reference


def require_service(reference: Reference) -> Reference:
    """Pydantic validator that refuses a reference to anything but a service."""
    if reference.kind != "service":
        raise ValueError(f"{reference} is a {reference.kind}; only a service is allowed here")
    return reference


ServiceReference: TypeAlias = Annotated[InstanceOf[Reference], AfterValidator(require_service)]
BucketReference: TypeAlias = Annotated[InstanceOf[Reference], AfterValidator(require_bucket)]
Schema = TypeVar("Schema", bound=Settings)


def settings_of(node: Node, schema: type[Schema]) -> Schema:
    """Return the node's settings as an instance of its component's schema."""
    if not isinstance(node.settings, schema):
        raise TypeError(f"{node.address} has settings of type {type(node.settings).__name__}, not {schema.__name__}")
    return node.settings


# What a component gives and shows


@dataclass(frozen=True, slots=True)
class Grant:
    """What a component gives to one that uses it.

    `ports` are opened from the user to the component. `variables` and `secrets` (name to ARN) go
    into the user's task definition. `secret_arns` are the secrets that the user's task must read to
    start; `parameter_arns` are the same for parameters of Systems Manager. `statements` are IAM
    statements for the user's role at run time. `label` is written on the diagram's edge.
    """

    label: str = ""
    ports: tuple[int, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    secret_arns: tuple[Any, ...] = ()
    parameter_arns: tuple[Any, ...] = ()
    statements: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Gives:
    """What a component can give, in words, for its reference page. A test compares it with real
    grants.

    `variables` and `secrets` are names of environment variables, in which `<…>` stands for what a
    blueprint decides (`<NAME>` is the component's name in capitals). `ports` describes the ports;
    `rights` are IAM actions.
    """

    variables: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    ports: str = ""
    rights: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a component in the diagram: its tier, name, kind and the one fact worth showing.

    `label` is the label of an edge from this box to the component's first box; None means no edge.
    `egress` marks a box through which the tier below reaches the internet. `region` is set only if
    it differs from the environment's. The tier `edge` holds what AWS runs outside any region and
    VPC (CloudFront).
    """

    tier: Tier
    name: str
    kind: str
    fact: str
    label: str | None = None
    egress: bool = False
    region: str = ""


class Section(StrEnum):
    """Where a dashboard shows a widget. Sections follow each other in this order; the value is
    their title.
    """

    OWN = ""
    LOAD_BALANCERS = "Load balancer"
    FUNCTIONS = "Functions"
    SERVICES = "Services"
    QUEUES = "Queues"
    HOSTS = "Hosts"
    BROKERS = "Broker"
    DATABASES = "Database"
    CACHES = "Cache"
    NAT = "NAT"


@dataclass(frozen=True, slots=True)
class DashboardWidget:
    """One graph of a dashboard: lines of (namespace, metric name, dimensions, statistic).

    Widgets of several components with the same section and title become one, except in the section
    OWN.
    """

    title: str
    lines: tuple[tuple[str, str, Mapping[str, Any], str], ...]
    section: Section = Section.OWN


# What a component adds to the build


@dataclass(frozen=True, slots=True)
class CompiledResource:
    """A resource of a template, with the address of its component and its title for people."""

    logical_id: str
    type: str
    address: str
    title: str
    stack: str = MAIN


@dataclass(frozen=True, slots=True)
class Retained:
    """A resource that outlives its stack: whole (policy `Retain`) or as a snapshot (`Snapshot`)."""

    logical_id: str
    type: str
    policy: str
    why: str
    stack: str = MAIN


@dataclass(frozen=True, slots=True)
class StackInput:
    """A parameter of a later stack whose value is an output of an earlier stack."""

    parameter: str
    stack: str
    output: str


@dataclass(frozen=True, slots=True)
class PostDeploymentTask:
    """An automated post-deployment task: an ECS task to run once the stack is complete.

    `cluster`, `task_definition`, `subnets` and `security_groups` are logical ids of the main
    stack's template.
    """

    key: str
    title: str
    cluster: str
    task_definition: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    container: str
    timeout_minutes: int = 10
    kind: str = "ecs_run_task"
    launch_type: str = "FARGATE"
    assign_public_ip: bool = False


@dataclass(frozen=True, slots=True)
class ManualTask:
    """A manual post-deployment task: something that only a person can do, such as providing a
    secret's value.

    `logical_id` names the resource that the task is about. In `command`, `{physical_id}` and
    `{region}` stand for the resource's own; the page fills them in, quoted for a shell.
    """

    key: str
    title: str
    sentence: str
    logical_id: str
    command: str
    stack: str = MAIN
