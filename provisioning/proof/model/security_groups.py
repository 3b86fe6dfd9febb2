"""Security groups: every ingress and egress rule, wherever the template declares it, and the
members of each group.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from typing import Any, Literal

from provisioning.proof.model.network import Network
from provisioning.proof.model.template import Model, Resource
from provisioning.proof.model.values import is_known, number, shown, target

GROUP = "AWS::EC2::SecurityGroup"
ANYWHERE = ("0.0.0.0/0", "::/0")
_ALL = {"-1", "all"}
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}

Peer = Literal["group", "cidr", "prefix list", "unknown"]


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One rule of a group. `group` and a peer group are keys of the model, or the text of a group
    outside the template.
    """

    group: str
    egress: bool
    protocol: str
    first: int
    last: int
    kind: Peer
    peer: str
    resource: Resource
    path: str

    @property
    def everything(self) -> bool:
        return self.protocol == "-1"

    @property
    def ports(self) -> str:
        if self.everything:
            return "everything"
        if self.first <= 0 and self.last >= _LAST_PORT:
            return f"all {self.protocol} ports"
        return f"{self.protocol} {self.first}" + (f"–{self.last}" if self.last != self.first else "")

    @property
    def wide(self) -> bool:
        """Whether the rule covers more ports than a service listens on."""
        return self.everything or (self.protocol in {"tcp", "udp"} and self.last - self.first > _MANY)

    def covers(self, port: int) -> bool:
        return self.everything or (self.protocol == "tcp" and self.first <= port <= self.last)

    @property
    def from_anywhere(self) -> bool:
        return self.kind == "cidr" and is_wide_open(self.peer)

    @property
    def nowhere(self) -> bool:
        """An address that reaches nothing, which EC2 needs so that it does not add a rule that
        allows all egress.
        """
        return self.kind == "cidr" and self.peer in ("127.0.0.1/32", "255.255.255.255/32", "::1/128")

    @property
    def line(self) -> str:
        word = "to" if self.egress else "from"
        return f"{self.resource.key}.{self.path}: {self.ports} {word} {shown(self.peer)}"


_LAST_PORT = 65_535
_MANY = 100
# Half of the internet counts as the internet: two /1 blocks are the classic way around a check for
# /0.
_WIDEST = 8


def is_wide_open(block: str) -> bool:
    """Whether a block is so wide that it means everyone."""
    if block in ANYWHERE:
        return True
    if not is_known(block):
        return False
    try:
        network = ip_network(block, strict=False)
    except ValueError:
        return False
    return network.prefixlen < _WIDEST and not network.is_private


class Groups:
    def __init__(self, model: Model, network: Network) -> None:
        self.model = model
        self.network = network

    @cached_property
    def rules(self) -> list[GroupRule]:
        rules: list[GroupRule] = []
        for group in self.model.of(GROUP):
            for name, egress in (("SecurityGroupIngress", False), ("SecurityGroupEgress", True)):
                for index, rule in enumerate(group.items(name)):
                    rules.append(_rule(self.model, group.key, rule, group, f"{name}[{index}]", egress=egress))
            if not group.items("SecurityGroupEgress"):
                rules += [_default_egress(group, block) for block in ANYWHERE]
        for kind, egress in (("AWS::EC2::SecurityGroupIngress", False), ("AWS::EC2::SecurityGroupEgress", True)):
            for resource in self.model.of(kind):
                group_id = resource.get("GroupId", resource.get("GroupName"))
                owner = _group(self.model, group_id)
                rules.append(_rule(self.model, owner, resource.properties, resource, "Properties", egress=egress))
        return rules

    @cached_property
    def ingress(self) -> dict[str, list[GroupRule]]:
        return self._by_group(egress=False)

    @cached_property
    def egress(self) -> dict[str, list[GroupRule]]:
        return self._by_group(egress=True)

    def _by_group(self, *, egress: bool) -> dict[str, list[GroupRule]]:
        rules: dict[str, list[GroupRule]] = defaultdict(list)
        for rule in self.rules:
            if rule.egress is egress:
                rules[rule.group].append(rule)
        return dict(rules)

    @cached_property
    def members(self) -> dict[str, list[Resource]]:
        """Maps a group to the resources that use it, including tasks that run outside the template."""
        members: dict[str, list[Resource]] = defaultdict(list)
        for placement in self.network.placements:
            for value in placement.groups:
                members[_group(self.model, value)].append(placement.resource)
        for stack in self.model.stacks:
            for run in stack.runs:
                task = self.model.resources.get(run.task_definition)
                for name in run.security_groups:
                    if task is not None:
                        members[name].append(task)
        return dict(members)

    def lets_out(self, group: str, to: str, port: int) -> bool:
        """Whether a group's egress reaches another group on a port."""
        return any(
            rule.covers(port)
            and (rule.peer == to if rule.kind == "group" else rule.kind == "cidr" and not rule.nowhere)
            for rule in self.egress.get(group, ())
        )


def _group(model: Model, value: Any) -> str:
    """The key of a group; its text if the template does not create it; or a VPC's default group by
    name.
    """
    reference = target(value)
    if reference is not None and reference[0] in model.resources:
        resource = model.resources[reference[0]]
        return resource.key if resource.type == GROUP else f"the default group of {resource.key}"
    return shown(value)


def _default_egress(group: Resource, block: str) -> GroupRule:
    """The egress rule that EC2 adds if a group declares none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html
    """
    path = "SecurityGroupEgress (absent, so EC2 adds it)"
    return GroupRule(
        group=group.key,
        egress=True,
        protocol="-1",
        first=0,
        last=_LAST_PORT,
        kind="cidr",
        peer=block,
        resource=group,
        path=path,
    )


def _rule(model: Model, group: str, rule: Any, resource: Resource, path: str, *, egress: bool) -> GroupRule:
    """One declared rule; a rule that cannot be read may allow anything."""
    given = rule if isinstance(rule, dict) else {}
    protocol = str(given.get("IpProtocol", "-1")).lower()
    protocol = "-1" if protocol in _ALL else _PROTOCOLS.get(protocol, protocol)
    first, last = number(given.get("FromPort")), number(given.get("ToPort"))
    kind, peer = _peer(model, given, egress=egress) if given else ("unknown", str(rule))
    if protocol == "-1" or first is None or first == -1:
        first, last = 0, _LAST_PORT
    return GroupRule(group, egress, protocol, first, _LAST_PORT if last is None else last, kind, peer, resource, path)


def _peer(model: Model, rule: dict[str, Any], *, egress: bool) -> tuple[Peer, str]:
    for name in ("CidrIp", "CidrIpv6"):
        if (block := rule.get(name)) is not None:
            return ("cidr", str(block)) if is_known(block) else ("unknown", str(block))
    side = "Destination" if egress else "Source"
    for name in (f"{side}SecurityGroupId", f"{side}SecurityGroupName"):
        if (value := rule.get(name)) is not None:
            return "group", _group(model, value)
    if (value := rule.get(f"{side}PrefixListId")) is not None:
        return "prefix list", str(value)
    return "unknown", "no source that the template names"
