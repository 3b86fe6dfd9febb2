"""A web ACL that blocks an IP address that sends too many requests, for load balancers and CDNs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import Field
from troposphere import wafv2

from provisioning.components.kit.values import Block

_WINDOW_SECONDS = 300


class Waf(Block):
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
    requests_per_5_minutes: int = Field(
        ge=10, le=2_000_000_000, description="Number of requests in five minutes above which an IP address is blocked"
    )


def acl(
    title: str, waf: Waf, *, scope: Literal["REGIONAL", "CLOUDFRONT"], metric: Callable[[str], str]
) -> wafv2.WebACL:
    """Return the web ACL. `metric` names the metrics of the whole ACL (`web`) and of the rate limit
    (`rate`).
    """

    def visible(name: str) -> wafv2.VisibilityConfig:
        return wafv2.VisibilityConfig(
            CloudWatchMetricsEnabled=True, SampledRequestsEnabled=True, MetricName=metric(name)
        )

    limit = wafv2.RateBasedStatement(
        Limit=waf.requests_per_5_minutes, EvaluationWindowSec=_WINDOW_SECONDS, AggregateKeyType="IP"
    )
    return wafv2.WebACL(
        title,
        Scope=scope,
        DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
        VisibilityConfig=visible("web"),
        Rules=[
            wafv2.WebACLRule(
                Name="rate",
                Priority=0,
                Action=wafv2.RuleAction(Block=wafv2.BlockAction()),
                Statement=wafv2.Statement(RateBasedStatement=limit),
                VisibilityConfig=visible("rate"),
            )
        ],
    )
