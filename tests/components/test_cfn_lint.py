"""cfn-lint has nothing to say about the settings that no shipped blueprint uses, all of them in one
design.

Every kind as the blueprints use it is linted in `tests/template/test_every_blueprint.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.components.kit.packages import FILES
from provisioning.components.registry import component
from provisioning.design.graph import Node, Source
from provisioning.template.compile import CompiledDesign, compile_design
from provisioning.template.dependencies import dependency_levels
from tests.components.cdns import LARGEST
from tests.components.small import TIERS, rendered
from tests.support.designs import ARN, design, node, ref
from tests.support.linting import lint, lint_all

POSTGRES: dict[str, Any] = {"version": "17.9", "instance_class": "db.t4g.medium", "storage_gb": {"from": 20, "to": 100}}
MYSQL: dict[str, Any] = {"version": "8.4.8", "instance_class": "db.t4g.micro", "storage_gb": {"from": 20}}
SERVICE: dict[str, Any] = {"image": "public.ecr.aws/example/api:1", "cpu": 256, "memory": 512, "port": 8000}
MODELS = ["amazon.nova-lite-v1:0", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu.amazon.nova-pro-v1:0"]


def _with_code(kind: str, name: str, **settings: Any) -> Node:
    given = {"code": "code", "handler": "handler.go", **settings}
    made = component(kind).schema.model_validate(given, context={FILES: {"code/handler.py": b"def go(): ..."}})
    return Node(kind, name, made, made.uses, Source("test/blueprint.hcl", 1))


def _stores(size: str) -> list[Node]:
    keep = size != "dev"
    return [
        node("postgres", "main", url_secret=True, extensions=["vector"], performance_insights=True, **POSTGRES),
        node("mysql", "main", url_secret=True, engine="mysql", **MYSQL),
        node("mysql", "maria", engine="mariadb", **MYSQL | {"version": "11.4.10"}),
        node("backup", "monthly", databases=[ref("postgres.main"), ref("mysql.main")]),
        node("redis", "main", capacity={"mode": "serverless"}, keep_data=keep),
        node("redis", "one", capacity={"mode": "nodes", "node_type": "cache.t4g.micro", "nodes": 1}),
        node("redis", "two", capacity={"mode": "nodes", "node_type": "cache.t4g.micro", "nodes": 2}),
        node("rabbitmq_broker", "main", deployment="single", instance_type="mq.m7g.large"),
        node("rabbitmq_broker", "cluster", deployment="cluster", instance_type="mq.m7g.large"),
        node("queue", "jobs", visibility_seconds=300, keep_days=2, tries=3, old_after_minutes=10),
        node("bucket", "site", keep_data=keep),
        node("bucket", "widgets", keep_data=keep),
        node("bucket", "storage", critical=True, keep_data=True, replica_within_15_minutes=keep,
             lifecycle={"intelligent_tiering_after_days": 30, "glacier_after_days": 90}),
        node("secret", "key", generate=["api_key"]),
    ]  # fmt: skip


def _mail() -> list[Node]:
    return [
        node("email", "zone", domain="mail.example.com", hosted_zone_id="Z1"),
        node("email", "domain", domain="example.com"),
        node("email", "address", address="a@example.com"),
        node("email", "existing", domain="a.example.com", existing=True),
    ]


def _edge(size: str) -> list[Node]:
    keep = size != "dev"
    return [
        node("load_balancer", "public", certificate=ARN, target=ref("service.api"), health_check="/health", http_redirect=False),
        node("load_balancer", "named", target=ref("service.web"), health_check="/health",
             certificate={"domain": "app.example.com", "hosted_zone_id": "Z0123456789"}),
        node("cdn", "plain", origin=ref("bucket.site")),
        node("cdn", "errors", origin=ref("bucket.site"), error_page="/404.html", cache="origin"),
        node("cdn", "web", origin=ref("bucket.site"), keep_data=keep, **LARGEST),
    ]  # fmt: skip


def _everything(size: str, region: str) -> CompiledDesign:
    stores, mail = _stores(size), _mail()
    tasks = {"desired": 2, "min": 2, "max": 10, "cpu_target": 70}
    used = [n for n in (*stores, *mail) if n.kind != "backup"]
    uses = (*(ref(n.address) for n in used), ref("bedrock.main"))
    outputs = {f"{n.kind}-{n.name}".replace("_", "-"): ref(f"{n.address}.name") for n in stores if n.kind == "bucket"}
    outputs |= {"hook_url": ref("function.hook.url"), "hook_host": ref("function.hook.host")}
    made = design(
        node("network", "main", cidr="10.0.0.0/16", azs=2, nat="single", tiers=TIERS),
        node("cluster", "main"),
        node("service", "api", first_alone=True, tasks=tasks, before={"command": ["migrate"]}, uses=uses, **SERVICE),
        node("service", "web", **SERVICE),
        node("bedrock", "main", models=MODELS),
        *stores,
        *mail,
        *_edge(size),
        _with_code("function", "hook", url=True, dead_letter=True, environment={"SIZE": 5}, uses=(ref("secret.key"),)),
        _with_code("function", "outside", in_network=False),
        _with_code("log_shipping", "loki", loki_url="https://loki.example.com", login_secret="loki/login"),
        node("deploy_role", "github", repository="example/shop", services=[ref("service.api")],
             buckets=[ref("bucket.site")], distributions=[ref("cdn.web")]),
        node("alarm_topic", "main"),
        node("dashboard", "main"),
        size=size, region=region, outputs=outputs,
    )  # fmt: skip
    return compile_design(made)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "region"), [pytest.param("dev", "us-east-1", marks=pytest.mark.long), ("prod", "eu-central-1")]
)
def test_cfn_lint_says_nothing_about_any_setting(size: str, region: str) -> None:
    made = _everything(size, region)
    assert [stack.stack for stack in made.stacks if stack is not made.main] == (
        ["replica"] if region == "us-east-1" else ["replica", "edge"]
    )
    assert lint_all(made) == []
    assert all(dependency_levels(stack.body) for stack in made.stacks)


def test_cfn_lint_is_really_asked() -> None:
    template = rendered(node("mysql", "main", engine="mysql", **MYSQL))
    body = json.dumps(template.body).replace('"db.t4g.micro"', '"db.t4g.enormous"')
    assert any("db.t4g.enormous" in remark for remark in lint(body))
