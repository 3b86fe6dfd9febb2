"""A post-deployment task that creates PostgreSQL's extensions from inside the network.

RDS has no property for extensions, and nothing but the database's users may reach it.
"""

from __future__ import annotations

from troposphere import GetAtt, Ref, ecs

from provisioning.components.kinds.cluster import component as cluster
from provisioning.components.kit import iam, security
from provisioning.components.kit.build import Build
from provisioning.components.kit.logs import log_group
from provisioning.components.kit.subnets import subnet_ids
from provisioning.components.kit.values import Grant, PostDeploymentTask
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

CONTAINER = "extensions"
_URL = "DATABASE_URL"
_PSQL_NAMES = {
    "DATABASE_HOST": "PGHOST",
    "DATABASE_PORT": "PGPORT",
    "DATABASE_NAME": "PGDATABASE",
    "DATABASE_USERNAME": "PGUSER",
    "DATABASE_PASSWORD": "PGPASSWORD",
}


def security_group(node: Node) -> GetAtt:
    return GetAtt(logical_id(node.address, "ExtensionsSg"), "GroupId")


def task(
    node: Node,
    build: Build,
    *,
    extensions: tuple[str, ...],
    major: str,
    grant: Grant,
    port: int,
    log_days: int,
) -> None:
    """Add the task definition, its egress to the database, and the post-deployment task that runs
    it.
    """
    home = build.only("cluster", needed_by=node)
    group = security.group(node, build, ingress=(), egress=[security.HTTPS_OUT], suffix="Extensions")
    security.let_out(node, build, port=port, source=security_group(node), to=node, part="Extensions")
    logs = log_group(
        node, build, name=build.names.log_group(f"{node.name}/extensions"), days=log_days, suffix="Extensions"
    )
    role = iam.role(
        logical_id(node.address, "ExtensionsRole"),
        build,
        trust=iam.trusts("ecs-tasks.amazonaws.com"),
        statements=[],
    )
    build.add(node, role, "Extensions task role")
    definition = ecs.TaskDefinition(
        logical_id(node.address, "ExtensionsTask"),
        Family=build.physical(f"{node.name}-extensions", limit=255),
        Cpu="256",
        Memory="512",
        NetworkMode="awsvpc",
        RequiresCompatibilities=["FARGATE"],
        RuntimePlatform=cluster.runtime_platform(home),
        ExecutionRoleArn=cluster.execution_role(home),
        TaskRoleArn=GetAtt(role.title, "Arn"),
        ContainerDefinitions=[_psql(major=major, command=_command(extensions, grant), grant=grant, logs=logs)],
    )
    build.add(node, definition, "Extensions task")
    build.tasks.append(
        PostDeploymentTask(
            key=f"extensions-{node.name}",
            title=f"Create the database extensions {' and '.join(extensions)}",
            cluster=logical_id(home.address),
            task_definition=definition.title,
            subnets=tuple(subnet_ids(build, "private", needed_by=node)),
            security_groups=(group.title,),
            container=CONTAINER,
        )
    )


def _psql(*, major: str, command: list[str], grant: Grant, logs: Ref) -> ecs.ContainerDefinition:
    variables = {_PSQL_NAMES[name]: value for name, value in grant.variables.items()} | {"PGSSLMODE": "require"}
    return ecs.ContainerDefinition(
        Name=CONTAINER,
        Image=f"public.ecr.aws/docker/library/postgres:{major}",
        Essential=True,
        Command=command,
        Environment=cluster.variables(variables),
        Secrets=cluster.secrets({_PSQL_NAMES.get(name, name): value for name, value in grant.secrets.items()}),
        LogConfiguration=cluster.awslogs(logs, CONTAINER),
    )


def _command(extensions: tuple[str, ...], grant: Grant) -> list[str]:
    # This must be idempotent: the task may run twice.
    sql = " ".join(f'CREATE EXTENSION IF NOT EXISTS "{name}";' for name in extensions)
    if _URL in grant.secrets:
        # A shell expands the address into psql's arguments. The SQL is an argument ($0) that the shell does not interpret.
        return ["sh", "-c", f'exec psql "${_URL}" -v ON_ERROR_STOP=1 -c "$0"', sql]
    return ["psql", "-v", "ON_ERROR_STOP=1", "-c", sql]
