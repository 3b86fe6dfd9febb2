"""Security groups: in from users only, out to what is used only.

Ingress stands in the group itself; egress to another group is a resource of its own, because two groups that name
each other could not be created.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from troposphere import GetAtt, Ref, ec2

from provisioning.components.kit.build import Build
from provisioning.design.graph import Node
from provisioning.design.names import logical_id, pascal

ANYWHERE = "0.0.0.0/0"
# A group without an egress rule gets "everything to everywhere" from EC2; an address that leads nowhere prevents it.
NOWHERE = {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "nothing goes out"}
HTTPS_OUT = {
    "IpProtocol": "tcp",
    "FromPort": 443,
    "ToPort": 443,
    "CidrIp": ANYWHERE,
    "Description": "HTTPS to anywhere",
}


def group_id(address: str) -> GetAtt:
    return GetAtt(logical_id(address, "Sg"), "GroupId")


def admit(port: int, source: Any) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "SourceSecurityGroupId": source,
    }


def from_users(node: Node, build: Build) -> list[dict[str, Any]]:
    """One ingress rule for each user that has a security group, and each port that the grant opens."""
    ports = build.component(node).grant(node, build).ports
    return [
        admit(port, build.security_group(user))
        for user in build.users(node)
        if build.component(user).has_security_group
        for port in ports
    ]


def group(
    node: Node,
    build: Build,
    *,
    ingress: Iterable[dict[str, Any]],
    egress: Iterable[dict[str, Any]] = (),
    suffix: str = "",
) -> ec2.SecurityGroup:
    """Add the security group of a node (or of a part of it, by `suffix`)."""
    network = build.only("network", needed_by=node)
    resource = ec2.SecurityGroup(
        logical_id(node.address, f"{suffix}Sg"),
        GroupDescription=f"{node.address}{suffix and ' '}{suffix.lower()}",
        VpcId=Ref(logical_id(network.address, "Vpc")),
        SecurityGroupEgress=list(egress) or [NOWHERE],
    )
    if rules := list(ingress):
        resource.SecurityGroupIngress = rules
    build.add(node, resource, "Security group")
    return resource


def let_out(node: Node, build: Build, *, port: int, source: Any, to: Node, part: str = "") -> None:
    """Let one group out to another component's, on one port."""
    build.add(
        node,
        ec2.SecurityGroupEgress(
            logical_id(node.address, f"{part}To{pascal(to.address)}{port}"),
            GroupId=source,
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            DestinationSecurityGroupId=build.security_group(to),
        ),
        f"Way out to {to.address}",
    )


def out_to_targets(node: Node, build: Build) -> None:
    """Let a node out to everything it uses that has a security group."""
    for target in build.targets(node):
        component = build.component(target)
        if component.has_security_group:
            for port in component.grant(target, build).ports:
                let_out(node, build, port=port, source=build.security_group(node), to=target)
