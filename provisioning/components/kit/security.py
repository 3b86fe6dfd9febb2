"""Security groups: ingress from users only, egress only to what is used.

Ingress rules are part of the group. Egress to another group is a resource of its own, because
CloudFormation could not create two groups that refer to each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from troposphere import GetAtt, Ref, ec2

from provisioning.components.kit.build import Build
from provisioning.design.graph import Node
from provisioning.design.names import logical_id, pascal

ANYWHERE = "0.0.0.0/0"
# EC2 gives a group without an egress rule "everything to everywhere". A rule to an unreachable address prevents that.
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
    """Return one ingress rule for each user with a security group and each port that the grant
    opens.
    """
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
    """Add the security group of a node, or of the part of it that `suffix` names."""
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
    """Allow egress from one group to another component's group, on one port."""
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
        f"Egress to {to.address}",
    )


def out_to_targets(node: Node, build: Build) -> None:
    """Allow egress from a node to everything it uses that has a security group."""
    for target in build.targets(node):
        component = build.component(target)
        if component.has_security_group:
            for port in component.grant(target, build).ports:
                let_out(node, build, port=port, source=build.security_group(node), to=target)
