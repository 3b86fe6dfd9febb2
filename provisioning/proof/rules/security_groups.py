"""What security groups admit and let out, taken by themselves."""

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
# Ports by which machines are administered, and those of stores: open to all, they are found first.
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
    """Why an open port is meant: every wearer is an internet-facing load balancer that listens there."""
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
    "No security group admits the whole internet, but at a load balancer's listeners",
    severity="high",
    why="An open port is tried by strangers all day. Only what is made to face them should.",
    remedy="Admit the security group of whoever needs the port, or the narrow address range that does.",
    source=_RULES,
    types=_TYPES,
)
def open_to_world(view: View, report: Reporter) -> None:
    for group, rules in sorted(view.groups.ingress.items()):
        for admitted in rules:
            if not admitted.from_anywhere:
                continue
            if balancer := _meant(view, admitted):
                report.fact(f"{admitted.line}: meant, {balancer} faces the internet and listens there")
            else:
                report.fault(_owner(view, admitted), *_open(view, group, admitted), severity=_gravity(view, admitted))
    for one in view.of(GROUP):
        admits = view.groups.ingress.get(one.key, [])
        if not any(admitted.from_anywhere for admitted in admits):
            report.passes(one, f"{one.key}: {len(admits)} ingress rules, none from anywhere")


def _open(view: View, group: str, admitted: GroupRule) -> list[str]:
    named = {**ADMIN_PORTS, **STORE_PORTS}
    what = ", ".join(dict.fromkeys(name for port, name in named.items() if admitted.covers(port) and not admitted.wide))
    worn = ", ".join(sorted({m.key for m in view.groups.members.get(group, ())})) or "nobody in the template"
    sentence = f"{shown(group)} admits everybody to {admitted.ports}{f' ({what})' if what else ''}."
    return [sentence, admitted.line, f"worn by {worn}"]


def _gravity(view: View, admitted: GroupRule) -> Severity:
    """High for stores, hosts' own doors and everything at once; medium for another port of compute."""
    members = view.groups.members.get(admitted.group, [])
    dangerous = any(admitted.covers(port) for port in (*ADMIN_PORTS, *STORE_PORTS))
    store = any(_kind(member) == "store" for member in members)
    return "high" if admitted.wide or dangerous or store or admitted.protocol not in _NARROW else "medium"


_NARROW = {"tcp", "udp", "icmp", "icmpv6"}


@rule(
    "groups.wide-source",
    "Security groups admit groups, not whole networks",
    severity="medium",
    why="A rule for a network admits every machine that will ever stand in it; a rule for a group admits who is meant.",
    remedy="Name the security group that needs the port as the source.",
    source=_RULES,
    types=_TYPES,
)
def wide_source(view: View, report: Reporter) -> None:
    for group, rules in sorted(view.groups.ingress.items()):
        for admitted in rules:
            if admitted.kind == "unknown":
                sentence = f"Whom {shown(group)} admits to {admitted.ports} cannot be told from the template."
                report.undecided(_owner(view, admitted)[0], sentence, admitted.line)
            elif admitted.kind == "cidr" and not admitted.from_anywhere:
                _network(view, report, admitted)
            elif admitted.kind == "prefix list":
                report.fact(f"{admitted.line}: a prefix list")
    for group_resource in view.of(GROUP):
        if all(r.kind == "group" for r in view.groups.ingress.get(group_resource.key, ())):
            report.passes(group_resource, f"{group_resource.key} admits security groups only")


def _network(view: View, report: Reporter, admitted: GroupRule) -> None:
    size = _prefix(admitted.peer)
    sentence = f"{shown(admitted.group)} admits the whole network {admitted.peer} to {admitted.ports}."
    if size is None:
        report.undecided(_owner(view, admitted)[0], sentence, admitted.line)
    elif size <= _NETWORK_BITS:
        report.fault(_owner(view, admitted), sentence, admitted.line)
    else:
        sentence = f"{shown(admitted.group)} admits the addresses {admitted.peer} to {admitted.ports}."
        report.fault(_owner(view, admitted), sentence, admitted.line, severity="low")


