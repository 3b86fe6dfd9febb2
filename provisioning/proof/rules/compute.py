"""Who can be reached from the internet on purpose, and what hosts and containers may do to their neighbours."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.proof.facts.locations import PLACES
from provisioning.proof.model.network import Standing
from provisioning.proof.model.template import Resource
from provisioning.proof.model.values import has_unknown, mapping, shown, truth
from provisioning.proof.model.view import View
from provisioning.proof.rule import Say, rule

_COMPUTE = frozenset(kind for kind, place in PLACES.items() if place.kind == "compute")
_BALANCERS = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer")


@rule(
    "network.entry-points",
    "The internet comes in where it is meant to",
    severity="info",
    why="These are the doors: whoever approves should know each of them.",
    remedy="",
    types=(*_BALANCERS, "AWS::CloudFront::Distribution", "AWS::Lambda::Url"),
)
def entry_points(view: View, say: Say) -> None:
    for balancer in view.of(*_BALANCERS):
        if balancer.get("Scheme", "internet-facing") == "internet-facing":
            for listener in view.listening.listeners(balancer):
                where = f"{listener.get('Protocol')} {shown(listener.get('Port'))}"
                say.good(balancer, f"internet → {balancer.key}: {where} ({listener.key}){_guard(view, balancer)}")
    for distribution in view.of("AWS::CloudFront::Distribution"):
        guard = " behind a web ACL" if distribution.get("DistributionConfig.WebACLId") else ""
        say.good(distribution, f"internet → {distribution.key}: CloudFront{guard}")
    for url in view.of("AWS::Lambda::Url"):
        say.good(url, f"internet → {url.key}: function URL, authorisation {shown(url.get('AuthType'))}")
    for api in view.of("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::AppSync::GraphQLApi"):
        say.good(api, f"internet → {api.key}: {api.type}")


def _guard(view: View, balancer: Resource) -> str:
    users = view.model.users.get(balancer.key, ())
    return " behind a web ACL" if any(user.type == "AWS::WAFv2::WebACLAssociation" for user in users) else ""


@rule(
    "network.public-address",
    "Compute has no public address",
    severity="medium",
    why="A task or host with a public address is one security-group rule away from the internet; NAT gives it a way out without one.",
    remedy="Put it into private subnets and assign no public address; let the internet in by a load balancer.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html",
    types=_COMPUTE | {"AWS::EC2::EIPAssociation", "AWS::EC2::EIP"},
)
def public_address(view: View, say: Say) -> None:
    for standing in view.network.standings:
        if standing.kind != "compute":
            continue
        if why := _addressed(view, standing):
            rules = [
                admitted.line
                for value in standing.groups
                if (group := view.model.find(value, "AWS::EC2::SecurityGroup"))
                for admitted in view.groups.ingress.get(group.key, ())
                if admitted.from_anywhere
            ]
            entries = [w.line for s in view.network.subnets_of(standing) for w in view.network.ways(s) if w.enters]
            open_door = bool(rules and entries)
            say.bad(
                standing.resource,
                f"{standing.resource.key} has a public address"
                + (", and the internet is admitted to it." if open_door else "."),
                why,
                *entries[:1],
                *rules,
                severity="high" if open_door else "medium",
            )
        elif (path := PLACES[standing.resource.type].public) and has_unknown(standing.resource.get(path)):
            sentence = f"Whether {standing.resource.key} gets a public address cannot be told."
            say.unclear(standing.resource, sentence, standing.resource.at(path), severity="high")
        elif standing.subnets:
            say.good(standing.resource, f"{standing.resource.key}: no public address")


def _addressed(view: View, standing: Standing) -> str:
    """Why a resource has, or will get, a public address; empty where it has none."""
    resource = standing.resource
    if standing.public:
        return f"{resource.key} asks for a public address ({PLACES[resource.type].public or 'NetworkInterfaces'})"
    for user in view.model.users.get(resource.key, ()):
        if user.type in ("AWS::EC2::EIPAssociation", "AWS::EC2::EIP"):
            return f"{user.key} gives {resource.key} an Elastic IP"
    if standing.public is None and resource.type in ("AWS::EC2::Instance", "AWS::AutoScaling::AutoScalingGroup"):
        for subnet in view.network.subnets_of(standing):
            if truth(subnet.get("MapPublicIpOnLaunch")):
                return f"{subnet.at('MapPublicIpOnLaunch')} is true"
    return ""


@rule(
    "compute.instance-metadata",
    "Hosts hand their credentials to version 2 requests only",
    severity="medium",
    why="Version 1 of the metadata service gives a host's role to whoever makes it fetch a URL.",
    remedy="Set MetadataOptions.HttpTokens to required in the launch template.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
    types=("AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::Instance"),
)
def instance_metadata(view: View, say: Say) -> None:
    for template in view.of("AWS::EC2::LaunchTemplate"):
        _tokens(say, template, "LaunchTemplateData.MetadataOptions.HttpTokens")
    for configuration in view.of("AWS::AutoScaling::LaunchConfiguration"):
        _tokens(say, configuration, "MetadataOptions.HttpTokens")
    for instance in view.of("AWS::EC2::Instance"):
        if instance.get("LaunchTemplate") is None:
            _tokens(say, instance, "MetadataOptions.HttpTokens")


def _tokens(say: Say, resource: Resource, path: str) -> None:
    value = resource.get(path)
    if value == "required":
        say.good(resource, f"{resource.at(path)} is required")
    else:
        found = "not set" if value is None else shown(value)
        say.bad(resource, f"{resource.key} answers version 1 metadata requests.", f"{resource.at(path)} is {found}")


def _containers(task: Resource) -> Iterator[tuple[str, dict[str, object]]]:
    for index, container in enumerate(task.objects("ContainerDefinitions")):
        yield f"ContainerDefinitions[{index}]", container


@rule(
    "compute.privileged",
    "Containers have no power over their host",
    severity="high",
    why="A privileged container, or one in the host's network or process space, is root on the host and on its neighbours.",
    remedy="Remove Privileged, host network mode, PidMode host and dangerous capabilities.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html",
    types=("AWS::ECS::TaskDefinition",),
)
def privileged(view: View, say: Say) -> None:
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
            say.bad(task, f"{task.key} has power over its host.", *(task.at(fault) for fault in faults))
        else:
            say.good(task, f"{task.key}: not privileged, no host network, no host processes")


@rule(
    "compute.shell-by-exec",
    "Nobody opens a shell in a running task unseen",
    severity="low",
    why="ECS Exec is a way into production beside every door that is listed here.",
    remedy="Leave EnableExecuteCommand off in production, or log its sessions at the cluster.",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html",
    types=("AWS::ECS::Service", "AWS::ECS::Cluster"),
)
def execute_command(view: View, say: Say) -> None:
    for service in view.of("AWS::ECS::Service"):
        if truth(service.get("EnableExecuteCommand", False)) is False:
            say.good(service, f"{service.at('EnableExecuteCommand')} is off")
            continue
        cluster = view.model.find(service.get("Cluster"), "AWS::ECS::Cluster")
        logging = cluster.get("Configuration.ExecuteCommandConfiguration.Logging") if cluster else None
        if logging == "OVERRIDE":
            say.good(service, f"{service.key}: shells are logged by {cluster.key if cluster else ''}")
        else:
            say.bad(service, f"{service.key} lets shells be opened in its tasks.", service.at("EnableExecuteCommand"))
