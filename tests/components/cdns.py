"""Two buckets with a CDN in front of the first, and how to read what comes of it."""

from __future__ import annotations

import json
from typing import Any

from provisioning.design.graph import Node
from provisioning.template.compile import CompiledDesign, compile_design
from tests.components.small import TIERS
from tests.support.designs import ARN, design, node, ref
from tests.support.reading import Template

YEAR = 31_536_000
EDGE_ARN = "arn:aws:acm:us-east-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
NAMED: dict[str, Any] = {"domain": "www.example.com", "hosted_zone_id": "Z123"}
MANAGED = {
    "disabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "optimized": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    "security": "67f7725c-6f97-4210-82d7-5512b31e9d03",
    "viewer": "216adef6-5c7f-47e4-b989-5492eafa07d3",
    "but-host": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
}


def compiled(*more: Node, region: str = "eu-central-1", **settings: Any) -> CompiledDesign:
    """Two buckets, and a CDN `web` with these settings in front of the first."""
    nodes = (
        node("bucket", "site"),
        node("bucket", "widgets"),
        node("cdn", "web", origin=ref("bucket.site"), **settings),
    )
    outputs = {name: ref(f"cdn.web.{name}") for name in ("url", "host", "id", "arn")}
    return compile_design(design(*nodes, *more, region=region, outputs=outputs))


def main(*more: Node, region: str = "eu-central-1", **settings: Any) -> Template:
    return Template(json.loads(compiled(*more, region=region, **settings).main.body))


def config(template: Template) -> dict[str, Any]:
    return dict(template.one("AWS::CloudFront::Distribution")["DistributionConfig"])


def behaviour(template: Template, pattern: str) -> dict[str, Any]:
    (found,) = [b for b in config(template)["CacheBehaviors"] if b["PathPattern"] == pattern]
    return dict(found)


def headers(template: Template, of: dict[str, Any]) -> dict[str, Any]:
    """The headers policy of a behaviour, with its own headers as a map."""
    found = dict(template.properties(of["ResponseHeadersPolicyId"])["ResponseHeadersPolicyConfig"])
    own = found.get("CustomHeadersConfig", {}).get("Items", [])
    return found | {"own": {item["Header"]: item["Value"] for item in own if item["Override"]}}


def balancer(certificate: Any = ARN) -> tuple[Node, ...]:
    return (
        node("network", "main", cidr="10.0.0.0/16", azs=2, nat="single", tiers=TIERS),
        node("cluster", "main"),
        node("service", "api", image="public.ecr.aws/example/api:1", cpu=256, memory=512, port=8080),
        node("load_balancer", "public", certificate=certificate, target=ref("service.api"), health_check="/health"),
    )


API = [{"pattern": "/api/*", "origin": ref("load_balancer.public")}]
LARGEST: dict[str, Any] = {
    "pages": "single",
    "assets": ["/assets/*", "/fonts/*"],
    "paths": [
        *API,
        {"pattern": "/widgets/*", "origin": ref("bucket.widgets"), "cache": "year", "embeddable": True},
        {"pattern": "/news/*", "cache": "origin"},
    ],
    "content_security_policy": "default-src 'self'",
    "waf": {"requests_per_5_minutes": 2000},
    "log_days": 90,
    **NAMED,
}
