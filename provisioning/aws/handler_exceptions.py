"""Where the schemas' lists of permissions say more than our templates need, each with its reason.

`tests/aws/test_handlers.py` fails if an entry no longer applies: if the reference learns a
permission, if a template sets a property that an exception is for, or if an action has left the
schemas.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True, slots=True)
class NotGranted:
    """Permissions that the stack role deliberately lacks for one type.

    `only_for` are the template properties that need them. No template sets one; if `values` is not
    empty, none sets it to a value that begins like one of these.
    """

    resource_type: str
    actions: tuple[str, ...]
    reason: str
    only_for: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def covers(self, resource_type: str, action: str) -> bool:
        return resource_type == self.resource_type and any(fnmatchcase(action, pattern) for pattern in self.actions)


NOT_GRANTED: Final = (
    NotGranted(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        ("iam:PassRole",),
        "Scaling uses its service-linked role.",
        only_for=("RoleARN",),
    ),
    NotGranted(
        "AWS::Backup::BackupPlan",
        ("iam:PassRole",),
        "A plan names no role; its selection does.",
    ),
    NotGranted(
        "AWS::ECS::Service",
        ("iam:PassRole",),
        "ECS uses its service-linked role.",
        only_for=("Role",),
    ),
    NotGranted(
        "AWS::EFS::FileSystem",
        ("iam:PassRole",),
        "Replication to another file system.",
        only_for=("ReplicationConfiguration",),
    ),
    NotGranted(
        "AWS::Logs::SubscriptionFilter",
        ("iam:PassRole",),
        "A filter that sends to a function needs no role.",
        only_for=("RoleArn",),
    ),
    NotGranted(
        "AWS::SES::ConfigurationSetEventDestination",
        ("iam:PassRole",),
        "Events to Firehose.",
        only_for=("KinesisFirehoseDestination",),
    ),
    NotGranted(
        "AWS::SNS::Subscription",
        ("iam:PassRole",),
        "Messages to Firehose.",
        only_for=("SubscriptionRoleArn",),
    ),
    NotGranted(
        "AWS::SNS::Topic",
        ("iam:PassRole",),
        "Logs of every delivery.",
        only_for=("DeliveryStatusLogging",),
    ),
    NotGranted(
        "AWS::EC2::FlowLog",
        ("iam:CreateServiceLinkedRole",),
        "Flow logs that are delivered to a bucket or to Firehose.",
        only_for=("LogDestinationType",),
        values=("s3", "kinesis-data-firehose"),
    ),
    NotGranted(
        "AWS::AmazonMQ::Broker",
        ("ram:*", "vpc-lattice:*", "mq:DescribeSharedResources"),
        "Sharing a broker with other accounts; its component has one account's network.",
        only_for=("DataReplicationMode", "DataReplicationPrimaryBrokerArn"),
    ),
    NotGranted(
        "AWS::Backup::BackupVault",
        ("backup-storage:Mount",),
        "An older name of backup-storage:MountCapsule, which the same handler lists and the role has.",
    ),
    NotGranted(
        "AWS::CertificateManager::Certificate",
        ("acm-pca:*",),
        "Private certificates; every certificate of a template is a public one.",
        only_for=("CertificateAuthorityArn",),
    ),
    NotGranted(
        "AWS::CloudFront::Distribution",
        ("cloudfront:CreateDistributionWithTags",),
        "An API operation whose permissions are cloudfront:CreateDistribution and cloudfront:TagResource.",
    ),
    NotGranted(
        "AWS::EC2::Instance",
        ("ssm:*Association*",),
        "State Manager associations, which run commands on the host.",
        only_for=("SsmAssociations",),
    ),
    NotGranted(
        "AWS::EC2::Volume",
        ("ec2:CopyVolumes",),
        "A copy of another volume, which may be another team's.",
        only_for=("SourceVolumeId",),
    ),
    NotGranted(
        "AWS::EC2::VPCEndpoint",
        ("vpc-lattice:*", "vpce:*"),
        "Endpoints of VPC Lattice service networks and of other regions.",
        only_for=("ServiceNetworkArn", "ResourceConfigurationArn", "ServiceRegion"),
    ),
    NotGranted(
        "AWS::ElastiCache::ReplicationGroup",
        ("firehose:*",),
        "Logs to Firehose.",
        only_for=("LogDeliveryConfigurations",),
        values=("kinesis-firehose",),
    ),
    NotGranted(
        "AWS::ElastiCache::ReplicationGroup",
        ("s3:GetObject",),
        "A cache that starts from a snapshot file in a bucket.",
        only_for=("SnapshotArns",),
    ),
    NotGranted(
        "AWS::ElasticLoadBalancingV2::Listener",
        ("cognito-idp:*",),
        "Sign-in at the load balancer through Cognito.",
        only_for=("AuthenticateCognitoConfig",),
    ),
    NotGranted(
        "AWS::IAM::Role",
        ("iam:DeleteRolePermissionsBoundary",),
        "No role may lose its boundary; the house rules demand one in every template.",
    ),
    NotGranted(
        "AWS::Lambda::Function",
        ("lambda:PassCapacityProvider",),
        "Functions on capacity providers.",
        only_for=("CapacityProviderConfig",),
    ),
    NotGranted(
        "AWS::Lambda::Function",
        ("lambda:AssociateRuntimeAlias",),
        "No permission of this name exists in the reference; a runtime is chosen with lambda:PutRuntimeManagementConfig.",
        only_for=("RuntimeManagementConfig",),
    ),
    NotGranted(
        "AWS::Lambda::Function",
        ("s3files:*",),
        "File systems of S3 Files.",
        only_for=("FileSystemConfigs",),
    ),
    NotGranted(
        "AWS::Logs::LogGroup",
        ("firehose:*", "s3:REST.PUT.OBJECT"),
        "Findings of a data protection policy, sent to Firehose or a bucket.",
        only_for=("DataProtectionPolicy",),
    ),
    NotGranted(
        "AWS::Logs::LogGroup",
        ("logs:PutResourcePolicy",),
        "A resource policy applies to all log groups of the region, also of other teams.",
        only_for=("ResourcePolicyDocument",),
    ),
    NotGranted(
        "AWS::RDS::DBInstance",
        ("secretsmanager:CreateSecret", "secretsmanager:TagResource"),
        "A password that RDS generates and keeps; a component generates its own secret.",
        only_for=("ManageMasterUserPassword", "MasterUserSecret"),
    ),
    NotGranted(
        "AWS::RDS::DBInstance",
        ("rds:RestoreDB*", "rds:CreateDBInstanceReadReplica"),
        "A database made from a snapshot or from another database, which may be another team's.",
        only_for=(
            "DBSnapshotIdentifier",
            "DBClusterSnapshotIdentifier",
            "SourceDBInstanceIdentifier",
            "SourceDbiResourceId",
            "SourceDBInstanceAutomatedBackupsArn",
            "RestoreTime",
            "UseLatestRestorableTime",
        ),
    ),
    NotGranted(
        "AWS::S3::Bucket",
        ("s3tables:*", "s3:*BucketMetadata*Configuration"),
        "Tables of a bucket's metadata.",
        only_for=("MetadataTableConfiguration", "MetadataConfiguration"),
    ),
    NotGranted(
        "AWS::S3::Bucket",
        ("s3:DeleteObject", "s3:PutObjectAcl"),
        "A stack makes buckets and never touches what is in them.",
    ),
    NotGranted(
        "AWS::S3::Bucket",
        (
            "s3:DeleteBucketAnalyticsConfiguration",
            "s3:DeleteBucketCors",
            "s3:DeleteBucketEncryption",
            "s3:DeleteBucketLifecycle",
            "s3:DeleteBucketMetricsConfiguration",
            "s3:DeleteBucketReplication",
            "s3:PutBucketReplication",
            "s3:PutObjectLockConfiguration",
        ),
        "API operations whose permission is the one that sets the configuration, such as s3:PutBucketCORS, or "
        "s3:PutReplicationConfiguration and s3:PutBucketObjectLockConfiguration for the last two.",
    ),
    NotGranted(
        "AWS::SecretsManager::SecretTargetAttachment",
        ("docdb-elastic:*", "redshift:*", "redshift-serverless:*"),
        "Secrets of other kinds of database.",
        only_for=("TargetType",),
        values=("AWS::Redshift", "AWS::DocDBElastic"),
    ),
    NotGranted(
        "AWS::WAFv2::WebACL",
        ("payments:*",),
        "Charging clients for their requests.",
        only_for=("MonetizationConfig",),
    ),
    NotGranted(
        "AWS::WAFv2::WebACLAssociation",
        ("amplify:*", "apigateway:*", "apprunner:*", "appsync:*", "bedrock-agentcore:*", "cognito-idp:*", "ec2:*"),
        "Targets other than load balancers.",
        only_for=("ResourceArn",),
        values=("arn:",),
    ),
)


def reason_not_granted(resource_type: str, action: str) -> str:
    """Returns why the stack role lacks a permission of a type's handlers, or an empty string."""
    return next((entry.reason for entry in NOT_GRANTED if entry.covers(resource_type, action)), "")


