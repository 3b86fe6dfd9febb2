"""Existence, protection and quiescing of any type, against moto as a second opinion."""

from __future__ import annotations

import uuid

import pytest

from provisioning.aws.client import LiveAws

REGION = "eu-north-1"
ACCOUNT = "123456789012"


def test_a_type_without_protection_says_so(on_moto: LiveAws) -> None:
    assert on_moto.lift_protection("AWS::EC2::VPC", "vpc-1") is False


@pytest.mark.parametrize(
    ("resource_type", "physical_id"),
    [
        ("Custom::Thing", "x"),
        ("AWS::EC2::VPC", ""),
        ("AWS::WAFv2::WebACL", "odd"),
        ("AWS::WAFv2::WebACL", "edge|id|CLOUDFRONT"),
        ("AWS::WAFv2::WebACLAssociation", "odd"),
        ("AWS::EC2::VPCGatewayAttachment", "shop-Attachment-1ABC"),
        ("AWS::ECS::Service", "api"),
        ("AWS::ApplicationAutoScaling::ScalableTarget", "table/x|dynamodb:table:ReadCapacityUnits|dynamodb"),
        ("AWS::ApplicationAutoScaling::ScalingPolicy", "odd"),
    ],
)
def test_a_question_that_nobody_can_answer_is_left_open(on_moto: LiveAws, resource_type: str, physical_id: str) -> None:
    assert on_moto.exists(resource_type, physical_id) is None


def test_a_type_that_starts_no_work_is_not_stopped(on_moto: LiveAws) -> None:
    assert on_moto.quiesce("AWS::SNS::Topic", "x") is False


@pytest.mark.parametrize(
    ("resource_type", "physical_id"),
    [
        ("AWS::CertificateManager::Certificate", f"arn:aws:acm:{REGION}:123456789012:certificate/{uuid.UUID(int=1)}"),
        ("AWS::CloudWatch::Alarm", "none"),
        ("AWS::EC2::FlowLog", "fl-0123456789abcdef0"),
        ("AWS::EC2::Instance", "i-0123456789abcdef0"),
        ("AWS::EC2::LaunchTemplate", "lt-0123456789abcdef0"),
        ("AWS::EC2::VPCEndpoint", "vpce-0123456789abcdef0"),
        ("AWS::EFS::AccessPoint", "fsap-0123456789abcdef0"),
        ("AWS::EFS::FileSystem", "fs-0123456789abcdef0"),
        ("AWS::EFS::MountTarget", "fsmt-0123456789abcdef0"),
        ("AWS::ElastiCache::ReplicationGroup", "none"),
        ("AWS::ElastiCache::SubnetGroup", "none"),
        (
            "AWS::ElasticLoadBalancingV2::Listener",
            f"arn:aws:elasticloadbalancing:{REGION}:123456789012:listener/app/x/0123456789abcdef/0123456789abcdef",
        ),
        (
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            f"arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/x/0123456789abcdef",
        ),
        ("AWS::Events::Rule", "none"),
        ("AWS::IAM::InstanceProfile", "none"),
        ("AWS::IAM::ManagedPolicy", "arn:aws:iam::123456789012:policy/none"),
        ("AWS::IAM::OIDCProvider", "arn:aws:iam::123456789012:oidc-provider/none.example"),
        ("AWS::Lambda::Function", "none"),
        ("AWS::RDS::DBCluster", "none"),
        ("AWS::RDS::DBParameterGroup", "none"),
        ("AWS::RDS::DBSubnetGroup", "none"),
        ("AWS::SNS::Topic", f"arn:aws:sns:{REGION}:123456789012:none"),
        ("AWS::SQS::Queue", f"https://sqs.{REGION}.amazonaws.com/123456789012/none"),
        ("AWS::SSM::Parameter", "/none"),
        ("AWS::ServiceDiscovery::PrivateDnsNamespace", "ns-0123456789abcdef"),
        ("AWS::ServiceDiscovery::Service", "srv-0123456789abcdef"),
        ("AWS::WAFv2::WebACL", f"none|{uuid.UUID(int=1)}|REGIONAL"),
        ("AWS::AmazonMQ::Broker", "b-00000000-0000-0000-0000-000000000000"),
        ("AWS::AutoScaling::ScalingPolicy", f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:u:autoScalingGroupName/g:policyName/none"),
        ("AWS::CloudFront::Distribution", "E0000000000000"),
        ("AWS::CloudFront::OriginAccessControl", "E0000000000000"),
        ("AWS::Lambda::EventSourceMapping", str(uuid.UUID(int=1))),
        ("AWS::Lambda::Url", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:none"),
        ("AWS::Route53::HealthCheck", str(uuid.UUID(int=1))),
        ("AWS::Route53::HostedZone", "Z0000000000000"),
        ("AWS::StepFunctions::StateMachine", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:none"),
    ],
)  # fmt: skip
def test_a_resource_that_never_existed_is_gone(on_moto: LiveAws, resource_type: str, physical_id: str) -> None:
    assert on_moto.exists(resource_type, physical_id) is False
