"""EC2 networks: addresses, NAT gateways, flow logs, single security-group rules, network ACLs."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from provisioning.sandbox import private
from provisioning.sandbox.api import Properties, api, arguments, refused, tag_list, tag_specifications
from provisioning.sandbox.resources.registry import Create, Delete, Made, resource_type
from provisioning.sandbox.work import on_loop

LIST = ("Tags", "list")


def retag(resource_id: str, old: Properties, new: Properties) -> None:
    before = {tag["Key"] for tag in tag_list(old)}
    after = tag_list(new)
    gone = before - {tag["Key"] for tag in after}
    if gone:
        api("ec2").delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in sorted(gone)])
    if after:
        api("ec2").create_tags(Resources=[resource_id], Tags=after)


def create_address(_logical_id: str, properties: Properties, _stack: str) -> Made:
    address = api("ec2").allocate_address(Domain="vpc", TagSpecifications=tag_specifications("elastic-ip", properties))
    return address["PublicIp"], {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}


def _allocation(public_ip: str) -> str | None:
    addresses = api("ec2").describe_addresses()["Addresses"]
    return next((item["AllocationId"] for item in addresses if item["PublicIp"] == public_ip), None)


def update_address(physical_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    allocation = _allocation(physical_id) or ""
    retag(allocation, old, new)
    return physical_id, {"AllocationId": allocation, "PublicIp": physical_id}


def delete_address(physical_id: str, _properties: Properties) -> None:
    allocation = _allocation(physical_id)
    if allocation:
        api("ec2").release_address(AllocationId=allocation)


def create_nat_gateway(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments("ec2", "CreateNatGateway", {k: v for k, v in properties.items() if k != "Tags"})
    gateway = api("ec2").create_nat_gateway(**wanted, TagSpecifications=tag_specifications("natgateway", properties))[
        "NatGateway"
    ]
    return gateway["NatGatewayId"], {"NatGatewayId": gateway["NatGatewayId"]}


def update_nat_gateway(physical_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    retag(physical_id, old, new)
    return physical_id, {"NatGatewayId": physical_id}


def delete_nat_gateway(physical_id: str, _properties: Properties) -> None:
    api("ec2").delete_nat_gateway(NatGatewayId=physical_id)


def create_flow_log(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = arguments(
        "ec2", "CreateFlowLogs", {k: v for k, v in properties.items() if k not in ("Tags", "ResourceId")}
    )
    answer = api("ec2").create_flow_logs(
        ResourceIds=[properties["ResourceId"]],
        **wanted,
        TagSpecifications=tag_specifications("vpc-flow-log", properties),
    )
    flow_log_id = answer["FlowLogIds"][0]
    if tag_list(properties):
        api("ec2").create_tags(Resources=[flow_log_id], Tags=tag_list(properties))
    return flow_log_id, {"Id": flow_log_id}


def update_flow_log(physical_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    retag(physical_id, old, new)
    return physical_id, {"Id": physical_id}


def delete_flow_log(physical_id: str, _properties: Properties) -> None:
    api("ec2").delete_flow_logs(FlowLogIds=[physical_id])


def _permission(properties: Properties, *, egress: bool) -> list[dict[str, Any]]:
    permission: dict[str, Any] = {"IpProtocol": str(properties.get("IpProtocol", "-1"))}
    for port in ("FromPort", "ToPort"):
        if port in properties:
            permission[port] = int(properties[port])
    note = {"Description": properties["Description"]} if properties.get("Description") else {}
    group = properties.get("DestinationSecurityGroupId" if egress else "SourceSecurityGroupId")
    prefix_list = properties.get("DestinationPrefixListId" if egress else "SourcePrefixListId")
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **note}]
    if prefix_list:
        permission["PrefixListIds"] = [{"PrefixListId": prefix_list, **note}]
    if properties.get("CidrIp"):
        permission["IpRanges"] = [{"CidrIp": properties["CidrIp"], **note}]
    if properties.get("CidrIpv6"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": properties["CidrIpv6"], **note}]
    return [permission]


def rule_handlers(*, egress: bool) -> tuple[Create, Delete]:
    direction = "egress" if egress else "ingress"

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        authorize = getattr(api("ec2"), f"authorize_security_group_{direction}")
        answer = authorize(GroupId=properties["GroupId"], IpPermissions=_permission(properties, egress=egress))
        rules = answer.get("SecurityGroupRules") or []
        rule_id = rules[0]["SecurityGroupRuleId"] if rules else f"{stack}-{logical_id}"
        return rule_id, {"Id": rule_id}

    def delete(_physical_id: str, properties: Properties) -> None:
        revoke = getattr(api("ec2"), f"revoke_security_group_{direction}")
        try:
            revoke(GroupId=properties["GroupId"], IpPermissions=_permission(properties, egress=egress))
        except ClientError as error:
            if not refused(error, "InvalidPermission.NotFound", "InvalidGroup.NotFound"):
                raise

    return create, delete


def create_network_acl(_logical_id: str, properties: Properties, _stack: str) -> Made:
    answer = api("ec2").create_network_acl(
        VpcId=properties["VpcId"], TagSpecifications=tag_specifications("network-acl", properties)
    )
    acl_id = answer["NetworkAcl"]["NetworkAclId"]
    if tag_list(properties):
        api("ec2").create_tags(Resources=[acl_id], Tags=tag_list(properties))
    return acl_id, {"Id": acl_id}


def update_network_acl(physical_id: str, old: Properties, new: Properties, _stack: str, _logical_id: str) -> Made:
    retag(physical_id, old, new)
    return physical_id, {"Id": physical_id}


def delete_network_acl(physical_id: str, _properties: Properties) -> None:
    api("ec2").delete_network_acl(NetworkAclId=physical_id)


def create_acl_entry(_logical_id: str, properties: Properties, _stack: str) -> Made:
    wanted = {"Egress": False, **properties, "Protocol": str(properties["Protocol"])}
    icmp = {"IcmpTypeCode": properties["Icmp"]} if "Icmp" in properties else {}
    api("ec2").create_network_acl_entry(**arguments("ec2", "CreateNetworkAclEntry", {**wanted, **icmp}))
    direction = "egress" if str(wanted["Egress"]).lower() == "true" else "ingress"
    entry_id = f"{properties['NetworkAclId']}|{properties['RuleNumber']}|{direction}"
    return entry_id, {"Id": entry_id}


def delete_acl_entry(physical_id: str, _properties: Properties) -> None:
    acl_id, number, direction = physical_id.split("|")
    api("ec2").delete_network_acl_entry(NetworkAclId=acl_id, RuleNumber=int(number), Egress=direction == "egress")


def _associate(subnet_id: str, acl_id: str) -> str:
    """Changes ministack's records directly: its ReplaceNetworkAclAssociation loses the subnet, and
    new subnets have no association.
    """
    acls = private.ec2.network_acls
    if acl_id not in acls:
        raise ValueError(
            f"The network ACL '{acl_id}' does not exist (Service: Ec2, Status Code: 400) (HandlerErrorCode: NotFound)"
        )
    for acl in acls.values():
        acl["Associations"] = [item for item in acl["Associations"] if item["SubnetId"] != subnet_id]
    association_id = f"aclassoc-{private.new_uuid().replace('-', '')[:17]}"
    acls[acl_id]["Associations"].append(
        {"NetworkAclAssociationId": association_id, "SubnetId": subnet_id, "NetworkAclId": acl_id}
    )
    return association_id


def create_acl_association(_logical_id: str, properties: Properties, _stack: str) -> Made:
    association_id = on_loop(_associate, properties["SubnetId"], properties["NetworkAclId"])
    return association_id, {"AssociationId": association_id}


def delete_acl_association(_physical_id: str, properties: Properties) -> None:
    """The subnet returns to the default ACL of its VPC."""
    acls = api("ec2").describe_network_acls()["NetworkAcls"]
    vpc_id = next((acl["VpcId"] for acl in acls if acl["NetworkAclId"] == properties["NetworkAclId"]), None)
    default = next((acl["NetworkAclId"] for acl in acls if acl["IsDefault"] and acl["VpcId"] == vpc_id), None)
    if default:
        on_loop(_associate, properties["SubnetId"], default)


def register() -> None:
    resource_type("AWS::EC2::EIP", create=create_address, delete=delete_address, update=update_address, tags=LIST)
    resource_type(
        "AWS::EC2::NatGateway",
        create=create_nat_gateway,
        delete=delete_nat_gateway,
        update=update_nat_gateway,
        tags=LIST,
    )
    resource_type(
        "AWS::EC2::FlowLog", create=create_flow_log, delete=delete_flow_log, update=update_flow_log, tags=LIST
    )
    for egress, name in ((False, "AWS::EC2::SecurityGroupIngress"), (True, "AWS::EC2::SecurityGroupEgress")):
        create, delete = rule_handlers(egress=egress)
        resource_type(name, create=create, delete=delete)
    resource_type(
        "AWS::EC2::NetworkAcl",
        create=create_network_acl,
        delete=delete_network_acl,
        update=update_network_acl,
        tags=LIST,
    )
    resource_type("AWS::EC2::NetworkAclEntry", create=create_acl_entry, delete=delete_acl_entry)
    resource_type("AWS::EC2::SubnetNetworkAclAssociation", create=create_acl_association, delete=delete_acl_association)