@dataclass(frozen=True, slots=True)
class NotReadForDrift:
    """Permissions of read handlers that the portal's role lacks. A resource that needs one is shown
    as not checked for drift.
    """

    actions: tuple[str, ...]
    reason: str


NOT_READ_FOR_DRIFT: Final = (
    NotReadForDrift(
        ("secretsmanager:GetSecretValue", "ssm:GetParameters", "kms:Decrypt"),
        "The portal reads no secret, no parameter's value, and decrypts nothing.",
    ),
    NotReadForDrift(
        (
            "*:Associate*",
            "*:Create*",
            "*:Delete*",
            "*:Disassociate*",
            "*:Set*",
        ),
        "Changes something; the schema of AWS::WAFv2::WebACLAssociation lists all its permissions for every handler.",
    ),
)


def reason_not_read_for_drift(action: str) -> str:
    """Returns why the portal's role lacks a permission of a read handler, or an empty string."""
    return next(
        (
            entry.reason
            for entry in NOT_READ_FOR_DRIFT
            if any(fnmatchcase(action, pattern) for pattern in entry.actions)
        ),
        "",
    )


TAGS_CAME_LATER: Final = {
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "AWS's schema of 7 August 2026 said that CloudFormation does not tag scalable targets; that of 20 October 2026 "
        "says that it does. A target that was registered before has no tags."
    ),
}
"""Types that the schemas call taggable although existing resources may have no tags.

Source of the older schema: hashicorp/terraform-provider-awscc,
internal/service/cloudformation/schemas/AWS_ApplicationAutoScaling_ScalableTarget.json.
"""
