"""Redis OSS on ElastiCache with TLS, encryption at rest and a password that is generated inside
AWS.

On nodes the password is the replication group's AUTH token. A serverless cache has only users, so
there it is the password of the user `default`. In both cases an application logs in with the
password alone. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from troposphere import Ref, Sub, elasticache
from typing_extensions import override

from provisioning.components.kit import cache, credentials, security
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.credentials import read_secret
from provisioning.components.kit.dynamic_references import secret_value
from provisioning.components.kit.values import Box, DashboardWidget, Family, Gives, Grant, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import ComponentName, logical_id


class RedisSettings(cache.CacheSettings):
    # The newest Redis OSS that ElastiCache offers; later versions of the engine are Valkey's.
    version: str = Field(default="7.1", pattern=r"^[67]\.[0-9]+$", description="Version of Redis OSS, at most 7.1")


class Redis(Component):
    kind = "redis"
    title = "Redis"
    summary = "ElastiCache for Redis OSS with a generated password"
    family = Family.DATABASES
    schema = RedisSettings
    gives = Gives(
        variables=("REDIS_HOST", "REDIS_PORT"),
        secrets=("REDIS_PASSWORD",),
        ports=f"port {cache.PORT}, with TLS",
        rights=("secretsmanager:GetSecretValue",),
    )
    needs = ("network",)
    has_security_group = True
    attributes = {
        "endpoint": "Host name that accepts writes",
        "port": "Port",
        "url": "rediss:// address, without the password",
        "id": "Name of the replication group or serverless cache, as in its metrics",
        "secret_arn": "ARN of the secret that holds the password",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, RedisSettings)
        called = ComponentName("redis", node.name).short
        security.group(node, build, ingress=security.from_users(node, build))
        secret = credentials.token(node, build, name=called, description="Redis password", title="Cache secret")
        password = Sub(secret_value(build, secret))
        if isinstance(settings.capacity, cache.Serverless):
            group = _only_user(node, build, called, password)
            cache.add_serverless(node, build, settings, engine="redis", called=called, UserGroupId=group)
        else:
            cache.add_nodes(node, build, settings, engine="redis", called=called, AuthToken=password)

    def boxes(self, node: Node) -> list[Box]:
        return [
            cache.box(node, settings_of(node, RedisSettings).capacity, "Redis"),
            Box("supporting", f"redis {node.name}", "Secrets", "generated in AWS"),
        ]

    @override
    def alarms(self, node: Node, build: Build) -> None:
        cache.add_alarms(node, build, settings_of(node, RedisSettings).capacity)

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        return cache.widgets(node, settings_of(node, RedisSettings).capacity)

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        capacity = settings_of(node, RedisSettings).capacity
        match name:
            case "endpoint":
                return cache.address(node, capacity, "Address")
            case "port":
                return cache.address(node, capacity, "Port")
            case "url":
                return cache.url(node, capacity)
            case "id":
                return Ref(logical_id(node.address))
            case "secret_arn":
                return Ref(logical_id(node.address, "Secret"))
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        secret = Ref(logical_id(node.address, "Secret"))
        return Grant(
            label=f"{cache.PORT} TLS",
            ports=(cache.PORT,),
            variables={
                "REDIS_HOST": self.attribute(node, "endpoint", build),
                "REDIS_PORT": self.attribute(node, "port", build),
            },
            secrets={"REDIS_PASSWORD": secret},
            secret_arns=(secret,),
            statements=(read_secret(secret),),
        )


def _only_user(node: Node, build: Build, called: str, password: Sub) -> Ref:
    """Add a group with one user, `default`. A client without a user name is that user and needs the
    password.
    """
    name = build.physical(called, limit=cache.NAME_LIMIT)
    user = elasticache.User(
        logical_id(node.address, "User"),
        UserId=name,
        UserName="default",
        Engine="redis",
        AccessString="on ~* +@all",
        AuthenticationMode=elasticache.AuthenticationMode(Type="password", Passwords=[password]),
    )
    build.add(node, user, "Cache user")
    group = elasticache.UserGroup(
        logical_id(node.address, "Users"), UserGroupId=name, Engine="redis", UserIds=[Ref(user.title)]
    )
    return build.add(node, group, "Cache user group")
