"""A container service on Fargate. What it uses decides its network, its rights and its variables.

A service with a port has a name in the private DNS namespace; a user gets `<NAME>_URL` and the way in on that port.
A singleton is stopped before its successor starts, so that there are never two.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, InstanceOf, model_validator
from troposphere import GetAtt, Ref, ecs, servicediscovery

from provisioning.components import base, cluster, file_system, iam, scaling, security
from provisioning.components.build import Build
from provisioning.components.graph import Joined, Node, Reference
from provisioning.components.logs import log_group
from provisioning.components.names import logical_id
from provisioning.components.network import subnet_refs
from provisioning.components.scaling import Tasks

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
VariableValue: TypeAlias = InstanceOf[Reference] | InstanceOf[Joined] | str

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE_MEMORY: dict[int, range | tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
# Fargate Spot warns two minutes ahead, and a worker should finish its job: the longest that Fargate waits.
_STOP_SECONDS = 120
_DNS_SECONDS = 10
_WARM_UP_SECONDS = 120


class Volume(base.Part):
    """A folder that outlives the task, on EFS."""

    path: str = Field(pattern=r"^/[A-Za-z0-9_./-]+$")


class ServiceSettings(base.Settings):
    image: str = Field(min_length=1)
    command: tuple[str, ...] = ()
    port: int | None = Field(default=None, ge=1, le=65535)
    cpu: int
    memory: int
    capacity: Literal["on_demand", "spot"] = "on_demand"
    tasks: Tasks = Tasks()
    singleton: bool = False
    storage: Volume | None = None
    keep_data: bool = False
    metrics: bool = False
    environment: dict[VariableName, VariableValue] = {}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.cpu not in FARGATE_MEMORY:
            raise ValueError(f"cpu is {self.cpu}; Fargate offers {', '.join(map(str, FARGATE_MEMORY))}")
        if self.memory not in FARGATE_MEMORY[self.cpu]:
            choices = FARGATE_MEMORY[self.cpu]
            raise ValueError(
                f"memory is {self.memory}; with cpu {self.cpu} Fargate offers {choices[0]} to {choices[-1]}"
            )
        if (self.singleton or self.storage) and self.tasks != Tasks():
            raise ValueError("a singleton, and a service with storage, is exactly one task: leave out tasks")
        return self

    @property
    def alone(self) -> bool:
        """Whether two tasks at once would do harm: both would schedule, or both would write the same files."""
        return self.singleton or self.storage is not None


class Service(base.Component):
    kind = "service"
    title = "Service"
    summary = "Containers on Fargate"
    Settings = ServiceSettings
    guarded = True
    attributes = {
        "name": "Name of the ECS service",
        "host": "Host name inside the network (services with a port)",
        "url": "http:// address inside the network (services with a port)",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = base.settings_of(node, ServiceSettings)
        ingress = security.from_users(node, build) if settings.port else []
        security.group(node, build, ingress=ingress, egress=[security.HTTPS_OUT])
        security.out_to_targets(node, build)
        if settings.storage:
            file_system.add(node, build, keep_data=settings.keep_data)
        role = _task_role(node, build, settings)
        definition = _task_definition(node, build, settings, role)
        _service(node, build, settings, definition)
        scaling.add(node, build, settings.tasks)

    def boxes(self, node: Node) -> list[base.Box]:
        settings = base.settings_of(node, ServiceSettings)
        size = f"{settings.cpu / 1024:g} vCPU, {settings.memory / 1024:g} GB"
        spot = " Spot" if settings.capacity == "spot" else ""
        count = "one" if settings.alone else str(settings.tasks.desired)
        boxes = [base.Box("private", node.name, "Service", f"{count}{spot} × {size}")]
        if settings.storage:
            boxes.append(base.Box("private", "files", "File system", "EFS, encrypted"))
        return boxes

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        settings = base.settings_of(node, ServiceSettings)
        if name == "name":
            return GetAtt(logical_id(node.address), "Name")
        if name not in self.attributes:
            return super().attribute(node, name, build)
        if settings.port is None:
            raise base.DesignError(f"{node.source}: {node.address} has no port, so it has no {name}; give it a port")
        if not cluster.has_name(node, build):
            raise base.DesignError(
                f"{node.source}: no service uses {node.address}, so it has no {name}; add it to its user's uses"
            )
        host = f"{node.name.replace('_', '-')}.{cluster.namespace(build)}"
        return host if name == "host" else f"http://{host}:{settings.port}"

    def grant(self, node: Node, build: Build) -> base.Grant:
        settings = base.settings_of(node, ServiceSettings)
        if settings.port is None:
            raise base.DesignError(f"{node.source}: {node.address} has no port, so nothing can use it; give it a port")
        # A load balancer uses a service too, by its target group and not by a name.
        found = cluster.has_name(node, build)
        named = {f"{node.name.upper()}_URL": self.attribute(node, "url", build)} if found else {}
        return base.Grant(
            label=str(settings.port),
            ports=(settings.port,),
            variables=named,
        )


def _task_role(node: Node, build: Build, settings: ServiceSettings) -> GetAtt:
    statements = [statement for grant in build.grants(node) for statement in grant.statements]
    if settings.metrics:
        # CloudWatch offers no resource for metrics; the namespace is the fence.
        own = {"StringEquals": {"cloudwatch:namespace": build.name}}
        statements.append(iam.allow(["cloudwatch:PutMetricData"], "*", own))
    if settings.storage:
        statements.append(file_system.statement(node))
    role = iam.role(
        logical_id(node.address, "Role"),
        trust=iam.trusts("ecs-tasks.amazonaws.com"),
        statements=statements,
    )
    build.add(node, role, "Task role")
    return GetAtt(role.title, "Arn")


def _task_definition(node: Node, build: Build, settings: ServiceSettings, role: GetAtt) -> Ref:
    home = build.only("cluster", needed_by=node)
    days = base.settings_of(home, cluster.ClusterSettings).log_days
    logs = log_group(node, build, name=f"/portal/{build.name}/{node.name}", days=days)
    resource = ecs.TaskDefinition(
        logical_id(node.address, "Task"),
        Family=build.physical(node.name, limit=255),
        Cpu=str(settings.cpu),
        Memory=str(settings.memory),
        NetworkMode="awsvpc",
        RequiresCompatibilities=["FARGATE"],
        RuntimePlatform=cluster.runtime_platform(home),
        ExecutionRoleArn=cluster.execution_role(home),
        TaskRoleArn=role,
        ContainerDefinitions=[_container(node, build, settings, logs)],
    )
    if settings.storage:
        resource.Volumes = [file_system.volume(node)]
    return build.add(node, resource, "Task definition")


def _container(node: Node, build: Build, settings: ServiceSettings, logs: Ref) -> ecs.ContainerDefinition:
    variables: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for grant in build.grants(node):
        variables |= grant.variables
        secrets |= grant.secrets
    if settings.metrics:
        variables["METRICS_NAMESPACE"] = build.name
    variables |= {name: build.value(value) for name, value in settings.environment.items()}
    container = ecs.ContainerDefinition(
        Name=node.name,
        Image=settings.image,
        Essential=True,
        LogConfiguration=cluster.awslogs(logs, node.name),
        StopTimeout=_STOP_SECONDS,
    )
    if variables:
        container.Environment = cluster.variables(variables)
    if secrets:
        container.Secrets = cluster.secrets(secrets)
    if settings.command:
        container.Command = list(settings.command)
    if settings.port:
        container.PortMappings = [ecs.PortMapping(ContainerPort=settings.port, Protocol="tcp")]
    if settings.storage:
        container.MountPoints = [ecs.MountPoint(SourceVolume=node.name, ContainerPath=settings.storage.path)]
    return container


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
        # Rebalancing starts the new task before it stops the old one.
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
        resource.DesiredCount = settings.tasks.desired
    waits = _behind_load_balancers(node, build, settings, resource)
    if settings.storage:
        waits += file_system.mount_targets(node, build)
    if cluster.has_name(node, build):
        resource.ServiceRegistries = [ecs.ServiceRegistry(RegistryArn=_discovery(node, build, home))]
    if waits:
        resource.DependsOn = waits
    build.add(node, resource, "Service")


def _behind_load_balancers(node: Node, build: Build, settings: ServiceSettings, resource: ecs.Service) -> list[str]:
    """Register with every load balancer in front; return what must exist before that."""
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
    resource.HealthCheckGracePeriodSeconds = _WARM_UP_SECONDS
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
    build.add(node, resource, "Name inside the network")
    return GetAtt(resource.title, "Arn")
