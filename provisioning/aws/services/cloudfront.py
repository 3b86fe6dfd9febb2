"""CloudFront: existence checks, distributions and policies. A global service, which answers the same in every region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provisioning.aws.account_reads import Distribution, EdgePolicyKind
from provisioning.aws.sessions import Clients


def has_cache_policy(aws: Clients, policy_id: str) -> bool:
    return bool(aws.client("cloudfront").get_cache_policy(Id=policy_id)["CachePolicy"])


def has_origin_access_identity(aws: Clients, identity_id: str) -> bool:
    answer = aws.client("cloudfront").get_cloud_front_origin_access_identity(Id=identity_id)
    return bool(answer["CloudFrontOriginAccessIdentity"])


def has_distribution(aws: Clients, distribution_id: str) -> bool:
    return bool(aws.client("cloudfront").get_distribution(Id=distribution_id)["Distribution"])


def has_function(aws: Clients, arn: str) -> bool:
    """The id is the ARN, the API takes the name: arn:…:function/<name>. Every function has a
    development stage.
    """
    name = arn.rpartition("/")[2]
    return bool(aws.client("cloudfront").describe_function(Name=name, Stage="DEVELOPMENT")["FunctionSummary"])


def has_key_group(aws: Clients, group_id: str) -> bool:
    return bool(aws.client("cloudfront").get_key_group(Id=group_id)["KeyGroup"])


def has_origin_access_control(aws: Clients, control_id: str) -> bool:
    return bool(aws.client("cloudfront").get_origin_access_control(Id=control_id)["OriginAccessControl"])


def has_origin_request_policy(aws: Clients, policy_id: str) -> bool:
    return bool(aws.client("cloudfront").get_origin_request_policy(Id=policy_id)["OriginRequestPolicy"])


def has_public_key(aws: Clients, key_id: str) -> bool:
    return bool(aws.client("cloudfront").get_public_key(Id=key_id)["PublicKey"])


def has_response_headers_policy(aws: Clients, policy_id: str) -> bool:
    return bool(aws.client("cloudfront").get_response_headers_policy(Id=policy_id)["ResponseHeadersPolicy"])


def distributions(aws: Clients) -> Sequence[Distribution]:
    pages = aws.client("cloudfront").get_paginator("list_distributions").paginate()
    return [
        Distribution(entry["Id"], tuple(entry.get("Aliases", {}).get("Items", [])))
        for page in pages
        for entry in page["DistributionList"].get("Items", [])
    ]


def count_policies(aws: Clients, kind: EdgePolicyKind) -> int:
    client = aws.client("cloudfront")
    if kind is EdgePolicyKind.CACHE:
        return _count(lambda page: client.list_cache_policies(Type="custom", **page)["CachePolicyList"])
    return _count(
        lambda page: client.list_response_headers_policies(Type="custom", **page)["ResponseHeadersPolicyList"]
    )


def _count(list_page: Callable[[dict[str, str]], Mapping[str, Any]]) -> int:
    """Adds up all pages of a list for which botocore has no paginator."""
    page = list_page({})
    count = len(page.get("Items", []))
    while page.get("NextMarker"):
        page = list_page({"Marker": page["NextMarker"]})
        count += len(page.get("Items", []))
    return count
