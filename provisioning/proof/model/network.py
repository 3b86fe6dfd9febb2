"""The network of a template: the subnets of each resource, and the routes out of and into them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from typing import Any, Literal

from provisioning.proof.facts.locations import LOCATIONS, MEMBERS, Kind
from provisioning.proof.model.template import Model, Resource
from provisioning.proof.model.values import is_known, many, mapping, number, shown, truth

Reach = Literal["internet", "beyond", "endpoint", "local", "unknown"]


@dataclass(frozen=True, slots=True)
class Placement:
    """A resource's network interfaces. Subnets and groups are values: marks, ids or unknown."""

    resource: Resource
    kind: Kind
    subnets: tuple[Any, ...]
    groups: tuple[Any, ...]
    public: bool | None


@dataclass(frozen=True, slots=True)
class RoutePath:
    """A route of a subnet: how far it reaches, through what, and the path in words."""

    reach: Reach
    over: str
    line: str
    route: Resource | None = None
    enters: bool = False  # whether traffic from the internet can enter over it


class Network:
    def __init__(self, model: Model) -> None:
        self.model = model

    # Placement of resources

    @cached_property
    def placements(self) -> list[Placement]:
        placements = []
        for kind, location in LOCATIONS.items():
            for resource in self.model.of(kind):
                if kind in MEMBERS and resource.get(MEMBERS[kind][0]) is not None:
                    continue
                subnets = resource.items(location.subnets) if location.subnets else []
                if location.subnet_group and resource.get(location.subnet_group) is not None:
                    named = resource.get(location.subnet_group)
                    group = self.model.find(named, location.through[0])
                    subnets = group.items(location.through[1]) if group else [named]
                groups = resource.items(location.groups) if location.groups else []
                public = _enabled(resource.get(location.public)) if location.public else None
                more_subnets, more_groups, also_public = _interfaces(resource)
                placements.append(
                    Placement(
                        resource,
                        location.kind,
                        (*subnets, *more_subnets),
                        (*groups, *more_groups),
                        also_public if public is None else public,
                    )
                )
        return placements

    @cached_property
    def by_subnet(self) -> dict[str, list[Placement]]:
        placements: dict[str, list[Placement]] = defaultdict(list)
        for placement in self.placements:
            for value in placement.subnets:
                if subnet := self.model.find(value, "AWS::EC2::Subnet"):
                    placements[subnet.key].append(placement)
        return dict(placements)

    def subnets_of(self, placement: Placement) -> list[Resource]:
        subnets = (self.model.find(value, "AWS::EC2::Subnet") for value in placement.subnets)
        return [subnet for subnet in subnets if subnet is not None]

    def foreign_subnets(self, placement: Placement) -> list[str]:
        """The subnets that this template does not create."""
        return [shown(v) for v in placement.subnets if self.model.find(v, "AWS::EC2::Subnet") is None]

    @cached_property
    def store_subnets(self) -> list[Resource]:
        """Subnets in which a store has an interface."""
        return [
            self.model.resources[key] for key, found in self.by_subnet.items() if any(s.kind == "store" for s in found)
        ]

    def shared(self, subnet: Resource) -> bool:
        """Whether a subnet holds compute as well as stores."""
        return any(placement.kind == "compute" for placement in self.by_subnet.get(subnet.key, ()))

    # Routes

    @cached_property
    def _tables(self) -> dict[str, list[Resource | str]]:
        """Maps a subnet to its route tables."""
        tables: dict[str, list[Resource | str]] = defaultdict(list)
        for association in self.model.of("AWS::EC2::SubnetRouteTableAssociation"):
            if subnet := self.model.find(association.get("SubnetId"), "AWS::EC2::Subnet"):
                table = self.model.find(association.get("RouteTableId"), "AWS::EC2::RouteTable")
                tables[subnet.key].append(table or shown(association.get("RouteTableId")))
        return tables

    @cached_property
    def _routes(self) -> dict[str, list[Resource]]:
        routes: dict[str, list[Resource]] = defaultdict(list)
        for route in self.model.of("AWS::EC2::Route"):
            if table := self.model.find(route.get("RouteTableId"), "AWS::EC2::RouteTable"):
                routes[table.key].append(route)
        return routes

    def tables(self, subnet: Resource) -> list[Resource]:
        return [table for table in self._tables.get(subnet.key, ()) if isinstance(table, Resource)]

    def route_paths(self, subnet: Resource) -> list[RoutePath]:
        """Every route path out of a subnet, according to the routes in the template."""
        if subnet.key not in self._route_paths:
            self._route_paths[subnet.key] = self._find_route_paths(subnet)
        return self._route_paths[subnet.key]

    @cached_property
    def _route_paths(self) -> dict[str, list[RoutePath]]:
        return {}

    def _find_route_paths(self, subnet: Resource) -> list[RoutePath]:
        tables = self._tables.get(subnet.key, [])
        if not tables:
            if self.model.find(subnet.get("VpcId"), "AWS::EC2::VPC"):
                return []  # the VPC's main route table, which has no route out of the VPC
            return [
                RoutePath("unknown", "", f"{subnet.key} → the main route table of a VPC that is not in the template")
            ]
        paths = []
        for table in tables:
            if not isinstance(table, Resource):
                paths.append(
                    RoutePath("unknown", "", f"{subnet.key} → route table {table}, which is not in the template")
                )
                continue
            for route in self._routes.get(table.key, ()):
                path = self._route_path(f"{subnet.key} → {table.key}", route)
                if path.reach != "local":
                    paths.append(path)
            paths += self._propagated_paths(subnet, table) + self._endpoint_paths(subnet, table)
        return paths

    def _route_path(self, start: str, route: Resource) -> RoutePath:
        to = destination(route)
        line = f"{start} → {route.key} ({shown(to)})"
        for name, over, reach in _TARGETS:
            value = route.get(name)
            if value is None:
                continue
            if name == "GatewayId":
                return self._gateway(line, route, value)
            if name == "NatGatewayId":
                return self._nat_gateway_path(line, route, value)
            if reach == "internet" and _is_private(to):
                return RoutePath("beyond", over, f"{line} → {over} {shown(value)}", route)
            return RoutePath(reach, over, f"{line} → {over} {shown(value)}", route)
        return RoutePath("unknown", "", f"{line} → an unknown target", route)

    def _gateway(self, line: str, route: Resource, value: Any) -> RoutePath:
        gateway = self.model.find(value)
        if gateway is not None and gateway.type == "AWS::EC2::VPNGateway":
            return RoutePath(
                "beyond", "virtual private gateway", f"{line} → virtual private gateway {gateway.key}", route
            )
        if value == "local":
            return RoutePath("local", "", line, route)
        if isinstance(value, str) and value.startswith("vgw-"):
            return RoutePath("beyond", "virtual private gateway", f"{line} → virtual private gateway {value}", route)
        if isinstance(value, str) and value.startswith("vpce-"):
            return RoutePath("endpoint", "gateway load balancer endpoint", f"{line} → {value}", route)
        # An internet gateway, or anything that the template does not decide: never assumed to be
        # safe.
        return RoutePath(
            "internet", "internet gateway", f"{line} → internet gateway {shown(value)}", route, enters=True
        )

    def _nat_gateway_path(self, line: str, route: Resource, value: Any) -> RoutePath:
        nat = self.model.find(value, "AWS::EC2::NatGateway")
        if nat is not None and nat.get("ConnectivityType") == "private":
            return RoutePath("beyond", "private NAT gateway", f"{line} → private NAT gateway {nat.key}", route)
        where = ""
        if nat is not None and (subnet := self.model.find(nat.get("SubnetId"), "AWS::EC2::Subnet")):
            where = f" in {subnet.key}"
            if through := next((path for path in self.route_paths(subnet) if path.enters), None):
                where += f" → {through.line.partition(' → ')[2]}"
        return RoutePath("internet", "NAT gateway", f"{line} → NAT gateway {shown(value)}{where}", route)

    def _propagated_paths(self, subnet: Resource, table: Resource) -> list[RoutePath]:
        paths = []
        for propagation in self.model.of("AWS::EC2::VPNGatewayRoutePropagation"):
            if any(self.model.find(v) is table for v in propagation.items("RouteTableIds")):
                line = f"{subnet.key} → {table.key} → {propagation.key} → virtual private gateway"
                paths.append(RoutePath("beyond", "virtual private gateway", line, propagation))
        return paths

    def _endpoint_paths(self, subnet: Resource, table: Resource) -> list[RoutePath]:
        paths = []
        for endpoint in self.model.of("AWS::EC2::VPCEndpoint"):
            if any(self.model.find(v) is table for v in endpoint.items("RouteTableIds")):
                service = shown(endpoint.get("ServiceName"))
                line = f"{subnet.key} → {table.key} → {endpoint.key} ({service})"
                paths.append(RoutePath("endpoint", f"gateway endpoint {service}", line, endpoint))
        return paths

    # Network ACLs

    def acl_admits(self, subnet: Resource, *, egress: bool) -> tuple[bool, str]:
        """Whether a subnet's network ACL allows traffic from or to the internet, with the reason."""
        associations = self.model.of("AWS::EC2::SubnetNetworkAclAssociation")
        own = (a for a in associations if self.model.find(a.get("SubnetId"), "AWS::EC2::Subnet") is subnet)
        if (association := next(own, None)) is None:
            return True, "the default network ACL allows all traffic"
        acl = self.model.find(association.get("NetworkAclId"), "AWS::EC2::NetworkAcl")
        if acl is None:
            return True, f"the network ACL {shown(association.get('NetworkAclId'))} is not in the template"
        entries = [
            entry
            for entry in self.model.of("AWS::EC2::NetworkAclEntry")
            if self.model.find(entry.get("NetworkAclId")) is acl and bool(truth(entry.get("Egress"))) is egress
        ]
        for entry in sorted(entries, key=lambda e: number(e.get("RuleNumber")) or 0):
            block = entry.get("CidrBlock", entry.get("Ipv6CidrBlock"))
            if _is_private(block):
                continue
            if entry.get("RuleAction") != "deny":
                return True, f"{acl.key} allows {shown(block)} through {entry.key}"
            if block in ("0.0.0.0/0", "::/0") and number(entry.get("Protocol")) == -1:
                return False, f"{acl.key} denies {block} through {entry.key}"
        return False, f"{acl.key} allows no public address"


