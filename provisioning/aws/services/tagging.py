"""Everything in a region that carries a tag: the proof that nothing was left."""

from __future__ import annotations

from typing import Final

from provisioning.aws.arns import type_and_id
from provisioning.aws.existence import exists
from provisioning.aws.interface import TaggedResource
from provisioning.aws.sessions import Clients

PAGE: Final = 100
"""The most resources that GetResources gives at once (API reference)."""

# Types that stay on the list when they are dead, tags and all, some for ever: their own service's answer decides.
# A secret or key that waits for its deletion is not among them: it is still there to be restored, and a receipt names it.
_KEEPS_THE_DEAD: Final = frozenset(
    {
        "AWS::EC2::Instance",
        "AWS::EC2::NatGateway",
        "AWS::ECS::Cluster",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
    }
)


def find_by_tag(aws: Clients, key: str, value: str) -> list[TaggedResource]:
    pages = aws.tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": key, "Values": [value]}], PaginationConfig={"PageSize": PAGE}
    )
    found = [
        TaggedResource(arn=entry["ResourceARN"], tags={tag["Key"]: tag["Value"] for tag in entry.get("Tags", [])})
        for page in pages
        for entry in page["ResourceTagMappingList"]
        if entry.get("ResourceARN")
    ]
    return [resource for resource in found if not _is_dead(aws, resource.arn)]


def _is_dead(aws: Clients, arn: str) -> bool:
    known = type_and_id(arn)
    return known is not None and known[0] in _KEEPS_THE_DEAD and exists(aws, *known) is False
