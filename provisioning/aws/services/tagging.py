"""Resource Groups Tagging API: lists every resource of a region with a certain tag. Shows that
nothing is left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provisioning.aws.arns import type_and_id
from provisioning.aws.interface import TaggedResource
from provisioning.aws.resources import exists
from provisioning.aws.sessions import Clients
from provisioning.aws.types import aws_type

PAGE: Final = 100
"""The most resources that GetResources returns per page (API reference)."""


MAX_VALUES: Final = 20
"""The most values of one key that GetResources accepts (API reference)."""


def find_by_tag(aws: Clients, key: str, value: str) -> list[TaggedResource]:
    return find_by_tag_values(aws, key, [value])


def find_by_tag_values(aws: Clients, key: str, values: Sequence[str]) -> list[TaggedResource]:
    """Lists the resources that have one of at most twenty values.

    Leaves out resources that AWS still lists with their tags although they are deleted: their
    own service decides. A secret or key that is pending deletion can be restored, so it is listed.
    """
    if not values:
        return []  # AWS would take no value as any value
    if len(values) > MAX_VALUES:
        raise ValueError(f"GetResources accepts {MAX_VALUES} values of a tag, not {len(values)}")
    pages = aws.tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": key, "Values": list(values)}], PaginationConfig={"PageSize": PAGE}
    )
    resources = [
        TaggedResource(arn=entry["ResourceARN"], tags={tag["Key"]: tag["Value"] for tag in entry.get("Tags", [])})
        for page in pages
        for entry in page["ResourceTagMappingList"]
        if entry.get("ResourceARN")
    ]
    return [resource for resource in resources if not _is_deleted(aws, resource.arn)]


def _is_deleted(aws: Clients, arn: str) -> bool:
    known = type_and_id(arn)
    return known is not None and aws_type(known[0]).listed_after_deletion and exists(aws, *known) is False