_NETWORK_BITS = 24


def _prefix(block: str) -> int | None:
    try:
        return ip_network(block, strict=False).prefixlen if is_known(block) else None
    except ValueError:
        return None


@rule(
    "groups.wide-ports",
    "Security groups admit single ports",
    severity="medium",
    why="All ports between two groups are an open door for whatever starts to listen later.",
    remedy="Admit the ports that are listened on.",
    source=_RULES,
    types=_TYPES,
)
def wide_ports(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        faults = [r for r in view.groups.ingress.get(group.key, ()) if r.wide and not r.from_anywhere]
        for admitted in faults:
            report.fault(
                _owner(view, admitted),
                f"{group.key} admits {shown(admitted.peer)} to {admitted.ports}.",
                admitted.line,
                severity="low" if admitted.peer == group.key else None,
            )
        if not faults:
            report.passes(group, f"{group.key} admits single ports only")


@rule(
    "groups.admin-port",
    "Nobody is admitted to the ports of SSH and remote desktops",
    severity="medium",
    why="Session Manager opens a shell without an open port, and says who it was.",
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
            sentence = f"{group.key} admits {shown(admitted.peer)} to {name}."
            report.fault(_owner(view, admitted), sentence, admitted.line)
        if not faults:
            report.passes(group, f"{group.key} admits nobody to a port of administration")


@rule(
    "groups.egress-open",
    "Security groups let out only what is used",
    severity="medium",
    why="What breaks in wants to get out again. EC2 lets everything out where a group says nothing.",
    remedy="Say the egress rules: the groups that are used, and 443 where the internet is needed; 127.0.0.1/32 for none.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html",
    types=_TYPES,
)
def egress_open(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        rules = view.groups.egress.get(group.key, ())
        wide = [r for r in rules if r.wide and r.kind in ("cidr", "unknown") and not r.nowhere]
        if wide:
            report.fault(group, f"{group.key} lets {wide[0].ports} out.", *(r.line for r in wide))
            continue
        outside = [r for r in rules if r.from_anywhere]
        other = [r for r in outside if not (r.first == r.last and r.first in _WEB)]
        for let in other:
            report.fault(
                _owner(view, let), f"{group.key} lets {let.ports} out to the internet.", let.line, severity="low"
            )
        if not other:
            said = ", ".join(sorted({f"{r.ports} to the internet" for r in outside})) or "nothing to the internet"
            report.passes(
                group, f"{group.key} lets out {said}, and {sum(r.kind == 'group' for r in rules)} ports to groups"
            )


_WEB = (443, 587, 465, 123)


@rule(
    "groups.default",
    "Nobody wears the VPC's default security group",
    severity="medium",
    why="The default group admits all its wearers to each other on every port, and lets everything out.",
    remedy="Make a security group of its own.",
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
            report.fault(placement.resource, f"{name} wears the VPC's default security group.", why)
        else:
            report.passes(placement.resource, f"{name} wears {', '.join(shown(value) for value in placement.groups)}")


# Network load balancers may stand without, groups of hosts wear their template's, gateway endpoints have none.
_WITHOUT_GROUPS = (
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EKS::Nodegroup",
    "AWS::EKS::Cluster",
)


@rule(
    "groups.unworn",
    "Every security group is worn by somebody",
    severity="info",
    why="A group that nobody wears waits to be worn by mistake.",
    remedy="Remove the group.",
    types=_TYPES,
)
def unworn(view: View, report: Reporter) -> None:
    for group in view.of(GROUP):
        if members := view.groups.members.get(group.key):
            report.passes(group, f"{group.key} is worn by {', '.join(sorted({m.key for m in members}))}")
        elif group.key in {name for output in view.model.outputs.values() for name in _in(output)}:
            report.passes(group, f"{group.key} is handed out by an output")
        else:
            report.fault(group, f"Nobody in the template wears {group.key}.")


def _in(outputs: dict[str, object]) -> set[str]:
    return {name for value in outputs.values() for name in mentioned(value)}
