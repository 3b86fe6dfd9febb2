"""A container service on Fargate. What it uses decides its network rules, its rights and its
environment variables.

A service with a port has a name in the private DNS namespace. A user gets `<NAME>_URL` and is
admitted on that port. A singleton is stopped before its successor starts, so there are never two.
`task.py` defines its containers.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, ecs, servicediscovery
from typing_extensions import override

from provisioning.components.kinds.cluster import component as cluster
from provisioning.components.kinds.service import file_system, scaling, task
from provisioning.components.kinds.service.settings import ServiceSettings
from provisioning.components.kit import security
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.subnets import subnet_refs
from provisioning.components.kit.values import Box, DashboardWidget, Family, Gives, Grant, Section, settings_of
from provisioning.components.kit.widgets import metric_widgets
from provisioning.design.errors import DesignError
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_DNS_SECONDS = 10
_WARM_UP_SECONDS = 120
# Includes the command that runs before the container: a migration takes longer than a start.
_WARM_UP_WITH_BEFORE_SECONDS = 600


class Service(Component):
    kind = "service"
    title = "Service"
    summary = "Containers on Fargate"
    family = Family.COMPUTE
    schema = ServiceSettings
    gives = Gives(variables=("<NAME>_URL",), ports="its own port", note="only a service with a port can be used")
    needs = ("network", "cluster")
    accepts_grants = True
    has_security_group = True
    attributes = {
        "name": "Name of the ECS service",
        "role_arn": "ARN of its containers' role",
        "host": "Host name inside the network (services with a port)",
        "url": "http:// address inside the network (services with a port)",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, ServiceSettings)
        ingress = security.from_users(node, build) if settings.port else []
        security.group(node, build, ingress=ingress, egress=[security.HTTPS_OUT])
        security.out_to_targets(node, build)
        if settings.storage:
            file_system.add(node, build, keep_data=settings.keep_data)
        definition = task.definition(node, build, settings, task.role(node, build, settings))
        _service(node, build, settings, definition)
        scaling.add(node, build, settings.tasks)

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, ServiceSettings)
        size = f"{settings.cpu / 1024:g} vCPU, {settings.memory / 1024:g} GB"
        spot = " Spot" if settings.capacity == "spot" else ""
        count = "one" if settings.alone else str(settings.tasks.desired)
        boxes = [Box("private", node.name, "Service", f"{count}{spot} × {size}")]
        if settings.storage:
            boxes.append(Box("private", "files", "File system", "EFS, encrypted"))
        return boxes

    @override
    def alarms(self, node: Node, build: Build) -> None:
        """Watch CPU and memory, and with Container Insights, which counts running tasks, that there
        is one.
        """
        dimensions = _dimensions(node, build)
        for key, says, metric in (
            ("CpuHigh", "90 % CPU", "CPUUtilization"),
            ("MemoryHigh", "90 % of its memory", "MemoryUtilization"),
        ):
            alarm(
                node,
                build,
                key=key,
                description=f"{node.address} is above {says}",
                metric=("AWS/ECS", metric, dimensions),
                statistic="Average",
                above=90,
            )
        home = build.only("cluster", needed_by=node)
        counted = settings_of(home, cluster.ClusterSettings).container_insights
        # A service that may scale down to no task at all needs no alarm when it does.
        if counted and settings_of(node, ServiceSettings).tasks.min > 0:
            alarm(
                node,
                build,
                key="NoTask",
                description=f"{node.address} has no running task",
                metric=("ECS/ContainerInsights", "RunningTaskCount", dimensions),
                statistic="Maximum",
                missing="breaching",
                below=1,
            )

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        metrics = {"CPUUtilization": "Average", "MemoryUtilization": "Average"}
        return metric_widgets(Section.SERVICES, "AWS/ECS", metrics, [_dimensions(node, build)])

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        settings = settings_of(node, ServiceSettings)
        if name == "name":
            return GetAtt(logical_id(node.address), "Name")
        if name == "role_arn":
            return GetAtt(logical_id(node.address, "Role"), "Arn")
        if name not in self.attributes:
            return super().attribute(node, name, build)
        if settings.port is None:
            raise DesignError(f"{node.source}: {node.address} has no port, so it has no {name}; give it a port")
        if not cluster.has_name(node, build):
            raise DesignError(
                f"{node.source}: no service uses {node.address}, so it has no {name}; add it to its user's uses"
            )
        host = f"{node.name.replace('_', '-')}.{cluster.namespace(build)}"
        return host if name == "host" else f"http://{host}:{settings.port}"

    def grant(self, node: Node, build: Build) -> Grant:
        settings = settings_of(node, ServiceSettings)
        if settings.port is None:
            raise DesignError(f"{node.source}: {node.address} has no port, so nothing can use it; give it a port")
        # A load balancer uses a service through its target group, not by name.
        found = cluster.has_name(node, build)
        named = {f"{node.name.upper()}_URL": self.attribute(node, "url", build)} if found else {}
        return Grant(
            label=str(settings.port),
            ports=(settings.port,),
            variables=named,
        )


def _dimensions(node: Node, build: Build) -> dict[str, Any]:
    home = build.only("cluster", needed_by=node)
    return {"ClusterName": Ref(logical_id(home.address)), "ServiceName": GetAtt(logical_id(node.address), "Name")}


def _service(node: Node, build: Build, settings: ServiceSettings, definition: Ref) -> None:
    home = build.only("cluster", needed_by=node)
    alone = settings.alone
    resource = ecs.Service(
        logical_id(node.address),
        ServiceName=build.physical(node.name, limit=255),
        Cluster=Ref(logical_id(home.address)),
        TaskDefinition=definition,
        CapacityProviderStrategy=[
            ecs.CapacityProviderStrategyItem(
                CapacityProvider="FARGATE_SPOT" if settings.capacity == "spot" else "FARGATE", Weight=1
            )
        ],
        DeploymentConfiguration=ecs.DeploymentConfiguration(
            MinimumHealthyPercent=0 if alone else 100,
            MaximumPercent=100 if alone else 200,
            DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True),
        ),
        # Rebalancing would start the new task before it stops the old one.
        AvailabilityZoneRebalancing="DISABLED" if alone else "ENABLED",
        NetworkConfiguration=ecs.NetworkConfiguration(
            AwsvpcConfiguration=ecs.AwsvpcConfiguration(
                AssignPublicIp="DISABLED",
                SecurityGroups=[security.group_id(node.address)],
                Subnets=subnet_refs(build, "private", needed_by=node),
            )
        ),
        PropagateTags="SERVICE",
    )
    if not (build.changing and settings.tasks.scales):
        # The scalable target refers to the service, so CloudFormation registers it once the service is stable. That
        # raises the count to the target's minimum.
        # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
        resource.DesiredCount = 1 if settings.first_alone else settings.tasks.desired
    waits = _behind_load_balancers(node, build, settings, resource)
    if settings.storage:
        waits += file_system.mount_targets(node, build)
    if cluster.has_name(node, build):
        resource.ServiceRegistries = [ecs.ServiceRegistry(RegistryArn=_discovery(node, build, home))]
    if waits:
        resource.DependsOn = waits
    build.add(node, resource, "Service")


def _behind_load_balancers(node: Node, build: Build, settings: ServiceSettings, resource: ecs.Service) -> list[str]:
    """Register with every load balancer in front. Returns what must exist before that."""
    fronts = [user for user in build.users(node) if user.kind == "load_balancer"]
    if not fronts:
        return []
    resource.LoadBalancers = [
        ecs.LoadBalancer(
            ContainerName=node.name,
            ContainerPort=settings.port,
            TargetGroupArn=Ref(logical_id(front.address, "Targets")),
        )
        for front in fronts
    ]
    resource.HealthCheckGracePeriodSeconds = _WARM_UP_WITH_BEFORE_SECONDS if settings.before else _WARM_UP_SECONDS
    return [logical_id(front.address, "Https") for front in fronts]


def _discovery(node: Node, build: Build, home: Node) -> GetAtt:
    resource = servicediscovery.Service(
        logical_id(node.address, "Discovery"),
        Name=node.name.replace("_", "-"),
        NamespaceId=Ref(logical_id(home.address, "Namespace")),
        DnsConfig=servicediscovery.DnsConfig(
            DnsRecords=[servicediscovery.DnsRecord(Type="A", TTL=str(_DNS_SECONDS))], RoutingPolicy="MULTIVALUE"
        ),
        HealthCheckCustomConfig=servicediscovery.HealthCheckCustomConfig(FailureThreshold=1),
    )
    build.add(node, resource, "Service discovery")
    return GetAtt(resource.title, "Arn")
