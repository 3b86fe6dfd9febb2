"""The ARN of a stack's resource, by its type: what IAM is asked about when CloudFormation acts on it.

Each row: type, the name property (or `-`: AWS chooses the id), and the ARN. `{id}` is the physical id,
or before creation the name, or the name that CloudFormation would make up, or `*` for an id of AWS's.
Other braces are properties. Sources: the resource types of the service authorization reference, and
`primaryIdentifier` in AWS's schemas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from provisioning.sandbox.iam import resources
from provisioning.sandbox.private import get_account_id, get_region

_TABLE = """
AWS::AmazonMQ::Broker BrokerName mq:broker:{BrokerName}:{id}
AWS::ApiGatewayV2::Api - arn:aws:apigateway:{@region}::/apis/{id}
AWS::ApplicationAutoScaling::ScalableTarget - application-autoscaling:scalable-target/*
AWS::ApplicationAutoScaling::ScalingPolicy - application-autoscaling:scalable-target/*
AWS::AutoScaling::AutoScalingGroup AutoScalingGroupName autoscaling:autoScalingGroup:*:autoScalingGroupName/{id}
AWS::Backup::BackupPlan - backup:backup-plan:{id}
AWS::Backup::BackupSelection - backup:backup-plan:{BackupPlanId}
AWS::Backup::BackupVault BackupVaultName backup:backup-vault:{id}
AWS::Budgets::Budget - arn:aws:budgets::{@account}:budget/{id}
AWS::CertificateManager::Certificate - acm:certificate/{id}
AWS::CloudFront::CachePolicy - arn:aws:cloudfront::{@account}:cache-policy/{id}
AWS::CloudFront::CloudFrontOriginAccessIdentity - arn:aws:cloudfront::{@account}:origin-access-identity/{id}
AWS::CloudFront::Distribution - arn:aws:cloudfront::{@account}:distribution/{id}
AWS::CloudFront::Function Name arn:aws:cloudfront::{@account}:function/{id}
AWS::CloudFront::OriginAccessControl - arn:aws:cloudfront::{@account}:origin-access-control/{id}
AWS::CloudFront::OriginRequestPolicy - arn:aws:cloudfront::{@account}:origin-request-policy/{id}
AWS::CloudFront::ResponseHeadersPolicy - arn:aws:cloudfront::{@account}:response-headers-policy/{id}
AWS::CloudWatch::Alarm AlarmName cloudwatch:alarm:{id}
AWS::CloudWatch::CompositeAlarm AlarmName cloudwatch:alarm:{id}
AWS::CloudWatch::Dashboard DashboardName arn:aws:cloudwatch::{@account}:dashboard/{id}
AWS::Cognito::UserPool - cognito-idp:userpool/{id}
AWS::DynamoDB::Table TableName dynamodb:table/{id}
AWS::EC2::EIP - ec2:elastic-ip/{AllocationId}
AWS::EC2::EgressOnlyInternetGateway - ec2:egress-only-internet-gateway/{id}
AWS::EC2::FlowLog - ec2:vpc-flow-log/{id}
AWS::EC2::Instance - ec2:instance/{id}
AWS::EC2::InternetGateway - ec2:internet-gateway/{id}
AWS::EC2::KeyPair KeyName ec2:key-pair/{id}
AWS::EC2::LaunchTemplate - ec2:launch-template/{id}
AWS::EC2::NatGateway - ec2:natgateway/{id}
AWS::EC2::NetworkAcl - ec2:network-acl/{id}
AWS::EC2::NetworkInterface - ec2:network-interface/{id}
AWS::EC2::RouteTable - ec2:route-table/{id}
AWS::EC2::SecurityGroup - ec2:security-group/{id}
AWS::EC2::Subnet - ec2:subnet/{id}
AWS::EC2::VPC - ec2:vpc/{id}
AWS::EC2::VPCEndpoint - ec2:vpc-endpoint/{id}
AWS::EC2::Volume - ec2:volume/{id}
AWS::ECR::Repository RepositoryName ecr:repository/{id}
AWS::ECS::Cluster ClusterName ecs:cluster/{id}
AWS::ECS::Service ServiceName ecs:service/{Cluster/}/{id}
AWS::ECS::TaskDefinition Family ecs:task-definition/{id}:*
AWS::EFS::AccessPoint - elasticfilesystem:access-point/{id}
AWS::EFS::FileSystem - elasticfilesystem:file-system/{id}
AWS::ElastiCache::ParameterGroup CacheParameterGroupName elasticache:parametergroup:{id}
AWS::ElastiCache::ReplicationGroup ReplicationGroupId elasticache:replicationgroup:{id}
AWS::ElastiCache::ServerlessCache ServerlessCacheName elasticache:serverlesscache:{id}
AWS::ElastiCache::SubnetGroup CacheSubnetGroupName elasticache:subnetgroup:{id}
AWS::ElastiCache::User UserId elasticache:user:{id}
AWS::ElastiCache::UserGroup UserGroupId elasticache:usergroup:{id}
AWS::ElasticLoadBalancingV2::Listener - elasticloadbalancing:listener/app/*/*/*
AWS::ElasticLoadBalancingV2::ListenerRule - elasticloadbalancing:listener-rule/app/*/*/*/*
AWS::ElasticLoadBalancingV2::LoadBalancer Name elasticloadbalancing:loadbalancer/app/{id}/*
AWS::ElasticLoadBalancingV2::TargetGroup Name elasticloadbalancing:targetgroup/{id}/*
AWS::Events::Rule Name events:rule/{id}
AWS::IAM::InstanceProfile InstanceProfileName arn:aws:iam::{@account}:instance-profile{Path}{id}
AWS::IAM::ManagedPolicy ManagedPolicyName arn:aws:iam::{@account}:policy{Path}{id}
AWS::IAM::OIDCProvider - arn:aws:iam::{@account}:oidc-provider/{Url}
AWS::IAM::Role RoleName arn:aws:iam::{@account}:role{Path}{id}
AWS::IAM::ServiceLinkedRole - arn:aws:iam::{@account}:role/aws-service-role/{AWSServiceName}/*
AWS::IAM::User UserName arn:aws:iam::{@account}:user{Path}{id}
AWS::KMS::Alias AliasName kms:{id}
AWS::KMS::Key - kms:key/{id}
AWS::Kinesis::Stream Name kinesis:stream/{id}
AWS::Lambda::EventSourceMapping - lambda:event-source-mapping:{id}
AWS::Lambda::Function FunctionName lambda:function:{id}
AWS::Lambda::LayerVersion LayerName lambda:layer:{id}:*
AWS::Logs::LogGroup LogGroupName logs:log-group:{id}
AWS::RDS::DBCluster DBClusterIdentifier rds:cluster:{id}
AWS::RDS::DBClusterParameterGroup DBClusterParameterGroupName rds:cluster-pg:{id}
AWS::RDS::DBInstance DBInstanceIdentifier rds:db:{id}
AWS::RDS::DBParameterGroup DBParameterGroupName rds:pg:{id}
AWS::RDS::DBSubnetGroup DBSubnetGroupName rds:subgrp:{id}
AWS::Route53::HealthCheck - arn:aws:route53:::healthcheck/{id}
AWS::Route53::HostedZone - arn:aws:route53:::hostedzone/{id}
AWS::S3::Bucket BucketName arn:aws:s3:::{id}
AWS::SES::ConfigurationSet Name ses:configuration-set/{id}
AWS::SES::EmailIdentity EmailIdentity ses:identity/{id}
AWS::SNS::Topic TopicName sns:{id}
AWS::SQS::Queue QueueName sqs:{id}
AWS::SSM::Parameter Name ssm:parameter/{id}
AWS::Scheduler::Schedule Name scheduler:schedule/default/{id}
AWS::SecretsManager::Secret Name secretsmanager:secret:{id}-??????
AWS::ServiceDiscovery::PrivateDnsNamespace - servicediscovery:namespace/{id}
AWS::ServiceDiscovery::Service - servicediscovery:service/{id}
AWS::StepFunctions::StateMachine StateMachineName states:stateMachine:{id}
AWS::WAFv2::WebACL Name wafv2:{Scope/}/webacl/{id}/*
"""
# The prefix of actions, where it is not the second part of the type's name in lower case.
_SERVICES = {
    "ApplicationAutoScaling": "application-autoscaling",
    "AmazonMQ": "mq",
    "CertificateManager": "acm",
    "ApiGatewayV2": "apigateway",
    "Cognito": "cognito-idp",
    "EFS": "elasticfilesystem",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
    "StepFunctions": "states",
}
# Types whose actions are about another resource: their own ARN, if any, is not asked about.
_OF_ANOTHER = frozenset({"AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::Backup::BackupSelection"})
_DEFAULTS = {"Path": "/"}
_PLACE = re.compile(r"\{([@\w]+)(/?)\}")


@cache
def _rows() -> dict[str, tuple[str, str]]:
    lines = (line.split() for line in _TABLE.split("\n") if line)
    return {kind: (name, pattern) for kind, name, pattern in lines}


def known_types() -> frozenset[str]:
    return frozenset(_rows())


def service_of_type(resource_type: str) -> str:
    """The prefix of the IAM actions that belong to the type's own service."""
    second = resource_type.split("::")[1] if resource_type.count("::") else resource_type
    return _SERVICES.get(second, second.lower())


def own_arn(
    resource_type: str,
    properties: Mapping[str, Any],
    *,
    stack_name: str,
    logical_id: str,
    physical_id: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> str:
    """The resource's ARN, as far as it is known; empty for a type that has none of its own."""
    row = _rows().get(resource_type)
    if row is None:
        return ""
    name, pattern = row
    if physical_id:
        known = _arn_attribute(attributes or {}) or (physical_id if physical_id.startswith("arn:") else "")
        if known and resource_type not in _OF_ANOTHER:
            return known
    identity = physical_id or str(
        properties.get(name) or ("*" if name == "-" else f"{stack_name}-{logical_id}-XXXXXXXXXXXX")
    )

    def filled(match: re.Match[str]) -> str:
        place, last_only = match.groups()
        if place == "id":
            return _identity(resource_type, identity)
        if place == "@account":
            return str(get_account_id())
        if place == "@region":
            return str(get_region())
        text = str(properties.get(place) or (attributes or {}).get(place) or _DEFAULTS.get(place, "*"))
        if place == "Scope":
            return "global" if text == "CLOUDFRONT" else "regional"
        return text.rpartition("/")[2] if last_only else text.removeprefix("https://")

    arn = _PLACE.sub(filled, pattern)
    service, _, rest = arn.partition(":")
    return arn if arn.startswith("arn:") else resources.arn(service, rest)


def _identity(resource_type: str, identity: str) -> str:
    if resource_type == "AWS::SSM::Parameter":
        return identity.lstrip("/")
    if resource_type == "AWS::SQS::Queue":
        return identity.rpartition("/")[2]
    return identity


def _arn_attribute(attributes: Mapping[str, Any]) -> str:
    """The attribute that is the resource's ARN."""
    for name in (
        "Arn",
        "ARN",
        "TopicArn",
        "DBInstanceArn",
        "BackupPlanArn",
        "BackupVaultArn",
        "FunctionARN",
        "PolicyArn",
        "ServiceArn",
    ):
        text = str(attributes.get(name) or "")
        if text.startswith("arn:"):
            return text.removesuffix(":*")
    return ""
