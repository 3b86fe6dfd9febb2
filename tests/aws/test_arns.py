"""What an ARN says: a type and its physical id, a transient part, a final snapshot or a recovery
point.
"""

from __future__ import annotations

import pytest

from provisioning.aws.arns import is_final_snapshot, is_recovery_point, is_transient, type_and_id
from provisioning.aws.types import TYPES

REGION = "eu-north-1"
ACCOUNT = "123456789012"
STATUSES = ("COMPLETED", "DELETING", "EXPIRED", "CREATING")


@pytest.mark.parametrize(
    ("arn", "known"),
    [
        ("arn:aws:acm:us-east-1:1:certificate/a-b", ("AWS::CertificateManager::Certificate", None)),
        ("arn:aws:autoscaling:eu-north-1:1:autoScalingGroup:u-u:autoScalingGroupName/hosts", ("AWS::AutoScaling::AutoScalingGroup", "hosts")),
        ("arn:aws:backup:eu-north-1:1:backup-vault:shop", ("AWS::Backup::BackupVault", "shop")),
        ("arn:aws:cloudfront::1:distribution/E1", ("AWS::CloudFront::Distribution", "E1")),
        ("arn:aws:ec2:eu-north-1:1:volume/vol-1", ("AWS::EC2::Volume", "vol-1")),
        ("arn:aws:ecs:eu-north-1:1:service/shop/api", ("AWS::ECS::Service", None)),
        ("arn:aws:elasticloadbalancing:eu-north-1:1:loadbalancer/net/shop/1", ("AWS::ElasticLoadBalancingV2::LoadBalancer", None)),
        ("arn:aws:lambda:eu-north-1:1:function:receiver", ("AWS::Lambda::Function", None)),
        ("arn:aws:logs:eu-north-1:1:log-group:/shop/api", ("AWS::Logs::LogGroup", "/shop/api")),
        ("arn:aws:logs:eu-north-1:1:log-group:/shop/api:*", ("AWS::Logs::LogGroup", "/shop/api")),
        ("arn:aws:mq:eu-north-1:1:broker:shop:b-1", ("AWS::AmazonMQ::Broker", "b-1")),
        ("arn:aws:rds:eu-north-1:1:db:shop-main", ("AWS::RDS::DBInstance", "shop-main")),
        ("arn:aws:s3:::shop-media", ("AWS::S3::Bucket", "shop-media")),
        ("arn:aws:ses:eu-north-1:1:identity/shop.example", ("AWS::SES::EmailIdentity", "shop.example")),
        ("arn:aws:sns:eu-north-1:1:shop", ("AWS::SNS::Topic", None)),
        ("arn:aws:sns:eu-north-1:1:shop:subscription", None),
        ("arn:aws:sqs:eu-north-1:1:shop", ("AWS::SQS::Queue", None)),
        ("arn:aws:rds:eu-north-1:1:snapshot:shop", None),
        ("arn:aws:bedrock:eu-north-1::thing", None),
        ("not an arn", None),
    ],
)  # fmt: skip
def test_an_arn_names_a_type_and_a_physical_id(arn: str, known: tuple[str, str | None] | None) -> None:
    assert type_and_id(arn) == (None if known is None else (known[0], known[1] or arn))


def test_every_type_with_an_arn_has_an_existence_check() -> None:
    assert [record.name for record in TYPES.values() if record.arn and not record.exists] == []


def test_snapshots_and_recovery_points_are_told_apart() -> None:
    final = "arn:aws:rds:eu-north-1:1:snapshot:shop-final"
    backed_up = "arn:aws:rds:eu-north-1:1:snapshot:awsbackup:job-1"
    database, vault = "AWS::RDS::DBInstance", "AWS::Backup::BackupVault"
    assert (is_final_snapshot(final, database), is_recovery_point(final, vault)) == (True, False)
    assert (is_final_snapshot(backed_up, database), is_recovery_point(backed_up, vault)) == (False, True)
    assert not is_final_snapshot(final, "AWS::ElastiCache::ReplicationGroup")
    cached = "arn:aws:elasticache:eu-north-1:1:serverlesscachesnapshot:shop"
    assert is_final_snapshot(cached, "AWS::ElastiCache::ServerlessCache")
    assert is_final_snapshot("arn:aws:ec2:eu-north-1::snapshot/snap-1", "AWS::EC2::Volume")
    assert not is_final_snapshot("arn:aws:ec2:eu-north-1::snapshot/snap-1", database)
    assert is_recovery_point("arn:aws:backup:eu-north-1:1:recovery-point:1-2", vault)
    assert is_recovery_point("arn:aws:ec2:eu-north-1::snapshot/snap-1", vault)
    assert not is_recovery_point("arn:aws:ec2:eu-north-1::snapshot/snap-1", database)
    assert is_transient("arn:aws:ecs:eu-north-1:1:task/shop/1")
    assert not is_transient("arn:aws:ecs:eu-north-1:1:service/shop/api")
