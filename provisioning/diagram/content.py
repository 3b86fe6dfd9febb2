"""What of a design is drawn: the boxes of each component, who uses whom, and the network around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from provisioning.components.kinds.cloudformation.component import CloudFormation
from provisioning.components.kinds.network.component import NetworkSettings
from provisioning.components.kit.build import Build
from provisioning.components.kit.values import Box, settings_of
from provisioning.components.registry import component
from provisioning.design.graph import Design, Node


class Use(NamedTuple):
    user: str
    used: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """`boxes` and `kinds` (a component's title) are by address, the first box of each the one that arrows meet."""

    title: str
    region: str
    boxes: Mapping[str, tuple[Box, ...]]
    kinds: Mapping[str, str]
    uses: tuple[Use, ...]
    network: str = ""


def sketch(design: Design) -> Sketch:
    build = Build(design, component)
    uses = [
        Use(address, target.address, build.component(target).grant(target, build).label)
        for address, node in design.nodes.items()
        for target in build.targets(node)
    ]
    network = next(iter(design.of_kind("network")), None)
    return Sketch(
        title=f"{design.blueprint}, size {design.size}, in {design.environment.region}",
        region=design.environment.region,
        boxes={address: tuple(component(node.kind).boxes(node)) for address, node in design.nodes.items()},
        kinds={address: _kind(node) for address, node in design.nodes.items()},
        uses=tuple(uses),
        network=_network(settings_of(network, NetworkSettings)) if network else "",
    )


def _kind(node: Node) -> str:
    """What its boxes are; those of a template are its resources, which say themselves what they are."""
    return "" if node.kind == CloudFormation.kind else component(node.kind).title


def _network(settings: NetworkSettings) -> str:
    return f"VPC {settings.cidr} · {settings.azs} zones"
