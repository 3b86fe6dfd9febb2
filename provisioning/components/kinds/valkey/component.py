"""Valkey on ElastiCache, serverless or on nodes, with TLS and encryption at rest.

A user gets `CACHE_URL` (rediss://) and is admitted on the cache's port.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from typing_extensions import override

from provisioning.components.kit import cache, security
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, DashboardWidget, Family, Gives, Grant, settings_of
from provisioning.design.graph import Node


class ValkeySettings(cache.CacheSettings):
    version: str = Field(default="8.0", pattern=r"^[0-9]+\.[0-9]+$", description="Version of Valkey")


class Valkey(Component):
    kind = "valkey"
    title = "Valkey"
    summary = "ElastiCache for Valkey: cache, sessions and task queues"
    family = Family.DATABASES
    schema = ValkeySettings
    gives = Gives(variables=("CACHE_URL",), ports=f"port {cache.PORT}, with TLS")
    needs = ("network",)
    has_security_group = True
    attributes = {"endpoint": "Host name that accepts writes", "port": "Port", "url": "rediss:// address"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, ValkeySettings)
        security.group(node, build, ingress=security.from_users(node, build))
        serverless = isinstance(settings.capacity, cache.Serverless)
        add = cache.add_serverless if serverless else cache.add_nodes
        add(node, build, settings, engine="valkey", called=node.name)

    def boxes(self, node: Node) -> list[Box]:
        return [cache.box(node, settings_of(node, ValkeySettings).capacity, "Valkey")]

    @override
    def alarms(self, node: Node, build: Build) -> None:
        cache.add_alarms(node, build, settings_of(node, ValkeySettings).capacity)

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        return cache.widgets(node, settings_of(node, ValkeySettings).capacity)

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        capacity = settings_of(node, ValkeySettings).capacity
        match name:
            case "endpoint":
                return cache.address(node, capacity, "Address")
            case "port":
                return cache.address(node, capacity, "Port")
            case "url":
                return cache.url(node, capacity)
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        return Grant(
            label=f"{cache.PORT} TLS", ports=(cache.PORT,), variables={"CACHE_URL": self.attribute(node, "url", build)}
        )
