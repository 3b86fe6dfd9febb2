"""EC2 instances as a request describes them: launch template, disks, network interfaces, metadata
options, protection.
"""

from __future__ import annotations

import re
from typing import Any

from provisioning.sandbox import private
from provisioning.sandbox.private import ec2, get_region, now_iso
from provisioning.sandbox.services import network_interfaces
from provisioning.sandbox.services.calls import Answer, RefusedError
from provisioning.sandbox.services.forms import Form, flattened, nested, true
from provisioning.sandbox.services.instance_attributes import METADATA, instance_xml
from provisioning.sandbox.services.public_parameters import image_id

Record = dict[str, Any]
_INSTANCE_ID = re.compile(r"<instanceId>(i-[0-9a-f]+)</instanceId>")
_ministacks = {name: ec2.ACTION_MAP[name] for name in ("RunInstances", "TerminateInstances")}


def template_data(named: dict[str, Any] | None) -> dict[str, Any]:
    """The data of the launch template (and its version) that a request names."""
    if not named:
        return {}
    wanted = (named.get("LaunchTemplateId"), named.get("LaunchTemplateName"))
    template = next(
        (
            t
            for t in ec2.launch_templates.values()
            if t["LaunchTemplateId"] == wanted[0] or t["LaunchTemplateName"] == wanted[1]
        ),
        None,
    )
    if template is None:
        raise RefusedError(
            "InvalidLaunchTemplateId.NotFound",
            f"The specified launch template, with template ID {wanted[0] or wanted[1]}, does not exist.",
        )
    version = str(named.get("Version") or "$Default")
    number = {"$Default": template["DefaultVersionNumber"], "$Latest": template["LatestVersionNumber"]}.get(
        version, version
    )
    found = next((v for v in template["Versions"] if str(v["VersionNumber"]) == str(number)), None)
    if found is None:
        raise RefusedError(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {version} for the launch template with ID {template['LaunchTemplateId']}.",
        )
    return dict(found["LaunchTemplateData"] or {})


def _image(name: str) -> str:
    if not name.startswith("resolve:ssm:"):
        return name
    parameter = name.removeprefix("resolve:ssm:")
    found = image_id(parameter) or private.ssm.resolve_parameter_value(parameter)
    if not found:
        raise RefusedError(
            "InvalidAMIID.Malformed", f'Invalid id: "{name}": no parameter of that name holds an image id'
        )
    return str(found)


def _wanted(request: dict[str, Any]) -> dict[str, Any]:
    """The request merged over its launch template, after checking that everything it names exists."""
    wanted = {**template_data(request.get("LaunchTemplate")), **request}
    if not wanted.get("ImageId"):
        raise RefusedError("MissingParameter", "The request must contain the parameter ImageId")
    wanted["ImageId"] = _image(str(wanted["ImageId"]))
    interfaces = [item for item in wanted.get("NetworkInterfaces") or [] if isinstance(item, dict)]
    wanted["NetworkInterfaces"] = interfaces
    first: Record = interfaces[0] if interfaces else {}
    existing = _existing_interface(first)
    wanted["SubnetId"] = wanted.get("SubnetId") or first.get("SubnetId") or (existing or {}).get("SubnetId")
    if wanted["SubnetId"] and wanted["SubnetId"] not in ec2.subnets:
        raise RefusedError("InvalidSubnetID.NotFound", f"The subnet ID '{wanted['SubnetId']}' does not exist")
    groups = wanted.get("SecurityGroupIds") or first.get("Groups") or first.get("GroupSet")
    wanted["SecurityGroupIds"] = groups or [group["GroupId"] for group in (existing or {}).get("Groups", [])]
    for group in wanted["SecurityGroupIds"]:
        if group not in ec2.security_groups:
            raise RefusedError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    return wanted


def _existing_interface(item: Record) -> Record | None:
    interface_id = item.get("NetworkInterfaceId")
    if not interface_id:
        return None
    found: Record | None = ec2.network_interfaces.get(interface_id)
    if found is None:
        raise RefusedError(
            "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{interface_id}' does not exist"
        )
    if found.get("Attachment"):
        raise RefusedError("InvalidNetworkInterface.InUse", f"Interface: [{interface_id}] in use.")
    return found


def refusal(form: Form) -> str:
    """Why RunInstances would reject the request; empty if it would not."""
    try:
        _wanted(nested(form))
    except RefusedError as refused:
        return str(refused)
    return ""


