"""PostgreSQL on RDS: encrypted with a key of its own, TLS only, reachable from its users only, with a generated password.

A user gets `DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_NAME`, the secrets `DATABASE_USERNAME` and
`DATABASE_PASSWORD`, and the way in. Extensions are created by a task once the stack is up (`extensions.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from troposphere import GetAtt, Ref, Sub, kms, rds, secretsmanager

from provisioning.components import base, extensions, iam, security
from provisioning.components.alarms import alarm
from provisioning.components.build import Build
from provisioning.components.graph import Node
from provisioning.components.logs import check_days, log_group
from provisioning.components.names import logical_id
from provisioning.components.network import subnet_refs
from provisioning.components.secret import read_secret

PORT = 5432
_NAME_LIMIT = 63
_GIB = 1024**3
_KEY_WAITS_DAYS = 7


class Storage(base.Part):
    """Gigabytes at the start, and how far the storage may grow by itself."""

    start: int = Field(alias="from", ge=20, le=65536)
    to: int = Field(ge=20, le=65536)

    @model_validator(mode="after")
    def _grows(self) -> Self:
        # RDS asks for at least a tenth above what is allocated.
        if self.to * 10 < self.start * 11:
            raise ValueError(f"to ({self.to}) must be at least a tenth above from ({self.start})")
        return self


class PostgresSettings(base.Settings):
    version: str = Field(pattern=r"^\d+(\.\d+)?$")
    instance_class: str = Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")
    storage_gb: Storage
    multi_az: bool = False
    backup_days: int = Field(default=7, ge=1, le=35)
    protect: bool = False
    keep_data: bool = False
    database: str = Field(default="app", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    username: str = Field(default="app_admin", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    extensions: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")], ...] = ()
    log_days: Annotated[int, AfterValidator(check_days)] = 30


class Postgres(base.Component):
    kind = "postgres"
    title = "PostgreSQL"
    summary = "RDS for PostgreSQL with storage that grows, backups and a generated password"
    Settings = PostgresSettings
    guarded = True
    attributes = {
        "endpoint": "Host name of the writer",
        "port": "Port of the database",
        "database": "Name of the database",
        "secret_arn": "ARN of the secret with user name and password",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = base.settings_of(node, PostgresSettings)
        ingress = security.from_users(node, build)
        if settings.extensions:
            ingress.append(security.admit(PORT, extensions.security_group(node)))
        security.group(node, build, ingress=ingress)
        key = _key(node, build, settings)
        secret = _secret(node, build, settings)
        identifier = build.physical(node.name, limit=_NAME_LIMIT)
        log_group(node, build, name=f"/aws/rds/instance/{identifier}/postgresql", days=settings.log_days)
        instance = _instance(node, build, settings, identifier=identifier, key=key, secret=secret)
        build.add(
            node,
            secretsmanager.SecretTargetAttachment(
                logical_id(node.address, "SecretAttachment"),
                SecretId=secret,
                TargetId=instance,
                TargetType="AWS::RDS::DBInstance",
            ),
            "Database secret's address",
        )
        _alarms(node, build, settings, instance)
        if settings.extensions:
            extensions.task(
                node,
                build,
                extensions=settings.extensions,
                major=settings.version.split(".", maxsplit=1)[0],
                grant=self.grant(node, build),
                port=PORT,
                log_days=settings.log_days,
            )

    def boxes(self, node: Node) -> list[base.Box]:
        settings = base.settings_of(node, PostgresSettings)
        standby = ", standby" if settings.multi_az else ""
        return [
            base.Box("data", node.name, f"PostgreSQL {settings.version}", settings.instance_class + standby),
            base.Box("beside", f"database {node.name}", "Secrets", "generated in AWS"),
        ]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        instance = logical_id(node.address)
        match name:
            case "endpoint":
                return GetAtt(instance, "Endpoint.Address")
            case "port":
                return GetAtt(instance, "Endpoint.Port")
            case "database":
                return base.settings_of(node, PostgresSettings).database
            case "secret_arn":
                return Ref(logical_id(node.address, "Secret"))
        return super().attribute(node, name, build)

    def grant(self, node: Node, build: Build) -> base.Grant:
        secret = logical_id(node.address, "Secret")
        return base.Grant(
            label=f"{PORT} TLS",
            ports=(PORT,),
            variables={
                "DATABASE_HOST": self.attribute(node, "endpoint", build),
                "DATABASE_PORT": self.attribute(node, "port", build),
                "DATABASE_NAME": self.attribute(node, "database", build),
            },
            secrets={
                "DATABASE_USERNAME": Sub(f"${{{secret}}}:username::"),
                "DATABASE_PASSWORD": Sub(f"${{{secret}}}:password::"),
            },
            secret_arns=(Ref(secret),),
            statements=(read_secret(Ref(secret)),),
        )


def _key(node: Node, build: Build, settings: PostgresSettings) -> Ref:
    resource = kms.Key(
        logical_id(node.address, "Key"),
        Description=f"Data of {node.address}",
        EnableKeyRotation=True,
        PendingWindowInDays=_KEY_WAITS_DAYS,
        KeyPolicy=iam.policy(
            [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": iam.account_arn("iam", "root", regional=False)},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ]
        ),
    )
    # A snapshot without its key cannot be restored.
    why = f"without it the snapshot of {node.address} cannot be read"
    build.keep(resource, policy="Retain" if settings.keep_data else None, why=why)
    return build.add(node, resource, "Encryption key")


def _secret(node: Node, build: Build, settings: PostgresSettings) -> Ref:
    resource = secretsmanager.Secret(
        logical_id(node.address, "Secret"),
        Name=f"{build.name}/database-{node.name}",
        Description="Database password (generated)",
        GenerateSecretString=secretsmanager.GenerateSecretString(
            SecretStringTemplate=f'{{"username": "{settings.username}"}}',
            GenerateStringKey="password",
            PasswordLength=32,
            ExcludePunctuation=True,
        ),
    )
    build.keep(resource, policy=None, why="")
    return build.add(node, resource, "Database secret")


def _instance(node: Node, build: Build, settings: PostgresSettings, *, identifier: str, key: Ref, secret: Ref) -> Ref:
    subnets = build.add(
        node,
        rds.DBSubnetGroup(
            logical_id(node.address, "Subnets"),
            DBSubnetGroupDescription="Data subnets",
            SubnetIds=subnet_refs(build, "data", needed_by=node),
        ),
        "Database's subnets",
    )
    parameters = build.add(
        node,
        rds.DBParameterGroup(
            logical_id(node.address, "Parameters"),
            Family=f"postgres{settings.version.split('.', maxsplit=1)[0]}",
            Description="TLS only",
            Parameters={"rds.force_ssl": "1"},
        ),
        "Database's parameters",
    )
    password = f"{{{{resolve:secretsmanager:${{{secret.data['Ref']}}}:SecretString:password}}}}"
    resource = rds.DBInstance(
        logical_id(node.address),
        DBInstanceIdentifier=identifier,
        DBName=settings.database,
        Engine="postgres",
        EngineVersion=settings.version,
        DBInstanceClass=settings.instance_class,
        AllocatedStorage=str(settings.storage_gb.start),
        MaxAllocatedStorage=settings.storage_gb.to,
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
        EnableCloudwatchLogsExports=["postgresql"],
        MasterUsername=settings.username,
        MasterUserPassword=Sub(password),
        DBParameterGroupName=parameters,
        DBSubnetGroupName=subnets,
        VPCSecurityGroups=[security.group_id(node.address)],
        DependsOn=logical_id(node.address, "Logs"),
    )
    build.keep(resource, policy="Snapshot" if settings.keep_data else None, why=f"the last state of {node.address}")
    return build.add(node, resource, "Database")


def _alarms(node: Node, build: Build, settings: PostgresSettings, instance: Ref) -> None:
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
