"""Checks that nothing that holds data reaches the internet or is reachable from it: routes,
gateways, groups, ACLs.
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.proof.facts.locations import LOCATIONS, NETWORK_TYPES
from provisioning.proof.model.network import Placement, RoutePath
from provisioning.proof.model.security_groups import GroupRule
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_STORES = frozenset(kind for kind, location in LOCATIONS.items() if location.kind == "store")
_ROUTES = "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html"


def _public_rules(view: View, placement: Placement, rules: Mapping[str, list[GroupRule]]) -> list[GroupRule]:
    """The ingress or egress rules of a placement's groups that allow public addresses."""
    return [
        group_rule
        for reference in placement.groups
        if (group := view.model.find(reference, "AWS::EC2::SecurityGroup"))
        for group_rule in rules.get(group.key, ())
        if group_rule.from_anywhere
    ]


@rule(
    "network.data-to-internet",
    "Data subnets have no route to the internet",
    severity="high",
    why="Stolen data leaves over a route. A subnet that holds only stores needs none.",
    remedy="Remove the route from the data subnets' route table, or move the stores to subnets without one.",
    source=_ROUTES,
    types=NETWORK_TYPES | _STORES,
)
def data_to_internet(view: View, report: Reporter) -> None:
    for subnet in view.network.store_subnets:
        if view.network.shared(subnet):
            continue
        paths = [path for path in view.network.route_paths(subnet) if path.reach == "internet"]
        holds = ", ".join(sorted(p.resource.key for p in view.network.by_subnet[subnet.key] if p.kind == "store"))
        for path in paths:
            admits, why = view.network.acl_admits(subnet, egress=True)
            if not admits:
                report.passes(subnet, f"{subnet.key} holds {holds}: {path.line}, but {why}")
                continue
            sentence = f"{subnet.key} holds {holds} and has a route to the internet over the {path.over}."
            report.fault([subnet, *_route(path)], sentence, path.line, why)
        if not paths:
            report.passes(subnet, f"{subnet.key} holds {holds}: {_tables(view, subnet)} has no route to the internet")


def _route(path: RoutePath) -> list[Resource]:
    return [path.route] if path.route else []


def _tables(view: View, subnet: Resource) -> str:
    tables = view.network.tables(subnet)
    return ", ".join(table.key for table in tables) if tables else "the VPC's main route table"


@rule(
    "network.data-beyond",
    "Data subnets have no route to other networks",
    severity="medium",
    why="A peering, a transit gateway or a VPN gives access to people and machines outside this template.",
    remedy="Remove the route, or document in the blueprint which network it is and why the data must reach it.",
    source=_ROUTES,
    types=NETWORK_TYPES,
)
def data_beyond(view: View, report: Reporter) -> None:
    for subnet in view.network.store_subnets:
        paths = view.network.route_paths(subnet)
        for path in paths:
            if path.reach == "beyond":
                report.fault(
                    [subnet, *_route(path)], f"{subnet.key} holds stores and has a route to a {path.over}.", path.line
                )
            elif path.reach == "unknown":
                report.undecided(
                    subnet, f"The routes of {subnet.key} cannot be determined from the template.", path.line
                )
        if not any(path.reach in ("beyond", "unknown") for path in paths):
            report.passes(subnet, f"{subnet.key}: {_tables(view, subnet)} has no route to another network")


