"""CloudFront's quotas: distributions and custom policies. They hold for the whole account, and
Service Quotas knows them in us-east-1 only.

The defaults are low: 20 cache policies and 20 response headers policies per account.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from provisioning.aws.account_reads import EdgePolicyKind
from provisioning.lifecycle.preflight.check import Check, Question, Verdict, World
from provisioning.lifecycle.preflight.checks.quotas import Quota, within
from provisioning.lifecycle.preflight.subject import GLOBAL_REGION, Subject

DISTRIBUTIONS: Final = Quota("cloudfront", "L-24B04930", "distribution", "distributions")
CACHE_POLICIES: Final = Quota("cloudfront", "L-7D134442", "cache policy", "cache policies")
RESPONSE_HEADERS_POLICIES: Final = Quota(
    "cloudfront", "L-CF0D4FC5", "response headers policy", "response headers policies"
)


def _distributions(world: World) -> int:
    return len(world.aws.once(world.aws.account.distributions))


def _cache_policies(world: World) -> int:
    return world.aws.once(world.aws.account.count_edge_policies, EdgePolicyKind.CACHE)


def _response_headers_policies(world: World) -> int:
    return world.aws.once(world.aws.account.count_edge_policies, EdgePolicyKind.RESPONSE_HEADERS)


def _counted(
    quota: Quota, resource_type: str, count: Callable[[World], int]
) -> Callable[[Subject], Iterator[Question]]:
    def questions(subject: Subject) -> Iterator[Question]:
        adds = len(list(subject.of(resource_type)))
        if not adds:
            return

        def ask(world: World) -> Verdict:
            limit = world.aws.once(world.aws.account.quota, quota.service, quota.code)
            return within(used=count(world), adds=adds, limit=limit, quota=quota, where="the account")

        yield Question(GLOBAL_REGION, f"Quota of CloudFront {quota.plural}", ask)

    return questions


CHECKS: Final = (
    Check(
        "quotas.distributions",
        "CloudFront distribution quota",
        _counted(DISTRIBUTIONS, "AWS::CloudFront::Distribution", _distributions),
        ("quota", "distributions"),
    ),
    Check(
        "quotas.cache_policies",
        "Cache policy quota",
        _counted(CACHE_POLICIES, "AWS::CloudFront::CachePolicy", _cache_policies),
        ("quota", "count_edge_policies"),
    ),
    Check(
        "quotas.response_headers_policies",
        "Response headers policy quota",
        _counted(RESPONSE_HEADERS_POLICIES, "AWS::CloudFront::ResponseHeadersPolicy", _response_headers_policies),
        ("quota", "count_edge_policies"),
    ),
)
