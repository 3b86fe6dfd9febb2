"""Auto Scaling groups with real instances: launched from the group's template into its subnets, and
terminated with it.
"""

from __future__ import annotations

import re
from typing import Any

from provisioning.sandbox.private import autoscaling, ec2, now_iso
from provisioning.sandbox.services import instances
from provisioning.sandbox.services.calls import Answer
from provisioning.sandbox.services.forms import Form, flattened

Group = dict[str, Any]
_ministacks_delete = autoscaling.ACTION_MAP["DeleteAutoScalingGroup"]
_ministacks_create = autoscaling.ACTION_MAP["CreateAutoScalingGroup"]
_INSTANCE_ID = re.compile(r"<instanceId>(i-[0-9a-f]+)</instanceId>")
_CONFIGURATION = {"ImageId": "ImageId", "InstanceType": "InstanceType", "KeyName": "KeyName", "UserData": "UserData"}


def launch_form(group: Group, number: int = 0) -> Form:
    """The RunInstances request for one more instance of the group."""
    form: Form = {"Action": ["RunInstances"], "MinCount": ["1"], "MaxCount": ["1"]}
    subnets = [subnet.strip() for subnet in str(group.get("VPCZoneIdentifier") or "").split(",") if subnet.strip()]
    if subnets:
        form["SubnetId"] = [subnets[number % len(subnets)]]
    template = group.get("LaunchTemplate") or {}
    if template.get("LaunchTemplateId") or template.get("LaunchTemplateName"):
        form |= {f"LaunchTemplate.{name}": [str(value)] for name, value in template.items() if value}
    else:
        configuration = autoscaling.launch_configs.get(group.get("LaunchConfigurationName")) or {}
        names = {ours: theirs for ours, theirs in _CONFIGURATION.items() if configuration.get(ours)}
        form |= {theirs: [str(configuration[ours])] for ours, theirs in names.items()}
        if profile := str(configuration.get("IamInstanceProfile") or ""):
            form[f"IamInstanceProfile.{'Arn' if profile.startswith('arn:') else 'Name'}"] = [profile]
        groups = [str(name) for name in configuration.get("SecurityGroups") or [] if str(name).startswith("sg-")]
        form |= flattened("SecurityGroupId", groups)
    tags = [tag for tag in group.get("Tags") or [] if str(tag.get("PropagateAtLaunch")).lower() == "true"]
    tags.append({"Key": "aws:autoscaling:groupName", "Value": group["AutoScalingGroupName"]})
    form["TagSpecification.1.ResourceType"] = ["instance"]
    for position, tag in enumerate(tags, 1):
        form[f"TagSpecification.1.Tag.{position}.Key"] = [tag["Key"]]
        form[f"TagSpecification.1.Tag.{position}.Value"] = [tag["Value"]]
    return form


def reconcile(group: Group) -> None:
    """Launches as many instances as the group needs, spread over its subnets; none if its template
    cannot launch any.
    """
    held: list[dict[str, Any]] = group["Instances"]
    while len(held) > group["DesiredCapacity"]:
        instance_id = held.pop()["InstanceId"]
        if instance_id in ec2.instances:
            ec2.instances[instance_id]["DisableApiTermination"] = False
            instances.terminate_instances({"InstanceId.1": [instance_id]})
    while len(held) < group["DesiredCapacity"]:
        answer = instances.run_instances(launch_form(group, len(held)))
        if answer[0] != 200:  # noqa: PLR2004
            return
        launched = _INSTANCE_ID.search(answer[2].decode())
        assert launched is not None  # noqa: S101 - an accepted launch names its instance
        held.append(_member(group, ec2.instances[launched[1]]))


def _member(group: Group, instance: dict[str, Any]) -> dict[str, Any]:
    return {
        "InstanceId": instance["InstanceId"],
        "LifecycleState": "InService",
        "HealthStatus": "Healthy",
        "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
        "ProtectedFromScaleIn": group["NewInstancesProtectedFromScaleIn"],
        "LaunchTemplate": group.get("LaunchTemplate") or {},
        "LaunchConfigurationName": group.get("LaunchConfigurationName", ""),
    }


def refusal(group: Group) -> str:
    """Why the group's template could not launch an instance, in Auto Scaling's words; empty if it
    could.
    """
    reason = instances.refusal(launch_form(group))
    if not reason:
        return ""
    what = "launch template" if group.get("LaunchTemplate") else "launch configuration"
    return f"You must use a valid fully-formed {what}. {reason}"


def _create(form: Form) -> Answer:
    answer: Answer = _ministacks_create(form)
    name = form.get("AutoScalingGroupName", [""])[0]
    group = autoscaling.asgs.get(name)
    reason = refusal(group) if answer[0] == 200 and group else ""  # noqa: PLR2004
    if reason:
        _ministacks_delete({"AutoScalingGroupName": [name]})
        refused: Answer = autoscaling.error("ValidationError", reason)
        return refused
    return answer


def end(name: str) -> None:
    """Terminates all instances of a group."""
    group = autoscaling.asgs.get(name)
    if group is not None:
        group["DesiredCapacity"] = 0
        reconcile(group)


def _delete(form: Form) -> Answer:
    name = form.get("AutoScalingGroupName", [""])[0]
    group = autoscaling.asgs.get(name) or {}
    forced = form.get("ForceDelete", [""])[0].lower() == "true"
    if group.get("Instances") and not forced:
        message = "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group."
        refused: Answer = autoscaling.error("ResourceInUse", message)
        return refused
    end(name)
    answer: Answer = _ministacks_delete(form)
    return answer


def touched(group: Group) -> None:
    """Applies a template's change of a group to its instances, and records the time."""
    group.setdefault("CreatedTime", now_iso())
    reconcile(group)


def install() -> None:
    autoscaling.put("reconcile_instances", reconcile)
    autoscaling.ACTION_MAP.update(CreateAutoScalingGroup=_create, DeleteAutoScalingGroup=_delete)