@rule(
    "network.store-reachable",
    "No store can be reached from the internet",
    severity="high",
    why="Scanners find a database with a public address within minutes; then only its password protects it.",
    remedy="Put the store into subnets without an internet gateway, and give it no public address.",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    types=_STORES,
)
def store_reachable(view: View, report: Reporter) -> None:
    for placement in view.network.placements:
        if placement.kind != "store":
            continue
        subnets = view.network.subnets_of(placement)
        entries = [(s, w) for s in subnets for w in view.network.route_paths(s) if w.enters]
        entries = [(s, w) for s, w in entries if view.network.acl_admits(s, egress=False)[0]]
        if not entries:
            if subnets:
                report.passes(
                    placement.resource, f"{placement.resource.key}: no internet gateway has a route to its subnets"
                )
            continue
        name, lines = placement.resource.key, [path.line for _, path in entries]
        rules = [admitted.line for admitted in _public_rules(view, placement, view.groups.ingress)]
        if placement.public:
            sentence = f"{name} has a public address in {entries[0][0].key}, which has a route to an internet gateway"
            sentence += ", and its security group allows the whole internet." if rules else "."
            report.fault(placement.resource, sentence, *lines, *rules)
        else:
            sentence = f"{name} is in {entries[0][0].key}, a public subnet; it is unreachable only because it has no public address."
            report.fault(placement.resource, sentence, *lines, *rules, severity="high" if rules else "medium")


@rule(
    "network.store-way-out",
    "A store that shares a subnet with compute has no egress to the internet",
    severity="medium",
    why="A subnet that also holds compute has a route to the internet, so the store's security group must not allow egress.",
    remedy="Give the store subnets of its own, or a security group without egress.",
    types=_STORES,
)
def store_way_out(view: View, report: Reporter) -> None:
    for placement in view.network.placements:
        if placement.kind != "store":
            continue
        for subnet in view.network.subnets_of(placement):
            paths = [w for w in view.network.route_paths(subnet) if w.reach == "internet" and not w.enters]
            if not view.network.shared(subnet) or not paths:
                continue
            name = placement.resource.key
            if rules := _public_rules(view, placement, view.groups.egress):
                sentence = (
                    f"{name} shares {subnet.key} with compute, and its security group allows egress to the internet."
                )
                report.fault(placement.resource, sentence, paths[0].line, *(rule.line for rule in rules))
                break
            report.passes(
                placement.resource,
                f"{name} in {subnet.key}: a route to the internet exists, but its security group allows no egress",
            )


@rule(
    "network.unknown-subnet",
    "The network placement of each store is known",
    severity="high",
    why="Subnets that come from outside the template may be public: then a proof cannot decide reachability.",
    remedy="Create the subnets in the template, or prove the network that they come from.",
    types=_STORES,
)
def unknown_subnet(view: View, report: Reporter) -> None:
    for placement in view.network.placements:
        if placement.kind != "store" or (placement.resource.type in _NOT_ALWAYS_PLACED and not placement.subnets):
            continue
        foreign = view.network.foreign_subnets(placement)
        if foreign:
            report.undecided(
                placement.resource,
                f"{placement.resource.key} is in subnets outside the template, so its reachability cannot be determined.",
                *foreign,
            )
        elif not placement.subnets:
            report.undecided(
                placement.resource,
                f"{placement.resource.key} names no subnets: AWS places it in the default VPC, whose subnets are public.",
            )
        else:
            report.passes(
                placement.resource,
                f"{placement.resource.key} is in {len(placement.subnets)} subnets of the template",
            )


# Without VPC options these are reached over public endpoints; `public.domain` checks that.
_NOT_ALWAYS_PLACED = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")


@rule(
    "network.data-endpoints",
    "Data subnets have no endpoint to AWS services",
    severity="low",
    why="A gateway endpoint to S3 without a policy of its own reaches every bucket of every account.",
    remedy="Associate the endpoint with the private route tables only, or give it a policy for your own buckets.",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html",
    types=("AWS::EC2::VPCEndpoint",),
)
def data_endpoints(view: View, report: Reporter) -> None:
    for subnet in view.network.store_subnets:
        if view.network.shared(subnet):
            continue
        paths = [path for path in view.network.route_paths(subnet) if path.reach == "endpoint"]
        for path in paths:
            if path.route is not None and path.route.get("PolicyDocument") is not None:
                report.passes(subnet, f"{path.line}, with its own policy")
            else:
                report.fault(
                    [subnet, *_route(path)], f"{subnet.key} reaches AWS over a {path.over} without a policy.", path.line
                )
        if not paths:
            report.passes(subnet, f"{subnet.key}: no endpoint in {_tables(view, subnet)}")


