"""PostgreSQL on RDS. A post-deployment task creates the extensions (`extensions.py`)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from provisioning.components.kinds.postgres import extensions
from provisioning.components.kit import database, security
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, DashboardWidget, Family, Grant, settings_of
from provisioning.design.graph import Node

PORT = 5432


class PostgresSettings(database.DatabaseSettings):
    version: str = Field(
        pattern=r"^[0-9]+(\.[0-9]+)?$",
        description="Version of PostgreSQL, such as 16.13; AWS installs newer minor versions automatically",
    )
    extensions: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")], ...] = Field(
        default=(), description="Extensions that a post-deployment task inside the network creates"
    )


class Postgres(Component):
    kind = "postgres"
    title = "PostgreSQL"
    summary = "RDS for PostgreSQL with growing storage, backups and a generated password"
    family = Family.DATABASES
    schema = PostgresSettings
    gives = database.gives(PORT)
    needs = ("network",)
    has_security_group = True
    attributes = database.ATTRIBUTES

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, PostgresSettings)
        ingress = security.from_users(node, build)
        if settings.extensions:
            ingress.append(security.admit(PORT, extensions.security_group(node)))
        database.add(node, build, settings, _engine(node, settings), ingress=ingress)
        if settings.extensions:
            extensions.task(
                node,
                build,
                extensions=settings.extensions,
                major=_major(settings),
                grant=self.grant(node, build),
                port=PORT,
                log_days=settings.log_days,
            )

    def boxes(self, node: Node) -> list[Box]:
        return database.boxes(node, settings_of(node, PostgresSettings), "PostgreSQL")

    @override
    def alarms(self, node: Node, build: Build) -> None:
        database.add_alarms(node, build)

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        return database.widgets(node)

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name not in self.attributes:
            return super().attribute(node, name, build)
        return database.attribute(node, name, settings_of(node, PostgresSettings))

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        return database.grant(node, settings_of(node, PostgresSettings), PORT)


def _major(settings: PostgresSettings) -> str:
    return settings.version.split(".", maxsplit=1)[0]


def _engine(node: Node, settings: PostgresSettings) -> database.Engine:
    return database.Engine(
        name="postgres",
        port=PORT,
        family=f"postgres{_major(settings)}",
        parameters={"rds.force_ssl": "1"},
        logs=("postgresql",),
        called=node.name,
        secret=f"database-{node.name}",
        url=("postgresql", "?sslmode=require"),
    )
