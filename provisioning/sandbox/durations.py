"""How long AWS takes for a resource of each type, in seconds, as far as somebody has published it.

Sources, by the letter behind each line:
  T  Terraform provider issues with timings: hashicorp/terraform#498, #2886, #8275, terraform-provider-aws#27, #2048
  S  turbot/steampipe-plugin-aws#184 and #246 (VPC, subnets, subnet groups)
  E  AWS DevOps blog on CloudFormation's EXPRESS mode, June 2026, and Optimistic Stabilization, March 2024
  U  AWS user guides ("can take several minutes"), taken at the low end
  A  assumed by analogy with a type above it; nobody publishes it
"""

from __future__ import annotations

from typing import NamedTuple


class Duration(NamedTuple):
    create: float
    delete: float


DEFAULT = Duration(5, 4)  # A: one call and its confirmation
UPDATE_SHARE = 0.3  # A: an update in place, as a share of a creation

DURATIONS: dict[str, Duration] = {
    "AWS::AmazonMQ::Broker": Duration(720, 300),  # U
    "AWS::ApplicationAutoScaling::ScalableTarget": Duration(4, 4),  # A
    "AWS::ApplicationAutoScaling::ScalingPolicy": Duration(4, 4),  # A
    "AWS::CertificateManager::Certificate": Duration(90, 5),  # U: DNS validation
    "AWS::CloudFront::Distribution": Duration(300, 300),  # E: 5 to 10 minutes
    "AWS::EC2::EIP": Duration(16, 5),  # A
    "AWS::EC2::FlowLog": Duration(5, 4),  # A
    "AWS::EC2::Instance": Duration(35, 40),  # A
    "AWS::EC2::InternetGateway": Duration(16, 16),  # A
    "AWS::EC2::NatGateway": Duration(105, 70),  # U
    "AWS::EC2::RouteTable": Duration(12, 5),  # A
    "AWS::EC2::SecurityGroup": Duration(6, 5),  # S
    "AWS::EC2::Subnet": Duration(6, 5),  # S: 5 to 8 seconds
    "AWS::EC2::SubnetRouteTableAssociation": Duration(3, 3),  # A
    "AWS::EC2::VPC": Duration(20, 6),  # S: 20 to 39 seconds
    "AWS::EC2::VPCEndpoint": Duration(20, 20),  # A, gateway endpoint
    "AWS::ECS::Cluster": Duration(8, 8),  # A
    "AWS::ECS::Service": Duration(120, 120),  # U: until steady; deletion drains
    "AWS::ECS::TaskDefinition": Duration(3, 3),  # A
    "AWS::EFS::AccessPoint": Duration(6, 6),  # A
    "AWS::EFS::FileSystem": Duration(15, 10),  # A
    "AWS::EFS::MountTarget": Duration(95, 60),  # U
    "AWS::ElastiCache::ReplicationGroup": Duration(600, 300),  # T: 395 s and more
    "AWS::ElastiCache::ServerlessCache": Duration(180, 180),  # U
    "AWS::ElastiCache::SubnetGroup": Duration(5, 4),  # S
    "AWS::ElastiCache::UserGroup": Duration(20, 20),  # A
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Duration(150, 30),  # U
    "AWS::ElasticLoadBalancingV2::TargetGroup": Duration(16, 4),  # A
    "AWS::IAM::InstanceProfile": Duration(120, 4),  # U: waits for propagation
    "AWS::IAM::ManagedPolicy": Duration(15, 5),  # A
    "AWS::IAM::Policy": Duration(15, 5),  # A
    "AWS::IAM::Role": Duration(17, 6),  # A: propagation is waited for
    "AWS::KMS::Alias": Duration(60, 4),  # A
    "AWS::KMS::Key": Duration(120, 5),  # A: waits for propagation
    "AWS::Lambda::Function": Duration(10, 5),  # A
    "AWS::RDS::DBInstance": Duration(420, 240),  # T: 5 to 10 minutes on one zone
    "AWS::RDS::DBParameterGroup": Duration(12, 4),  # A
    "AWS::RDS::DBSubnetGroup": Duration(5, 3),  # S: 2 to 8 seconds
    "AWS::Route53::HostedZone": Duration(45, 40),  # A
    "AWS::Route53::RecordSet": Duration(35, 35),  # A
    "AWS::S3::Bucket": Duration(22, 5),  # A
    "AWS::ServiceDiscovery::HttpNamespace": Duration(40, 15),  # A
    "AWS::ServiceDiscovery::PrivateDnsNamespace": Duration(45, 45),  # A
    "AWS::SQS::Queue": Duration(60, 60),  # E: 64 seconds for a queue and its dead letters
    "AWS::WAFv2::WebACL": Duration(15, 8),  # A
    "AWS::WAFv2::WebACLAssociation": Duration(12, 6),  # A
}

MULTI_AZ_DATABASE = Duration(1000, 300)  # T: 15 to 20 minutes


def duration(resource_type: str, properties: dict[str, object]) -> Duration:
    """AWS's seconds to create and to delete one resource."""
    if resource_type == "AWS::RDS::DBInstance" and str(properties.get("MultiAZ")).lower() == "true":
        return MULTI_AZ_DATABASE
    return DURATIONS.get(resource_type, DEFAULT)
