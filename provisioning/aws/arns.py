"""What an ARN tells: the type and physical id of what it names, so that its own service can be asked for it.

Forms as in AWS's service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
An ARN of another form is simply not known.
"""

from __future__ import annotations

import re
from typing import Final

# service, the rest of the ARN with the physical id as its group; no group: the whole ARN is the physical id.
_FORMS: Final[tuple[tuple[str, str, str], ...]] = (
    ("acm", r"certificate/.+", "AWS::CertificateManager::Certificate"),
    ("autoscaling", r"autoScalingGroup:[^:]+:autoScalingGroupName/(.+)", "AWS::AutoScaling::AutoScalingGroup"),
    ("backup", r"backup-plan:(.+)", "AWS::Backup::BackupPlan"),
    ("backup", r"backup-vault:(.+)", "AWS::Backup::BackupVault"),
    ("cloudfront", r"distribution/(.+)", "AWS::CloudFront::Distribution"),
    ("cloudwatch", r"alarm:(.+)", "AWS::CloudWatch::Alarm"),
    ("ec2", r"instance/(.+)", "AWS::EC2::Instance"),
    ("ec2", r"launch-template/(.+)", "AWS::EC2::LaunchTemplate"),
    ("ec2", r"natgateway/(.+)", "AWS::EC2::NatGateway"),
    ("ec2", r"network-interface/(.+)", "AWS::EC2::NetworkInterface"),
    ("ec2", r"security-group/(.+)", "AWS::EC2::SecurityGroup"),
    ("ec2", r"subnet/(.+)", "AWS::EC2::Subnet"),
    ("ec2", r"volume/(.+)", "AWS::EC2::Volume"),
    ("ec2", r"vpc/(.+)", "AWS::EC2::VPC"),
    ("ec2", r"vpc-endpoint/(.+)", "AWS::EC2::VPCEndpoint"),
    ("ecs", r"cluster/(.+)", "AWS::ECS::Cluster"),
    ("ecs", r"service/.+", "AWS::ECS::Service"),
    ("ecs", r"task-definition/.+", "AWS::ECS::TaskDefinition"),
    ("elasticfilesystem", r"file-system/(.+)", "AWS::EFS::FileSystem"),
    ("elasticloadbalancing", r"loadbalancer/.+", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    ("elasticloadbalancing", r"targetgroup/.+", "AWS::ElasticLoadBalancingV2::TargetGroup"),
    ("events", r"rule/.+", "AWS::Events::Rule"),
    ("kms", r"key/(.+)", "AWS::KMS::Key"),
    ("lambda", r"function:[^:]+", "AWS::Lambda::Function"),
    ("logs", r"log-group:([^:]+)(?::\*)?", "AWS::Logs::LogGroup"),
    ("mq", r"broker:.+:([^:]+)", "AWS::AmazonMQ::Broker"),
    ("rds", r"db:(.+)", "AWS::RDS::DBInstance"),
    ("route53", r"hostedzone/(.+)", "AWS::Route53::HostedZone"),
    ("s3", r"([^/]+)", "AWS::S3::Bucket"),
    ("secretsmanager", r"secret:.+", "AWS::SecretsManager::Secret"),
    ("ses", r"configuration-set/(.+)", "AWS::SES::ConfigurationSet"),
    ("ses", r"identity/(.+)", "AWS::SES::EmailIdentity"),
    ("sns", r"[^:]+", "AWS::SNS::Topic"),
    ("sqs", r"[^:]+", "AWS::SQS::Queue"),
)
_COMPILED: Final = tuple(
    (re.compile(rf"arn:[^:]+:{service}:[^:]*:[^:]*:{rest}"), resource_type) for service, rest, resource_type in _FORMS
)

# Things that end by themselves with what they belong to, and carry its tags until AWS forgets them.
_PASSING: Final = re.compile(r"arn:[^:]+:ecs:[^:]*:[^:]*:(?:task|container-instance)/.+")
# Snapshots, and the types whose last state they hold. Those of AWS Backup are told apart below.
_SNAPSHOTS: Final[tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]] = (
    (
        re.compile(r"arn:[^:]+:rds:[^:]*:[^:]*:(?:cluster-)?snapshot:(?!awsbackup:).+"),
        ("AWS::RDS::", "AWS::DocDB::", "AWS::Neptune::"),
    ),
    (re.compile(r"arn:[^:]+:elasticache:[^:]*:[^:]*:(?:snapshot|serverlesscachesnapshot):.+"), ("AWS::ElastiCache::",)),
    (re.compile(r"arn:[^:]+:ec2:[^:]*:[^:]*:snapshot/.+"), ("AWS::EC2::Volume",)),
    (re.compile(r"arn:[^:]+:redshift:[^:]*:[^:]*:snapshot:.+"), ("AWS::Redshift::",)),
)
# AWS Backup keeps what it makes in its own form or in that of the service whose data it holds.
# https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html
_RECOVERY_POINT: Final = re.compile(
    r"arn:[^:]+:(?:backup:[^:]*:[^:]*:recovery-point:.+|rds:[^:]*:[^:]*:(?:cluster-)?snapshot:awsbackup:.+"
    r"|ec2:[^:]*:[^:]*:(?:snapshot|image)/.+|dynamodb:[^:]*:[^:]*:table/[^/]+/backup/.+)"
)
# Their tags are found in one region, wherever they are used:
# https://docs.aws.amazon.com/tag-editor/latest/userguide/find-resources-to-tag.html
WORLD_REGION: Final = "us-east-1"
_OF_THE_WORLD: Final = frozenset(
    {
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::DistributionTenant",
        "AWS::CloudFront::VpcOrigin",
        "AWS::Route53::HealthCheck",
        "AWS::Route53::HostedZone",
    }
)


def type_and_id(arn: str) -> tuple[str, str] | None:
    """The CloudFormation type and the physical id, as `exists` takes them; None for a form that is not known."""
    for pattern, resource_type in _COMPILED:
        if (match := pattern.fullmatch(arn)) is not None:
            return resource_type, match.group(1) if pattern.groups else arn
    return None


def is_passing(arn: str) -> bool:
    return _PASSING.fullmatch(arn) is not None


def is_snapshot_of(arn: str, resource_type: str) -> bool:
    """A snapshot of such a resource, such as the final one that a stack leaves; not one of AWS Backup's."""
    return any(form.fullmatch(arn) and resource_type.startswith(types) for form, types in _SNAPSHOTS)


def is_recovery_point(arn: str) -> bool:
    return _RECOVERY_POINT.fullmatch(arn) is not None


def is_of_the_world(resource_type: str) -> bool:
    """Whether it carries tags and stands in no region: the tagging API then tells of it in `WORLD_REGION` alone.

    Others of such services carry no tags. Nobody looks for them there: the account may not allow that region.
    """
    return resource_type in _OF_THE_WORLD
