"""The subnets of a design's one network, by tier."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field
from troposphere import Ref

from provisioning.components.kit.build import Build
from provisioning.components.kit.values import Settings, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

TierName: TypeAlias = Literal["public", "private", "data"]
TIERS: tuple[TierName, ...] = ("public", "private", "data")


class ZonedSettings(Settings):
    """What other components must know about a network: it has one subnet for each tier and zone."""

    azs: int = Field(ge=2, le=6, description="Number of availability zones")


def subnet_ids(build: Build, tier: TierName, *, needed_by: Node) -> list[str]:
    """Return the logical ids of a tier's subnets in the design's one network."""
    network = build.only("network", needed_by=needed_by)
    zones = settings_of(network, ZonedSettings).azs
    return [logical_id(network.address, f"{tier.capitalize()}{zone}") for zone in range(1, zones + 1)]


def subnet_refs(build: Build, tier: TierName, *, needed_by: Node) -> list[Ref]:
    return [Ref(name) for name in subnet_ids(build, tier, needed_by=needed_by)]
