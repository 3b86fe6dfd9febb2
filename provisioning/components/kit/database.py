"""What every RDS database has in common: its own key, TLS only, a generated password and explicit
log groups.

A user gets `DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_NAME` and the secrets `DATABASE_USERNAME`
and `DATABASE_PASSWORD`; or, with `url_secret`, the one secret `DATABASE_URL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from troposphere import GetAtt, Ref, Sub, rds, secretsmanager

from provisioning.components.kit import credentials, security
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.credentials import read_secret
from provisioning.components.kit.dynamic_references import secret_value
from provisioning.components.kit.keys import own_key
from provisioning.components.kit.logs import check_days, log_group
from provisioning.components.kit.subnets import subnet_refs
from provisioning.components.kit.values import Block, Box, DashboardWidget, Gives, Grant, Section, Settings
from provisioning.components.kit.widgets import metric_widgets
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_NAME_LIMIT = 63
_GIB = 1024**3
_MIB = 1024**2
# The free retention. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.cost.html
_INSIGHTS_DAYS = 7

ATTRIBUTES: Mapping[str, str] = {
    "endpoint": "Host name of the writer",
    "port": "Port of the database",
    "database": "Name of the database",
    "id": "Identifier of the RDS instance, as in its metrics",
    "secret_arn": "ARN of the secret that holds user name and password",
    "url_secret_arn": "ARN of the secret that holds the complete address (with url_secret = true)",
}


class Storage(Block):
    """Initial gigabytes, and the limit up to which RDS grows the storage. Without `to` it does not
    grow.
    """

    start: int = Field(alias="from", ge=20, le=65536, description="Initial gigabytes")
    to: int | None = Field(
        default=None, ge=20, le=65536, description="Gigabytes up to which RDS may grow the storage automatically"
    )

    @model_validator(mode="after")
    def _grows(self) -> Self:
        # RDS requires at least 10 % more than is allocated.
        if self.to is not None and self.to * 10 < self.start * 11:
            raise ValueError(f"to ({self.to}) must be at least 10 % above from ({self.start})")
        return self


class DatabaseSettings(Settings):
    version: str = Field(description="Engine version; AWS installs newer minor versions automatically")
    instance_class: str = Field(
        pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="RDS instance class, such as db.t4g.medium"
    )
    storage_gb: Storage = Field(description="gp3 storage: `from` initially, and up to `to` when it fills up")
    multi_az: bool = Field(
        default=False, description="Keep a standby in a second availability zone and fail over to it"
    )
    backup_days: int = Field(default=7, ge=1, le=35, description="Days to keep automatic backups")
    protect: bool = Field(default=False, description="Refuse deletion until the protection is removed")
    keep_data: bool = Field(default=False, description="Keep a final snapshot, and its key, when the stack is deleted")
    performance_insights: bool = Field(
        default=False,
        description="Record for seven days what the database spends its time on, encrypted with its own key",
    )
    url_secret: bool = Field(
        default=False,
        description="Give users one secret DATABASE_URL, composed inside AWS, instead of host, port, name and password",
    )
    database: str = Field(
        default="app",
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="Name of the database that is created with the instance",
    )
    username: str = Field(
        default="app_admin", pattern=r"^[a-z][a-z0-9_]{0,62}$", description="Name of the database's owner"
    )
    log_days: Annotated[int, AfterValidator(check_days)] = Field(
        default=30, description="Days to keep the database's logs"
    )


@dataclass(frozen=True, slots=True)
class Engine:
    """How one engine differs from the others.

    `name` is RDS's name for it, `called` is used in physical names, and `secret` is the name of its
    secret. `url` holds the scheme and the query of its address.
    """

    name: str
    port: int
    family: str
    parameters: Mapping[str, str]
    logs: tuple[str, ...]
    called: str
    secret: str
    url: tuple[str, str]


def add(node: Node, build: Build, settings: DatabaseSettings, engine: Engine, *, ingress: list[dict[str, Any]]) -> None:
    """Add the instance and everything it needs. `ingress` are the rules that admit its users."""
    security.group(node, build, ingress=ingress)
    # A snapshot cannot be restored without its key.
    why = f"without it the snapshot of {node.address} cannot be read"
    key = own_key(node, build, "Encryption key", of="Data", policy="Retain" if settings.keep_data else None, why=why)
    secret = credentials.login(
        node,
        build,
        name=engine.secret,
        username=settings.username,
        description="Database password",
        title="Database secret",
    )
    identifier = build.physical(engine.called, limit=_NAME_LIMIT)
    for log in engine.logs:
        name = f"/aws/rds/instance/{identifier}/{log}"
        log_group(node, build, name=name, days=settings.log_days, suffix=_log_suffix(engine, log))
    instance = _instance(node, build, settings, engine, identifier=identifier, key=key, secret=secret)
    attachment = secretsmanager.SecretTargetAttachment(
        logical_id(node.address, "SecretAttachment"),
        SecretId=secret,
        TargetId=instance,
        TargetType="AWS::RDS::DBInstance",
    )
    build.add(node, attachment, "Database secret attachment")
    if settings.url_secret:
        _url_secret(node, build, settings, engine, secret)
    _alarms(node, build, settings, instance)


def attribute(node: Node, name: str, settings: DatabaseSettings) -> Any:
    """Return one of ATTRIBUTES, or None if this design does not have it."""
    instance = logical_id(node.address)
    match name:
        case "endpoint":
            return GetAtt(instance, "Endpoint.Address")
        case "port":
            return GetAtt(instance, "Endpoint.Port")
        case "database":
            return settings.database
        case "id":
            return Ref(instance)
        case "secret_arn":
            return Ref(logical_id(node.address, "Secret"))
        case "url_secret_arn":
            return Ref(logical_id(node.address, "UrlSecret")) if settings.url_secret else None
    raise KeyError(name)


def gives(port: int) -> Gives:
    """Describe what `grant` can give, for the reference."""
    return Gives(
        variables=("DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME"),
        secrets=("DATABASE_USERNAME", "DATABASE_PASSWORD", "DATABASE_URL"),
        ports=f"port {port}, with TLS",
        rights=("secretsmanager:GetSecretValue",),
        note="with `url_secret = true` only DATABASE_URL, instead of the other five",
    )


def grant(node: Node, settings: DatabaseSettings, port: int) -> Grant:
    label = f"{port} TLS"
    if settings.url_secret:
        url = Ref(logical_id(node.address, "UrlSecret"))
        return Grant(
            label=label,
            ports=(port,),
            secrets={"DATABASE_URL": url},
            secret_arns=(url,),
            statements=(read_secret(url),),
        )
    secret = logical_id(node.address, "Secret")
    return Grant(
        label=label,
        ports=(port,),
        variables={
            "DATABASE_HOST": attribute(node, "endpoint", settings),
            "DATABASE_PORT": attribute(node, "port", settings),
            "DATABASE_NAME": settings.database,
        },
        secrets={
            "DATABASE_USERNAME": Sub(f"${{{secret}}}:username::"),
            "DATABASE_PASSWORD": Sub(f"${{{secret}}}:password::"),
        },
        secret_arns=(Ref(secret),),
        statements=(read_secret(Ref(secret)),),
    )


def boxes(node: Node, settings: DatabaseSettings, title: str) -> list[Box]:
    standby = ", standby" if settings.multi_az else ""
    return [
        Box("data", node.name, f"{title} {settings.version}", settings.instance_class + standby),
        Box("supporting", f"database {node.name}", "Secrets", "generated in AWS"),
    ]


def add_alarms(node: Node, build: Build) -> None:
    """Add the alarms on low memory and on a long disk queue."""
    dimensions = {"DBInstanceIdentifier": Ref(logical_id(node.address))}
    alarm(
        node,
        build,
        key="MemoryLow",
        description=f"{node.address} has under 128 MiB of memory",
        metric=("AWS/RDS", "FreeableMemory", dimensions),
        statistic="Minimum",
        below=128 * _MIB,
    )
    alarm(
        node,
        build,
        key="DiskQueue",
        description=f"{node.address} waits for its disk",
        metric=("AWS/RDS", "DiskQueueDepth", dimensions),
        statistic="Average",
        above=64,
    )


def widgets(node: Node) -> list[DashboardWidget]:
    metrics = {"CPUUtilization": "Average", "DatabaseConnections": "Maximum", "FreeStorageSpace": "Minimum"}
    dimensions = {"DBInstanceIdentifier": Ref(logical_id(node.address))}
    return metric_widgets(Section.DATABASES, "AWS/RDS", metrics, [dimensions])


def _log_suffix(engine: Engine, log: str) -> str:
    return log.capitalize() if len(engine.logs) > 1 else ""


def _url_secret(node: Node, build: Build, settings: DatabaseSettings, engine: Engine, secret: Ref) -> None:
    """Add a secret that CloudFormation composes from another. No template and no parameter contains
    the password.
    """
    scheme, query = engine.url
    instance, password = logical_id(node.address), secret_value(build, secret, "password")
    address = f"${{{instance}.Endpoint.Address}}:${{{instance}.Endpoint.Port}}"
    resource = secretsmanager.Secret(
        logical_id(node.address, "UrlSecret"),
        Name=build.names.secret(f"{engine.secret}-url"),
        Description="Database address with its password (composed from the generated one)",
        SecretString=Sub(f"{scheme}://{settings.username}:{password}@{address}/{settings.database}{query}"),
    )
    build.retain(resource, policy=None, why="")
    build.add(node, resource, "Database URL secret")


def _instance(
    node: Node,
    build: Build,
    settings: DatabaseSettings,
    engine: Engine,
    *,
    identifier: str,
    key: Ref,
    secret: Ref,
) -> Ref:
    subnets, parameters = _surroundings(node, build, engine)
    log_groups = [logical_id(node.address, f"{_log_suffix(engine, log)}Logs") for log in engine.logs]
    resource = rds.DBInstance(
        logical_id(node.address),
        DBInstanceIdentifier=identifier,
        DBName=settings.database,
        Engine=engine.name,
        EngineVersion=settings.version,
        DBInstanceClass=settings.instance_class,
        AllocatedStorage=str(settings.storage_gb.start),
        StorageType="gp3",
        StorageEncrypted=True,
        KmsKeyId=key,
        MultiAZ=settings.multi_az,
        DeletionProtection=settings.protect,
        BackupRetentionPeriod=settings.backup_days,
        CopyTagsToSnapshot=True,
        DeleteAutomatedBackups=not settings.keep_data,
        AutoMinorVersionUpgrade=True,
        PubliclyAccessible=False,
        EnableCloudwatchLogsExports=list(engine.logs),
        MasterUsername=settings.username,
        MasterUserPassword=Sub(secret_value(build, secret, "password")),
        DBParameterGroupName=parameters,
        DBSubnetGroupName=subnets,
        VPCSecurityGroups=[security.group_id(node.address)],
        DependsOn=log_groups if len(log_groups) > 1 else log_groups[0],
    )
    if settings.storage_gb.to is not None:
        resource.MaxAllocatedStorage = settings.storage_gb.to
    if settings.performance_insights:
        resource.EnablePerformanceInsights = True
        resource.PerformanceInsightsKMSKeyId = key
        resource.PerformanceInsightsRetentionPeriod = _INSIGHTS_DAYS
    build.retain(resource, policy="Snapshot" if settings.keep_data else None, why=f"the last state of {node.address}")
    return build.add(node, resource, "Database")


def _surroundings(node: Node, build: Build, engine: Engine) -> tuple[Ref, Ref]:
    subnets = rds.DBSubnetGroup(
        logical_id(node.address, "Subnets"),
        DBSubnetGroupDescription="Data subnets",
        SubnetIds=subnet_refs(build, "data", needed_by=node),
    )
    parameters = rds.DBParameterGroup(
        logical_id(node.address, "Parameters"),
        Family=engine.family,
        Description="TLS only",
        Parameters=dict(engine.parameters),
    )
    return build.add(node, subnets, "Database subnet group"), build.add(node, parameters, "Database parameter group")


def _alarms(node: Node, build: Build, settings: DatabaseSettings, instance: Ref) -> None:
    dimensions = {"DBInstanceIdentifier": instance}
    alarm(
        node,
        build,
        key="StorageLow",
        description="The database is nearly full",
        metric=("AWS/RDS", "FreeStorageSpace", dimensions),
        statistic="Minimum",
        below=settings.storage_gb.start * _GIB // 20,
    )
    alarm(
        node,
        build,
        key="CpuHigh",
        description="The database is above 90 % CPU",
        metric=("AWS/RDS", "CPUUtilization", dimensions),
        statistic="Average",
        above=90,
    )
