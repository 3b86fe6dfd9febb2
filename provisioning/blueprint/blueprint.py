"""A blueprint as it was read: everything in the file, validated, but not evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from provisioning.blueprint.catalogue.shipped_files import ShippedFiles
from provisioning.blueprint.inputs.variables import Variable
from provisioning.blueprint.syntax.references import Known, KnownComponent
from provisioning.blueprint.syntax.tree import Argument, Expression
from provisioning.components.registry import component, kinds
from provisioning.design.graph import Source, Value
from provisioning.design.size_policy import SizePolicy

MATURITIES = ("draft", "published", "deprecated")


@dataclass(frozen=True, slots=True)
class Size:
    """One size of the blueprint. `settings` holds every argument of its block."""

    policy: SizePolicy
    requires_approval: bool
    settings: Mapping[str, Value]
    source: Source

    @property
    def name(self) -> str:
        return self.policy.name


@dataclass(frozen=True, slots=True)
class ComponentBlock:
    kind: str
    name: str
    arguments: Mapping[str, Argument]
    source: Source

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class OutputBlock:
    name: str
    value: Expression
    description: str
    source: Source


@dataclass(frozen=True)
class Blueprint:
    """A versioned recipe. `digest` is SHA-256 over the names and bytes of all files in its folder."""

    slug: str
    title: str
    summary: str
    version: str
    maturity: str
    regions: tuple[str, ...]
    digest: str
    path: Path
    variables: Mapping[str, Variable]
    sizes: Mapping[str, Size]
    components: tuple[ComponentBlock, ...]
    outputs: tuple[OutputBlock, ...]
    usage: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))
    tags: Expression | None = None
    files: ShippedFiles = field(default_factory=ShippedFiles, repr=False)

    @property
    def default_region(self) -> str:
        return self.regions[0]

    @cached_property
    def known(self) -> Known:
        """The names that its expressions may refer to."""
        components: dict[str, dict[str, KnownComponent]] = {}
        for block in self.components:
            attributes = component(block.kind).attributes if block.kind in kinds() else None
            arguments = {name: argument.value for name, argument in block.arguments.items()}
            components.setdefault(block.kind, {})[block.name] = KnownComponent(attributes, arguments)
        settings = {name for size in self.sizes.values() for name in size.settings}
        return Known(self.variables, settings, components)
