"""The base class of every kind of component.

A component reads a design and writes into a build. It knows no HCL, no Django and no AWS client.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from provisioning.components.kit.build import Build
from provisioning.components.kit.external_names import names_in_settings
from provisioning.components.kit.values import Box, DashboardWidget, Family, Gives, Grant, Settings
from provisioning.design.errors import DesignError
from provisioning.design.external_names import ExternalName
from provisioning.design.graph import EnvironmentContext, Node, Reference


class Component(ABC):
    """One kind of building block.

    `kind` is what blueprints write, and the name of the component's folder. `title`, `summary` (no
    full stop) and `family` are for its reference page. `schema` validates the settings of its
    blocks. `gives` documents its grants; None means that nothing can use it. `needs` are kinds of
    which its design must hold exactly one. `accepts_grants` says whether it receives what the
    components in its `uses` give. `has_security_group` says whether it has a security group of its
    own.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    family: ClassVar[Family]
    schema: ClassVar[type[Settings]]
    attributes: ClassVar[Mapping[str, str]] = {}
    gives: ClassVar[Gives | None] = None
    needs: ClassVar[tuple[str, ...]] = ()
    accepts_grants: ClassVar[bool] = False
    has_security_group: ClassVar[bool] = False

    @abstractmethod
    def build(self, node: Node, build: Build) -> None:
        """Add this node's resources to the build."""

    @abstractmethod
    def boxes(self, node: Node) -> list[Box]:
        """Return the node's boxes in the diagram. Edges of the design meet the first one."""

    def finish(self, node: Node, build: Build) -> None:  # noqa: B027 - most components have nothing to add
        """Add resources that depend on everything else. Called once every node is built."""

    def alarms(self, node: Node, build: Build) -> None:  # noqa: B027 - many components have none
        """Add the alarms that are worth their price only if somebody is notified.

        Called once every node is built, in designs with an alarm topic. Alarms that every
        environment has belong into `build`.
        """

    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:  # noqa: ARG002 - many components have none
        """Return what a dashboard shows of this node."""
        return []

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        """Return the template expression of `component.<kind>.<name>.<attribute>`, or None if this
        design has none.
        """
        raise DesignError(f"{node.source}: {node.address} has no attribute {name} in {build.design.blueprint}")

    def grant(self, node: Node, build: Build) -> Grant:
        """Return what a user of this node gets. The only source of rules, statements, variables,
        secrets and edges.
        """
        blueprint = build.design.blueprint
        raise DesignError(
            f"{node.source}: {node.address} gives its users nothing, so nothing in {blueprint} can use it"
        )

    def external_names(self, node: Node, environment: EnvironmentContext) -> tuple[ExternalName, ...]:  # noqa: ARG002
        """Return what a node names outside its environment."""
        return names_in_settings(node)

    def targets(self, node: Node) -> tuple[Reference, ...]:
        """Return the components that this node uses."""
        return node.uses
