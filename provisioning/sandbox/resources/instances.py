"""EC2 instances and the resources attached to them: disks, network interfaces, addresses, key
pairs.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox.api import Properties, api, arguments, refused, tag_specifications
from provisioning.sandbox.private import provisioners
from provisioning.sandbox.resources.declared import Declared, declare, missing
from provisioning.sandbox.resources.ec2 import retag
from provisioning.sandbox.resources.registry import Made, resource_type, true

LIST = ("Tags", "list")
_NOT_AT_LAUNCH = (
    "Tags",
    "IamInstanceProfile",
    "Volumes",
    "PropagateTagsToVolumeOnCreation",
    "NetworkInterfaces",
    "SecurityGroups",
    "AvailabilityZone",
    "Tenancy",
    "Monitoring",
    "SourceDestCheck",
    "UserData",
)


def _launch(properties: Properties) -> dict[str, Any]:
    wanted = arguments("ec2", "RunInstances", {k: v for k, v in properties.items() if k not in _NOT_AT_LAUNCH})
    if properties.get("UserData"):
        # botocore encodes it, but a template already contains it encoded
        wanted["UserData"] = _decoded(str(properties["UserData"]))
    profile = properties.get("IamInstanceProfile")
    if profile:
        wanted["IamInstanceProfile"] = {"Name": profile}
    interfaces = properties.get("NetworkInterfaces")
    if interfaces:
        shaped = arguments(
            "ec2",
            "RunInstances",
            {"NetworkInterfaces": [{**item, "Groups": item.get("GroupSet")} for item in interfaces]},
        )
        wanted["NetworkInterfaces"] = shaped["NetworkInterfaces"]
    if true(properties.get("Monitoring")):
        wanted["Monitoring"] = {"Enabled": True}
    groups = properties.get("SecurityGroups")
    if groups and "SecurityGroupIds" not in wanted and all(str(group).startswith("sg-") for group in groups):
        wanted["SecurityGroupIds"] = groups
    specifications = tag_specifications("instance", properties)
    if true(properties.get("PropagateTagsToVolumeOnCreation")):
        specifications += tag_specifications("volume", properties)
    return {**wanted, "TagSpecifications": specifications} if specifications else wanted


def _decoded(text: str) -> bytes | str:

    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text


def _attributes(instance: dict[str, Any]) -> dict[str, Any]:
    return {
        "InstanceId": instance["InstanceId"],
        "PrivateIp": instance.get("PrivateIpAddress", ""),
        "PublicIp": instance.get("PublicIpAddress", ""),
        "PrivateDnsName": instance.get("PrivateDnsName", ""),
        "PublicDnsName": instance.get("PublicDnsName", ""),
        "AvailabilityZone": instance.get("Placement", {}).get("AvailabilityZone", ""),
        "VpcId": instance.get("VpcId", ""),
        "State.Name": instance["State"]["Name"],
        "State.Code": str(instance["State"]["Code"]),
    }


def _described(instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return found


def create_instance(_logical_id: str, properties: Properties, _stack: str) -> Made:
    answer = api("ec2").run_instances(MinCount=1, MaxCount=1, **_launch(properties))
    instance_id = answer["Instances"][0]["InstanceId"]
    for volume in properties.get("Volumes") or []:
        api("ec2").attach_volume(InstanceId=instance_id, VolumeId=volume["VolumeId"], Device=volume["Device"])
    return instance_id, _attributes(_described(instance_id))


def update_instance(physical_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    def changed(name: str) -> bool:
        return old.get(name) != new.get(name) and name in new

    ec2 = api("ec2")
    if changed("DisableApiTermination"):
        ec2.modify_instance_attribute(
            InstanceId=physical_id, DisableApiTermination={"Value": true(new["DisableApiTermination"])}
        )
    if changed("InstanceType"):
        ec2.modify_instance_attribute(InstanceId=physical_id, InstanceType={"Value": new["InstanceType"]})
    if changed("SecurityGroupIds"):
        ec2.modify_instance_attribute(InstanceId=physical_id, Groups=new["SecurityGroupIds"])
    if changed("UserData"):
        ec2.modify_instance_attribute(InstanceId=physical_id, UserData={"Value": _decoded(str(new["UserData"]))})
    retag(physical_id, old, new)
    return physical_id, _attributes(_described(physical_id))


def delete_instance(physical_id: str, _properties: Properties) -> None:
    try:
        api("ec2").terminate_instances(InstanceIds=[physical_id])
    except ClientError as error:
        if not missing(error):
            raise


def _snapshot_volume(physical_id: str, properties: Properties) -> None:
    api("ec2").create_snapshot(
        VolumeId=physical_id,
        Description=f"Final snapshot of {physical_id}",
        TagSpecifications=tag_specifications("snapshot", properties),
    )


def attach_volume(_logical_id: str, properties: Properties, _stack: str) -> Made:
    volume, instance = properties["VolumeId"], properties["InstanceId"]
    volumes = api("ec2").describe_volumes(VolumeIds=[volume])["Volumes"]
    zone = _described(instance)["Placement"]["AvailabilityZone"]
    if volumes and volumes[0]["AvailabilityZone"] != zone:
        raise ValueError(
            f"The volume '{volume}' is not in the same availability zone as instance '{instance}' "
            "(Service: Ec2, Status Code: 400) (HandlerErrorCode: InvalidRequest)"
        )
    api("ec2").attach_volume(VolumeId=volume, InstanceId=instance, Device=properties.get("Device", "/dev/sdf"))
    return f"{volume}|{instance}", {}


def detach_volume(physical_id: str, _properties: Properties) -> None:
    volume, _, _instance = physical_id.partition("|")
    try:
        api("ec2").detach_volume(VolumeId=volume)
    except ClientError as error:
        if not (missing(error) or refused(error, "IncorrectState")):
            raise


def create_interface(_logical_id: str, properties: Properties, _stack: str) -> Made:
    renamed = {
        ("Groups" if name == "GroupSet" else name): value for name, value in properties.items() if name != "Tags"
    }
    wanted = arguments("ec2", "CreateNetworkInterface", renamed)
    specifications = tag_specifications("network-interface", properties)
    interface = api("ec2").create_network_interface(
        **wanted, **({"TagSpecifications": specifications} if specifications else {})
    )["NetworkInterface"]
    interface_id = interface["NetworkInterfaceId"]
    described = api("ec2").describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][0]
    attributes = {
        "Id": interface_id,
        "PrimaryPrivateIpAddress": interface["PrivateIpAddress"],
        "SecondaryPrivateIpAddresses": [
            address["PrivateIpAddress"] for address in described["PrivateIpAddresses"] if not address["Primary"]
        ],
        "VpcId": interface.get("VpcId", ""),
    }
    return interface_id, attributes


def update_interface(physical_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    retag(physical_id, old, new)
    return physical_id, {}


def delete_interface(physical_id: str, _properties: Properties) -> None:
    try:
        api("ec2").delete_network_interface(NetworkInterfaceId=physical_id)
    except ClientError as error:
        if not missing(error):
            raise


def attach_interface(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("ec2", "AttachNetworkInterface", properties)
    attachment = api("ec2").attach_network_interface(**wanted)["AttachmentId"]
    return attachment, {"AttachmentId": attachment}


def detach_interface(physical_id: str, _properties: Properties) -> None:
    api("ec2").detach_network_interface(AttachmentId=physical_id)


def associate_address(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("ec2", "AssociateAddress", {k: v for k, v in properties.items() if k != "EIP"})
    if "AllocationId" not in wanted and properties.get("EIP"):
        addresses = api("ec2").describe_addresses(PublicIps=[properties["EIP"]])["Addresses"]
        wanted["AllocationId"] = addresses[0]["AllocationId"]
    association = api("ec2").associate_address(**wanted)["AssociationId"]
    return association, {"Id": association}


def disassociate_address(physical_id: str, _properties: Properties) -> None:
    api("ec2").disassociate_address(AssociationId=physical_id)


def create_key_pair(_logical_id: str, properties: Properties, _stack: str) -> Made:
    name, ec2 = properties["KeyName"], api("ec2")
    if properties.get("PublicKeyMaterial"):
        made = ec2.import_key_pair(KeyName=name, PublicKeyMaterial=str(properties["PublicKeyMaterial"]).encode())
    else:
        made = ec2.create_key_pair(KeyName=name)
        place = f"/ec2/keypair/{made['KeyPairId']}"  # where CloudFormation stores the private key
        api("ssm").put_parameter(Name=place, Value=made["KeyMaterial"], Type="SecureString")
    return name, {"KeyPairId": made["KeyPairId"], "KeyFingerprint": made.get("KeyFingerprint", "")}


def delete_key_pair(physical_id: str, _properties: Properties) -> None:
    pairs = api("ec2").describe_key_pairs(KeyNames=[physical_id])["KeyPairs"]
    for pair in pairs:
        api("ec2").delete_key_pair(KeyName=physical_id)
        try:
            api("ssm").delete_parameter(Name=f"/ec2/keypair/{pair['KeyPairId']}")
        except ClientError as error:
            if not missing(error):
                raise


def register() -> None:
    resource_type(
        "AWS::EC2::Instance", create=create_instance, delete=delete_instance, update=update_instance, tags=LIST
    )
    declare(
        "AWS::EC2::Volume",
        Declared(
            "ec2",
            "CreateVolume",
            "DeleteVolume",
            "VolumeId",
            "VolumeId",
            attributes={"VolumeId": ""},
            ec2_kind="volume",
            update="ModifyVolume",
        ),
    )
    provisioners.RESOURCE_HANDLERS["AWS::EC2::Volume"]["snapshot"] = _snapshot_volume
    resource_type("AWS::EC2::VolumeAttachment", create=attach_volume, delete=detach_volume)
    resource_type(
        "AWS::EC2::NetworkInterface",
        create=create_interface,
        delete=delete_interface,
        update=update_interface,
        tags=LIST,
    )
    resource_type("AWS::EC2::NetworkInterfaceAttachment", create=attach_interface, delete=detach_interface)
    resource_type("AWS::EC2::EIPAssociation", create=associate_address, delete=disassociate_address)
    resource_type("AWS::EC2::KeyPair", create=create_key_pair, delete=delete_key_pair, tags=LIST)
