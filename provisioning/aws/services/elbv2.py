"""Load balancers: protection lifted, and asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def lift_protection(aws: Clients, load_balancer_arn: str) -> None:
    aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer_arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
    )


EXISTENCE: Mapping[str, Probe] = {
    "AWS::ElasticLoadBalancingV2::Listener": lambda aws, arn: bool(
        aws.elbv2.describe_listeners(ListenerArns=[arn])["Listeners"]
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": lambda aws, arn: bool(
        aws.elbv2.describe_rules(RuleArns=[arn])["Rules"]
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": lambda aws, arn: bool(
        aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": lambda aws, arn: bool(
        aws.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    ),
}
