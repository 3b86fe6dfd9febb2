"""Facts about roles that AWS's services get or have: iam:PassedToService, and service-linked roles.

Sources: the service authorization reference and each service's page on service-linked roles.
"""

from __future__ import annotations

from typing import NamedTuple

_PASSED_TO = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "application-autoscaling.amazonaws.com",
    "AWS::AutoScaling::AutoScalingGroup": "ec2.amazonaws.com",
    "AWS::Backup::": "backup.amazonaws.com",
    "AWS::CloudFormation::Stack": "cloudformation.amazonaws.com",
    "AWS::CodeBuild::Project": "codebuild.amazonaws.com",
    "AWS::EC2::FlowLog": "vpc-flow-logs.amazonaws.com",
    "AWS::EC2::Instance": "ec2.amazonaws.com",
    "AWS::ECS::Service": "ecs.amazonaws.com",
    "AWS::ECS::TaskDefinition": "ecs-tasks.amazonaws.com",
    "AWS::Events::": "events.amazonaws.com",
    "AWS::IAM::InstanceProfile": "ec2.amazonaws.com",
    "AWS::Lambda::": "lambda.amazonaws.com",
    "AWS::RDS::": "monitoring.rds.amazonaws.com",
    "AWS::S3::": "s3.amazonaws.com",
    "AWS::Scheduler::": "scheduler.amazonaws.com",
    "AWS::SNS::": "sns.amazonaws.com",
    "AWS::StepFunctions::": "states.amazonaws.com",
}


class LinkedRole(NamedTuple):
    service: str
    name: str


_LINKED = {
    "AWS::AmazonMQ::": LinkedRole("mq.amazonaws.com", "AWSServiceRoleForAmazonMQ"),
    "AWS::ApplicationAutoScaling::": LinkedRole(
        "ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"
    ),
    "AWS::AutoScaling::": LinkedRole("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
    "AWS::Backup::": LinkedRole("backup.amazonaws.com", "AWSServiceRoleForBackup"),
    "AWS::ECS::": LinkedRole("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    "AWS::EFS::": LinkedRole("elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem"),
    "AWS::ElastiCache::": LinkedRole("elasticache.amazonaws.com", "AWSServiceRoleForElastiCache"),
    "AWS::ElasticLoadBalancingV2::": LinkedRole(
        "elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"
    ),
    "AWS::RDS::": LinkedRole("rds.amazonaws.com", "AWSServiceRoleForRDS"),
}

LINKED_ROLES = {role.service: role.name for role in _LINKED.values()}
"""The names of service-linked roles by their service."""


def service_passed_to(resource_type: str) -> str:
    """The service that a resource of this type hands its roles to; empty if the sandbox does not know."""
    return next((service for prefix, service in _PASSED_TO.items() if resource_type.startswith(prefix)), "")


def linked_role(resource_type: str) -> LinkedRole | None:
    """The service-linked role that a resource of this type needs; None for one that works without."""
    return next((role for prefix, role in _LINKED.items() if resource_type.startswith(prefix)), None)
