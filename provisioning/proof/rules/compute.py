"""Lists the intended entry points from the internet, and checks the privileges of hosts and
containers.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.proof.facts.locations import LOCATIONS
from provisioning.proof.model.network import Placement
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import has_unknown, mapping, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Reporter, rule

_COMPUTE = frozenset(kind for kind, location in LOCATIONS.items() if location.kind == "compute")
_BALANCERS = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer")


@rule(
    "network.entry-points",
    "The internet enters only at intended entry points",
    severity="info",
    why="These are the entry points; an approver should know each of them.",
    remedy="",
    types=(*_BALANCERS, "AWS::CloudFront::Distribution", "AWS::Lambda::Url"),
)
def entry_points(view: View, report: Reporter) -> None:
    for balancer in view.of(*_BALANCERS):
        if balancer.get("Scheme", "internet-facing") == "internet-facing":
            users = view.model.users.get(balancer.key, ())
            guarded = any(user.type == "AWS::WAFv2::WebACLAssociation" for user in users)
            guard = " behind a web ACL" if guarded else ""
            for listener in view.listening.listeners(balancer):
                where = f"{listener.get('Protocol')} {shown(listener.get('Port'))}"
                report.passes(balancer, f"internet → {balancer.key}: {where} ({listener.key}){guard}")
    for distribution in view.of("AWS::CloudFront::Distribution"):
        guard = " behind a web ACL" if distribution.get("DistributionConfig.WebACLId") else ""
        report.passes(distribution, f"internet → {distribution.key}: CloudFront{guard}")
    for url in view.of("AWS::Lambda::Url"):
        report.passes(url, f"internet → {url.key}: function URL, authorisation {shown(url.get('AuthType'))}")
    for api in view.of("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::AppSync::GraphQLApi"):
        report.passes(api, f"internet → {api.key}: {api.type}")


@rule(
    "network.public-address",
    "Compute has no public address",
    severity="medium",
    why="A task or host with a public address is one security-group rule away from the internet; NAT provides egress without one.",
    remedy="Put it into private subnets and assign no public address; accept internet traffic through a load balancer.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
    types=_COMPUTE | {"AWS::EC2::EIPAssociation", "AWS::EC2::EIP"},
)
def public_address(view: View, report: Reporter) -> None:
    for placement in view.network.placements:
        if placement.kind != "compute":
            continue
        if why := _addressed(view, placement):
            rules = [
                admitted.line
                for value in placement.groups
                if (group := view.model.find(value, "AWS::EC2::SecurityGroup"))
                for admitted in view.groups.ingress.get(group.key, ())
                if admitted.from_anywhere
            ]
            entries = [
                w.line for s in view.network.subnets_of(placement) for w in view.network.route_paths(s) if w.enters
            ]
            open_door = bool(rules and entries)
            report.fault(
                placement.resource,
                f"{placement.resource.key} has a public address"
                + (", and its security group allows the internet." if open_door else "."),
                why,
                *entries[:1],
                *rules,
                severity="high" if open_door else "medium",
            )
        elif (path := LOCATIONS[placement.resource.type].public) and has_unknown(placement.resource.get(path)):
            sentence = f"Whether {placement.resource.key} gets a public address cannot be determined."
            report.undecided(placement.resource, sentence, placement.resource.at(path), severity="high")
        elif placement.subnets:
            report.passes(placement.resource, f"{placement.resource.key}: no public address")


def _addressed(view: View, placement: Placement) -> str:
    """Why a resource has, or will get, a public address; empty if it has none."""
    resource = placement.resource
    if placement.public:
        return f"{resource.key} requests a public address ({LOCATIONS[resource.type].public or 'NetworkInterfaces'})"
    for user in view.model.users.get(resource.key, ()):
        if user.type in ("AWS::EC2::EIPAssociation", "AWS::EC2::EIP"):
            return f"{user.key} gives {resource.key} an Elastic IP"
    if placement.public is None and resource.type in ("AWS::EC2::Instance", "AWS::AutoScaling::AutoScalingGroup"):
        for subnet in view.network.subnets_of(placement):
            if truth(subnet.get("MapPublicIpOnLaunch")):
                return f"{subnet.at('MapPublicIpOnLaunch')} is true"
    return ""


@rule(
    "compute.instance-metadata",
    "Hosts require version 2 of the metadata service",
    severity="medium",
    why="Version 1 of the metadata service gives a host's role to anyone who makes it fetch a URL.",
    remedy="Set MetadataOptions.HttpTokens to required in the launch template.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
    types=("AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::Instance"),
)
def instance_metadata(view: View, report: Reporter) -> None:
    for template in view.of("AWS::EC2::LaunchTemplate"):
        _tokens(report, template, "LaunchTemplateData.MetadataOptions.HttpTokens")
    for configuration in view.of("AWS::AutoScaling::LaunchConfiguration"):
        _tokens(report, configuration, "MetadataOptions.HttpTokens")
    for instance in view.of("AWS::EC2::Instance"):
        if instance.get("LaunchTemplate") is None:
            _tokens(report, instance, "MetadataOptions.HttpTokens")


def _tokens(report: Reporter, resource: Resource, path: str) -> None:
    value = resource.get(path)
    if value == "required":
        report.passes(resource, f"{resource.at(path)} is required")
    else:
        setting = "not set" if value is None else shown(value)
        report.fault(
            resource, f"{resource.key} accepts version 1 metadata requests.", f"{resource.at(path)} is {setting}"
        )


def _containers(task: Resource) -> Iterator[tuple[str, dict[str, object]]]:
    for index, container in enumerate(task.objects("ContainerDefinitions")):
        yield f"ContainerDefinitions[{index}]", container


@rule(
    "compute.privileged",
    "Containers have no privileges on their host",
    severity="high",
    why="A privileged container, or one in the host's network or process space, is root on the host and on its neighbours.",
    remedy="Remove Privileged, host network mode, PidMode host and dangerous capabilities.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html",
    types=("AWS::ECS::TaskDefinition",),
)
def privileged(view: View, report: Reporter) -> None:
    for task in view.of("AWS::ECS::TaskDefinition"):
        faults = [
            f"{path}.Privileged" for path, c in _containers(task) if truth(c.get("Privileged", False)) is not False
        ]
        faults += ["NetworkMode is host"] if task.get("NetworkMode") == "host" else []
        faults += [f"{name} is host" for name in ("PidMode", "IpcMode") if task.get(name) == "host"]
        for index, volume in enumerate(task.objects("Volumes")):
            if str(mapping(volume.get("Host")).get("SourcePath", "")).startswith(("/var/run/docker", "/run/docker")):
                faults.append(f"Volumes[{index}] is Docker's socket")
        for path, container in _containers(task):
            added = mapping(mapping(container.get("LinuxParameters")).get("Capabilities")).get("Add") or []
            faults += [f"{path} adds {name}" for name in added if name in ("SYS_ADMIN", "NET_ADMIN", "ALL")]
        if faults:
            report.fault(task, f"{task.key} has privileges on its host.", *(task.at(fault) for fault in faults))
        else:
            report.passes(task, f"{task.key}: not privileged, no host network, no host processes")


@rule(
    "compute.shell-by-exec",
    "Shells in running tasks are logged",
    severity="low",
    why="ECS Exec gives access to production in addition to all entry points listed here.",
    remedy="Leave EnableExecuteCommand off in production, or log its sessions at the cluster.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html",
    types=("AWS::ECS::Service", "AWS::ECS::Cluster"),
)
def execute_command(view: View, report: Reporter) -> None:
    for service in view.of("AWS::ECS::Service"):
        if truth(service.get("EnableExecuteCommand", False)) is False:
            report.passes(service, f"{service.at('EnableExecuteCommand')} is off")
            continue
        cluster = view.model.find(service.get("Cluster"), "AWS::ECS::Cluster")
        logging = cluster.get("Configuration.ExecuteCommandConfiguration.Logging") if cluster else None
        if logging == "OVERRIDE":
            report.passes(service, f"{service.key}: shells are logged by {cluster.key if cluster else ''}")
        else:
            report.fault(
                service,
                f"{service.key} allows shells in its tasks that are not logged.",
                service.at("EnableExecuteCommand"),
            )
