"""Groups of instances: brought down to none, and asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients

INSTANCES_A_CALL: Final = 50
"""The most that SetInstanceProtection takes (API reference)."""


def stop_group(aws: Clients, name: str) -> None:
    """Let all instances go, so that nothing writes while things are deleted. Those guarded against scaling in are let go first."""
    groups = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    for group in groups:
        guarded = [item["InstanceId"] for item in group["Instances"] if item.get("ProtectedFromScaleIn")]
        for start in range(0, len(guarded), INSTANCES_A_CALL):
            aws.client("autoscaling").set_instance_protection(
                AutoScalingGroupName=name,
                InstanceIds=guarded[start : start + INSTANCES_A_CALL],
                ProtectedFromScaleIn=False,
            )
        aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, DesiredCapacity=0)


def _has_group(aws: Clients, name: str) -> bool:
    groups = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return bool(groups)


def _has_policy(aws: Clients, arn: str) -> bool:
    """By the name at the ARN's end, since DescribePolicies ignores what it does not know."""
    name = arn.rpartition(":policyName/")[2]
    found = aws.client("autoscaling").describe_policies(PolicyNames=[name])["ScalingPolicies"]
    return any(policy["PolicyARN"] == arn for policy in found)


EXISTENCE: Mapping[str, Probe] = {
    "AWS::AutoScaling::AutoScalingGroup": _has_group,
    "AWS::AutoScaling::ScalingPolicy": _has_policy,
}