def run_instances(form: Form) -> Answer:
    request = nested(form)
    try:
        wanted = _wanted(request)
    except RefusedError as refused:
        answer: Answer = ec2.error(refused.code, str(refused), 400)
        return answer
    profile = wanted.get("IamInstanceProfile") or {}
    named = {
        name: wanted.get(name)
        for name in ("ImageId", "InstanceType", "KeyName", "SubnetId", "UserData", "PrivateIpAddress")
    }
    simple = {name: [str(value)] for name, value in named.items() if value}
    groups = flattened("SecurityGroupId", [str(group) for group in wanted["SecurityGroupIds"]])
    role = {f"IamInstanceProfile.{name}": [str(value)] for name, value in profile.items()}
    plain = {
        name: value
        for name, value in form.items()
        if name.split(".")[0] in ("MinCount", "MaxCount", "TagSpecification", "Action", "ClientToken")
    }
    made: Answer = _ministacks["RunInstances"]({**plain, **simple, **groups, **role})
    if made[0] != 200:  # noqa: PLR2004
        return made
    for instance_id in dict.fromkeys(_INSTANCE_ID.findall(made[2].decode())):
        complete(ec2.instances[instance_id], wanted)
    text = made[2].decode()
    shown = "".join(instance_xml(ec2.instances[item]) for item in dict.fromkeys(_INSTANCE_ID.findall(text)))
    body = re.sub(
        r"<instancesSet>.*</instancesSet>",
        lambda _match: f"<instancesSet>{shown}</instancesSet>",
        text,
        flags=re.DOTALL,
    )
    return made[0], made[1], body.encode()


def complete(record: Record, wanted: dict[str, Any]) -> None:
    """Values of the request about the instance that ministack does not record."""
    subnet = ec2.subnets.get(record["SubnetId"]) or {}
    zone = subnet.get("AvailabilityZone") or record["Placement"]["AvailabilityZone"]
    record["Placement"]["AvailabilityZone"] = zone
    record["MetadataOptions"] = {
        **METADATA,
        **{key: str(value) for key, value in (wanted.get("MetadataOptions") or {}).items()},
    }
    record["EbsOptimized"] = true(wanted.get("EbsOptimized"))
    record["DisableApiTermination"] = true(wanted.get("DisableApiTermination"))
    record["UserData"] = wanted.get("UserData") or ""
    if true(
        (wanted.get("Monitoring") or {}).get("Enabled")
        if isinstance(wanted.get("Monitoring"), dict)
        else wanted.get("Monitoring")
    ):
        record["Monitoring"] = {"State": "enabled"}
    if re.match(r"[a-z]+\d+g", str(record["InstanceType"])):
        record["Architecture"] = "arm64"
    _disks(record, wanted, zone)
    _interface(record, wanted, subnet)
    for spec in wanted.get("TagSpecifications") or []:
        if spec.get("ResourceType") == "volume":
            for mapping in record["BlockDeviceMappings"]:
                ec2.tags[mapping["Ebs"]["VolumeId"]] = list(spec.get("Tags") or [])
        elif spec.get("ResourceType") == "instance" and not ec2.tags.get(record["InstanceId"]):
            ec2.tags[record["InstanceId"]] = list(spec.get("Tags") or [])


def _disks(record: Record, wanted: dict[str, Any], zone: str) -> None:
    mappings = [item for item in wanted.get("BlockDeviceMappings") or [] if isinstance(item.get("Ebs"), dict)]
    root_names = {record["RootDeviceName"], "/dev/sda1", "/dev/xvda"}
    for mapping in mappings:
        ebs = mapping["Ebs"]
        if mapping.get("DeviceName") in root_names:
            shown = record["BlockDeviceMappings"][0]
            record["RootDeviceName"] = shown["DeviceName"] = mapping["DeviceName"]
            volume = ec2.volumes[shown["Ebs"]["VolumeId"]]
            volume["Attachments"][0]["Device"] = mapping["DeviceName"]
        else:
            volume = _new_volume(record, mapping, zone)
            shown = record["BlockDeviceMappings"][-1]
        _fill_volume(volume, ebs)
        shown["Ebs"]["DeleteOnTermination"] = str(ebs.get("DeleteOnTermination", "true")).lower() == "true"
    for mapping in record["BlockDeviceMappings"]:
        ec2.volumes[mapping["Ebs"]["VolumeId"]]["AvailabilityZone"] = zone


