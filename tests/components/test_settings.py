"""Settings refuse what AWS would refuse, in words that name the place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components import kinds as folders
from provisioning.components import registry
from provisioning.components.registry import UnknownComponent, component, kinds
from provisioning.design.graph import Reference
from tests.support.designs import ARN

NETWORK: dict[str, Any] = {
    "cidr": "10.0.0.0/16",
    "azs": 2,
    "nat": "single",
    "tiers": {
        "public": ["10.0.0.0/20", "10.0.16.0/20"],
        "private": ["10.0.32.0/20", "10.0.48.0/20"],
        "data": ["10.0.64.0/20", "10.0.80.0/20"],
    },
}
POSTGRES: dict[str, Any] = {"version": "16", "instance_class": "db.t4g.medium", "storage_gb": {"from": 50, "to": 200}}
SERVICE: dict[str, Any] = {"image": "x", "cpu": 256, "memory": 512}
BALANCER: dict[str, Any] = {"certificate": ARN, "target": Reference("service", "api"), "health_check": "/health"}
ROLE: dict[str, Any] = {"repository": "example/app", "services": [Reference("service", "api")]}
DOMAIN = {"domain": "a.example.com", "hosted_zone_id": "Z1"}


def _tier(tier: str, *ranges: str) -> dict[str, Any]:
    return {"tiers": {**NETWORK["tiers"], tier: list(ranges)}}


@pytest.mark.parametrize(
    ("kind", "base", "change", "sentence"),
    [
        ("network", NETWORK, {"azs": 3}, "tiers.public has 2 subnets, but azs is 3: list one per zone"),
        (
            "network",
            NETWORK,
            _tier("data", "10.1.0.0/20", "10.0.80.0/20"),
            "tiers.data: 10.1.0.0/20 is not inside 10.0.0.0/16",
        ),
        (
            "network",
            NETWORK,
            _tier("data", "10.0.64.0/20", "10.0.0.0/24"),
            "tiers.data: 10.0.0.0/24 overlaps 10.0.0.0/20",
        ),
        ("network", NETWORK, {"flow_log_days": 31}, "not 31"),
        ("network", NETWORK, {"nat": "two"}, "'single' or 'per_az'"),
        (
            "postgres",
            POSTGRES,
            {"storage_gb": {"from": 50, "to": 54}},
            "to (54) must be at least 10 % above from (50)",
        ),
        ("postgres", POSTGRES, {"colour": "red"}, "Extra inputs are not permitted"),
        ("postgres", POSTGRES, {"extensions": ['vector"; DROP TABLE x; --']}, "String should match pattern"),
        (
            "valkey",
            {},
            {"capacity": {"mode": "nodes", "node_type": "cache.t4g.medium", "nodes": 0}},
            "greater than or equal to 1",
        ),
        ("valkey", {}, {"capacity": {"mode": "cluster"}}, "'serverless', 'nodes'"),
        (
            "bucket",
            {},
            {"lifecycle": {"intelligent_tiering_after_days": 90, "glacier_after_days": 30}},
            "must be above",
        ),
        ("secret", {}, {}, "set either generate = [names] or provided = true"),
        ("secret", {}, {"generate": ["a"], "provided": True}, "set either generate"),
        ("secret", {}, {"generate": ["a"], "variable": "A"}, "variable needs provided = true"),
        ("cluster", {}, {"log_days": 10}, "not 10"),
        ("service", SERVICE, {"cpu": 300}, "cpu is 300; Fargate offers 256, 512"),
        ("service", SERVICE, {"memory": 4096}, "memory is 4096; with cpu 256 Fargate offers 512 to 2048"),
        (
            "service",
            SERVICE,
            {"singleton": True, "tasks": {"desired": 2, "max": 2, "min": 2}},
            "exactly one task: remove tasks",
        ),
        (
            "service",
            SERVICE,
            {"tasks": {"desired": 5, "min": 1, "max": 2, "cpu_target": 50}},
            "must be between min (1) and max (2)",
        ),
        ("service", SERVICE, {"tasks": {"min": 1, "max": 2}}, "set what the number follows"),
        ("service", SERVICE, {"tasks": {"cpu_target": 50}}, "remove the targets"),
        (
            "service",
            SERVICE,
            {"tasks": {"desired": 0, "min": 0, "max": 2, "backlog_per_task": 5}},
            "min must be at least 1",
        ),
        (
            "load_balancer",
            BALANCER,
            {"certificate": {}},
            "set its ARN, or a domain together with its hosted zone's id",
        ),
        ("load_balancer", BALANCER, {"certificate": {"domain": "a.example.com"}}, "together with its hosted zone's id"),
        ("load_balancer", BALANCER, {"certificate": {"arn": ARN, **DOMAIN}}, "not both"),
        ("load_balancer", BALANCER, {"certificate": "arn:aws:iam::1:x"}, "String should match pattern"),
        ("load_balancer", BALANCER, {"health_check": "health"}, "String should match pattern"),
        ("load_balancer", BALANCER, {"target": Reference("postgres", "main")}, "only a service is allowed here"),
        (
            "deploy_role",
            ROLE,
            {"services": [Reference("bucket", "x")]},
            "component.bucket.x is a bucket; only a service",
        ),
        ("deploy_role", ROLE, {"repository": "no-slash"}, "String should match pattern"),
        ("deploy_role", ROLE, {"repository": "a/b:ref:refs/heads/*"}, "String should match pattern"),
        ("deploy_role", ROLE, {"services": []}, "set what it may deploy: services, buckets or distributions"),
        ("deploy_role", ROLE, {"buckets": [Reference("redis", "a")]}, "is a redis; only a bucket is allowed here"),
        (
            "deploy_role",
            ROLE,
            {"distributions": [Reference("bucket", "a")]},
            "is a bucket; only a cdn is allowed here",
        ),
    ],
)
def test_it_refuses(kind: str, base: dict[str, Any], change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        component(kind).schema.model_validate({**base, **change})
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("network", NETWORK),
        ("postgres", POSTGRES),
        ("service", SERVICE),
        ("load_balancer", BALANCER),
        ("load_balancer", {**BALANCER, "certificate": DOMAIN}),
        ("deploy_role", ROLE),
        ("deploy_role", {**ROLE, "repository": ""}),
    ],
)
def test_it_accepts(kind: str, settings: dict[str, Any]) -> None:
    made = component(kind).schema.model_validate(settings)
    with pytest.raises(ValidationError, match="frozen"):
        made.uses = ()


def test_a_reference_is_never_made_from_a_map() -> None:
    with pytest.raises(ValidationError, match="instance of Reference"):
        component("load_balancer").schema.model_validate({**BALANCER, "target": {"kind": "service", "name": "api"}})


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(
        UnknownComponent, match=r'no component kind "mainframe"; known are .*bucket, .*cluster'
    ) as caught:
        component("mainframe")
    assert caught.value.known == kinds()


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_is_described(kind: str) -> None:
    found = component(kind)
    assert found.kind == kind
    assert found.title
    assert found.summary
    assert all(found.attributes.values())


@pytest.mark.parametrize(
    ("text", "defined"),
    [("", "none"), ('class Topic(Component):\n    kind = "subject"\n', "Topic")],
)
def test_a_folder_that_does_not_define_its_component_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, defined: str
) -> None:
    folder = tmp_path / "topic"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "component.py").write_text(f"from provisioning.components.kit.component import Component\n{text}")
    monkeypatch.setattr(folders, "__path__", [*folders.__path__, str(tmp_path)])
    try:
        with pytest.raises(ImportError, match=f'exactly one component, with kind = "topic"; it defines {defined}'):
            registry._discover("topic")
    finally:
        for name in [name for name in sys.modules if name.startswith(f"{folders.__name__}.topic")]:
            del sys.modules[name]
