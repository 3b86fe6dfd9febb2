"""Elastic Load Balancing."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Protection, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::ElasticLoadBalancingV2::Listener",
        exists="elbv2.has_listener",
        taggable=True,
        durations=one_call(create=5, delete=4),
    ),
    AwsType("AWS::ElasticLoadBalancingV2::ListenerCertificate", durations=one_call(create=4, delete=4)),
    AwsType(
        "AWS::ElasticLoadBalancingV2::ListenerRule",
        exists="elbv2.has_rule",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
    AwsType(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        exists="elbv2.has_load_balancer",
        arn=ArnForm("elasticloadbalancing", r"loadbalancer/.+"),
        taggable=True,
        quiesce="elbv2.stop_access_logs",
        protection=Protection(
            "LoadBalancerAttributes", lift="elbv2.lift_protection", attribute="deletion_protection.enabled"
        ),
        durations=(
            lasts(
                create=150,
                delete=30,
                low=110,
                high=300,
                source=Source.TIMED,
                reference="the whole test, created and deleted, takes 231 and 267 s: https://github.com/hashicorp/terraform/pull/11333; "
                "usually not over 5 min: https://github.com/hashicorp/terraform/issues/24799",
            ),
        ),
    ),
    AwsType(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        exists="elbv2.has_target_group",
        arn=ArnForm("elasticloadbalancing", r"targetgroup/.+"),
        taggable=True,
        durations=(
            lasts(create=16, delete=4, low=3, high=20, source=Source.ASSUMED, reference="like an internet gateway"),
        ),
    ),
)
