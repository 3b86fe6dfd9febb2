"""Reads a file's blocks into a Blueprint. Problems go to the report; the Blueprint then contains
the valid parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from semver import Version

from provisioning.blueprint.blueprint import MATURITIES, Blueprint, ComponentBlock, OutputBlock, Size
from provisioning.blueprint.catalogue.blocks import IDENTIFIER, Fields, Report, bad_name, by_name, label
from provisioning.blueprint.catalogue.shipped_files import ShippedFiles
from provisioning.blueprint.catalogue.template_questions import template_variables
from provisioning.blueprint.catalogue.variable_block import check_terraform_names, check_unless, read_variable
from provisioning.blueprint.inputs.size_scope import BySize
from provisioning.blueprint.phrasing import known, listed, shown
from provisioning.blueprint.syntax.evaluate import constant
from provisioning.blueprint.syntax.tree import Block, Body, Expression
from provisioning.components.registry import UnknownComponent, component
from provisioning.design.graph import Source, Value
from provisioning.design.size_policy import SIZE_POLICIES, SIZES

_BLOCKS = ("blueprint", "variable", "size", "component", "output", "usage")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_OWN_SETTINGS = frozenset({"approval", "express"})
_USAGE = ("low", "likely", "high")
_MAX_TITLE, _MAX_VERSION = 120, 32
_LABELS_OF_A_COMPONENT = 2


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def source(self) -> Source: ...


Item = TypeVar("Item", bound=_Named)


@dataclass
class _Head:
    """The `blueprint` block. Its defaults allow the rest to be checked if the block cannot be read."""

    title: str = ""
    summary: str = ""
    version: str = ""
    maturity: str = "draft"
    regions: tuple[str, ...] = ("us-east-1",)
    tags: Expression | None = None


def read_definition(
    body: Body, report: Report, *, slug: str, digest: str, path: Path, files: ShippedFiles | None = None
) -> Blueprint:
    """Returns the blueprint that the file describes, as far as it can be read."""
    for argument in body.arguments:
        report.add(argument.line, f'"{argument.name}" is outside every block; blocks are {listed(_BLOCKS, "and")}.')
    blocks: dict[str, list[Block]] = {kind: [] for kind in _BLOCKS}
    for block in body.blocks:
        if block.kind in blocks:
            blocks[block.kind].append(block)
        else:
            report.add(block.line, f"There is no block {shown(block.kind)}; {known(block.kind, _BLOCKS)}")
    head = _head(report, blocks["blueprint"])
    sizes = _sizes(report, blocks["size"])
    by_size = BySize(sizes)
    variables = _once(report, "variable", [read_variable(report, block, by_size) for block in blocks["variable"]])
    check_unless(report, variables)
    check_terraform_names(report, variables)
    shipped = files or ShippedFiles()
    components = _components(report, blocks["component"])
    for name, variable in template_variables(report, components, shipped, by_size).items():
        if name in variables:
            report.add(
                variables[name].source.line, f'The template already has the parameter "{name}"; remove the variable.'
            )
        variables[name] = variable
    return Blueprint(
        slug=slug,
        title=head.title or slug,
        summary=head.summary,
        version=head.version,
        maturity=head.maturity,
        regions=head.regions,
        digest=digest,
        path=path,
        variables=variables,
        sizes=sizes,
        components=components,
        outputs=tuple(_once(report, "output", [_output(report, block) for block in blocks["output"]]).values()),
        usage=_usage(report, blocks["usage"]),
        tags=head.tags,
        files=shipped,
    )


def _once(report: Report, what: str, items: list[Item | None]) -> dict[str, Item]:
    """The items by name; a repeated name is reported."""
    items_by_name: dict[str, Item] = {}
    for item in items:
        if item is None:
            continue
        if item.name in items_by_name:
            report.add(
                item.source.line,
                f'There is a {what} "{item.name}" already (line {items_by_name[item.name].source.line}).',
            )
        else:
            items_by_name[item.name] = item
    return items_by_name


def _only_one(report: Report, what: str, blocks: list[Block]) -> Block | None:
    for extra in blocks[1:]:
        report.add(extra.line, f"There is a {what} block already (line {blocks[0].line}).")
    if blocks and blocks[0].labels:
        report.add(blocks[0].line, f"The {what} block has no name: {what} {{ … }}.")
    return blocks[0] if blocks else None


def _head(report: Report, blocks: list[Block]) -> _Head:
    block = _only_one(report, "blueprint", blocks)
    if block is None:
        report.add(1, "The file has no blueprint block: blueprint { title, summary, version, maturity, regions }.")
        return _Head()
    names = ("title", "summary", "version", "maturity", "regions", "tags")
    fields = Fields(report, block, "the blueprint block", arguments=names)
    tags = fields.argument("tags")
    head = _Head(
        tags=tags.value if tags else None,
        title=fields.text("title", required=True, at_most=_MAX_TITLE),
        summary=fields.text("summary", required=True),
        version=fields.text("version", required=True, at_most=_MAX_VERSION),
        maturity=fields.text("maturity", required=True, one_of=MATURITIES),
        regions=fields.texts("regions", required=True) or ("us-east-1",),
    )
    if head.version and not _is_version(head.version):
        fields.refuse(
            "version", f'should be a semantic version such as "1.0.0" or "1.0.0-rc.1", not {shown(head.version)}'
        )
    for region in head.regions:
        if not _REGION.fullmatch(region):
            fields.refuse("regions", f"names {shown(region)}, which is not written like a region (eu-north-1)")
    return head


def _is_version(text: str) -> bool:
    """Whether `text` is a semantic version. Build metadata is refused, because it has no
    precedence.
    """
    return text.isascii() and Version.is_valid(text) and "+" not in text


def _sizes(report: Report, blocks: list[Block]) -> dict[str, Size]:
    """The three sizes. Each must have the same settings as the others."""
    sizes = _once(report, "size", [_size(report, block) for block in blocks])
    for name in SIZES:
        if name not in sizes:
            report.add(1, f'The size "{name}" is missing; a blueprint has {listed(SIZES, "and")}.')
    for size in sizes.values():
        for other in sizes.values():
            for setting in other.settings.keys() - size.settings.keys() - _OWN_SETTINGS:
                report.add(size.source.line, f'The size "{size.name}" does not set "{setting}"; "{other.name}" does.')
    return {name: sizes[name] for name in SIZES if name in sizes}


def _size(report: Report, block: Block) -> Size | None:
    name = label(report, block)
    if name is None:
        return None
    policy = SIZE_POLICIES.get(name)
    if policy is None:
        report.add(block.line, f"There is no size {shown(name)}; a blueprint has {listed(SIZES, 'and')}.")
        return None
    what = f'size "{name}"'
    for inner in block.body.blocks:
        report.add(inner.line, f"{what} contains arguments only: write {inner.kind} = {{ … }}.")
    settings: dict[str, Value] = {}
    for argument in by_name(report, block, what).values():
        with report.collecting():
            settings[argument.name] = constant(argument.value)
    approval = settings.get("approval", "none")
    if approval not in ("required", "none"):
        report.add(block.line, f'"approval" of {what} should be "required" or "none".')
    if policy.requires_approval and "approval" in settings and approval == "none":
        report.add(block.line, f'The size "{name}" always needs an approval: write approval = "required".')
    if not isinstance(settings.get("express", False), bool):
        report.add(block.line, f'"express" of {what} should be true or false.')
    requires_approval = policy.requires_approval or approval == "required"
    return Size(policy, requires_approval, settings, report.source(block.line))


def _components(report: Report, blocks: list[Block]) -> tuple[ComponentBlock, ...]:
    if not blocks:
        report.add(1, 'The blueprint has no component: component "<kind>" "<name>" { … }.')
    components: dict[str, ComponentBlock] = {}
    for block in blocks:
        if len(block.labels) != _LABELS_OF_A_COMPONENT:
            report.add(block.line, 'A component has a kind and a name: component "<kind>" "<name>" { … }.')
            continue
        kind, name = block.labels
        component_block = ComponentBlock(
            kind, name, by_name(report, block, f"{kind}.{name}"), report.source(block.line)
        )
        if not IDENTIFIER.fullmatch(name):
            report.add(block.line, bad_name(name))
        elif component_block.address in components:
            report.add(
                block.line,
                f"There is a component {component_block.address} already (line {components[component_block.address].source.line}).",
            )
        else:
            try:
                component(kind)
            except UnknownComponent as error:
                report.add(block.line, f"There is no component kind {shown(kind)}; {known(kind, error.known)}")
            components[component_block.address] = component_block
        for inner in block.body.blocks:
            report.add(inner.line, f"A component contains arguments only: write {inner.kind} = {{ … }}.")
    return tuple(components.values())


def _output(report: Report, block: Block) -> OutputBlock | None:
    name = label(report, block)
    if name is None:
        return None
    fields = Fields(report, block, f'output "{name}"', arguments=("value", "description"))
    value = fields.argument("value", required=True)
    description = fields.text("description")
    return OutputBlock(name, value.value, description, report.source(block.line)) if value else None


def _usage(report: Report, blocks: list[Block]) -> dict[str, Mapping[str, float]]:
    """Assumptions of the cost estimate: a number each, or low, likely and high."""
    block = _only_one(report, "usage", blocks)
    usage: dict[str, Mapping[str, float]] = {}
    for argument in by_name(report, block, "the usage block").values() if block else ():
        with report.collecting():
            estimate = _low_likely_high(constant(argument.value))
            if estimate is None:
                report.add(
                    argument.line,
                    f'"{argument.name}" should be {{ low = …, likely = …, high = … }}, three numbers from 0 up in this order.',
                )
            else:
                usage[argument.name] = estimate
    for inner in block.body.blocks if block else ():
        report.add(inner.line, f"The usage block contains arguments only: write {inner.kind} = {{ … }}.")
    return usage


def _low_likely_high(value: Value) -> dict[str, float] | None:
    given = value if isinstance(value, dict) else dict.fromkeys(_USAGE, value)
    numbers = [
        number
        for number in (given.get(name) for name in _USAGE)
        if isinstance(number, int | float) and not isinstance(number, bool)
    ]
    if given.keys() != set(_USAGE) or len(numbers) < len(_USAGE) or numbers != sorted(numbers) or numbers[0] < 0:
        return None
    return dict(zip(_USAGE, map(float, numbers), strict=True))
