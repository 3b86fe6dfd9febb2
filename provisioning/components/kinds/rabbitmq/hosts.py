"""The hosts of RabbitMQ and their security groups, DNS names, volumes, role, and the load balancer
of a cluster.

Each host is an instance with a network interface and a data volume of its own, so its name and its
data survive a stop, a resize and a recovery. EC2 resolves the system image when it launches the
host, and the image does not change later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import GetAtt, Ref, Tags, ec2, iam, route53
from troposphere import elasticloadbalancingv2 as elb
from troposphere.policies import CreationPolicy, ResourceSignal

from provisioning.components.kinds.network.settings import NetworkSettings
from provisioning.components.kinds.rabbitmq.boot import user_data
from provisioning.components.kit import iam as roles
from provisioning.components.kit import security
from provisioning.components.kit.build import Build
from provisioning.components.kit.dynamic_references import public_image
from provisioning.components.kit.subnets import subnet_ids
from provisioning.components.kit.values import settings_of
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

PORT = 5671
# Erlang's port mapper, which tells where a node listens, and the nodes themselves (over TLS).
BETWEEN_PORTS = (4369, 25672)
# https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-ssm
SYSTEM_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
_ROOT_GB = 16
_HEALTHY_WITHIN = "PT30M"
_RECORD_SECONDS = 60
_DRAIN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Hosts:
    """What the hosts are like. `values` are shell variables on every host, `statements` the hosts'
    rights.
    """

    nodes: int
    instance_type: str
    volume_gb: int
    keep_data: bool
    protect: bool
    statements: tuple[Mapping[str, Any], ...]
    values: Mapping[str, str]


def host(node: Node) -> Ref:
    """Return the broker's DNS name. It is created once the hosts are healthy, so what refers to it
    waits for them.
    """
    return Ref(logical_id(node.address, "Name"))


def groups(
    node: Node,
    build: Build,
    *,
    nodes: int,
    users: list[dict[str, Any]],
    watchers: list[dict[str, Any]],
    outward: list[dict[str, Any]],
) -> list[GetAtt]:
    """Add the security groups and return those of a host.

    A single host admits the users itself. In a cluster the load balancer does, and the hosts admit
    it and each other.
    """
    out = [security.HTTPS_OUT, *outward]
    if nodes == 1:
        group = security.group(node, build, ingress=[*users, *watchers], egress=out)
        return [GetAtt(group.title, "GroupId")]
    # Members may connect to hosts; every host is in both groups.
    members = GetAtt(security.group(node, build, ingress=(), suffix="Members").title, "GroupId")
    front = GetAtt(security.group(node, build, ingress=users).title, "GroupId")
    admitted = [
        security.admit(PORT, front) | {"Description": "the load balancer"},
        *(security.admit(port, members) | {"Description": "the other hosts"} for port in BETWEEN_PORTS),
    ]
    hosts = security.group(node, build, ingress=[*admitted, *watchers], egress=out, suffix="Hosts")
    group = GetAtt(hosts.title, "GroupId")
    for part, source, ports in (("Front", front, (PORT,)), ("Members", members, BETWEEN_PORTS)):
        for port in ports:
            egress = ec2.SecurityGroupEgress(
                logical_id(node.address, f"{part}ToHosts{port}"),
                GroupId=source,
                IpProtocol="tcp",
                FromPort=port,
                ToPort=port,
                DestinationSecurityGroupId=group,
                Description="to the hosts of RabbitMQ",
            )
            build.add(node, egress, "Egress to the hosts")
    return [group, members]


def add(node: Node, build: Build, held: list[GetAtt], hosts: Hosts) -> None:
    """Add the hosts, their DNS names and the broker's DNS name."""
    zone = _zone(node, build)
    profile = _profile(node, build, hosts)
    template = _launch_template(node, build)
    subnets = subnet_ids(build, "private", needed_by=node)
    if len(subnets) < hosts.nodes:
        raise DesignError(
            f"{node.source}: {node.address} has {hosts.nodes} hosts, one per zone, but the network has {len(subnets)} zones; "
            f"give the network {hosts.nodes} zones"
        )
    names = [
        _interface(node, build, held, zone, number=number, subnet=subnets[number - 1])
        for number in range(1, hosts.nodes + 1)
    ]
    for number in range(1, hosts.nodes + 1):
        volume = _volume(node, build, hosts, number=number, subnet=subnets[number - 1])
        resource = ec2.Instance(
            logical_id(node.address, f"Host{number}"),
            LaunchTemplate=ec2.LaunchTemplateSpecification(LaunchTemplateId=template, Version="1"),
            InstanceType=hosts.instance_type,
            IamInstanceProfile=profile,
            NetworkInterfaces=[
                ec2.NetworkInterfaceProperty(
                    DeviceIndex="0", NetworkInterfaceId=Ref(logical_id(node.address, f"Interface{number}"))
                )
            ],
            Volumes=[ec2.MountPoint(Device="/dev/sdf", VolumeId=volume)],
            UserData=user_data(
                node,
                build,
                number=number,
                values={
                    **hosts.values,
                    "NODES": str(hosts.nodes),
                    "ZONE": zone_name(node, build),
                    "PORT": str(PORT),
                },
            ),
            PropagateTagsToVolumeOnCreation=True,
            Tags=Tags(Name=f"{build.names.prefix}-rabbitmq-{number}"),
            CreationPolicy=CreationPolicy(ResourceSignal=ResourceSignal(Count=1, Timeout=_HEALTHY_WITHIN)),
            # Nodes look for each other by name and download their software: names and egress routes must exist first.
            DependsOn=[*names, *_egress_routes(node, build)],
        )
        build.add(node, resource, f"RabbitMQ host {number}")
    _broker_name(node, build, hosts, zone)


