"""Which IAM actions on which resources a call needs: the sandbox's own table.

It is not taken from the portal's list of needs, so that a mistake in one is found by the other. An
operation whose action knows resource types needs a row in `RESOURCES` (or a function in `special`);
one without a row is refused, never let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from provisioning.policy.reference import REFERENCE
from provisioning.sandbox.iam import resources, special
from provisioning.sandbox.iam.access import Access
from provisioning.sandbox.iam.requests import S3, Call
from provisioning.sandbox.private import get_account_id, get_region


class UnknownCallError(Exception):
    """The sandbox has no rule for the operation. The message is its own, never AWS's."""


# Operations whose action has another name. Source: the service authorization reference.
ACTIONS = {
    "apigateway:GetApi": "apigateway:GET",
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
# By operation: the ARN of its resource. `{Name}` is a parameter (`*` without it, one ARN for each of a list), `{Name!kind}`
# a name of this kind that the sandbox turns into an ARN. A parameter that is an ARN takes the place of the whole.
_TABLE = """
acm:DescribeCertificate                 {CertificateArn}
apigateway:GetApi                       arn:aws:apigateway:{@region}::/apis/{apiId}
autoscaling:SetInstanceProtection       autoscaling:autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}
autoscaling:UpdateAutoScalingGroup      autoscaling:autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}
backup:DeleteRecoveryPoint              {recoveryPointArn}
backup:GetBackupPlan                    backup:backup-plan:{backupPlanId}
backup:GetBackupSelection               backup:backup-plan:{backupPlanId}
backup:ListRecoveryPointsByBackupVault  backup:backup-vault:{backupVaultName}
ce:GetCostAndUsage                      arn:aws:billing::{@account}:billingview/primary
ce:GetCostForecast                      arn:aws:billing::{@account}:billingview/primary
ce:GetTags                              arn:aws:billing::{@account}:billingview/primary
cloudfront:DescribeFunction             arn:aws:cloudfront::{@account}:function/{Name}
cloudfront:GetCachePolicy               arn:aws:cloudfront::{@account}:cache-policy/{Id}
cloudfront:GetCloudFrontOriginAccessIdentity arn:aws:cloudfront::{@account}:origin-access-identity/{Id}
cloudfront:GetDistribution              arn:aws:cloudfront::{@account}:distribution/{Id}
cloudfront:GetOriginAccessControl       arn:aws:cloudfront::{@account}:origin-access-control/{Id}
cloudfront:GetOriginRequestPolicy       arn:aws:cloudfront::{@account}:origin-request-policy/{Id}
cloudfront:GetResponseHeadersPolicy     arn:aws:cloudfront::{@account}:response-headers-policy/{Id}
cloudwatch:DescribeAlarms               cloudwatch:alarm:*
cloudwatch:GetDashboard                 arn:aws:cloudwatch::{@account}:dashboard/{DashboardName}
cognito-idp:DescribeUserPool            cognito-idp:userpool/{UserPoolId}
dynamodb:DescribeTable                  dynamodb:table/{TableName}
dynamodb:UpdateTable                    dynamodb:table/{TableName}
ec2:DeleteNetworkInterface              ec2:network-interface/{NetworkInterfaceId}
ec2:DescribeInstanceAttribute           ec2:instance/{InstanceId}
ec2:DescribeVpcAttribute                ec2:vpc/{VpcId}
ec2:ModifyInstanceAttribute             ec2:instance/{InstanceId}
ecr:DescribeImages                      ecr:repository/{repositoryName}
ecr:DescribeRepositories                ecr:repository/{repositoryNames}
ecs:DescribeClusters                    ecs:cluster/{clusters}
elasticache:DescribeCacheParameterGroups elasticache:parametergroup:{CacheParameterGroupName}
elasticache:DescribeCacheSubnetGroups   elasticache:subnetgroup:{CacheSubnetGroupName}
elasticache:DescribeReplicationGroups   elasticache:replicationgroup:{ReplicationGroupId}
elasticache:DescribeServerlessCacheSnapshots elasticache:serverlesscachesnapshot:{ServerlessCacheSnapshotName}
elasticache:DescribeServerlessCaches    elasticache:serverlesscache:{ServerlessCacheName}
elasticache:DescribeSnapshots           elasticache:snapshot:{SnapshotName}
elasticache:DescribeUserGroups          elasticache:usergroup:{UserGroupId}
elasticache:DescribeUsers               elasticache:user:{UserId}
elasticfilesystem:DescribeAccessPoints  elasticfilesystem:access-point/{AccessPointId}
elasticfilesystem:DescribeFileSystems   elasticfilesystem:file-system/{FileSystemId}
elasticfilesystem:DescribeMountTargets  elasticfilesystem:file-system/{FileSystemId}
elasticloadbalancing:ModifyLoadBalancerAttributes {LoadBalancerArn}
events:DescribeRule                     events:rule/{Name}
events:DisableRule                      events:rule/{Name}
iam:GetInstanceProfile                  {InstanceProfileName!profile}
iam:GetOpenIDConnectProvider            {OpenIDConnectProviderArn}
iam:GetPolicy                           {PolicyArn}
iam:GetPolicyVersion                    {PolicyArn}
iam:GetRole                             {RoleName!role}
iam:GetRolePolicy                       {RoleName!role}
iam:ListAttachedRolePolicies            {RoleName!role}
iam:ListRolePolicies                    {RoleName!role}
kms:DescribeKey                         {KeyId!key}
lambda:GetEventSourceMapping            lambda:event-source-mapping:{UUID}
lambda:GetFunctionConfiguration         {FunctionName!function}
lambda:GetFunctionUrlConfig             {FunctionName!function}
lambda:GetLayerVersionByArn             {Arn}
lambda:GetPolicy                        {FunctionName!function}
lambda:UpdateEventSourceMapping         lambda:event-source-mapping:{UUID}
mq:DescribeBroker                       mq:broker:*:{broker-id}
rds:DescribeDBClusterParameterGroups    rds:cluster-pg:{DBClusterParameterGroupName}
rds:DescribeDBClusterSnapshots          rds:cluster-snapshot:{DBClusterSnapshotIdentifier}
rds:DescribeDBClusters                  rds:cluster:{DBClusterIdentifier}
rds:DescribeDBInstances                 rds:db:{DBInstanceIdentifier}
rds:DescribeDBParameterGroups           rds:pg:{DBParameterGroupName}
rds:DescribeDBSnapshots                 rds:snapshot:{DBSnapshotIdentifier}
rds:DescribeDBSubnetGroups              rds:subgrp:{DBSubnetGroupName}
rds:ModifyDBCluster                     rds:cluster:{DBClusterIdentifier}
rds:ModifyDBInstance                    rds:db:{DBInstanceIdentifier}
route53:GetHealthCheck                  arn:aws:route53:::healthcheck/{HealthCheckId}
route53:GetHostedZone                   arn:aws:route53:::hostedzone/{Id}
route53:ListResourceRecordSets          arn:aws:route53:::hostedzone/{Id}
secretsmanager:DescribeSecret           {SecretId!secret}
secretsmanager:GetSecretValue           {SecretId!secret}
servicediscovery:GetNamespace           servicediscovery:namespace/{Id}
servicediscovery:GetService             servicediscovery:service/{Id}
servicequotas:GetServiceQuota           servicequotas:{ServiceCode}/{QuotaCode}
ses:GetConfigurationSet                 ses:configuration-set/{ConfigurationSetName}
ses:GetEmailIdentity                    ses:identity/{EmailIdentity}
ses:GetEmailTemplate                    ses:template/{TemplateName}
sns:GetTopicAttributes                  {TopicArn}
sqs:ChangeMessageVisibility             {QueueUrl!queue}
sqs:ChangeMessageVisibilityBatch        {QueueUrl!queue}
sqs:DeleteMessage                       {QueueUrl!queue}
sqs:DeleteMessageBatch                  {QueueUrl!queue}
sqs:GetQueueAttributes                  {QueueUrl!queue}
sqs:GetQueueUrl                         {QueueName!queue}
sqs:ReceiveMessage                      {QueueUrl!queue}
sqs:SendMessage                         {QueueUrl!queue}
sqs:SendMessageBatch                    {QueueUrl!queue}
ssm:GetParameter                        {Name!parameter}
ssm:GetParameters                       {Names!parameter}
states:DescribeStateMachine             {stateMachineArn}
"""
RESOURCES = dict(line.split() for line in _TABLE.split("\n") if line)
_KINDS: dict[str, Callable[[str], str]] = {
    "function": resources.function_arn,
    "key": resources.key_arn,
    "parameter": resources.parameter_arn,
    "profile": resources.profile_arn,
    "queue": resources.queue_arn,
    "role": resources.role_arn,
    "secret": resources.secret_arn,
}
_PLACE = re.compile(r"\{([@\w-]+)(?:!(\w+))?\}")


def needs_of(call: Call) -> list[Access]:
    """Everything that the caller of this operation must be allowed. Raises UnknownCallError."""
    if call.service == S3:
        return special.needs_of_s3(call) or _unknown(call)
    function = special.FUNCTIONS.get(call.name)
    if function is not None:
        return function(call)
    action = ACTIONS.get(call.name, call.name)
    if not call.operation or not REFERENCE.has(action):
        _unknown(call)
    pattern = RESOURCES.get(call.name)
    if pattern is not None:
        return [Access(action, arn) for arn in _arns(pattern, call)]
    if REFERENCE.action(action).types:
        _unknown(call)
    return [Access(action)]


def _unknown(call: Call) -> Any:
    what = call.operation or f"{call.method} {call.path}"
    raise UnknownCallError(
        f"The sandbox does not know which permissions {call.service}:{what} needs, so it refuses the call to every role. "
        "Add the operation to provisioning/sandbox/iam/calls.py, or call it as the account itself."
    )


def _arns(pattern: str, call: Call) -> list[str]:
    """The ARNs that a row of the table stands for, one for each entry of a parameter that is a list."""
    listed = [name for name, _ in _PLACE.findall(pattern) if isinstance(call.parameters.get(name), list)]
    if not listed:
        return [_arn(pattern, {name: call.text(name) for name, _ in _PLACE.findall(pattern)})]
    texts = call.texts(listed[0]) or ["*"]
    others = {name: call.text(name) for name, _ in _PLACE.findall(pattern)}
    return [_arn(pattern, {**others, listed[0]: text}) for text in texts]


def _arn(pattern: str, values: dict[str, str]) -> str:
    whole = next((text for text in values.values() if text.startswith("arn:")), "")
    kinds = dict(_PLACE.findall(pattern))
    if whole and not any(kinds.values()):
        return whole
    known = {**values, "@region": get_region(), "@account": get_account_id()}

    def filled(match: re.Match[str]) -> str:
        text = known.get(match[1]) or "*"
        return _KINDS[match[2]](text) if match[2] and text != "*" else text

    arn = _PLACE.sub(filled, pattern)
    if arn.startswith("arn:") or arn == "*":
        return arn
    service, _, rest = arn.partition(":")
    return resources.arn(service, rest)
