"""Everything in a region that carries a tag: the proof that nothing was left."""

from __future__ import annotations

import re
from typing import Final

from provisioning.aws.existence import exists
from provisioning.aws.port import TaggedResource
from provisioning.aws.sessions import Clients

PAGE: Final = 100
"""The most resources that GetResources gives at once (API reference)."""

# Services that keep the dead on their lists, tags and all, some for ever: their own answer decides. The group is the physical id.
# A secret or key that waits for its deletion is not among them: it is still there to be restored, and a receipt names it.
_KEEPS_THE_DEAD: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"^arn:[^:]+:ecs:[^:]+:\d+:cluster/(.+)$"), "AWS::ECS::Cluster"),
    (re.compile(r"^(arn:[^:]+:ecs:[^:]+:\d+:service/.+)$"), "AWS::ECS::Service"),
    (re.compile(r"^(arn:[^:]+:ecs:[^:]+:\d+:task-definition/.+)$"), "AWS::ECS::TaskDefinition"),
    (re.compile(r"^arn:[^:]+:ec2:[^:]+:\d+:natgateway/(.+)$"), "AWS::EC2::NatGateway"),
    (re.compile(r"^arn:[^:]+:ec2:[^:]+:\d+:instance/(.+)$"), "AWS::EC2::Instance"),
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
    for pattern, resource_type in _KEEPS_THE_DEAD:
        if match := pattern.match(arn):
            return exists(aws, resource_type, match.group(1)) is False
    return False