def zone_name(node: Node, build: Build) -> str:
    host = "rabbitmq" if node.name == "main" else node.name.replace("_", "-")
    return f"{host}.{build.names.prefix}.internal"


def _zone(node: Node, build: Build) -> Ref:
    network = build.only("network", needed_by=node)
    resource = route53.HostedZone(
        logical_id(node.address, "Zone"),
        Name=zone_name(node, build),
        VPCs=[
            route53.HostedZoneVPCs(VPCId=Ref(logical_id(network.address, "Vpc")), VPCRegion=Ref("AWS::Region")),
        ],
    )
    return build.add(node, resource, "Private hosted zone")


def _profile(node: Node, build: Build, hosts: Hosts) -> Ref:
    # EC2 sends no source account; an instance profile accepts only roles of its own account.
    trust = roles.policy(
        [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    )
    role = roles.role(logical_id(node.address, "Role"), build, trust=trust, statements=hosts.statements)
    build.add(node, role, "Host role")
    profile = iam.InstanceProfile(
        logical_id(node.address, "Profile"), Path=build.names.role_path, Roles=[Ref(role.title)]
    )
    return build.add(node, profile, "Host instance profile")


def _launch_template(node: Node, build: Build) -> Ref:
    resource = ec2.LaunchTemplate(
        logical_id(node.address, "Launch"),
        # CloudFormation passes no stack tags on to a launch template.
        TagSpecifications=[ec2.TagSpecifications(ResourceType="launch-template", Tags=Tags(build.tags()))],
        LaunchTemplateData=ec2.LaunchTemplateData(
            ImageId=public_image(build, SYSTEM_IMAGE),
            MetadataOptions=ec2.MetadataOptions(
                HttpTokens="required", HttpPutResponseHopLimit=1, HttpEndpoint="enabled"
            ),
            BlockDeviceMappings=[
                ec2.LaunchTemplateBlockDeviceMapping(
                    DeviceName="/dev/xvda",
                    Ebs=ec2.EBSBlockDevice(
                        VolumeSize=_ROOT_GB, VolumeType="gp3", Encrypted=True, DeleteOnTermination=True
                    ),
                )
            ],
        ),
    )
    return build.add(node, resource, "Launch template")


def _interface(node: Node, build: Build, held: list[GetAtt], zone: Ref, *, number: int, subnet: str) -> str:
    """Add a network interface and its DNS record. Returns the record's logical id."""
    interface = ec2.NetworkInterface(
        logical_id(node.address, f"Interface{number}"),
        SubnetId=Ref(subnet),
        GroupSet=held,
        Description=f"RabbitMQ node {number} of {build.name}",
        Tags=Tags(Name=f"{build.names.prefix}-rabbitmq-{number}"),
    )
    build.add(node, interface, f"Network interface of host {number}")
    record = route53.RecordSetType(
        logical_id(node.address, f"Name{number}"),
        HostedZoneId=zone,
        Name=f"node{number}.{zone_name(node, build)}",
        Type="A",
        TTL=str(_RECORD_SECONDS),
        ResourceRecords=[GetAtt(interface.title, "PrimaryPrivateIpAddress")],
    )
    build.add(node, record, f"DNS record of host {number}")
    return str(record.title)


def _volume(node: Node, build: Build, hosts: Hosts, *, number: int, subnet: str) -> Ref:
    resource = ec2.Volume(
        logical_id(node.address, f"Volume{number}"),
        AvailabilityZone=GetAtt(subnet, "AvailabilityZone"),
        Size=hosts.volume_gb,
        VolumeType="gp3",
        Encrypted=True,
        Tags=Tags(Name=f"{build.names.prefix}-rabbitmq-{number}"),
    )
    why = f"the last messages of RabbitMQ node {number}"
    build.retain(resource, policy="Snapshot" if hosts.keep_data else None, why=why)
    return build.add(node, resource, f"Data volume of host {number}")


def _egress_routes(node: Node, build: Build) -> list[str]:
    """Return the logical ids of the private subnets' routes to the internet and of their route
    table associations.
    """
    network = build.only("network", needed_by=node)
    settings = settings_of(network, NetworkSettings)
    zones = range(1, settings.azs + 1)
    suffixes = [""] if settings.nat == "single" else [str(zone) for zone in zones]
    routes = [logical_id(network.address, f"PrivateDefault{suffix}") for suffix in suffixes]
    return [*routes, *(logical_id(network.address, f"Private{zone}Routes") for zone in zones)]


def _broker_name(node: Node, build: Build, hosts: Hosts, zone: Ref) -> None:
    """Add the broker's DNS record: the address of the only host, or of the load balancer."""
    record = route53.RecordSetType(
        logical_id(node.address, "Name"),
        HostedZoneId=zone,
        Name=zone_name(node, build),
        Type="A",
        DependsOn=[logical_id(node.address, f"Host{number}") for number in range(1, hosts.nodes + 1)],
    )
    if hosts.nodes == 1:
        record.TTL = str(_RECORD_SECONDS)
        record.ResourceRecords = [GetAtt(logical_id(node.address, "Interface1"), "PrimaryPrivateIpAddress")]
    else:
        balancer = _balancer(node, build, hosts)
        record.AliasTarget = route53.AliasTarget(
            DNSName=GetAtt(balancer, "DNSName"), HostedZoneId=GetAtt(balancer, "CanonicalHostedZoneID")
        )
    build.add(node, record, "DNS record of the broker")


def _balancer(node: Node, build: Build, hosts: Hosts) -> str:
    """Add an internal network load balancer, which passes TLS through to the hosts."""
    network = build.only("network", needed_by=node)
    attributes = {
        "deletion_protection.enabled": "true" if hosts.protect else "false",
        "load_balancing.cross_zone.enabled": "true",
    }
    balancer = elb.LoadBalancer(
        logical_id(node.address, "Balancer"),
        Type="network",
        Scheme="internal",
        Subnets=[Ref(subnet) for subnet in subnet_ids(build, "private", needed_by=node)],
        SecurityGroups=[security.group_id(node.address)],
        LoadBalancerAttributes=[elb.LoadBalancerAttributes(Key=key, Value=value) for key, value in attributes.items()],
    )
    build.add(node, balancer, "Broker load balancer")
    targets = elb.TargetGroup(
        logical_id(node.address, "Targets"),
        VpcId=Ref(logical_id(network.address, "Vpc")),
        TargetType="instance",
        Protocol="TCP",
        Port=PORT,
        HealthCheckProtocol="TCP",
        Targets=[
            elb.TargetDescription(Id=Ref(logical_id(node.address, f"Host{number}")), Port=PORT)
            for number in range(1, hosts.nodes + 1)
        ],
        TargetGroupAttributes=[
            elb.TargetGroupAttribute(Key="deregistration_delay.timeout_seconds", Value=str(_DRAIN_SECONDS))
        ],
    )
    build.add(node, targets, "Broker target group")
    listener = elb.Listener(
        logical_id(node.address, "Listener"),
        LoadBalancerArn=Ref(balancer.title),
        Protocol="TCP",
        Port=PORT,
        DefaultActions=[elb.Action(Type="forward", TargetGroupArn=Ref(targets.title))],
    )
    build.add(node, listener, "Broker listener")
    return str(balancer.title)
