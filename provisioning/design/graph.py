"""The design: a blueprint with size and inputs filled in, as a graph of components.

Pure data, written by the blueprint loader and read by the template, the diagram, the timeline and
the cost estimate. It knows neither HCL nor CloudFormation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

from pydantic import BaseModel

from provisioning.design.names import EnvironmentNames, generation_of
from provisioning.design.size_policy import SIZE_POLICIES, SizePolicy


@dataclass(frozen=True, slots=True)
class Reference:
    """`component.postgres.main`, or one of its attributes: `component.postgres.main.endpoint`."""

    kind: str
    name: str
    attribute: str | None = None

    @property
    def address(self) -> str:
        """The component's address, as messages show it: `postgres.main`."""
        return f"{self.kind}.{self.name}"

    def __str__(self) -> str:
        return f"component.{self.address}" + (f".{self.attribute}" if self.attribute else "")


@dataclass(frozen=True, slots=True)
class Joined:
    """A string with references, such as `"https://${component.load_balancer.public.host}/x"`, as
    its parts in order.
    """

    parts: tuple[str | Reference, ...]


OUTPUT_PARAMETERS: Final = "output_parameters.main"
"""The address of the SSM parameters that hold an environment's outputs. No component has it."""
OUTPUT_PARAMETERS_TITLE: Final = "Output parameters"

# The possible results of an expression: JSON's values, a reference, or a string with references.
Value: TypeAlias = "bool | int | float | str | Reference | Joined | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, slots=True)
class Source:
    """A position in a blueprint's file: `path` relative to the catalogue's root, `line` from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class EnvironmentContext:
    """The values that a blueprint reads as `env.` and `account.`.

    `name` follows the rule in `design/environment_name`. `team` is the team's key
    (`design/names.team_key`), never its slug. `artefact_bucket` is the account's bucket for code;
    empty means the bucket that onboarding creates in each region.
    """

    name: str
    team: str
    region: str
    account_id: str
    environment_id: UUID
    request_id: str = "none"
    artefact_bucket: str = ""

    @property
    def names(self) -> EnvironmentNames:
        """The names in AWS of everything in the environment."""
        return EnvironmentNames(self.team, self.name, self.generation)

    @property
    def generation(self) -> str:
        return generation_of(self.environment_id)

    @property
    def prefix(self) -> str:
        return self.names.prefix

    @property
    def scope(self) -> str:
        return self.names.scope


@dataclass(frozen=True, slots=True)
class Node:
    """One component of a design. `settings` is an instance of the component kind's own settings
    schema.
    """

    kind: str
    name: str
    settings: BaseModel
    uses: tuple[Reference, ...]
    source: Source

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class DesignOutput:
    name: str
    value: Value
    description: str
    source: Source


@dataclass(frozen=True, slots=True)
class Design:
    """A blueprint with size and inputs filled in.

    `nodes` are keyed by address (`postgres.main`) in the blueprint's order. `settings` are those of
    the blueprint's size block (`approval`, `protect`, …). `usage` maps a name to its low, likely
    and high value. `tags` are the blueprint's own, in addition to the portal's. `secret_texts` are
    the values of sensitive inputs. `output_parameters` says that the outputs are also written as SSM
    parameters, which the requester chooses.
    """

    blueprint: str
    version: str
    digest: str
    size: str
    environment: EnvironmentContext
    nodes: Mapping[str, Node]
    outputs: tuple[DesignOutput, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    secret_texts: frozenset[str] = field(default=frozenset(), repr=False)
    output_parameters: bool = False

    @property
    def policy(self) -> SizePolicy:
        return SIZE_POLICIES[self.size]

    def of_kind(self, kind: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind == kind]
