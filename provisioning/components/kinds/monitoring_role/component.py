"""A role with which Grafana, in any account, reads metrics and this environment's logs, and nothing
else.

CloudWatch has no resources for most read actions, so the role can read the metrics of the whole
account, but only the logs of this environment.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator
from troposphere import GetAtt, Sub

from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.external_names import AccountId
from provisioning.components.kit.values import Box, Family, Settings, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# https://grafana.com/docs/grafana/latest/datasources/aws-cloudwatch/configure/#iam-policies
_METRICS = [
    "cloudwatch:DescribeAlarms",
    "cloudwatch:DescribeAlarmsForMetric",
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "ec2:DescribeInstances",
    "ec2:DescribeRegions",
    "ec2:DescribeTags",
]
_LOGS = ["logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery"]
_OWN_LOGS = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogGroupFields", "logs:StartQuery"]


class MonitoringRoleSettings(Settings):
    account_id: AccountId | None = Field(
        default=None, description="AWS account in which Grafana runs; without it there is no role"
    )
    external_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_+=,.@:/-]{8,1224}$",
        description="External id that Grafana shows; it is required to assume the role",
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.account_id) != bool(self.external_id):
            raise ValueError(
                "set account_id and external_id together: a role that a whole account may assume needs both"
            )
        return self


class MonitoringRole(Component):
    kind = "monitoring_role"
    title = "Monitoring role"
    summary = "Role with which Grafana reads metrics and this environment's logs"
    family = Family.ACCESS
    schema = MonitoringRoleSettings
    attributes = {"arn": "ARN of the role (only with an account)"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, MonitoringRoleSettings)
        if settings.account_id is None:
            return
        trust = iam.policy(
            [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": Sub(f"arn:${{AWS::Partition}}:iam::{settings.account_id}:root")},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": settings.external_id}},
                }
            ]
        )
        own = iam.account_arn("logs", f"log-group:{build.names.log_group('*')}")
        role = iam.role(
            logical_id(node.address),
            build,
            trust=trust,
            statements=[iam.allow(_METRICS, "*"), iam.allow(_LOGS, "*"), iam.allow(_OWN_LOGS, own)],
            description="Grafana reads metrics and logs",
        )
        build.add(node, role, "Monitoring role")

    def boxes(self, node: Node) -> list[Box]:
        if settings_of(node, MonitoringRoleSettings).account_id is None:
            return []
        return [Box("supporting", node.name, "Monitoring role", "reads only")]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "arn":
            given = settings_of(node, MonitoringRoleSettings).account_id
            return GetAtt(logical_id(node.address), "Arn") if given else None
        return super().attribute(node, name, build)
