"""The resource types whose loss is a loss of data, as data.

A type that the portal does not know may hold data as well; `aws/types` lists those that it knows.
"""

from __future__ import annotations

from typing import Final

HOLDS_DATA: Final = frozenset(
    {
        "AWS::AmazonMQ::Broker",
        "AWS::Backup::BackupVault",
        "AWS::Backup::LogicallyAirGappedBackupVault",
        "AWS::Cassandra::Keyspace",
        "AWS::Cassandra::Table",
        "AWS::CodeCommit::Repository",
        "AWS::Cognito::IdentityPool",
        "AWS::Cognito::UserPool",
        "AWS::DocDB::DBCluster",
        "AWS::DocDB::DBInstance",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Instance",
        "AWS::EC2::Volume",
        "AWS::ECR::PublicRepository",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::Elasticsearch::Domain",
        "AWS::FSx::FileSystem",
        "AWS::FSx::Volume",
        "AWS::Glue::Database",
        "AWS::Glue::Table",
        "AWS::IoTAnalytics::Datastore",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Lightsail::Bucket",
        "AWS::Lightsail::Database",
        "AWS::Lightsail::Disk",
        "AWS::Logs::LogGroup",
        "AWS::MSK::Cluster",
        "AWS::MSK::ServerlessCluster",
        "AWS::MemoryDB::Cluster",
        "AWS::Neptune::DBCluster",
        "AWS::Neptune::DBInstance",
        "AWS::OpenSearchServerless::Collection",
        "AWS::OpenSearchService::Domain",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::RDS::GlobalCluster",
        "AWS::Redshift::Cluster",
        "AWS::RedshiftServerless::Namespace",
        "AWS::Route53::HostedZone",
        "AWS::S3::Bucket",
        "AWS::S3Express::DirectoryBucket",
        "AWS::S3Tables::Table",
        "AWS::S3Tables::TableBucket",
        "AWS::SDB::Domain",
        "AWS::SQS::Queue",
        "AWS::SSM::Parameter",
        "AWS::SecretsManager::Secret",
        "AWS::Timestream::Database",
        "AWS::Timestream::Table",
    }
)

SNAPSHOT_POLICY: Final = frozenset(
    {
        "AWS::DocDB::DBCluster",
        "AWS::EC2::Volume",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::Neptune::DBCluster",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
    }
)
"""The types whose DeletionPolicy and UpdateReplacePolicy accept Snapshot:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatereplacepolicy.html
"""
