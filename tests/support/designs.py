"""Designs made by hand: small ones, and carbon-connect's with its settings varied (`shipped` has
the real one).
"""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.components.registry import component
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import Design, DesignOutput, EnvironmentContext, Node, Reference, Source

SIZES = ("dev", "staging", "prod")
PROD_OR_LONG = tuple(size if size == "prod" else pytest.param(size, marks=pytest.mark.long) for size in SIZES)
"""`make test` runs prod; `make test-long` the other sizes."""
REGIONS = ("eu-north-1", "eu-central-1", "us-east-1", "us-west-2", "eu-west-1")
ARN = "arn:aws:acm:eu-north-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
_SERVERLESS = {"mode": "serverless"}
_NODES = {"mode": "nodes", "node_type": "cache.t4g.medium", "nodes": 2}
SIZE_SETTINGS: dict[str, dict[str, Any]] = {
    "dev": {"nat": "single", "database_multi_az": False, "protect": False, "keep_data": False, "cache": _SERVERLESS},
    "staging": {"nat": "single", "database_multi_az": False, "protect": False, "keep_data": True, "cache": _SERVERLESS},
    "prod": {"nat": "per_az", "database_multi_az": True, "protect": True, "keep_data": True, "cache": _NODES},
}


def ref(text: str) -> Reference:
    return Reference(*text.split("."))


def node(kind: str, name: str, line: int = 1, **settings: Any) -> Node:
    made = component(kind).schema.model_validate(settings)
    return Node(kind, name, made, made.uses, Source("test/blueprint.hcl", line))


def design(
    *nodes: Node,
    size: str = "dev",
    region: str = "eu-north-1",
    name: str = "shop-dev",
    outputs: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
) -> Design:
    return Design(
        blueprint="carbon-connect",
        version="1.0.0",
        digest="0" * 64,
        size=size,
        environment=EnvironmentContext(
            name=name,
            team="payments",
            region=region,
            account_id="123456789012",
            environment_id=EXAMPLE_ENVIRONMENT_ID,
        ),
        nodes={item.address: item for item in nodes},
        outputs=tuple(
            DesignOutput(key, value, "", Source("test/blueprint.hcl", 1)) for key, value in (outputs or {}).items()
        ),
        settings=settings or {},
    )


def carbon_connect(
    size: str = "dev",
    *,
    region: str = "eu-north-1",
    name: str | None = None,
    certificate: dict[str, str] | None = None,
    repository: str | None = "example/carbon-connect",
    image: str = "public.ecr.aws/docker/library/python:3.13-slim",
) -> Design:
    chosen = SIZE_SETTINGS[size]
    keep = chosen["keep_data"]
    uses = tuple(
        ref(text)
        for text in (
            "postgres.main", "valkey.main", "service.search", "bucket.documents", "bucket.media",
            "secret.application", "secret.search_key", "secret.claude", "secret.climatiq",
        )
    )  # fmt: skip
    tiers = {
        tier: [f"10.0.{first + 16 * zone}.0/20" for zone in range(3)]
        for tier, first in (("public", 0), ("private", 48), ("data", 96))
    }
    nodes = [
        node("network", "main", cidr="10.0.0.0/16", azs=3, nat=chosen["nat"], tiers=tiers),
        node(
            "postgres", "main", version="16.13", instance_class="db.t4g.medium", storage_gb={"from": 50, "to": 200},
            multi_az=chosen["database_multi_az"], backup_days=7, protect=chosen["protect"], keep_data=keep,
            extensions=["vector", "uuid-ossp"],
        ),
        node("valkey", "main", capacity=chosen["cache"], keep_data=keep),
        node(
            "bucket", "documents", versioned=True, keep_data=keep,
            lifecycle={"intelligent_tiering_after_days": 30, "glacier_after_days": 180},
        ),
        node("bucket", "media", keep_data=keep),
        node("secret", "application", generate=["jwt_secret", "session_key"], description="JWT secret and session key of the application"),
        node("secret", "search_key", generate=["meili_master_key"], description="Meilisearch master key"),
        node("secret", "claude", provided=True, variable="CLAUDE_API_KEY", description="Claude API key"),
        node("secret", "climatiq", provided=True, variable="CLIMATIQ_API_KEY", description="Climatiq API key"),
        node("cluster", "main"),
        node(
            "service", "search", image="docker.io/getmeili/meilisearch:v1.11", port=7700, cpu=512, memory=1024,
            storage={"path": "/meili_data"}, keep_data=keep,
            environment={"MEILI_ENV": "production", "MEILI_NO_ANALYTICS": "true"}, uses=(ref("secret.search_key"),),
        ),
        node(
            "service", "api", image=image, port=8000, cpu=1024, memory=2048, metrics=True, uses=uses,
            tasks={"desired": 2, "min": 1, "max": 10, "cpu_target": 70, "memory_target": 75},
        ),
        node(
            "service", "worker", image=image, command=["celery", "-A", "app", "worker"], cpu=1024, memory=2048,
            capacity="spot", tasks={"desired": 2, "min": 1, "max": 10, "backlog_per_task": 100}, metrics=True, uses=uses,
        ),
        node(
            "service", "beat", image=image, command=["celery", "-A", "app", "beat"], cpu=256, memory=512,
            singleton=True, metrics=True, uses=(ref("valkey.main"),),
        ),
        node(
            "load_balancer", "public", certificate=certificate or {"arn": ARN}, target=ref("service.api"),
            health_check="/api/v1/health", waf={"requests_per_5_minutes": 2000}, protect=chosen["protect"],
        ),
        node(
            "deploy_role", "github", repository=repository,
            services=(ref("service.api"), ref("service.worker"), ref("service.beat")),
        ),
    ]  # fmt: skip
    outputs = {
        "url": ref("load_balancer.public.url"),
        "load_balancer_host": ref("load_balancer.public.host"),
        "database_endpoint": ref("postgres.main.endpoint"),
        "cache_endpoint": ref("valkey.main.endpoint"),
        "documents_bucket": ref("bucket.documents.name"),
        "media_bucket": ref("bucket.media.name"),
        "cluster_name": ref("cluster.main.name"),
        "deploy_role_arn": ref("deploy_role.github.arn"),
        "database_secret_arn": ref("postgres.main.secret_arn"),
        "application_secret_arn": ref("secret.application.arn"),
        "search_key_secret_arn": ref("secret.search_key.arn"),
        "claude_secret_arn": ref("secret.claude.arn"),
        "climatiq_secret_arn": ref("secret.climatiq.arn"),
    }
    return design(
        *nodes, size=size, region=region, name=name or f"carbon-connect-{size}", outputs=outputs, settings=chosen
    )
