"""Which availability zones a template chooses.

`Fn::Select [n, Fn::GetAZs ""]` is the n-th zone that GetAZs returns, and the resolver marks it with
its number. GetAZs returns only zones that have a default subnet, unless no zone has one:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-getavailabilityzones.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from provisioning.aws.account_reads import Zone
from provisioning.lifecycle.preflight.subject import Subject
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_known

_MARKED: Final = re.compile(r"⟦zone (\d+) of [^⟧]+⟧")


def zone_numbers(resource: Resource) -> tuple[int, ...]:
    """The positions in GetAZs, from 0, of the zone that a subnet or volume is put in; empty if it
    names its zone or leaves it to AWS.
    """
    match = _MARKED.fullmatch(str(resource.get("AvailabilityZone", "")))
    return (int(match[1]) - 1,) if match else ()


def zone_name(resource: Resource) -> str:
    """The zone that a template names; empty if it names none."""
    value = resource.get("AvailabilityZone")
    return value if isinstance(value, str) and value and is_known(value) else ""


def zones_of_get_azs(zones: Sequence[Zone]) -> Sequence[Zone]:
    return [zone for zone in zones if zone.has_default_subnet] or list(zones)


def zone_names(subject: Subject, subnets: Iterable[object], zones: Sequence[Zone]) -> tuple[str, ...]:
    """The names of the zones of these subnets, given as values that refer to them, in order and each
    once. A subnet that leaves its zone to AWS counts for none.
    """
    offered = zones_of_get_azs(zones)
    names: list[str] = []
    for value in subnets:
        subnet = subject.model.find(value, "AWS::EC2::Subnet")
        if subnet is None:
            continue
        if name := zone_name(subnet):
            names.append(name)
        names += [offered[number].name for number in zone_numbers(subnet) if number < len(offered)]
    return tuple(dict.fromkeys(names))