def _new_volume(record: Record, mapping: Record, zone: str) -> Record:
    answer = ec2.ACTION_MAP["CreateVolume"](
        {"AvailabilityZone": [zone], "Size": [str(mapping["Ebs"].get("VolumeSize", 8))]}
    )
    volume_id = re.search(r"<volumeId>(vol-[0-9a-f]+)<", answer[2].decode())[1]  # type: ignore[index]  # it was just created
    now, device = now_iso(), mapping.get("DeviceName", "/dev/sdf")
    volume: Record = ec2.volumes[volume_id]
    attached = {
        "VolumeId": volume_id,
        "InstanceId": record["InstanceId"],
        "Device": device,
        "State": "attached",
        "AttachTime": now,
        "DeleteOnTermination": True,
    }
    volume.update(State="in-use", Attachments=[attached])
    record["BlockDeviceMappings"].append(
        {
            "DeviceName": device,
            "Ebs": {"VolumeId": volume_id, "Status": "attached", "AttachTime": now, "DeleteOnTermination": True},
        }
    )
    return volume


def _fill_volume(volume: Record, ebs: Record) -> None:
    if ebs.get("VolumeSize"):
        volume["Size"] = int(ebs["VolumeSize"])
    for name in ("VolumeType", "SnapshotId", "KmsKeyId"):
        if ebs.get(name):
            volume[name] = str(ebs[name])
    for name in ("Iops", "Throughput"):
        if ebs.get(name):
            volume[name] = int(ebs[name])
    if "Encrypted" in ebs:
        volume["Encrypted"] = true(ebs["Encrypted"])


def _interface(record: Record, wanted: dict[str, Any], subnet: Record) -> None:
    """The instance's first network interface: the one that the request names, or its own."""
    first: Record = wanted["NetworkInterfaces"][0] if wanted.get("NetworkInterfaces") else {}
    interface_id, own = first.get("NetworkInterfaceId"), False
    if not interface_id and subnet.get("CidrBlock"):
        form = {
            "SubnetId": [record["SubnetId"]],
            **flattened("SecurityGroupId", [group["GroupId"] for group in record["SecurityGroups"]]),
        }
        asked = wanted.get("PrivateIpAddress") or first.get("PrivateIpAddress")
        form |= {"PrivateIpAddress": [str(asked)]} if asked else {}
        interface_id, own = network_interfaces.made_id(network_interfaces.create(form)), True
    interface: Record | None = ec2.network_interfaces.get(interface_id) if interface_id else None
    if interface is not None:
        ec2.ACTION_MAP["AttachNetworkInterface"](
            {"NetworkInterfaceId": [str(interface_id)], "InstanceId": [record["InstanceId"]], "DeviceIndex": ["0"]}
        )
        interface["Attachment"]["DeleteOnTermination"] = own
        record["PrivateIpAddress"] = interface["PrivateIpAddress"]
    record["PrivateDnsName"] = f"ip-{record['PrivateIpAddress'].replace('.', '-')}.{get_region()}.compute.internal"
    public = first.get("AssociatePublicIpAddress", subnet.get("MapPublicIpOnLaunch", True))
    if not true(public):
        record["PublicIpAddress"] = record["PublicDnsName"] = ""


def terminate_instances(form: Form) -> Answer:
    ids = [values[0] for name, values in form.items() if name.startswith("InstanceId.")]
    for instance_id in ids:
        record = ec2.instances.get(instance_id) or {}
        if record.get("DisableApiTermination") and record["State"]["Name"] != "terminated":
            message = f"The instance '{instance_id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
            refused: Answer = ec2.error("OperationNotPermitted", message, 400)
            return refused
    answer: Answer = _ministacks["TerminateInstances"](form)
    if answer[0] == 200:  # noqa: PLR2004
        for instance_id in ids:
            _let_go(instance_id)
    return answer


def _let_go(instance_id: str) -> None:
    """Deletes the instance's own disks and network interface; attached ones remain."""
    for volume_id, volume in list(ec2.volumes.items()):
        mine = [item for item in volume["Attachments"] if item["InstanceId"] == instance_id]
        if mine and mine[0].get("DeleteOnTermination", False):
            del ec2.volumes[volume_id]
            ec2.tags.pop(volume_id, None)
        elif mine:
            volume.update(Attachments=[], State="available")
    for interface_id, interface in list(ec2.network_interfaces.items()):
        attachment = interface.get("Attachment") or {}
        if attachment.get("InstanceId") != instance_id:
            continue
        if attachment.get("DeleteOnTermination"):
            del ec2.network_interfaces[interface_id]
        else:
            interface.update(Attachment=None, Status="available")
    for address in ec2.addresses.values():
        if address.get("InstanceId") == instance_id:
            address.update(InstanceId=None, AssociationId=None)


def install() -> None:
    ec2.ACTION_MAP.update(RunInstances=run_instances, TerminateInstances=terminate_instances)
