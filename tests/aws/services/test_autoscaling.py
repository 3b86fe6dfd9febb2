"""EC2 Auto Scaling, against moto as a second opinion."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


@pytest.fixture
def group(by_hand: Clients, name: str) -> str:
    """Two instances, guarded against scaling in."""
    vpc = by_hand.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    image = by_hand.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    data: Any = {"ImageId": image, "InstanceType": "t4g.micro"}
    by_hand.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    by_hand.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=2,
        MaxSize=3,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateName": name},
        NewInstancesProtectedFromScaleIn=True,
    )
    return name


def test_a_group_of_instances_is_brought_down_to_none(on_moto: LiveAws, by_hand: Clients, group: str) -> None:
    autoscaling = by_hand.client("autoscaling")
    autoscaling.put_scaling_policy(
        AutoScalingGroupName=group, PolicyName="more", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )
    (made,) = autoscaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    policy = made["PolicyARN"]
    assert on_moto.exists("AWS::AutoScaling::AutoScalingGroup", group)
    assert on_moto.exists("AWS::AutoScaling::ScalingPolicy", policy)
    assert on_moto.quiesce("AWS::AutoScaling::AutoScalingGroup", group) is True
    assert on_moto.quiesce("AWS::AutoScaling::AutoScalingGroup", group) is True
    (found,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    assert (found["MinSize"], found["DesiredCapacity"], found["Instances"]) == (0, 0, [])
    autoscaling.delete_policy(AutoScalingGroupName=group, PolicyName="more")
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)
    assert on_moto.exists("AWS::AutoScaling::AutoScalingGroup", group) is False
    assert on_moto.exists("AWS::AutoScaling::ScalingPolicy", policy) is False
    assert on_moto.quiesce("AWS::AutoScaling::AutoScalingGroup", group) is True
