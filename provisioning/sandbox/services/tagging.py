"""GetResources of the Resource Groups Tagging API for every service that a stack here uses, with
filters and pages.
"""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.private import tagging
from provisioning.sandbox.services.calls import Body, RefusedError, add_calls
from provisioning.sandbox.services.tag_collectors import COLLECTORS

PAGE, LARGEST_PAGE = 50, 100


def tagged_resources() -> dict[str, dict[str, str]]:
    """All tagged resources of the request's account and region, sorted by ARN."""
    found = {arn: tags for collect in COLLECTORS.values() for arn, tags in collect() if arn and tags}
    return dict(sorted(found.items()))


def _wanted(body: Body, arn: str, tags: dict[str, str]) -> bool:
    if body.get("ResourceARNList") and arn not in body["ResourceARNList"]:
        return False
    types = body.get("ResourceTypeFilters") or []
    return tagging.matches_type_filters(arn, types) and all(
        item["Key"] in tags and (not item.get("Values") or tags[item["Key"]] in item["Values"])
        for item in body.get("TagFilters") or []
    )


def _get_resources(body: Body) -> Body:
    size = int(body.get("ResourcesPerPage") or PAGE)
    if not 1 <= size <= LARGEST_PAGE:
        raise RefusedError(
            "InvalidParameterException", f"ResourcesPerPage is {size}; it has to be from 1 to {LARGEST_PAGE}."
        )
    found = {arn: tags for arn, tags in tagged_resources().items() if _wanted(body, arn, tags)}
    after = body.get("PaginationToken") or ""
    left = [arn for arn in found if arn > after]
    page = left[:size]
    shown = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in found[arn].items()]}
        for arn in page
    ]
    return {"ResourceTagMappingList": shown, "PaginationToken": page[-1] if len(left) > size else ""}


def _get_tag_keys(_body: Body) -> Body:
    return {"TagKeys": sorted({key for tags in tagged_resources().values() for key in tags}), "PaginationToken": ""}


def _get_tag_values(body: Body) -> Body:
    values = {tags[body["Key"]] for tags in tagged_resources().values() if body["Key"] in tags}
    return {"TagValues": sorted(values), "PaginationToken": ""}


def inventory(tag: str) -> list[dict[str, Any]]:
    """For people: all resources of the account and region with a tag `key=value` (or any tag, for
    an empty one).
    """
    key, _, value = tag.partition("=")
    return [{"arn": arn, "tags": tags} for arn, tags in tagged_resources().items() if not key or tags.get(key) == value]


def install() -> None:
    add_calls("tagging", {"GetResources": _get_resources, "GetTagKeys": _get_tag_keys, "GetTagValues": _get_tag_values})
