"""What every component is: a settings schema for the loader, and the resources, grants and facts that follow from it.

A component reads a design and writes into a build; it knows no HCL, no Django and no AWS client.
What a component's users get from it is its `Grant`, the only source of security-group rules, IAM statements,
variables, secrets and arrows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf

from provisioning.design.graph import Node, Reference

if TYPE_CHECKING:
    from provisioning.components.kit.build import Build

Tier = Literal["internet", "edge", "public", "private", "data", "beside"]


class DesignError(ValueError):
    """Components that are right one by one do not make a whole. The message says where and what to do."""


class Settings(BaseModel):
    """What a component block may say. Anything it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    uses: tuple[InstanceOf[Reference], ...] = Field(
        default=(), description="Components that this one uses; from each it gets what that one gives its users"
    )


class Part(BaseModel):
    """A nested block of settings, such as `tasks = { … }`."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True)


def a_service(reference: Reference) -> Reference:
    """Refuse a reference to anything but a service. A pydantic validator."""
    if reference.kind != "service":
        raise ValueError(f"{reference} is a {reference.kind}, and only a service can stand here")
    return reference


ServiceReference: TypeAlias = Annotated[InstanceOf[Reference], AfterValidator(a_service)]
AnySettings: TypeAlias = Settings
Chosen = TypeVar("Chosen", bound=Settings)


def settings_of(node: Node, schema: type[Chosen]) -> Chosen:
    """Return the node's settings as the type that its component asked for."""
    if not isinstance(node.settings, schema):
        raise TypeError(f"{node.address} carries {type(node.settings).__name__}, not {schema.__name__}")
    return node.settings


@dataclass(frozen=True, slots=True)
class Grant:
    """What using a component gives its user.

    `ports` are opened from the user to the component, `variables` and `secrets` (name to ARN) reach the user's task
    definition, `secret_arns` are what its start needs to read, `statements` are its rights while it runs. A secret may
    also be a parameter of Systems Manager; then its ARN stands in `parameter_arns`.
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
    """What using a component can give, in words for the component's reference; a test compares it with real grants.

    `variables` and `secrets` are names of variables, in which `<…>` stands for what a blueprint decides (`<NAME>` is the
    component's name in capitals); `ports` says which, `rights` are IAM actions.
    """

    variables: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    ports: str = ""
    rights: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """How a component stands in the picture: where, its name, its kind in words, and the one fact worth reading.

    `leads` is the label of an arrow from this box to the component's first one; `way_out` draws the tier below and
    the internet above as joined by this box. `region` is said only where it is not the environment's own; the tier
    `edge` is what AWS runs outside any region or VPC (CloudFront).
    """

    tier: Tier
    name: str
    kind: str
    fact: str
    leads: str | None = None
    way_out: bool = False
    region: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """One graph of a dashboard: lines of (namespace, metric name, dimensions, statistic)."""

    title: str
    lines: tuple[tuple[str, str, Mapping[str, Any], str], ...]


class Component(ABC):
    """One kind of building block."""

    kind: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    Settings: ClassVar[type[AnySettings]]
    attributes: ClassVar[Mapping[str, str]] = {}
    gives: ClassVar[Gives | None] = None  # None: nothing can use it
    needs: ClassVar[tuple[str, ...]] = ()  # kinds of which its design holds exactly one
    takes: ClassVar[bool] = False  # whether it receives what the components in its `uses` give
    guarded: ClassVar[bool] = False  # whether it stands behind a security group of its own

    @abstractmethod
    def build(self, node: Node, build: Build) -> None:
        """Add this node's resources to the build."""

    @abstractmethod
    def boxes(self, node: Node) -> list[Box]:
        """How the node is drawn; the first box is the one that arrows meet."""

    def finish(self, node: Node, build: Build) -> None:  # noqa: B027 - most components have nothing to add
        """Add what looks at everything else; called once every node is built."""

    def graphs(self, node: Node, build: Build) -> list[Graph]:  # noqa: ARG002 - for those who measure something
        """What a dashboard shows of this node beside what AWS measures of its resources."""
        return []

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        """The template expression behind `component.<kind>.<name>.<attribute>`; None when this design has none."""
        raise DesignError(f"{node.source}: {node.address} has no attribute {name} in {build.design.blueprint}")

    def grant(self, node: Node, build: Build) -> Grant:
        """What a user of this node gets."""
        blueprint = build.design.blueprint
        raise DesignError(
            f"{node.source}: {node.address} gives its users nothing, so nothing in {blueprint} can use it"
        )

    def targets(self, node: Node) -> tuple[Reference, ...]:
        """The components that this one uses."""
        return node.uses
