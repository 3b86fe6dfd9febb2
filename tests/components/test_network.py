"""The network's subnets: explicit or derived, and subnets that are too small for their resources."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioning.components.kinds.network.settings import NetworkSettings
from provisioning.design.errors import DesignError
from provisioning.template.compile import compile_design
from tests.support.designs import ARN, design, node, ref
from tests.support.reading import Template


def _settings(cidr: str, azs: int, **more: Any) -> NetworkSettings:
    return NetworkSettings.model_validate({"cidr": cidr, "azs": azs, "nat": "single", **more})


def _ranges(cidr: str, azs: int) -> list[list[str]]:
    found = _settings(cidr, azs).subnets
    return [[str(subnet) for subnet in tier] for tier in (found.public, found.private, found.data)]


def test_three_zones_of_a_16_make_nine_equal_20s() -> None:
    assert _ranges("10.0.0.0/16", 3) == [
        ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"],
        ["10.0.48.0/20", "10.0.64.0/20", "10.0.80.0/20"],
        ["10.0.96.0/20", "10.0.112.0/20", "10.0.128.0/20"],
    ]


def test_two_zones_of_a_small_range_make_six_equal_parts() -> None:
    assert _ranges("192.168.7.0/24", 2) == [
        ["192.168.7.0/27", "192.168.7.32/27"],
        ["192.168.7.64/27", "192.168.7.96/27"],
        ["192.168.7.128/27", "192.168.7.160/27"],
    ]


@settings(deadline=None)
@given(azs=st.integers(2, 6), prefix=st.integers(16, 28), number=st.integers(0, 2**32 - 1))
def test_derived_subnets_are_equal_inside_apart_and_as_large_as_can_be(azs: int, prefix: int, number: int) -> None:
    cidr = IPv4Network((number, prefix), strict=False)
    try:
        found = _settings(str(cidr), azs).subnets
    except ValidationError as refused:
        assert "is too small for 3 tiers" in str(refused)
        assert cidr.num_addresses < 16 * 3 * azs or cidr.num_addresses // 16 < 2 ** (3 * azs - 1).bit_length()
        return
    subnets = [*found.public, *found.private, *found.data]
    (size,) = {subnet.num_addresses for subnet in subnets}
    assert len(subnets) == 3 * azs
    assert all(subnet.subnet_of(cidr) for subnet in subnets)
    assert not any(one.overlaps(other) for one in subnets for other in subnets if one is not other)
    assert 2 * size * 3 * azs > cidr.num_addresses >= size * 3 * azs


@pytest.mark.parametrize(
    ("cidr", "azs", "more", "sentence"),
    [
        ("10.0.0.0/15", 2, {}, "cidr is 10.0.0.0/15; a VPC's range must be between /16 and /28"),
        ("10.0.0.0/29", 2, {}, "a VPC's range must be between /16 and /28"),
        (
            "10.0.0.0/26",
            2,
            {},
            "cidr: 10.0.0.0/26 is too small for 3 tiers in 2 zones; use a /25 or larger",
        ),
        ("10.0.0.0/25", 3, {}, "use a /24 or larger"),
        (
            "10.0.0.0/24",
            2,
            {
                "tiers": {
                    "public": ["10.0.0.0/29", "10.0.0.8/29"],
                    "private": ["10.0.0.32/28", "10.0.0.48/28"],
                    "data": ["10.0.0.64/28", "10.0.0.80/28"],
                }
            },
            "tiers.public: 10.0.0.0/29 is too small; a subnet must be at least a /28",
        ),
    ],
)
def test_it_says_what_does_not_fit(cidr: str, azs: int, more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _settings(cidr, azs, **more)
    assert sentence in str(refused.value)


def _behind_a_balancer(tiers: dict[str, list[str]] | None, cidr: str = "10.0.0.0/16") -> Template:
    written: dict[str, Any] = {"tiers": tiers} if tiers else {}
    made = design(
        node("network", "main", cidr=cidr, azs=2, nat="single", **written),
        node("cluster", "main"),
        node("service", "api", image="public.ecr.aws/example/api:1", cpu=256, memory=512, port=8000),
        node("load_balancer", "public", certificate=ARN, target=ref("service.api"), health_check="/health"),
    )
    return Template(json.loads(compile_design(made).main.body))


def test_a_page_that_writes_its_ranges_out_gets_exactly_those() -> None:
    tiers = {
        "public": ["10.0.1.0/24", "10.0.2.0/24"],
        "private": ["10.0.10.0/24", "10.0.20.0/24"],
        "data": ["10.0.100.0/24", "10.0.200.0/24"],
    }
    template = _behind_a_balancer(tiers)
    assert {s["CidrBlock"] for s in template.of_type("AWS::EC2::Subnet").values()} == {
        cidr for tier in tiers.values() for cidr in tier
    }


def test_a_load_balancer_refuses_public_subnets_that_are_too_small_for_it() -> None:
    assert _behind_a_balancer(None, "10.0.0.0/24").of_type("AWS::EC2::Subnet")
    with pytest.raises(DesignError, match=r"load_balancer\.public needs public subnets of at least /27, and 10\.0\.0"):
        _behind_a_balancer(None, "10.0.0.0/25")