@rule(
    "network.default-acl-open",
    "Network ACLs of data subnets do not allow the internet",
    severity="low",
    why="An ACL that allows everything protects nothing, but looks as if it did.",
    remedy="Allow only the network's own addresses, or omit the ACL.",
    types=("AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation"),
)
def acl_open(view: View, report: Reporter) -> None:
    stores = {subnet.key for subnet in view.network.store_subnets}
    for association in view.of("AWS::EC2::SubnetNetworkAclAssociation"):
        subnet = view.model.find(association.get("SubnetId"), "AWS::EC2::Subnet")
        if subnet is None or subnet.key not in stores:
            continue
        admits, why = view.network.acl_admits(subnet, egress=False)
        if admits:
            report.fault([subnet, association], f"The network ACL of {subnet.key} allows the internet.", why)
        else:
            report.passes(subnet, f"{subnet.key}: {why}")


@rule(
    "network.public-addresses-by-default",
    "Subnets of stores assign no public addresses",
    severity="medium",
    why="MapPublicIpOnLaunch gives everything that starts there an address that the internet can reach.",
    remedy="Set MapPublicIpOnLaunch to false on subnets that hold data.",
    types=("AWS::EC2::Subnet",),
)
def maps_addresses(view: View, report: Reporter) -> None:
    for subnet in view.network.store_subnets:
        if truth(subnet.get("MapPublicIpOnLaunch", False)) is not False:
            report.fault(
                subnet,
                f"{subnet.key} holds stores and assigns public addresses.",
                f"{subnet.at('MapPublicIpOnLaunch')} is {subnet.get('MapPublicIpOnLaunch')}",
            )
        else:
            report.passes(subnet, f"{subnet.at('MapPublicIpOnLaunch')} is not set")


@rule(
    "network.beyond",
    "The network is not connected to another network",
    severity="low",
    why="A peering or a transit gateway connects this template's network with one that has not been proved.",
    remedy="Document in the blueprint which network it is, and route only what is needed.",
    types=("AWS::EC2::VPCPeeringConnection", "AWS::EC2::TransitGatewayAttachment", "AWS::EC2::VPNConnection"),
)
def beyond(view: View, report: Reporter) -> None:
    joins = [
        *view.of(
            "AWS::EC2::VPCPeeringConnection",
            "AWS::EC2::TransitGatewayAttachment",
            "AWS::EC2::TransitGatewayVpcAttachment",
            "AWS::EC2::VPNConnection",
            "AWS::EC2::ClientVpnEndpoint",
        )
    ]
    for join in joins:
        report.fault(join, f"{join.key} connects the network with another one ({join.type}).", join.at("Properties"))
    if not joins:
        for vpc in view.vpcs:
            report.passes(vpc, f"{vpc.key}: no peering, no transit gateway, no VPN")


@rule(
    "network.flow-logs",
    "The network's traffic is logged",
    severity="low",
    why="Without flow logs, connections cannot be traced afterwards.",
    remedy="Add a flow log for the VPC.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
    types=("AWS::EC2::FlowLog",),
)
def flow_logs(view: View, report: Reporter) -> None:
    logged = {vpc.key: log for log in view.of("AWS::EC2::FlowLog") if (vpc := view.model.find(log.get("ResourceId")))}
    for vpc in view.vpcs:
        if vpc.key in logged:
            report.passes(
                vpc, f"{vpc.key} is logged by {logged[vpc.key].key} ({logged[vpc.key].get('TrafficType', 'ALL')})"
            )
        else:
            report.fault(vpc, f"No flow log records the traffic of {vpc.key}.")
