"""Forwards the logs of services, functions and brokers, as they are written, through a function to
Loki.

It is a `function` that is subscribed to every log group of the environment except its own. Network
flow logs are left out: there are many, and nobody reads them line by line.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from troposphere import GetAtt, Ref, awslambda, logs
from typing_extensions import override

from provisioning.components.kinds.function.component import Function
from provisioning.components.kinds.function.settings import FunctionSettings
from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.credentials import read_secret
from provisioning.components.kit.external_names import SecretName
from provisioning.components.kit.values import Box, DashboardWidget, Family, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_SHIPPED_KINDS = ("service", "function", "rabbitmq")


class LogShippingSettings(FunctionSettings):
    loki_url: str | None = Field(
        default=None,
        pattern=r"^https://[A-Za-z0-9.-]+(:443)?(/[A-Za-z0-9._~/-]*)?$",
        description="Address of Loki, https on port 443; without it there is no function and nothing is shipped",
    )
    login_secret: SecretName | None = Field(
        default=None,
        description="Name of a secret in the account that holds user:password for Loki",
    )


class LogShipping(Function):
    kind = "log_shipping"
    title = "Log shipping"
    summary = "Function that forwards the environment's logs to Loki"
    family = Family.MONITORING
    schema = LogShippingSettings
    attributes = {"arn": "ARN of the function, if there is one"}

    def build(self, node: Node, build: Build) -> None:
        if settings_of(node, LogShippingSettings).loki_url:
            super().build(node, build)

    def finish(self, node: Node, build: Build) -> None:
        """Subscribe to the log groups of all other components."""
        if not settings_of(node, LogShippingSettings).loki_url:
            return
        target = GetAtt(logical_id(node.address), "Arn")
        permission = awslambda.Permission(
            logical_id(node.address, "Permission"),
            FunctionName=Ref(logical_id(node.address)),
            Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com",
            SourceAccount=Ref("AWS::AccountId"),
            SourceArn=iam.account_arn("logs", f"log-group:{build.names.log_group('*')}:*"),
        )
        build.add(node, permission, "Permission for CloudWatch Logs")
        for other in (found for kind in _SHIPPED_KINDS for found in build.design.of_kind(kind)):
            subscription = logs.SubscriptionFilter(
                logical_id(node.address, f"Of{logical_id(other.address)}"),
                LogGroupName=Ref(logical_id(other.address, "Logs")),
                FilterPattern="",
                DestinationArn=target,
                DependsOn=permission.title,
            )
            build.add(node, subscription, f"Logs of {other.address}")

    def boxes(self, node: Node) -> list[Box]:
        if not settings_of(node, LogShippingSettings).loki_url:
            return []
        return [Box("private", node.name, "Log shipping", "to Loki")]

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        return super().widgets(node, build) if settings_of(node, LogShippingSettings).loki_url else []

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "arn" and not settings_of(node, LogShippingSettings).loki_url:
            return None
        return super().attribute(node, name, build)

    def variables(self, node: Node, build: Build) -> dict[str, Any]:
        settings = settings_of(node, LogShippingSettings)
        return super().variables(node, build) | {
            "ENVIRONMENT": build.name,
            "LOKI_URL": settings.loki_url or "",
            "LOKI_LOGIN_SECRET": settings.login_secret or "",
        }

    def statements(self, node: Node, build: Build) -> list[Any]:
        secret = settings_of(node, LogShippingSettings).login_secret
        # Secrets Manager adds six characters to a name.
        own = [read_secret(iam.account_arn("secretsmanager", f"secret:{secret}-??????"))] if secret else []
        return [*super().statements(node, build), *own]
