"""The ARNs that resources of a rendered template will have.

The forms are those of AWS's service authorization reference. A name that the template does not give
is one that CloudFormation would choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

_ID: Final = "0a1b2c3d-1111-4222-8333-444455556666"


@dataclass(frozen=True, slots=True)
class ArnForm:
    """`resource` is the last part of the ARN; `{name}` in it is the physical name, and any other
    field a property of the resource. `named_by` is the property that gives the name. `ref_is_arn`:
    `Ref` returns the ARN. `regional` and `in_account` say whether the ARN has these two parts.
    """

    service: str
    resource: str
    named_by: str = ""
    ref_is_arn: bool = False
    regional: bool = True
    in_account: bool = True

    def name(self, logical_id: str, properties: Mapping[str, Any], stack: str) -> str:
        given = properties.get(self.named_by)
        return given if isinstance(given, str) else f"{stack}-{logical_id}-1A2B3C4D"

    def arn(self, name: str, properties: Mapping[str, Any], *, region: str, account_id: str, partition: str) -> str:
        place = f"{region if self.regional else ''}:{account_id if self.in_account else ''}"
        fields = {"name": name, "id": _ID, "path": properties.get("Path", "/"), "cluster": _cluster_name(properties)}
        # A parameter's name may begin with a slash, which its ARN has anyway.
        fields["bare_name"] = name.removeprefix("/")
        return f"arn:{partition}:{self.service}:{place}:{self.resource.format(**fields)}"


def _cluster_name(properties: Mapping[str, Any]) -> str:
    """An ECS service names its cluster by name or ARN."""
    return str(properties.get("Cluster", "default")).rpartition("/")[2]


def _in_vpc(kind: str) -> ArnForm:
    return ArnForm("ec2", f"{kind}/{{name}}")


FORMS: Final[Mapping[str, ArnForm]] = MappingProxyType(
    {
        "AWS::AmazonMQ::Broker": ArnForm("mq", "broker:{name}:b-{id}", "BrokerName"),
        "AWS::ApplicationAutoScaling::ScalableTarget": ArnForm("application-autoscaling", "scalable-target/{id}"),
        "AWS::Backup::BackupPlan": ArnForm("backup", "backup-plan:{id}"),
        "AWS::Backup::BackupVault": ArnForm("backup", "backup-vault:{name}", "BackupVaultName"),
        "AWS::CertificateManager::Certificate": ArnForm("acm", "certificate/{id}", ref_is_arn=True),
        "AWS::CloudFront::CachePolicy": ArnForm("cloudfront", "cache-policy/{id}", regional=False),
        "AWS::CloudFront::Distribution": ArnForm("cloudfront", "distribution/{name}", regional=False),
        "AWS::CloudFront::Function": ArnForm("cloudfront", "function/{name}", "Name", regional=False, ref_is_arn=True),
        "AWS::CloudFront::OriginAccessControl": ArnForm("cloudfront", "origin-access-control/{id}", regional=False),
        "AWS::CloudFront::ResponseHeadersPolicy": ArnForm("cloudfront", "response-headers-policy/{id}", regional=False),
        "AWS::CloudWatch::Alarm": ArnForm("cloudwatch", "alarm:{name}", "AlarmName"),
        "AWS::CloudWatch::CompositeAlarm": ArnForm("cloudwatch", "alarm:{name}", "AlarmName"),
        "AWS::CloudWatch::Dashboard": ArnForm("cloudwatch", "dashboard/{name}", "DashboardName", regional=False),
        "AWS::EC2::EIP": _in_vpc("elastic-ip"),
        "AWS::EC2::FlowLog": _in_vpc("vpc-flow-log"),
        "AWS::EC2::Instance": _in_vpc("instance"),
        "AWS::EC2::InternetGateway": _in_vpc("internet-gateway"),
        "AWS::EC2::LaunchTemplate": _in_vpc("launch-template"),
        "AWS::EC2::NatGateway": _in_vpc("natgateway"),
        "AWS::EC2::NetworkInterface": _in_vpc("network-interface"),
        "AWS::EC2::RouteTable": _in_vpc("route-table"),
        "AWS::EC2::SecurityGroup": _in_vpc("security-group"),
        "AWS::EC2::Subnet": _in_vpc("subnet"),
        "AWS::EC2::VPC": _in_vpc("vpc"),
        "AWS::EC2::VPCEndpoint": _in_vpc("vpc-endpoint"),
        "AWS::EC2::Volume": _in_vpc("volume"),
        "AWS::ECS::Cluster": ArnForm("ecs", "cluster/{name}", "ClusterName"),
        "AWS::ECS::Service": ArnForm("ecs", "service/{cluster}/{name}", "ServiceName", ref_is_arn=True),
        "AWS::ECS::TaskDefinition": ArnForm("ecs", "task-definition/{name}:1", "Family", ref_is_arn=True),
        "AWS::EFS::AccessPoint": ArnForm("elasticfilesystem", "access-point/fsap-{id}"),
        "AWS::EFS::FileSystem": ArnForm("elasticfilesystem", "file-system/fs-{id}"),
        "AWS::ElastiCache::ReplicationGroup": ArnForm("elasticache", "replicationgroup:{name}", "ReplicationGroupId"),
        "AWS::ElastiCache::ServerlessCache": ArnForm("elasticache", "serverlesscache:{name}", "ServerlessCacheName"),
        "AWS::ElastiCache::SubnetGroup": ArnForm("elasticache", "subnetgroup:{name}", "CacheSubnetGroupName"),
        "AWS::ElastiCache::User": ArnForm("elasticache", "user:{name}", "UserId"),
        "AWS::ElastiCache::UserGroup": ArnForm("elasticache", "usergroup:{name}", "UserGroupId"),
        "AWS::ElasticLoadBalancingV2::Listener": ArnForm(
            "elasticloadbalancing", "listener/app/{name}/{id}/{id}", ref_is_arn=True
        ),
        "AWS::ElasticLoadBalancingV2::LoadBalancer": ArnForm(
            "elasticloadbalancing", "loadbalancer/app/{name}/{id}", "Name", ref_is_arn=True
        ),
        "AWS::ElasticLoadBalancingV2::TargetGroup": ArnForm(
            "elasticloadbalancing", "targetgroup/{name}/{id}", "Name", ref_is_arn=True
        ),
        "AWS::IAM::InstanceProfile": ArnForm(
            "iam", "instance-profile{path}{name}", "InstanceProfileName", regional=False
        ),
        "AWS::IAM::Role": ArnForm("iam", "role{path}{name}", "RoleName", regional=False),
        "AWS::KMS::Key": ArnForm("kms", "key/{name}"),
        "AWS::Lambda::Function": ArnForm("lambda", "function:{name}", "FunctionName"),
        "AWS::Logs::LogGroup": ArnForm("logs", "log-group:{name}:*", "LogGroupName"),
        "AWS::RDS::DBInstance": ArnForm("rds", "db:{name}", "DBInstanceIdentifier"),
        "AWS::RDS::DBParameterGroup": ArnForm("rds", "pg:{name}", "DBParameterGroupName"),
        "AWS::RDS::DBSubnetGroup": ArnForm("rds", "subgrp:{name}", "DBSubnetGroupName"),
        "AWS::Route53::HostedZone": ArnForm("route53", "hostedzone/{name}", regional=False, in_account=False),
        "AWS::S3::Bucket": ArnForm("s3", "{name}", "BucketName", regional=False, in_account=False),
        "AWS::SES::ConfigurationSet": ArnForm("ses", "configuration-set/{name}", "Name"),
        "AWS::SES::EmailIdentity": ArnForm("ses", "identity/{name}", "EmailIdentity"),
        "AWS::SNS::Topic": ArnForm("sns", "{name}", "TopicName", ref_is_arn=True),
        "AWS::SQS::Queue": ArnForm("sqs", "{name}", "QueueName"),
        "AWS::SSM::Parameter": ArnForm("ssm", "parameter/{bare_name}", "Name"),
        "AWS::SecretsManager::Secret": ArnForm("secretsmanager", "secret:{name}-AbCdEf", "Name", ref_is_arn=True),
        "AWS::ServiceDiscovery::PrivateDnsNamespace": ArnForm("servicediscovery", "namespace/ns-{id}"),
        "AWS::ServiceDiscovery::Service": ArnForm("servicediscovery", "service/srv-{id}"),
        "AWS::WAFv2::WebACL": ArnForm("wafv2", "regional/webacl/{name}/{id}", "Name"),
    }
)
"""By type. A type that is not here is a part of another resource, and IAM knows only that one."""
