"""MySQL or MariaDB on RDS, chosen by one setting: both use the same protocol and port."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from typing_extensions import override

from provisioning.components.kit import database, security
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, DashboardWidget, Family, Grant, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import ComponentName

PORT = 3306
_TITLES = {"mariadb": "MariaDB", "mysql": "MySQL"}


class MysqlSettings(database.DatabaseSettings):
    engine: Literal["mariadb", "mysql"] = Field(description="Which of the two engines")
    version: str = Field(
        pattern=r"^[0-9]+\.[0-9]+(\.[0-9]+)?$",
        description="Version of the engine, such as 11.4.10 for MariaDB or 8.4.8 for MySQL",
    )
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints
    username: str = Field(
        default="app_admin",
        pattern=r"^[a-z][a-z0-9_]{0,15}$",
        description="Name of the database's owner, at most 16 characters",
    )


class Mysql(Component):
    kind = "mysql"
    title = "MySQL or MariaDB"
    summary = "RDS for MySQL or MariaDB with TLS required, backups and a generated password"
    family = Family.DATABASES
    schema = MysqlSettings
    gives = database.gives(PORT)
    needs = ("network",)
    has_security_group = True
    attributes = database.ATTRIBUTES

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, MysqlSettings)
        database.add(node, build, settings, _engine(node, settings), ingress=security.from_users(node, build))

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, MysqlSettings)
        return database.boxes(node, settings, _TITLES[settings.engine])

    @override
    def alarms(self, node: Node, build: Build) -> None:
        database.add_alarms(node, build)

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        return database.widgets(node)

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name not in self.attributes:
            return super().attribute(node, name, build)
        return database.attribute(node, name, settings_of(node, MysqlSettings))

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        return database.grant(node, settings_of(node, MysqlSettings), PORT)


def _engine(node: Node, settings: MysqlSettings) -> database.Engine:
    called = ComponentName(settings.engine, node.name).short
    return database.Engine(
        name=settings.engine,
        port=PORT,
        family=settings.engine + ".".join(settings.version.split(".")[:2]),
        # The slow query log is exported only if the server writes it to a file.
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.MySQL.LogFileSize.html
        parameters={"require_secure_transport": "1", "slow_query_log": "1", "log_output": "FILE"},
        logs=("error", "slowquery"),
        called=called,
        secret=called,
        url=("mysql", ""),
    )
