"""Long-term backups by AWS Backup: a vault, a plan, the databases that it covers, and a role for
only these.

A database's own automatic backups reach back at most 35 days and are deleted with the database.
Backups in the vault are kept for as long as the plan says.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, InstanceOf
from troposphere import GetAtt, Ref, Sub, backup
from typing_extensions import override

from provisioning.components.kit import iam
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, Family, Settings, settings_of
from provisioning.design.graph import Node, Reference
from provisioning.design.names import logical_id

# https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html
_NAME_LIMIT = 50
_WINDOW_MINUTES = 60
_LONGEST_MINUTES = 12 * 60
_WHEN = {
    "daily": "cron(0 3 * * ? *)",
    "weekly": "cron(0 3 ? * SUN *)",
    "monthly": "cron(0 3 1 * ? *)",
}
_SNAPSHOT = "snapshot:awsbackup:*"


def _require_database(reference: Reference) -> Reference:
    if reference.kind not in ("postgres", "mysql"):
        raise ValueError(f"{reference} is a {reference.kind}; only databases (postgres, mysql) are allowed here")
    return reference


class BackupSettings(Settings):
    databases: tuple[Annotated[InstanceOf[Reference], AfterValidator(_require_database)], ...] = Field(
        min_length=1, description="The databases to back up"
    )
    every: Literal["daily", "weekly", "monthly"] = Field(
        default="monthly",
        description="How often: every day, every Sunday, or on the first of every month, at 03:00 UTC",
    )
    keep_days: int = Field(default=365, ge=1, le=36_500, description="Days to keep each backup")
    keep_data: bool = Field(default=False, description="Keep the vault and its backups when the stack is deleted")


class Backup(Component):
    kind = "backup"
    title = "Backup"
    summary = "AWS Backup vault and plan for databases"
    family = Family.STORAGE
    schema = BackupSettings
    attributes = {"vault": "Name of the vault", "vault_arn": "ARN of the vault", "plan_id": "Id of the plan"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, BackupSettings)
        # No key of its own: snapshots of RDS keep the database's key.
        # https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
        resource = backup.BackupVault(logical_id(node.address), BackupVaultName=_name(node, build))
        build.retain(resource, policy="Retain" if settings.keep_data else None, why=f"the backups of {node.address}")
        vault = build.add(node, resource, "Backup vault")
        plan = build.add(node, _plan(node, build, settings, vault), "Backup plan")
        # AWS Backup sends no source account, so no condition can require one.
        trusted = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = iam.role(
            logical_id(node.address, "Role"),
            build,
            trust=iam.policy([trusted]),
            statements=_statements(node),
            description="Takes the backups of this environment's databases",
        )
        build.add(node, role, "Backup role")
        selection = backup.BackupSelection(
            logical_id(node.address, "Selection"),
            BackupPlanId=plan,
            BackupSelection=backup.BackupSelectionResourceType(
                SelectionName=_name(node, build),
                IamRoleArn=GetAtt(role.title, "Arn"),
                Resources=[_database_arn(reference) for reference in settings.databases],
            ),
        )
        build.add(node, selection, "Backup selection")

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, BackupSettings)
        return [Box("supporting", node.name, "Backup", f"{settings.every}, {settings.keep_days} days")]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        match name:
            case "vault":
                return Ref(logical_id(node.address))
            case "vault_arn":
                return GetAtt(logical_id(node.address), "BackupVaultArn")
            case "plan_id":
                return Ref(logical_id(node.address, "Plan"))
        return super().attribute(node, name, build)

    @override
    def targets(self, node: Node) -> tuple[Reference, ...]:
        """Return none: AWS Backup takes snapshots from outside and needs neither a security-group
        rule nor a password.
        """
        return ()


def _name(node: Node, build: Build) -> str:
    return build.physical(node.name, limit=_NAME_LIMIT)


def _plan(node: Node, build: Build, settings: BackupSettings, vault: Ref) -> backup.BackupPlan:
    rule = backup.BackupRuleResourceType(
        RuleName=settings.every,
        TargetBackupVault=vault,
        ScheduleExpression=_WHEN[settings.every],
        StartWindowMinutes=_WINDOW_MINUTES,
        CompletionWindowMinutes=_LONGEST_MINUTES,
        Lifecycle=backup.LifecycleResourceType(DeleteAfterDays=settings.keep_days),
        # CloudFormation tags the plan, not what the plan will create. A teardown deletes backups by their tags.
        RecoveryPointTags=build.tags(),
    )
    return backup.BackupPlan(
        logical_id(node.address, "Plan"),
        BackupPlan=backup.BackupPlanResourceType(BackupPlanName=_name(node, build), BackupPlanRule=[rule]),
    )


def _database_arn(reference: Reference) -> Sub:
    return iam.account_arn("rds", f"db:${{{logical_id(reference.address)}}}")


def _statements(node: Node) -> list[dict[str, Any]]:
    """Return what AWS's managed policy allows for RDS, limited to these databases and AWS Backup's
    own snapshots.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
    """
    databases = settings_of(node, BackupSettings).databases
    arns = [_database_arn(reference) for reference in databases]
    keys = [GetAtt(logical_id(reference.address, "Key"), "Arn") for reference in databases]
    snapshots = iam.account_arn("rds", _SNAPSHOT)
    return [
        iam.allow(["rds:DescribeDBInstances"], arns),
        iam.allow(
            ["rds:AddTagsToResource", "rds:CreateDBSnapshot", "rds:DescribeDBSnapshots", "rds:ListTagsForResource"],
            [*arns, snapshots],
        ),
        iam.allow(["rds:DeleteDBSnapshot"], snapshots),
        iam.allow(
            ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
            GetAtt(logical_id(node.address), "BackupVaultArn"),
        ),
        iam.allow(["kms:DescribeKey"], keys),
        iam.allow(["kms:CreateGrant"], keys, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        # IAM has no resource for reading tags.
        iam.allow(["tag:GetResources"], "*"),
    ]
