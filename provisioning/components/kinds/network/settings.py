"""Settings of a network block: its address range, and how subnets divide it."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from provisioning.components.kit.logs import check_days
from provisioning.components.kit.subnets import TIERS, ZonedSettings
from provisioning.components.kit.values import Block

# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_LARGEST, _SMALLEST = 16, 28


class Tiers(Block):
    public: tuple[IPv4Network, ...] = Field(
        min_length=2, description="With a route to the internet; for load balancers"
    )
    private: tuple[IPv4Network, ...] = Field(
        min_length=2, description="Egress through NAT only; for services and functions"
    )
    data: tuple[IPv4Network, ...] = Field(min_length=2, description="Without any route to the internet; for databases")


class NetworkSettings(ZonedSettings):
    cidr: IPv4Network = Field(description="Address range of the VPC")
    nat: Literal["single", "per_az"] = Field(description="One NAT gateway for all zones, or one per zone")
    tiers: Tiers | None = Field(
        default=None,
        description="The subnets of each tier, one per zone; by default cidr is divided into equal parts",
    )
    flow_log_days: Annotated[int | None, AfterValidator(check_days)] = Field(
        default=30, description="Days to keep flow logs; null for none"
    )

    @model_validator(mode="after")
    def _subnets_fit(self) -> Self:
        """Require one subnet per tier and zone, all inside the network and none overlapping
        another.
        """
        if not _LARGEST <= self.cidr.prefixlen <= _SMALLEST:
            raise ValueError(f"cidr is {self.cidr}; a VPC's range must be between /{_LARGEST} and /{_SMALLEST}")
        seen: list[IPv4Network] = []
        for tier in TIERS:
            subnets: tuple[IPv4Network, ...] = getattr(self.subnets, tier)
            if len(subnets) != self.azs:
                raise ValueError(f"tiers.{tier} has {len(subnets)} subnets, but azs is {self.azs}: list one per zone")
            for subnet in subnets:
                if subnet.prefixlen > _SMALLEST:
                    raise ValueError(f"tiers.{tier}: {subnet} is too small; a subnet must be at least a /{_SMALLEST}")
                if not subnet.subnet_of(self.cidr):
                    raise ValueError(f"tiers.{tier}: {subnet} is not inside {self.cidr}")
                if clash := next((other for other in seen if subnet.overlaps(other)), None):
                    raise ValueError(f"tiers.{tier}: {subnet} overlaps {clash}")
                seen.append(subnet)
        return self

    @property
    def subnets(self) -> Tiers:
        return self.tiers or _equal_parts(self.cidr, self.azs)


def _equal_parts(cidr: IPv4Network, azs: int) -> Tiers:
    """Return the largest equal subnets that fit: nine /20 for `10.0.0.0/16` in 3 zones, six /19 in
    2 zones.
    """
    deeper = (len(TIERS) * azs - 1).bit_length()
    if cidr.prefixlen + deeper > _SMALLEST:
        raise ValueError(
            f"cidr: {cidr} is too small for {len(TIERS)} tiers in {azs} zones; use a /{_SMALLEST - deeper} or larger"
        )
    parts = list(cidr.subnets(prefixlen_diff=deeper))
    return Tiers(public=tuple(parts[:azs]), private=tuple(parts[azs : 2 * azs]), data=tuple(parts[2 * azs : 3 * azs]))
