"""The task of a service: its role, its definition and its containers."""

from __future__ import annotations

import re
from typing import Any

from troposphere import GetAtt, Ref, Sub, ecs

from provisioning.components.kinds.cluster import component as cluster
from provisioning.components.kinds.service import file_system
from provisioning.components.kinds.service.settings import Before, ServiceSettings
from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.logs import log_group
from provisioning.components.kit.values import settings_of
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# Fargate Spot gives two minutes' notice, and a worker should finish its job. This is Fargate's maximum.
_STOP_SECONDS = 120


def role(node: Node, build: Build, settings: ServiceSettings) -> GetAtt:
    """Add the containers' role. What the service uses decides what the role may do."""
    statements = [statement for grant in build.grants(node) for statement in grant.statements]
    if settings.metrics:
        # CloudWatch has no resources for metrics; the namespace limits the right.
        own = {"StringEquals": {"cloudwatch:namespace": build.names.metric_namespace}}
        statements.append(iam.allow(["cloudwatch:PutMetricData"], "*", own))
    if settings.storage:
        statements.append(file_system.statement(node))
    if settings.assume_roles:
        statements.append(iam.allow(["sts:AssumeRole"], [_any_partition(arn) for arn in settings.assume_roles]))
    resource = iam.role(
        logical_id(node.address, "Role"),
        build,
        trust=iam.trusts("ecs-tasks.amazonaws.com"),
        statements=statements,
    )
    build.add(node, resource, "Task role")
    return GetAtt(resource.title, "Arn")


def definition(node: Node, build: Build, settings: ServiceSettings, task_role: GetAtt) -> Ref:
    """Add the task definition and its log group."""
    home = build.only("cluster", needed_by=node)
    days = settings_of(home, cluster.ClusterSettings).log_days
    logs = log_group(node, build, name=build.names.log_group(node.name), days=days)
    container = _container(node, build, settings, logs)
    resource = ecs.TaskDefinition(
        logical_id(node.address, "Task"),
        Family=build.physical(node.name, limit=255),
        Cpu=str(settings.cpu),
        Memory=str(settings.memory),
        NetworkMode="awsvpc",
        RequiresCompatibilities=["FARGATE"],
        RuntimePlatform=cluster.runtime_platform(home),
        ExecutionRoleArn=cluster.execution_role(home),
        TaskRoleArn=task_role,
        ContainerDefinitions=[container],
    )
    if settings.before:
        first = _first(container, settings.before, logs)
        resource.ContainerDefinitions = [first, container]
        container.DependsOn = [ecs.ContainerDependency(ContainerName=first.Name, Condition="SUCCESS")]
    if settings.storage:
        resource.Volumes = [file_system.volume(node)]
    return build.add(node, resource, "Task definition")


def _container(node: Node, build: Build, settings: ServiceSettings, logs: Ref) -> ecs.ContainerDefinition:
    variables: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for grant in build.grants(node):
        variables |= grant.variables
        secrets |= grant.secrets
    if settings.metrics:
        variables["METRICS_NAMESPACE"] = build.names.metric_namespace
    variables |= {name: build.value(value) for name, value in settings.environment.items()}
    container = ecs.ContainerDefinition(
        Name=node.name,
        Image=settings.image,
        Essential=True,
        LogConfiguration=cluster.awslogs(logs, node.name),
        StopTimeout=_STOP_SECONDS,
    )
    if variables:
        container.Environment = cluster.variables(variables)
    if secrets:
        container.Secrets = cluster.secrets(secrets)
    if settings.command:
        container.Command = list(settings.command)
    if settings.port:
        container.PortMappings = [ecs.PortMapping(ContainerPort=settings.port, Protocol="tcp")]
    if settings.storage:
        container.MountPoints = [ecs.MountPoint(SourceVolume=node.name, ContainerPath=settings.storage.path)]
    return container


def _first(container: ecs.ContainerDefinition, before: Before, logs: Ref) -> ecs.ContainerDefinition:
    """Return a container with the same image, variables and secrets but another command, which
    ends.
    """
    name = f"{container.Name}-before"
    first = ecs.ContainerDefinition(
        Name=name,
        Image=container.Image,
        Essential=False,
        Command=list(before.command),
        LogConfiguration=cluster.awslogs(logs, name),
    )
    for shared in ("Environment", "Secrets", "MountPoints"):
        if shared in container.properties:
            setattr(first, shared, container.properties[shared])
    return first


def _any_partition(arn: str) -> Sub:
    """Return the ARN in the stack's own partition. Blueprints write `arn:aws:`."""
    return Sub(re.sub(r"^arn:aws[a-z-]*:", "arn:${AWS::Partition}:", arn))
