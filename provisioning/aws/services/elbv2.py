"""Elastic Load Balancing: deletion protection; access logs; existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def lift_protection(aws: Clients, load_balancer_arn: str) -> None:
    aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer_arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
    )


def stop_access_logs(aws: Clients, load_balancer_arn: str) -> None:
    """Otherwise it writes into a bucket that was emptied to be deleted."""
    aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer_arn, Attributes=[{"Key": "access_logs.s3.enabled", "Value": "false"}]
    )


def has_listener(aws: Clients, arn: str) -> bool:
    return bool(aws.elbv2.describe_listeners(ListenerArns=[arn])["Listeners"])


def has_rule(aws: Clients, arn: str) -> bool:
    return bool(aws.elbv2.describe_rules(RuleArns=[arn])["Rules"])


def has_load_balancer(aws: Clients, arn: str) -> bool:
    return bool(aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"])


def has_target_group(aws: Clients, arn: str) -> bool:
    return bool(aws.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"])