_TARGETS: tuple[tuple[str, str, Reach], ...] = (
    ("GatewayId", "gateway", "internet"),
    ("NatGatewayId", "NAT gateway", "internet"),
    ("EgressOnlyInternetGatewayId", "egress-only internet gateway", "internet"),
    ("CarrierGatewayId", "carrier gateway", "internet"),
    ("InstanceId", "instance", "internet"),
    ("NetworkInterfaceId", "network interface", "internet"),
    ("TransitGatewayId", "transit gateway", "beyond"),
    ("VpcPeeringConnectionId", "peering connection", "beyond"),
    ("CoreNetworkArn", "core network", "beyond"),
    ("LocalGatewayId", "local gateway", "beyond"),
    ("VpcEndpointId", "endpoint", "endpoint"),
)


def destination(route: Resource) -> Any:
    for name in ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"):
        if (value := route.get(name)) is not None:
            return value
    return None


def _is_private(block: Any) -> bool:
    if not isinstance(block, str) or not is_known(block):
        return False
    try:
        return ip_network(block, strict=False).is_private
    except ValueError:
        return False


def _enabled(value: Any) -> bool | None:
    return True if value == "ENABLED" else False if value == "DISABLED" else truth(value)


def _interfaces(resource: Resource) -> tuple[list[Any], list[Any], bool | None]:
    """Subnets, groups and the public address of interfaces that instances and launch templates
    declare inline.
    """
    subnets: list[Any] = []
    groups: list[Any] = []
    public: bool | None = None
    if resource.type == "AWS::EC2::Instance":
        interfaces = resource.objects("NetworkInterfaces")
        groups += resource.items("SecurityGroups")
    elif resource.type == "AWS::EC2::LaunchTemplate":
        interfaces = resource.objects("LaunchTemplateData.NetworkInterfaces")
    elif resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
        return [mapping(m).get("SubnetId") for m in resource.items("SubnetMappings")], [], None
    elif resource.type == "AWS::Route53Resolver::ResolverEndpoint":
        return [mapping(m).get("SubnetId") for m in resource.items("IpAddresses")], [], None
    else:
        return subnets, groups, None
    for interface in interfaces:
        subnets += many(interface.get("SubnetId"))
        groups += many(interface.get("GroupSet")) + many(interface.get("Groups"))
        public = truth(interface.get("AssociatePublicIpAddress")) or public
    return subnets, groups, public
