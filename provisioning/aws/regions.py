"""The regions that AWS has, from botocore's own data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import botocore.session
from botocore.loaders import Loader

_LOADER: Final = Loader()


@cache
def known_regions() -> frozenset[str]:
    """Return the codes of all regions with CloudFormation, of every partition."""
    session = botocore.session.Session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("cloudformation", partition)
    )


@cache
def _titles() -> Mapping[str, str]:
    """Return AWS's name of each region by its code: botocore's data has them as descriptions."""
    return MappingProxyType(
        {
            code: str(region["description"])
            for partition in _LOADER.load_data("endpoints")["partitions"]
            for code, region in partition["regions"].items()
        }
    )


def region_title(code: str) -> str:
    """Return AWS's name of a region, such as `Europe (Ireland)`; empty for an unknown code."""
    return _titles().get(code, "")


def region_name(code: str) -> str:
    """Return a region as people read it: `Europe (Ireland) eu-west-1`."""
    return f"{region_title(code)} {code}".strip()


@cache
def partition_of(region: str) -> str:
    """Return the partition of a region: `aws`, `aws-cn` or `aws-us-gov`; `aws` for an unknown code."""
    for partition in _LOADER.load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["partition"])
    return "aws"
