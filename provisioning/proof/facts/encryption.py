"""How each kind of store declares encryption at rest, and what AWS does if a template does not
declare it.
"""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.proof.report import Severity

_CFN = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference"


@dataclass(frozen=True, slots=True)
class AtRest:
    """`path` must be true, or merely be set if `given` is true. `missing` is the severity if the
    property is absent.

    `belongs` names a property through which the resource inherits its encryption from another one;
    then it is not checked.
    """

    type: str
    path: str
    missing: Severity
    source: str
    given: bool = False
    belongs: str = ""
    otherwise: tuple[str, ...] = ()


# One entry per rule: id, title, and the types that it checks.
AT_REST: dict[str, tuple[str, tuple[AtRest, ...]]] = {
    "rest.database": (
        "Databases are encrypted at rest",
        (
            AtRest(
                "AWS::RDS::DBInstance",
                "StorageEncrypted",
                "high",
                "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html",
                belongs="DBClusterIdentifier",
            ),
            AtRest(
                "AWS::RDS::DBCluster",
                "StorageEncrypted",
                "high",
                "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html",
            ),
            AtRest(
                "AWS::RDS::GlobalCluster", "StorageEncrypted", "high", f"{_CFN}/aws-resource-rds-globalcluster.html"
            ),
            AtRest(
                "AWS::DocDB::DBCluster",
                "StorageEncrypted",
                "high",
                "https://docs.aws.amazon.com/documentdb/latest/developerguide/encryption-at-rest.html",
            ),
            AtRest(
                "AWS::Neptune::DBCluster",
                "StorageEncrypted",
                "high",
                "https://docs.aws.amazon.com/neptune/latest/userguide/encrypt.html",
            ),
            AtRest(
                "AWS::Redshift::Cluster",
                "Encrypted",
                "medium",
                "https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-db-encryption.html",
            ),
        ),
    ),
    "rest.cache": (
        "Caches are encrypted at rest",
        (
            AtRest(
                "AWS::ElastiCache::ReplicationGroup",
                "AtRestEncryptionEnabled",
                "high",
                "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html",
            ),
            AtRest(
                "AWS::DAX::Cluster",
                "SSESpecification.SSEEnabled",
                "high",
                "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAXEncryptionAtRest.html",
            ),
        ),
    ),
    "rest.files": (
        "File systems are encrypted at rest",
        (
            AtRest(
                "AWS::EFS::FileSystem",
                "Encrypted",
                "high",
                "https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html",
            ),
        ),
    ),
    "rest.volume": (
        "Volumes are encrypted at rest",
        (
            AtRest(
                "AWS::EC2::Volume",
                "Encrypted",
                "medium",
                "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
            ),
        ),
    ),
    "rest.bucket": (
        "Buckets declare their encryption at rest",
        (
            AtRest(
                "AWS::S3::Bucket",
                "BucketEncryption.ServerSideEncryptionConfiguration",
                "low",
                # Since January 2023 S3 encrypts every new object, whatever the bucket declares.
                "https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html",
                given=True,
            ),
        ),
    ),
    "rest.queue": (
        "Queues and topics are encrypted at rest",
        (
            AtRest(
                "AWS::SQS::Queue",
                "SqsManagedSseEnabled",
                "low",
                "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
                otherwise=("KmsMasterKeyId",),
            ),
            AtRest(
                "AWS::SNS::Topic",
                "KmsMasterKeyId",
                "low",
                # Without a key SNS still keeps messages on encrypted disks.
                "https://docs.aws.amazon.com/sns/latest/dg/sns-data-encryption.html",
                given=True,
            ),
        ),
    ),
    "rest.stream": (
        "Streams are encrypted at rest",
        (
            AtRest(
                "AWS::Kinesis::Stream",
                "StreamEncryption",
                "high",
                "https://docs.aws.amazon.com/streams/latest/dev/server-side-encryption.html",
                given=True,
            ),
            AtRest(
                "AWS::KinesisFirehose::DeliveryStream",
                "DeliveryStreamEncryptionConfigurationInput",
                "low",
                "https://docs.aws.amazon.com/firehose/latest/dev/encryption.html",
                given=True,
            ),
        ),
    ),
    "rest.search": (
        "Search domains are encrypted at rest",
        (
            AtRest(
                "AWS::OpenSearchService::Domain",
                "EncryptionAtRestOptions.Enabled",
                "high",
                "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html",
            ),
            AtRest(
                "AWS::Elasticsearch::Domain",
                "EncryptionAtRestOptions.Enabled",
                "high",
                "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html",
            ),
        ),
    ),
}

# Stores that AWS always encrypts, with the page that documents it.
ALWAYS_ENCRYPTED = {
    "AWS::ElastiCache::ServerlessCache": "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html",
    "AWS::MemoryDB::Cluster": "https://docs.aws.amazon.com/memorydb/latest/devguide/at-rest-encryption.html",
    "AWS::DynamoDB::Table": "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html",
    "AWS::DynamoDB::GlobalTable": "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html",
    "AWS::SecretsManager::Secret": "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
    "AWS::Logs::LogGroup": "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/data-protection.html",
    "AWS::AmazonMQ::Broker": "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/data-protection.html",
    "AWS::MSK::Cluster": "https://docs.aws.amazon.com/msk/latest/developerguide/msk-encryption.html",
    "AWS::ECR::Repository": "https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
    "AWS::Backup::BackupVault": "https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html",
    "AWS::FSx::FileSystem": "https://docs.aws.amazon.com/fsx/latest/LustreGuide/encryption-fsxl.html",
}
