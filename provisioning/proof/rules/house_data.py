"""House rules for data: what becomes of it with its stack, whether it is backed up, whether it can go by mistake."""

from __future__ import annotations

from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import number, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_POLICY = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html"
# What cannot be made again; the first group also comes back empty when it is replaced.
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
# Their policy may be left out: what they hold is on its way, or can be pushed again.
_SAID_ANYWAY = ("AWS::SQS::Queue", "AWS::Kinesis::Stream", "AWS::ECR::Repository", "AWS::ElastiCache::CacheCluster")
_KEEPS = ("Retain", "RetainExceptOnCreate", "Snapshot")


def _in_cluster(resource: Resource) -> bool:
    return resource.get("DBClusterIdentifier") is not None and resource.type.endswith("DBInstance")


@rule(
    "house.deletion-policy",
    "Everything that holds data says what becomes of it",
    severity="medium",
    why="Said nowhere, AWS decides: a bucket that blocks the teardown, a database that is gone.",
    remedy="Set DeletionPolicy and UpdateReplacePolicy: Retain, Snapshot or Delete, on purpose.",
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
                f"{resource.key} does not say what becomes of its data.",
                *(f"{resource.key}.{name} is not set" for name in missing),
            )
        else:
            report.passes(resource, f"{resource.key}: {', '.join(f'{n} {v}' for n, v in given.items())}")


@rule(
    "house.kept",
    "From staging up, data outlives its stack",
    severity="medium",
    why="A stack is deleted by one call; what its people wrote is not made again.",
    remedy="Set DeletionPolicy and UpdateReplacePolicy to Retain or Snapshot.",
    source=_POLICY,
    types=DURABLE,
)
def kept(view: View, report: Reporter) -> None:
    if not view.protected:
        report.fact("not staging or production, as far as is known here: data may go with its stack")
        return
    for resource in view.of(*DURABLE):
        if _in_cluster(resource) or _of_nothing_durable(view, resource):
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
        if goes and not final and not _by_default(resource):
            report.fault(resource, f"The data of {resource.key} goes with its stack.", *goes)
        else:
            report.passes(resource, f"{resource.key}: {resource.deletion_policy or 'Snapshot, by AWS'}")


def _of_nothing_durable(view: View, resource: Resource) -> bool:
    """Whether a key encrypts nothing that outlives the stack: then it may go as well."""
    if resource.type != "AWS::KMS::Key":
        return False
    return not any(user.type in DURABLE for user in view.model.users.get(resource.key, ()))


def _by_default(resource: Resource) -> bool:
    """AWS takes a snapshot of these where nothing is said; a replacement it does not."""
    return (
        resource.type == "AWS::RDS::DBCluster"
        and resource.deletion_policy is None
        and resource.update_replace_policy == "Snapshot"
    )


@rule(
    "data.backups",
    "Databases are backed up",
    severity="medium",
    why="Without backups the first mistake is the last.",
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
            report.fault(
                table, f"{table.key} cannot be brought back to a point in time.", table.at(path), severity="low"
            )


_WEEK = 7


@rule(
    "data.deletion-protection",
    "Production databases refuse to be deleted",
    severity="medium",
    why="Deletion protection is the last no before the data is gone.",
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
        said = f"{database.at('DeletionProtection')} is {shown(database.get('DeletionProtection', 'not set'))}"
        if truth(database.get("DeletionProtection")) is True:
            report.passes(database, said)
        elif view.policy is not None and view.policy.requires_deletion_protection:
            report.fault(database, f"{database.key} can be deleted by one call.", said)
        else:
            report.fact(f"{said}: not known here to be production")
