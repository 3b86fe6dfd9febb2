"""The ECS cluster: Fargate and Fargate Spot, one processor architecture, Container Insights,
service discovery.

It also owns the execution role, with which ECS starts tasks: it pulls images, writes to the
environment's log groups and reads the secrets that tasks receive.

Services find each other through a private DNS namespace rather than Service Connect: a proxy in
every task would take CPU and memory that the blueprint promises to the task, and one search engine
needs a name, not load balancing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from troposphere import GetAtt, Ref, Sub, ecs, servicediscovery

from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.logs import check_days, log_group
from provisioning.components.kit.values import Box, Family, Grant, Settings, settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_PRIVATE_IMAGE = re.compile(r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/([^:@]+)")


class ClusterSettings(Settings):
    container_insights: bool = Field(
        default=True, description="Collect metrics of every task; scaling on a backlog needs them"
    )
    architecture: Literal["arm64", "x86_64"] = Field(
        default="arm64", description="Processor architecture of all images in the cluster"
    )
    log_days: Annotated[int, AfterValidator(check_days)] = Field(
        default=30, description="Days to keep the services' logs"
    )


class Cluster(Component):
    kind = "cluster"
    title = "Cluster"
    summary = "ECS cluster on Fargate"
    family = Family.COMPUTE
    schema = ClusterSettings
    attributes = {"name": "Name of the cluster", "arn": "ARN of the cluster"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, ClusterSettings)
        insights = "enabled" if settings.container_insights else "disabled"
        resource = ecs.Cluster(
            logical_id(node.address),
            ClusterName=build.physical(node.name, limit=255),
            CapacityProviders=["FARGATE", "FARGATE_SPOT"],
            ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value=insights)],
        )
        if settings.container_insights:
            # Otherwise ECS creates this log group itself, without retention, and it is never deleted.
            log_group(
                node,
                build,
                name=f"/aws/ecs/containerinsights/{resource.ClusterName}/performance",
                days=settings.log_days,
                suffix="Insights",
            )
            resource.DependsOn = logical_id(node.address, "InsightsLogs")
        build.add(node, resource, "Cluster")
        if any(has_name(service, build) for service in build.design.of_kind("service")):
            network = build.only("network", needed_by=node)
            build.add(
                node,
                servicediscovery.PrivateDnsNamespace(
                    logical_id(node.address, "Namespace"),
                    Name=namespace(build),
                    Vpc=Ref(logical_id(network.address, "Vpc")),
                ),
                "Private DNS namespace",
            )
        _execution_role(node, build)

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, ClusterSettings)
        chips = "Graviton (ARM64)" if settings.architecture == "arm64" else "x86-64"
        insights = ", insights" if settings.container_insights else ""
        return [Box("supporting", node.name, "ECS cluster", f"{chips}{insights}")]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "name":
            return Ref(logical_id(node.address))
        if name == "arn":
            return GetAtt(logical_id(node.address), "Arn")
        return super().attribute(node, name, build)


def has_name(service: Node, build: Build) -> bool:
    """Return whether the service has a DNS name: it listens on a port, and another service uses it."""
    listens = getattr(service.settings, "port", None) is not None
    return listens and any(user.kind == "service" for user in build.users(service))


def namespace(build: Build) -> str:
    return f"{build.names.prefix}.internal"


def execution_role(node: Node) -> GetAtt:
    return GetAtt(logical_id(node.address, "ExecutionRole"), "Arn")


def runtime_platform(node: Node) -> ecs.RuntimePlatform:
    settings = settings_of(node, ClusterSettings)
    return ecs.RuntimePlatform(CpuArchitecture=settings.architecture.upper(), OperatingSystemFamily="LINUX")


def awslogs(group: Ref, prefix: str) -> ecs.LogConfiguration:
    return ecs.LogConfiguration(
        LogDriver="awslogs",
        Options={
            "awslogs-group": group,
            "awslogs-region": Ref("AWS::Region"),
            "awslogs-stream-prefix": prefix,
        },
    )


def variables(values: Mapping[str, Any]) -> list[ecs.Environment]:
    """Return a task's variables, sorted by name so that equal designs give equal templates."""
    return [ecs.Environment(Name=name, Value=values[name]) for name in sorted(values)]


def secrets(values: Mapping[str, Any]) -> list[ecs.Secret]:
    return [ecs.Secret(Name=name, ValueFrom=values[name]) for name in sorted(values)]


def repositories(build: Build) -> list[Sub]:
    """Return the ECR repositories that the environment may pull from: those of its images, and its
    team's.
    """
    images = (getattr(service.settings, "image", "") for service in build.design.of_kind("service"))
    named = {match[1] for image in images if (match := _PRIVATE_IMAGE.match(image))}
    return [iam.account_arn("ecr", f"repository/{name}") for name in [*sorted(named), build.names.pulled_repositories]]


def pull_statements(build: Build) -> list[dict[str, Any]]:
    # ECR has no narrower resource for a login token.
    return [
        iam.allow(["ecr:GetAuthorizationToken"], "*"),
        iam.allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repositories(build)
        ),
    ]


def _execution_role(node: Node, build: Build) -> None:
    statements = pull_statements(build)
    statements.append(
        iam.allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            iam.account_arn("logs", f"log-group:{build.names.log_group('*')}:*"),
        )
    )
    if needed := _read_at_start(build, lambda grant: grant.secret_arns):
        statements.append(iam.allow(["secretsmanager:GetSecretValue"], needed))
    if parameters := _read_at_start(build, lambda grant: grant.parameter_arns):
        statements.append(iam.allow(["ssm:GetParameters"], parameters))
    role = iam.role(
        logical_id(node.address, "ExecutionRole"),
        build,
        trust=iam.trusts("ecs-tasks.amazonaws.com"),
        statements=statements,
        description="Starts tasks: pulls images, writes logs, reads the secrets that tasks receive",
    )
    build.add(node, role, "Execution role")


def _read_at_start(build: Build, arns: Callable[[Grant], tuple[Any, ...]]) -> list[Any]:
    """Return the ARNs that the services' task definitions name, each once."""
    found: dict[str, Any] = {}
    for service in build.design.of_kind("service"):
        for grant in build.grants(service):
            for arn in arns(grant):
                found.setdefault(str(arn.to_dict()), arn)
    return list(found.values())
