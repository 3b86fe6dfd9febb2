"""Permissions in AWS's schemas that a handler uses only for some properties.

`handlers.*.permissions` lists everything that a handler may ever call. AWS fails a resource only for a
call that is really made, so a permission of this table is asked only if one of its properties is set.
A dash stands for no property at all: the call is made only in situations that cannot arise here. Actions
of another service on a resource that no property names need no row: they are not asked at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

_TABLE = """
AWS::AmazonMQ::Broker mq:CreateReplicaBroker DataReplicationMode
AWS::AmazonMQ::Broker ec2:Create* SubnetIds
AWS::ApplicationAutoScaling::ScalableTarget application-autoscaling:PutScheduledAction ScheduledActions
AWS::Backup::BackupVault backup:PutBackupVaultAccessPolicy AccessPolicy
AWS::Backup::BackupVault backup:PutBackupVaultNotifications Notifications
AWS::Backup::BackupVault backup:PutBackupVaultLockConfiguration LockConfiguration
AWS::CloudFront::Distribution cloudfront:*ConnectionGroup -
AWS::CloudFront::Distribution cloudfront:GetVpcOrigin -
AWS::EC2::EIP ec2:AcceptAddressTransfer TransferAddress
AWS::EC2::EIP ec2:AssociateAddress InstanceId
AWS::EC2::EIP ec2:DisassociateAddress InstanceId
AWS::EC2::FlowLog logs:*LogDelivery LogDestinationType
AWS::EC2::Instance ssm:* SsmAssociations
AWS::EC2::VPC ec2:*VpcEncryptionControl* VpcEncryptionControl
AWS::EC2::VPCEndpoint vpc-lattice:* ServiceNetworkArn,ResourceConfigurationArn
AWS::EC2::VPCEndpoint vpce:AllowMultiRegion ServiceRegion
AWS::EC2::VPCGatewayAttachment ec2:*VpnGateway VpnGatewayId
AWS::EC2::VPCGatewayAttachment ec2:*InternetGateway InternetGatewayId
AWS::EC2::Volume ec2:CopyVolumes SourceVolumeId
AWS::EFS::FileSystem elasticfilesystem:CreateReplicationConfiguration ReplicationConfiguration
AWS::EFS::FileSystem elasticfilesystem:DeleteReplicationConfiguration ReplicationConfiguration
AWS::EFS::FileSystem elasticfilesystem:PutFileSystemPolicy FileSystemPolicy
AWS::ElastiCache::ReplicationGroup firehose:* LogDeliveryConfigurations
AWS::ElastiCache::ReplicationGroup logs:* LogDeliveryConfigurations
AWS::ElasticLoadBalancingV2::LoadBalancer elasticloadbalancing:ModifyCapacityReservation MinimumLoadBalancerCapacity
AWS::ElasticLoadBalancingV2::LoadBalancer ec2:DescribeIpamPools Ipv4IpamPoolId
AWS::IAM::InstanceProfile iam:AddRoleToInstanceProfile Roles
AWS::IAM::Role iam:AttachRolePolicy ManagedPolicyArns
AWS::IAM::Role iam:DetachRolePolicy ManagedPolicyArns
AWS::IAM::Role iam:*RolePolicy Policies
AWS::IAM::Role iam:DeleteRolePermissionsBoundary -
AWS::Lambda::Function lambda:*CodeSigningConfig CodeSigningConfigArn
AWS::Lambda::Function lambda:GetLayerVersion Layers
AWS::Lambda::Function lambda:PassCapacityProvider CapacityProviderConfig
AWS::Lambda::Function lambda:PutFunctionConcurrency ReservedConcurrentExecutions
AWS::Lambda::Function lambda:*FunctionRecursionConfig RecursiveLoop
AWS::Lambda::Function lambda:*FunctionScalingConfig FunctionScalingConfig
AWS::Lambda::Function lambda:*RuntimeManagementConfig RuntimeManagementConfig
AWS::Lambda::Function s3files:* FileSystemConfigs
AWS::Logs::LogGroup firehose:* -
AWS::Logs::LogGroup logs:*DataProtectionPolicy DataProtectionPolicy
AWS::Logs::LogGroup logs:*IndexPolic* FieldIndexPolicies
AWS::Logs::LogGroup logs:*LogDelivery -
AWS::Logs::LogGroup logs:*ResourcePolic* ResourcePolicyDocument
AWS::Logs::LogGroup logs:PutBearerTokenAuthentication BearerTokenAuthenticationEnabled
AWS::Logs::LogGroup s3:* -
AWS::RDS::DBInstance rds:AddRoleToDBInstance AssociatedRoles
AWS::RDS::DBInstance rds:CreateDBInstanceReadReplica SourceDBInstanceIdentifier,SourceDBClusterIdentifier
AWS::RDS::DBInstance rds:*AutomatedBackupsReplication AutomaticBackupReplicationRegion
AWS::RDS::DBInstance rds:PromoteReadReplica SourceDBInstanceIdentifier
AWS::RDS::DBInstance rds:RemoveRoleFromDBInstance AssociatedRoles
AWS::RDS::DBInstance rds:RestoreDBInstanceFromDBSnapshot DBSnapshotIdentifier,DBClusterSnapshotIdentifier
AWS::RDS::DBInstance rds:RestoreDBInstanceToPointInTime RestoreTime,UseLatestRestorableTime,SourceDbiResourceId
AWS::RDS::DBInstance secretsmanager:* ManageMasterUserPassword
AWS::RDS::DBCluster rds:Restore* SnapshotIdentifier,SourceDBClusterIdentifier
AWS::Route53::HostedZone route53:*QueryLoggingConfig* QueryLoggingConfig
AWS::Route53::HostedZone route53:AssociateVPCWithHostedZone VPCs
AWS::Route53::HostedZone route53:UpdateHostedZoneFeatures HostedZoneFeatures
AWS::S3::Bucket s3:*AnalyticsConfiguration AnalyticsConfigurations
AWS::S3::Bucket s3:*Abac AbacStatus
AWS::S3::Bucket s3:PutObjectAcl -
AWS::S3::Bucket s3:DeleteObject -
AWS::S3::Bucket s3:*ObjectLock* ObjectLockEnabled,ObjectLockConfiguration
AWS::S3::Bucket s3:*BucketMetadata*TableConfiguration MetadataTableConfiguration,MetadataConfiguration
AWS::S3::Bucket s3:*Cors CorsConfiguration
AWS::S3::Bucket s3:*CORS CorsConfiguration
AWS::S3::Bucket s3:*Website WebsiteConfiguration
AWS::S3::Bucket s3:*InventoryConfiguration InventoryConfigurations
AWS::S3::Bucket s3:*MetricsConfiguration MetricsConfigurations
AWS::S3::Bucket s3:*AccelerateConfiguration AccelerateConfiguration
AWS::S3::Bucket s3:*IntelligentTieringConfiguration IntelligentTieringConfigurations
AWS::S3::Bucket s3:PutBucketAcl AccessControl
AWS::S3::Bucket s3tables:* MetadataTableConfiguration,MetadataConfiguration
AWS::SecretsManager::Secret secretsmanager:GetRandomPassword GenerateSecretString
AWS::SecretsManager::Secret secretsmanager:ReplicateSecretToRegions ReplicaRegions
AWS::SecretsManager::Secret secretsmanager:RemoveRegionsFromReplication ReplicaRegions
AWS::SecretsManager::SecretTargetAttachment docdb-elastic:* -
AWS::SecretsManager::SecretTargetAttachment redshift*:* -
AWS::SES::EmailIdentity ses:PutEmailIdentityMailFromAttributes MailFromAttributes
AWS::SES::EmailIdentity ses:PutEmailIdentityFeedbackAttributes FeedbackAttributes
AWS::SES::EmailIdentity ses:PutEmailIdentityDkimAttributes DkimAttributes
AWS::SNS::Topic sns:PutDataProtectionPolicy DataProtectionPolicy
AWS::SNS::Topic sns:Subscribe Subscription
AWS::WAFv2::WebACLAssociation appsync:* -
AWS::WAFv2::WebACLAssociation ec2:* -
"""


@cache
def _rows(resource_type: str, action: str) -> tuple[tuple[str, ...], ...]:
    lines = (line.split() for line in _TABLE.split("\n") if line)
    return tuple(
        tuple(properties.split(","))
        for kind, pattern, properties in lines
        if kind == resource_type and fnmatchcase(action, pattern)
    )


def is_used(resource_type: str, action: str, properties: Mapping[str, Any]) -> bool:
    """Whether the handler makes this call for a resource with these properties."""
    return all(
        any(properties.get(name) not in (None, [], {}) for name in names) for names in _rows(resource_type, action)
    )


def rows() -> list[tuple[str, str, str]]:
    """Type, pattern of actions and properties of each row."""
    lines = (line.split() for line in _TABLE.split("\n") if line)
    return [(kind, pattern, properties) for kind, pattern, properties in lines]
