"""EC2 Auto Scaling: scales groups down to zero; existence checks."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from provisioning.aws.errors import WrongStatus
from provisioning.aws.sessions import Clients

INSTANCES_PER_CALL: Final = 50
"""The most instances that SetInstanceProtection accepts (API reference)."""


def stop_group(aws: Clients, name: str) -> None:
    """Terminates all instances of a group, so that none writes while resources are deleted. First
    removes the scale-in protection of its instances.
    """
    groups = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    for group in groups:
        protected = [instance["InstanceId"] for instance in group["Instances"] if instance.get("ProtectedFromScaleIn")]
        with suppress(WrongStatus):  # another activity of the group is in progress
            for start in range(0, len(protected), INSTANCES_PER_CALL):
                aws.client("autoscaling").set_instance_protection(
                    AutoScalingGroupName=name,
                    InstanceIds=protected[start : start + INSTANCES_PER_CALL],
                    ProtectedFromScaleIn=False,
                )
            aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, DesiredCapacity=0)


def has_group(aws: Clients, name: str) -> bool:
    groups = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return bool(groups)


def has_policy(aws: Clients, arn: str) -> bool:
    """Asks by the name at the end of the ARN, because DescribePolicies ignores names it does not
    know.
    """
    name = arn.rpartition(":policyName/")[2]
    policies = aws.client("autoscaling").describe_policies(PolicyNames=[name])["ScalingPolicies"]
    return any(policy["PolicyARN"] == arn for policy in policies)
