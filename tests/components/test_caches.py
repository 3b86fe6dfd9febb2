"""Redis and Valkey on ElastiCache."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.registry import component
from tests.components.small import rendered
from tests.support.designs import node

TOKEN = {"Fn::Sub": "{{resolve:secretsmanager:${RedisSecret}:SecretString}}"}


def _nodes(count: int) -> dict[str, Any]:
    return {"mode": "nodes", "node_type": "cache.t3.micro", "nodes": count}


@pytest.mark.parametrize("count", [1, 2])
def test_redis_on_nodes_asks_for_its_token_and_fails_over_where_it_can(count: int) -> None:
    template = rendered(node("redis", "main", capacity=_nodes(count)))
    cache = template.one("AWS::ElastiCache::ReplicationGroup")
    assert cache["AuthToken"] == TOKEN
    assert cache["ReplicationGroupId"] == "payments-shop-dev-nd524-redis"
    assert (cache["AutomaticFailoverEnabled"], cache["MultiAZEnabled"]) == (count > 1, count > 1)
    assert (cache["TransitEncryptionEnabled"], cache["AtRestEncryptionEnabled"]) == (True, True)
    assert set(template.variables("api")) == {"REDIS_HOST", "REDIS_PORT"}
    assert template.secrets("api") == {"REDIS_PASSWORD": {"Ref": "RedisSecret"}}
    generated = template.one("AWS::SecretsManager::Secret")["GenerateSecretString"]
    # ElastiCache takes 16 to 128 characters, and few that are neither letters nor digits.
    assert generated == {"PasswordLength": 64, "ExcludePunctuation": True}


def test_redis_without_servers_has_one_user_with_the_same_password() -> None:
    template = rendered(node("redis", "main", capacity={"mode": "serverless"}, keep_data=True))
    cache = template.one("AWS::ElastiCache::ServerlessCache")
    assert (cache["Engine"], cache["MajorEngineVersion"]) == ("redis", "7")
    assert cache["FinalSnapshotName"].startswith("payments-shop-dev-nd524-redis-final")
    group = template.properties(cache["UserGroupId"])
    (user,) = [template.properties(reference) for reference in group["UserIds"]]
    assert user["UserName"] == "default"
    assert user["AuthenticationMode"] == {"Type": "password", "Passwords": [TOKEN]}
    assert template.secrets("api") == {"REDIS_PASSWORD": {"Ref": "RedisSecret"}}
    assert template.variables("api")["REDIS_HOST"] == {"Fn::GetAtt": ["Redis", "Endpoint.Address"]}


def test_two_caches_of_one_design_have_names_of_their_own() -> None:
    template = rendered(node("redis", "locks", capacity=_nodes(1)), node("valkey", "locks", capacity=_nodes(1)))
    names = {c["ReplicationGroupId"] for c in template.of_type("AWS::ElastiCache::ReplicationGroup").values()}
    assert names == {"payments-shop-dev-nd524-redis-locks", "payments-shop-dev-nd524-locks"}


def test_what_can_be_asked_of_redis() -> None:
    wanted = ("endpoint", "port", "url", "id", "secret_arn")
    template = rendered(
        node("redis", "main", capacity=_nodes(2)), outputs={name: f"redis.main.{name}" for name in wanted}
    )
    outputs = {name: value["Value"] for name, value in template.body["Outputs"].items()}
    assert outputs == {
        "Endpoint": {"Fn::GetAtt": ["Redis", "PrimaryEndPoint.Address"]},
        "Port": {"Fn::GetAtt": ["Redis", "PrimaryEndPoint.Port"]},
        "Url": {"Fn::Sub": "rediss://${Redis.PrimaryEndPoint.Address}:${Redis.PrimaryEndPoint.Port}"},
        "Id": {"Ref": "Redis"},
        "SecretArn": {"Ref": "RedisSecret"},
    }


@pytest.mark.parametrize(
    ("kind", "settings", "sentence"),
    [
        ("redis", {"capacity": _nodes(0)}, "greater than or equal to 1"),
        ("redis", {"capacity": _nodes(1), "version": "8.0"}, "String should match pattern"),
        ("redis", {"capacity": {"mode": "nodes", "nodes": 1}}, "Field required"),
        ("redis", {}, "Field required"),
        ("valkey", {"capacity": _nodes(7)}, "less than or equal to 6"),
    ],
)
def test_it_refuses(kind: str, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        component(kind).schema.model_validate(settings)
    assert sentence in str(caught.value)
