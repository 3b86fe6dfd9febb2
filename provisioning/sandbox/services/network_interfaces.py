"""EC2 network interfaces: addresses from their subnet, filters, no deletion while in use."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from provisioning.sandbox.private import ec2
from provisioning.sandbox.services.calls import Answer
from provisioning.sandbox.services.forms import Form, nested, true

Record = dict[str, Any]
_ministacks = {
    name: ec2.ACTION_MAP[name]
    for name in ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
}
_INTERFACE_ID = re.compile(r"<networkInterfaceId>(eni-\w+)<")
SECONDARY = "SecondaryAddresses"
FIRST_HOST = 4  # AWS reserves the first four addresses of a subnet and the last one


def _free_address(subnet: Record) -> str | None:
    network = ipaddress.ip_network(subnet["CidrBlock"])
    taken = {
        address
        for interface in ec2.network_interfaces.values()
        for address in (interface["PrivateIpAddress"], *(interface.get(SECONDARY) or []))
    }
    hosts = (str(network[number]) for number in range(FIRST_HOST, network.num_addresses - 1))
    return next((host for host in hosts if host not in taken), None)


def create(form: Form) -> Answer:
    request = nested(form)
    subnet = ec2.subnets.get(request.get("SubnetId"))
    if subnet is None:
        refused: Answer = ec2.error(
            "InvalidSubnetID.NotFound", f"The subnet ID '{request.get('SubnetId')}' does not exist", 400
        )
        return refused
    asked = [item for item in request.get("PrivateIpAddresses") or [] if item.get("PrivateIpAddress")]
    primary = next((item["PrivateIpAddress"] for item in asked if true(item.get("Primary"))), None)
    address = request.get("PrivateIpAddress") or primary or _free_address(subnet)
    if address is None:
        full: Answer = ec2.error(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet['SubnetId']}'.",
            400,
        )
        return full
    answer: Answer = _ministacks["CreateNetworkInterface"](form)
    interface_id = made_id(answer)
    record = ec2.network_interfaces[interface_id]
    before, record["PrivateIpAddress"] = record["PrivateIpAddress"], address
    record[SECONDARY] = [item["PrivateIpAddress"] for item in asked if item["PrivateIpAddress"] != address]
    for _ in range(int(request.get("SecondaryPrivateIpAddressCount") or 0)):
        record[SECONDARY].append(_free_address(subnet) or address)
    for spec in request.get("TagSpecifications") or []:
        ec2.tags[interface_id] = list(spec.get("Tags") or [])
    return answer[0], answer[1], answer[2].replace(before.encode(), address.encode())


def fields_xml(record: Record) -> str:
    """Ministack's response with the secondary addresses."""
    more = "".join(
        f"<item><privateIpAddress>{address}</privateIpAddress><primary>false</primary></item>"
        for address in record.get(SECONDARY) or []
    )
    head, closing, tail = str(ec2.eni_fields_xml(record)).partition("</privateIpAddressesSet>")
    return f"{head}{more}{closing}{tail}"


def made_id(answer: Answer) -> str:
    """The id in the response to CreateNetworkInterface."""
    found = _INTERFACE_ID.search(answer[2].decode())
    assert found is not None  # noqa: S101 - ministack's own answer
    return found[1]


def _fits(record: Record, name: str, values: list[str]) -> bool:
    attachment = record.get("Attachment") or {}
    if name == "group-id":
        return any(group["GroupId"] in values for group in record.get("Groups", []))
    if name.startswith("tag:"):
        tags = {tag["Key"]: tag["Value"] for tag in ec2.tags.get(record["NetworkInterfaceId"], [])}
        return tags.get(name.removeprefix("tag:")) in values
    plain = {
        "attachment.instance-id": attachment.get("InstanceId"),
        "availability-zone": record.get("AvailabilityZone"),
        "description": record.get("Description"),
        "network-interface-id": record["NetworkInterfaceId"],
        "private-ip-address": record["PrivateIpAddress"],
        "status": record["Status"],
        "subnet-id": record["SubnetId"],
        "vpc-id": record["VpcId"],
    }
    return plain[name] in values if name in plain else True


def describe(form: Form) -> Answer:
    request = nested(form)
    filters = request.get("Filter") or []
    ids = request.get("NetworkInterfaceId") or []
    unknown = [item for item in ids if item not in ec2.network_interfaces]
    if unknown:
        refused: Answer = ec2.error(
            "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{unknown[0]}' does not exist", 400
        )
        return refused
    chosen = [
        record
        for record in ec2.network_interfaces.values()
        if (not ids or record["NetworkInterfaceId"] in ids)
        and all(_fits(record, item["Name"], item.get("Value") or []) for item in filters)
    ]
    shown = "".join(fields_xml(record) for record in chosen)
    answer: Answer = ec2.xml(
        200, "DescribeNetworkInterfacesResponse", f"<networkInterfaceSet>{shown}</networkInterfaceSet>"
    )
    return answer


def delete(form: Form) -> Answer:
    interface_id = nested(form).get("NetworkInterfaceId")
    record = ec2.network_interfaces.get(interface_id) or {}
    if record.get("Attachment"):
        refused: Answer = ec2.error(
            "InvalidParameterValue", f"Network interface '{interface_id}' is currently in use.", 400
        )
        return refused
    answer: Answer = _ministacks["DeleteNetworkInterface"](form)
    return answer


def install() -> None:
    ec2.ACTION_MAP.update(
        CreateNetworkInterface=create, DescribeNetworkInterfaces=describe, DeleteNetworkInterface=delete
    )
