"""Calls that only read, by service. Each needs the permission of its own name, which `aws/calls`
looks up in AWS's reference; `NAMED_OTHERWISE` has the exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from provisioning.aws.needs.record import When

READS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acm": "DescribeCertificate",
        "apigatewayv2": "GetApi",
        "application-autoscaling": "DescribeScalableTargets DescribeScalingPolicies",
        "autoscaling": "DescribeAutoScalingGroups DescribePolicies",
        "backup": "GetBackupPlan GetBackupSelection ListBackupVaults ListRecoveryPointsByBackupVault",
        "cloudformation": (
            "DescribeChangeSet DescribeEvents DescribeStackDriftDetectionStatus DescribeStackEvents "
            "DescribeStackResourceDrifts DescribeStacks GetStackPolicy GetTemplate ListChangeSets ListStackResources "
            "ListStacks"
        ),
        "cloudfront": (
            "ListCachePolicies ListDistributions ListResponseHeadersPolicies "
            "DescribeFunction GetCachePolicy GetCloudFrontOriginAccessIdentity GetDistribution GetKeyGroup "
            "GetOriginAccessControl GetOriginRequestPolicy GetPublicKey GetResponseHeadersPolicy"
        ),
        "cloudwatch": "DescribeAlarms GetDashboard",
        "cognito-idp": "DescribeUserPool",
        "dynamodb": "DescribeTable",
        "ec2": (
            "DescribeAvailabilityZones DescribeInstanceTypeOfferings DescribeTransitGatewayVpcAttachments "
            "DescribeVpcPeeringConnections "
            "DescribeAddresses DescribeFlowLogs DescribeInstances DescribeInternetGateways DescribeLaunchTemplates "
            "DescribeNatGateways DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules "
            "DescribeSecurityGroups DescribeSubnets DescribeVolumes DescribeVpcEndpoints DescribeVpcs"
        ),
        "ecr": "DescribeImages DescribeRepositories",
        "ecs": "DescribeClusters DescribeServices DescribeTaskDefinition DescribeTasks",
        "efs": "DescribeAccessPoints DescribeFileSystems DescribeMountTargets",
        "elasticache": (
            "DescribeCacheEngineVersions DescribeReservedCacheNodesOfferings "
            "DescribeCacheParameterGroups DescribeCacheSubnetGroups DescribeReplicationGroups "
            "DescribeServerlessCacheSnapshots DescribeServerlessCaches DescribeSnapshots DescribeUserGroups "
            "DescribeUsers"
        ),
        "elbv2": "DescribeListeners DescribeLoadBalancers DescribeRules DescribeTargetGroups",
        "events": "DescribeRule",
        "iam": (
            "GetAccountSummary GetInstanceProfile GetOpenIDConnectProvider GetPolicy GetPolicyVersion GetRole GetRolePolicy "
            "ListAttachedRolePolicies ListRolePolicies"
        ),
        "kms": "DescribeKey ListAliases",
        "lambda": "GetAccountSettings GetEventSourceMapping GetFunctionConfiguration GetFunctionUrlConfig GetLayerVersionByArn GetPolicy",
        "logs": "DescribeLogGroups",
        "mq": "DescribeBroker DescribeBrokerInstanceOptions",
        "rds": (
            "DescribeAccountAttributes DescribeOrderableDBInstanceOptions "
            "DescribeDBClusterParameterGroups DescribeDBClusterSnapshots DescribeDBClusters DescribeDBInstances "
            "DescribeDBParameterGroups DescribeDBSnapshots DescribeDBSubnetGroups"
        ),
        "resourcegroupstaggingapi": "GetResources",
        "route53": "GetHealthCheck GetHostedZone ListHostedZones ListHostedZonesByName ListResourceRecordSets",
        "s3": "GetBucketPolicy HeadBucket ListMultipartUploads ListObjectVersions",
        "secretsmanager": "DescribeSecret",
        "service-quotas": "GetAWSDefaultServiceQuota GetServiceQuota",
        "servicediscovery": "GetNamespace GetService",
        "sesv2": "GetAccount GetConfigurationSet GetEmailIdentity GetEmailTemplate",
        "sns": "GetSubscriptionAttributes GetTopicAttributes",
        "sqs": "GetQueueAttributes GetQueueUrl",
        "ssm": "DescribeParameters",
        "stepfunctions": "DescribeStateMachine",
        "wafv2": "GetWebACL GetWebACLForResource",
    }
)
"""Operations by botocore's names of service and operation."""

