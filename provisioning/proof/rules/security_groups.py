"""Checks the ingress and egress rules of each security group on their own."""

from __future__ import annotations

from ipaddress import ip_network

from provisioning.proof.facts.locations import LOCATIONS
from provisioning.proof.model.security_groups import GROUP, GroupRule
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import is_known, mentioned, shown
from provisioning.proof.model.view import View
from provisioning.proof.report import Severity
from provisioning.proof.rule import Reporter, rule

_TYPES = (GROUP, "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
_RULES = "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"
# Ports for administration and ports of stores: attackers find these first if they are open to
# everyone.
ADMIN_PORTS = {22: "SSH", 3389: "RDP", 23: "Telnet", 5900: "VNC", 5985: "WinRM", 5986: "WinRM", 2375: "Docker"}
STORE_PORTS = {
    1433: "SQL Server",
    1521: "Oracle",
    2049: "NFS",
    3306: "MySQL",
    5432: "PostgreSQL",
    5439: "Redshift",
    5672: "AMQP",
    6379: "Redis",
    9200: "search",
    11211: "memcached",
    15672: "RabbitMQ management",
    27017: "MongoDB",
}


def _kind(resource: Resource) -> str:
    return LOCATIONS[resource.type].kind if resource.type in LOCATIONS else "compute"


def _meant(view: View, admitted: GroupRule) -> str:
    """Why an open port is intended: every member is an internet-facing load balancer that listens
    on it.
    """
    members = view.groups.members.get(admitted.group, [])
    if not members or admitted.wide:
        return ""
    for member in members:
        ports = view.listening.ports(member) or frozenset()
        if _kind(member) != "balancer" or member.get("Scheme", "internet-facing") != "internet-facing":
            return ""
        if not set(range(admitted.first, admitted.last + 1)) <= ports:
            return ""
    return ", ".join(sorted({member.key for member in members}))


def _owner(view: View, admitted: GroupRule) -> list[Resource]:
    group = view.model.resources.get(admitted.group)
    return list(dict.fromkeys([group or admitted.resource, admitted.resource]))


@rule(
    "groups.open-to-world",
    "No security group allows the whole internet, except for a load balancer's listeners",
    severity="high",
    why="Open ports are attacked all the time. Only resources designed to face the internet should have one.",
    remedy="Allow the security group of the resource that needs the port, or a narrow address range.",
    source=_RULES,
    types=_TYPES,
)
def open_to_world(view: View, report: Reporter) -> None:
    for group, rules in sorted(view.groups.ingress.items()):
        for admitted in rules:
            if not admitted.from_anywhere:
                continue
            if balancer := _meant(view, admitted):
                report.fact(f"{admitted.line}: intended, {balancer} faces the internet and listens on it")
            else:
                named = {**ADMIN_PORTS, **STORE_PORTS}.items()
                ports = dict.fromkeys(name for port, name in named if admitted.covers(port) and not admitted.wide)
                what = f" ({', '.join(ports)})" if ports else ""
                users = sorted({member.key for member in view.groups.members.get(group, ())})
                report.fault(
                    _owner(view, admitted),
                    f"{shown(group)} allows everyone on {admitted.ports}{what}.",
                    admitted.line,
                    f"used by {', '.join(users) or 'nothing in the template'}",
                    severity=_severity(view, admitted),
                )
    for resource in view.of(GROUP):
        admits = view.groups.ingress.get(resource.key, [])
        if not any(admitted.from_anywhere for admitted in admits):
            report.passes(resource, f"{resource.key}: {len(admits)} ingress rules, none from anywhere")


def _severity(view: View, admitted: GroupRule) -> Severity:
    """High for stores, administration ports and all ports at once; medium for another port of
    compute.
    """
    members = view.groups.members.get(admitted.group, [])
    dangerous = any(admitted.covers(port) for port in (*ADMIN_PORTS, *STORE_PORTS))
    store = any(_kind(member) == "store" for member in members)
    return "high" if admitted.wide or dangerous or store or admitted.protocol not in _NARROW else "medium"


_NARROW = {"tcp", "udp", "icmp", "icmpv6"}


@rule(
    "groups.wide-source",
    "Security groups allow groups, not whole networks",
    severity="medium",
    why="A rule for a network allows every machine that is ever added to it; a rule for a group allows only its members.",
    remedy="Name the security group that needs the port as the source.",
    source=_RULES,
    types=_TYPES,
)
def wide_source(view: View, report: Reporter) -> None:
    for group, rules in sorted(view.groups.ingress.items()):
        for admitted in rules:
            if admitted.kind == "unknown":
                sentence = (
                    f"The source that {shown(group)} allows on {admitted.ports} cannot be determined from the template."
                )
                report.undecided(_owner(view, admitted)[0], sentence, admitted.line)
            elif admitted.kind == "cidr" and not admitted.from_anywhere:
                _report_network(view, report, admitted)
            elif admitted.kind == "prefix list":
                report.fact(f"{admitted.line}: a prefix list")
    for group_resource in view.of(GROUP):
        if all(r.kind == "group" for r in view.groups.ingress.get(group_resource.key, ())):
            report.passes(group_resource, f"{group_resource.key} allows security groups only")


def _report_network(view: View, report: Reporter, admitted: GroupRule) -> None:
    try:
        prefix_length = ip_network(admitted.peer, strict=False).prefixlen if is_known(admitted.peer) else None
    except ValueError:
        prefix_length = None
    sentence = f"{shown(admitted.group)} allows the whole network {admitted.peer} on {admitted.ports}."
    if prefix_length is None:
        report.undecided(_owner(view, admitted)[0], sentence, admitted.line)
    elif prefix_length <= _NETWORK_BITS:
        report.fault(_owner(view, admitted), sentence, admitted.line)
    else:
        sentence = f"{shown(admitted.group)} allows the addresses {admitted.peer} on {admitted.ports}."
        report.fault(_owner(view, admitted), sentence, admitted.line, severity="low")


_NETWORK_BITS = 24


@rule(
    "groups.wide-ports",
    "Security groups allow single ports",
    severity="medium",
    why="Allowing all ports between two groups also exposes every service that starts later.",
    remedy="Allow only the ports that have a listener.",
    source=_RULES,
    types=_TYPES,
)
def wide_ports(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        faults = [r for r in view.groups.ingress.get(group.key, ()) if r.wide and not r.from_anywhere]
        for admitted in faults:
            report.fault(
                _owner(view, admitted),
                f"{group.key} allows {shown(admitted.peer)} on {admitted.ports}.",
                admitted.line,
                severity="low" if admitted.peer == group.key else None,
            )
        if not faults:
            report.passes(group, f"{group.key} allows single ports only")


@rule(
    "groups.admin-port",
    "No security group allows SSH or remote desktop ports",
    severity="medium",
    why="Session Manager opens a shell without an open port, and records who used it.",
    remedy="Remove the rule; use SSM Session Manager.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
    types=_TYPES,
)
def admin_port(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        faults = [
            (admitted, name)
            for admitted in view.groups.ingress.get(group.key, ())
            for port, name in ADMIN_PORTS.items()
            if admitted.covers(port) and not admitted.wide
        ]
        for admitted, name in faults:
            sentence = f"{group.key} allows {shown(admitted.peer)} on the {name} port."
            report.fault(_owner(view, admitted), sentence, admitted.line)
        if not faults:
            report.passes(group, f"{group.key} allows no administration port")


@rule(
    "groups.egress-open",
    "Security groups allow only the egress that is used",
    severity="medium",
    why="An attacker who gets in also needs egress. EC2 allows all egress if a group declares no egress rules.",
    remedy="Declare the egress rules: the groups that are used, and 443 if the internet is needed; 127.0.0.1/32 for none.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html",
    types=_TYPES,
)
def egress_open(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        rules = view.groups.egress.get(group.key, ())
        wide = [r for r in rules if r.wide and r.kind in ("cidr", "unknown") and not r.nowhere]
        if wide:
            report.fault(group, f"{group.key} allows egress on {wide[0].ports}.", *(r.line for r in wide))
            continue
        outside = [r for r in rules if r.from_anywhere]
        other = [r for r in outside if not (r.first == r.last and r.first in _WEB)]
        for let in other:
            report.fault(
                _owner(view, let),
                f"{group.key} allows egress to the internet on {let.ports}.",
                let.line,
                severity="low",
            )
        if not other:
            detail = ", ".join(sorted({f"{r.ports} to the internet" for r in outside})) or "nothing to the internet"
            report.passes(
                group,
                f"{group.key} allows egress for {detail}, and {sum(r.kind == 'group' for r in rules)} ports to groups",
            )


_WEB = (443, 587, 465, 123)


@rule(
    "groups.default",
    "Nothing uses the VPC's default security group",
    severity="medium",
    why="The default group allows all traffic among its members, and all egress.",
    remedy="Create a dedicated security group.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",
    types=_TYPES,
)
def default_group(view: View, report: Reporter) -> None:
    for placement in view.network.placements:
        name = placement.resource.key
        if placement.resource.type in _WITHOUT_GROUPS or not (placement.subnets or placement.groups):
            continue
        default = [v for v in placement.groups if "DefaultSecurityGroup" in str(v)]
        if default or not placement.groups:
            why = shown(default[0]) if default else "no security group is named"
            report.fault(placement.resource, f"{name} uses the VPC's default security group.", why)
        else:
            report.passes(placement.resource, f"{name} uses {', '.join(shown(value) for value in placement.groups)}")


# Network load balancers may have no group, scaling groups use the group of their launch template,
# and gateway endpoints have none.
_WITHOUT_GROUPS = (
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EKS::Nodegroup",
    "AWS::EKS::Cluster",
)


@rule(
    "groups.unworn",
    "Every security group is used",
    severity="info",
    why="An unused group can be attached by mistake.",
    remedy="Remove the group.",
    types=_TYPES,
)
def unworn(view: View, report: Reporter) -> None:
    published = {name for output in view.model.outputs.values() for text in output.values() for name in mentioned(text)}
    for group in view.of(GROUP):
        if members := view.groups.members.get(group.key):
            report.passes(group, f"{group.key} is used by {', '.join(sorted({m.key for m in members}))}")
        elif group.key in published:
            report.passes(group, f"{group.key} is published by an output")
        else:
            report.fault(group, f"Nothing in the template uses {group.key}.")
