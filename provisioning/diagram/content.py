"""The content of a diagram: the boxes of each component, which component uses which, and the
network around them.

A plan stores this content and never the drawing, so that a page draws it with the states of the
moment, and an improvement of the drawing shows on environments that exist already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from provisioning.components.kinds.cloudformation.component import CloudFormation
from provisioning.components.kinds.network.settings import NetworkSettings
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import Box, settings_of
from provisioning.components.registry import component
from provisioning.design.graph import OUTPUT_PARAMETERS, OUTPUT_PARAMETERS_TITLE, Design, Node

VERSION = 1  # of the stored form


class Use(NamedTuple):
    user: str
    used: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class DiagramContent:
    """`boxes` and `kinds` (a component's title) are by address; arrows meet the first box of each
    address.
    """

    title: str
    region: str
    boxes: Mapping[str, tuple[Box, ...]]
    kinds: Mapping[str, str]
    uses: tuple[Use, ...]
    network: str = ""

    def as_json(self) -> dict[str, Any]:
        """The stored form, whose keys do not follow the names in the code."""
        return {
            "version": VERSION,
            "title": self.title,
            "region": self.region,
            "network": self.network,
            "components": [
                {"address": address, "kind": self.kinds[address], "boxes": [_box_as_json(box) for box in boxes]}
                for address, boxes in self.boxes.items()
            ],
            "uses": [{"user": use.user, "used": use.used, "label": use.label} for use in self.uses],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DiagramContent:
        """Raises ValueError for a form that this code does not read."""
        if data.get("version") != VERSION:
            raise ValueError(f"The stored diagram has version {data.get('version')!r}; this code reads {VERSION}.")
        return cls(
            title=data["title"],
            region=data["region"],
            network=data["network"],
            boxes={entry["address"]: tuple(map(_box_from_json, entry["boxes"])) for entry in data["components"]},
            kinds={entry["address"]: entry["kind"] for entry in data["components"]},
            uses=tuple(Use(use["user"], use["used"], use["label"]) for use in data["uses"]),
        )


def _box_as_json(box: Box) -> dict[str, Any]:
    return {
        "tier": box.tier,
        "name": box.name,
        "kind": box.kind,
        "fact": box.fact,
        "label": box.label,
        "egress": box.egress,
        "region": box.region,
    }


def _box_from_json(data: Mapping[str, Any]) -> Box:
    return Box(
        tier=data["tier"],
        name=data["name"],
        kind=data["kind"],
        fact=data["fact"],
        label=data["label"],
        egress=data["egress"],
        region=data["region"],
    )


def content_of(design: Design) -> DiagramContent:
    build = Build(design, component)
    uses = [
        Use(address, target.address, build.component(target).grant(target, build).label)
        for address, node in design.nodes.items()
        for target in build.targets(node)
    ]
    network = next(iter(design.of_kind("network")), None)
    network_settings = settings_of(network, NetworkSettings) if network else None
    boxes = {address: tuple(component(node.kind).boxes(node)) for address, node in design.nodes.items()}
    kinds = {address: _kind_for_people(node) for address, node in design.nodes.items()}
    if design.output_parameters:
        boxes[OUTPUT_PARAMETERS] = (Box("supporting", OUTPUT_PARAMETERS_TITLE, "Parameter Store", "for programs"),)
        kinds[OUTPUT_PARAMETERS] = "Parameter Store"
    return DiagramContent(
        title=f"{design.blueprint}, size {design.size}, in {design.environment.region}",
        region=design.environment.region,
        boxes=boxes,
        kinds=kinds,
        uses=tuple(uses),
        network=f"VPC {network_settings.cidr} · {network_settings.azs} zones" if network_settings else "",
    )


def _kind_for_people(node: Node) -> str:
    """The title of a component's kind. Boxes of an imported template are its resources and name
    their own kind.
    """
    return "" if node.kind == CloudFormation.kind else component(node.kind).title