_WATCHING: Final = (
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ListStackResources",
    "cloudformation:ListStacks",
    "ecs:DescribeTasks",
)
_CHANGE: Final = (
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:GetStackPolicy",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
)
_DRIFT: Final = ("cloudformation:DescribeStackDriftDetectionStatus", "cloudformation:DescribeStackResourceDrifts")
_CONNECTING: Final = ("iam:GetPolicyVersion", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")
_PREFLIGHT: Final = (
    "cloudfront:ListCachePolicies",
    "cloudfront:ListDistributions",
    "cloudfront:ListResponseHeadersPolicies",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeTransitGatewayVpcAttachments",
    "ec2:DescribeVpcPeeringConnections",
    "ecr:DescribeImages",
    "elasticache:DescribeCacheEngineVersions",
    "elasticache:DescribeReservedCacheNodesOfferings",
    "iam:GetAccountSummary",
    "lambda:GetAccountSettings",
    "mq:DescribeBrokerInstanceOptions",
    "rds:DescribeAccountAttributes",
    "rds:DescribeOrderableDBInstanceOptions",
    "service-quotas:GetAWSDefaultServiceQuota",
    "service-quotas:GetServiceQuota",
    "sesv2:GetAccount",
)
_TEARDOWN: Final = (
    "application-autoscaling:DescribeScalableTargets",
    "backup:ListRecoveryPointsByBackupVault",
    "s3:ListMultipartUploads",
    "s3:ListObjectVersions",
)


def when_read(call: str) -> When:
    """Returns what the portal reads it for. Every other call checks whether a resource exists."""
    for when, named in (
        (When.CONNECTING, _CONNECTING),
        (When.WATCHING, _WATCHING),
        (When.CHANGE, _CHANGE),
        (When.DRIFT, _DRIFT),
        (When.PREFLIGHT, _PREFLIGHT),
        (When.TEARDOWN, _TEARDOWN),
    ):
        if call in named:
            return when
    return When.SWEEP


PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apigatewayv2": "apigateway",
        # DocumentDB and Neptune have RDS's API and permissions.
        "docdb": "rds",
        "efs": "elasticfilesystem",
        "elbv2": "elasticloadbalancing",
        "neptune": "rds",
        "resourcegroupstaggingapi": "tag",
        "service-quotas": "servicequotas",
        "sesv2": "ses",
        "stepfunctions": "states",
    }
)
"""A service's prefix in IAM where it is not botocore's name:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

NAMED_OTHERWISE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apigatewayv2:GetApi": "apigateway:GET",
        "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
        "s3:HeadBucket": "s3:ListBucket",
        "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
        "s3:ListObjectVersions": "s3:ListBucketVersions",
    }
)
"""The permission of a call that is not named like it (each service's page in the reference)."""

RESOURCE_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apigateway": "arn:{partition}:apigateway:{region}::/apis/a1b2c3d4e5",
        "cloudformation": "arn:{partition}:cloudformation:{region}:{account_id}:stack/{prefix}/0a1b2c3d-1111-4222-8333-444455556666",
        "ecr": "arn:{partition}:ecr:{region}:{account_id}:repository/{team}/{environment}/api",
        "s3": "arn:{partition}:s3:::pt-{team}--{generation}-media-{account_id}-{region}-an",
        "secretsmanager": "arn:{partition}:secretsmanager:{region}:{account_id}:secret:portal/{scope}/database-AbCdEf",
        "iam:GetOpenIDConnectProvider": "arn:{partition}:iam::{account_id}:oidc-provider/token.actions.githubusercontent.com",
        "iam:GetPolicy": "arn:{partition}:iam::{account_id}:policy/{prefix}-deploy",
        "iam:GetPolicyVersion": "arn:{partition}:iam::{account_id}:policy/portal-environment-boundary",
        "iam:GetInstanceProfile": "arn:{partition}:iam::{account_id}:instance-profile/portal/env/{scope}/{prefix}-hosts",
        "iam": "arn:{partition}:iam::{account_id}:role/portal/env/{scope}/{prefix}-api",
        "logs": "arn:{partition}:logs:{region}:{account_id}:log-group:/portal/{scope}/api",
        "ssm": "arn:{partition}:ssm:{region}:{account_id}:parameter/portal/{scope}/authority",
        "wafv2:GetWebACL": "arn:{partition}:wafv2:{region}:{account_id}:regional/webacl/{prefix}/0a1b2c3d-1111-4222-8333-444455556666",
        "wafv2:GetWebACLForResource": "arn:{partition}:elasticloadbalancing:{region}:{account_id}:loadbalancer/app/{prefix}/0a1b2c3d4e5f6a7b",
    }
)
"""What a read is made on, by action or service, where its name follows the naming rule. Any other
resource is built from the form of its ARN in the reference.
"""
