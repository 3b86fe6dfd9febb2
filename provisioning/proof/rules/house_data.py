"""House rules for data: what happens to it when its stack is deleted, backups, and protection from
accidental deletion.
"""

from __future__ import annotations

from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import number, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_POLICY = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html"
# Resources that cannot be recreated with their content; those of the first group also come back
# empty after a replacement.
DURABLE = (
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::DocDB::DBCluster",
    "AWS::Neptune::DBCluster",
    "AWS::Redshift::Cluster",
    "AWS::DynamoDB::Table",
    "AWS::DynamoDB::GlobalTable",
    "AWS::S3::Bucket",
    "AWS::EFS::FileSystem",
    "AWS::FSx::FileSystem",
    "AWS::EC2::Volume",
    "AWS::OpenSearchService::Domain",
    "AWS::Elasticsearch::Domain",
    "AWS::Cognito::UserPool",
    "AWS::Backup::BackupVault",
    "AWS::KMS::Key",
)
HOLDS_DATA = (
    *DURABLE,
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::ElastiCache::CacheCluster",
    "AWS::AmazonMQ::Broker",
    "AWS::MemoryDB::Cluster",
    "AWS::SecretsManager::Secret",
    "AWS::Logs::LogGroup",
    "AWS::SQS::Queue",
    "AWS::Kinesis::Stream",
    "AWS::ECR::Repository",
)
# Their policy may be omitted: what they hold is in transit, or can be pushed again.
_SAID_ANYWAY = ("AWS::SQS::Queue", "AWS::Kinesis::Stream", "AWS::ECR::Repository", "AWS::ElastiCache::CacheCluster")
_KEEPS = ("Retain", "RetainExceptOnCreate", "Snapshot")


def _in_cluster(resource: Resource) -> bool:
    return resource.get("DBClusterIdentifier") is not None and resource.type.endswith("DBInstance")


@rule(
    "house.deletion-policy",
    "Everything that holds data declares a deletion policy",
    severity="medium",
    why="Without a policy AWS decides: a bucket blocks the teardown, or a database is lost.",
    remedy="Set DeletionPolicy and UpdateReplacePolicyto Retain, Snapshot or Delete explicitly.",
    source=_POLICY,
    types=HOLDS_DATA,
)
def deletion_policy(view: View, report: Reporter) -> None:
    for resource in view.of(*HOLDS_DATA):
        if _in_cluster(resource) or resource.type in _SAID_ANYWAY:
            continue
        given = {"DeletionPolicy": resource.deletion_policy, "UpdateReplacePolicy": resource.update_replace_policy}
        if missing := [name for name, value in given.items() if value is None]:
            report.fault(
                resource,
                f"{resource.key} does not declare what happens to its data.",
                *(f"{resource.key}.{name} is not set" for name in missing),
            )
        else:
            report.passes(resource, f"{resource.key}: {', '.join(f'{n} {v}' for n, v in given.items())}")


@rule(
    "house.kept",
    "From staging up, data is retained when its stack is deleted",
    severity="medium",
    why="One call deletes a stack; the data in it cannot be recreated.",
    remedy="Set DeletionPolicy and UpdateReplacePolicy to Retain or Snapshot.",
    source=_POLICY,
    types=DURABLE,
)
def kept(view: View, report: Reporter) -> None:
    if not view.protected:
        report.fact("not known to be staging or production: data may be deleted with its stack")
        return
    for resource in view.of(*DURABLE):
        if _in_cluster(resource) or _encrypts_nothing_durable(view, resource):
            continue
        final = resource.get("FinalSnapshotName") or resource.get("FinalSnapshotIdentifier")
        goes = [
            f"{resource.key}.{name} is {value or 'not set'}"
            for name, value in (
                ("DeletionPolicy", resource.deletion_policy),
                ("UpdateReplacePolicy", resource.update_replace_policy),
            )
            if (value or "Delete") not in _KEEPS
        ]
        if goes and not final and not _snapshot_by_default(resource):
            report.fault(resource, f"The data of {resource.key} is deleted with its stack.", *goes)
        else:
            report.passes(resource, f"{resource.key}: {resource.deletion_policy or 'Snapshot, by default'}")


def _encrypts_nothing_durable(view: View, resource: Resource) -> bool:
    """Whether a key encrypts nothing that is retained after the stack; then it may be deleted as
    well.
    """
    if resource.type != "AWS::KMS::Key":
        return False
    return not any(user.type in DURABLE for user in view.model.users.get(resource.key, ()))


def _snapshot_by_default(resource: Resource) -> bool:
    """AWS takes a snapshot of these by default when they are deleted, but not when they are
    replaced.
    """
    return (
        resource.type == "AWS::RDS::DBCluster"
        and resource.deletion_policy is None
        and resource.update_replace_policy == "Snapshot"
    )


@rule(
    "data.backups",
    "Databases are backed up",
    severity="medium",
    why="Without backups, lost data cannot be recovered.",
    remedy="Set BackupRetentionPeriod to 7 days or more; enable point-in-time recovery.",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html",
    types=(
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBCluster",
        "AWS::DocDB::DBCluster",
        "AWS::Neptune::DBCluster",
        "AWS::DynamoDB::Table",
    ),
)
def backups(view: View, report: Reporter) -> None:
    for database in view.of(
        "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"
    ):
        if _in_cluster(database):
            continue
        days = database.get("BackupRetentionPeriod")
        where = (
            f"{database.at('BackupRetentionPeriod')} is {'not set, which means 1 day' if days is None else shown(days)}"
        )
        if number(days) == 0:
            report.fault(database, f"{database.key} is not backed up.", where)
        elif days is None or (number(days) or _WEEK) < _WEEK:
            report.fault(database, f"{database.key} is backed up for less than a week.", where, severity="low")
        else:
            report.passes(database, where)
    for table in view.of("AWS::DynamoDB::Table"):
        path = "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"
        if truth(table.get(path)) is True:
            report.passes(table, f"{table.at(path)} is true")
        else:
            report.fault(table, f"{table.key} has no point-in-time recovery.", table.at(path), severity="low")


_WEEK = 7


@rule(
    "data.deletion-protection",
    "Production databases have deletion protection",
    severity="medium",
    why="Deletion protection is the last safeguard before the data is lost.",
    remedy="Set DeletionProtection to true in production.",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html",
    types=("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"),
)
def deletion_protection(view: View, report: Reporter) -> None:
    for database in view.of(
        "AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"
    ):
        if _in_cluster(database):
            continue
        detail = f"{database.at('DeletionProtection')} is {shown(database.get('DeletionProtection', 'not set'))}"
        if truth(database.get("DeletionProtection")) is True:
            report.passes(database, detail)
        elif view.policy is not None and view.policy.requires_deletion_protection:
            report.fault(database, f"{database.key} can be deleted with one call.", detail)
        else:
            report.fact(f"{detail}: not known to be production")
