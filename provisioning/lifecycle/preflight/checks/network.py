"""Address ranges. AWS refuses subnets that do not fit into their VPC or overlap each other; it does
not mind two VPCs with the same range, unless somebody connects them.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations
from typing import Final

from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World, blocking, passed, warning
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_known

# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_LARGEST, _SMALLEST = 16, 28


def _range(resource: Resource) -> IPv4Network | None:
    value = resource.get("CidrBlock")
    if not isinstance(value, str) or not is_known(value):
        return None
    try:
        return IPv4Network(value, strict=False)
    except ValueError:
        return None


def _ranges(subject: Subject) -> Iterator[Question]:
    for vpc in subject.of("AWS::EC2::VPC"):
        block = _range(vpc)
        if block is None:
            continue
        subnets = [
            (subnet, size)
            for subnet in subject.of("AWS::EC2::Subnet")
            if subject.model.find(subnet.get("VpcId")) is vpc and (size := _range(subnet)) is not None
        ]
        problem = _problem(block, [(subject.title_of(subnet), size) for subnet, size in subnets])

        def ask(world: World, block: IPv4Network = block, problem: str = problem) -> Verdict:
            if problem:
                return blocking(problem, "Correct the address ranges in the inputs.")
            return _overlap(world, block)

        yield Question(subject.region_of(vpc), f"Address range {block}", ask, address=vpc.logical_id)


def _problem(block: IPv4Network, subnets: list[tuple[str, IPv4Network]]) -> str:
    for title, size in (("The VPC", block), *subnets):
        if not _LARGEST <= size.prefixlen <= _SMALLEST:
            return f"{title} has the range {size}. AWS accepts /{_LARGEST} to /{_SMALLEST}."
    for title, size in subnets:
        if not size.subnet_of(block):
            return f"{title} has the range {size}, which is outside the VPC's {block}."
    for (one, size), (other, other_size) in combinations(subnets, 2):
        if size.overlaps(other_size):
            return f"{one} and {other} overlap: {size} and {other_size}."
    return ""


def _overlap(world: World, block: IPv4Network) -> Verdict:
    vpcs = world.aws.once(world.aws.account.vpcs)
    same = [vpc for vpc in vpcs if any(IPv4Network(other).overlaps(block) for other in vpc.cidr_blocks)]
    connected = [vpc for vpc in same if vpc.is_connected]
    if connected:
        return warning(
            f"The range {block} overlaps {connected[0].vpc_id} ({', '.join(connected[0].cidr_blocks)}), which is "
            "connected to other networks. AWS creates the VPC, but it can never be connected to that one.",
            "Choose a range that no connected VPC uses, if this environment is to reach them.",
        )
    if same:
        count = "another VPC uses" if len(same) == 1 else f"{len(same)} other VPCs use"
        return passed(f"The range {block} is valid. In this region, {count} it too, which AWS allows.")
    return passed(f"The range {block} is valid, and no other VPC of this region uses it.")


CHECKS: Final = (Check("network.ranges", "Address ranges", _ranges, ("vpcs",)),)
