"""Finds who listens on which ports, and what in a template needs a connection: an endpoint, a host
name, a target group.

This is how a proof tells a required ingress rule from one that nothing uses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from provisioning.proof.model.template import Model, Resource
from provisioning.proof.model.values import is_known, mapping, mentioned, number, texts

# Default ports by engine or type, from each service's documentation.
_ENGINES = {
    "postgres": 5432,
    "aurora-postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "aurora-mysql": 3306,
    "aurora": 3306,
    "oracle": 1521,
    "sqlserver": 1433,
    "db2": 50000,
    "postgresql": 5432,
    "redis": 6379,
    "valkey": 6379,
    "memcached": 11211,
}
_TYPES: dict[str, tuple[int, ...]] = {
    "AWS::EFS::MountTarget": (2049,),
    "AWS::DocDB::DBCluster": (27017,),
    "AWS::Neptune::DBCluster": (8182,),
    "AWS::Redshift::Cluster": (5439,),
    "AWS::RedshiftServerless::Workgroup": (5439,),
    "AWS::MemoryDB::Cluster": (6379,),
    "AWS::DAX::Cluster": (8111, 9111),
    "AWS::OpenSearchService::Domain": (443,),
    "AWS::Elasticsearch::Domain": (443,),
    # https://docs.aws.amazon.com/msk/latest/developerguide/port-info.html
    "AWS::MSK::Cluster": (9092, 9094, 9096, 9098, 2181, 2182),
    "AWS::EC2::VPCEndpoint": (443,),
    "AWS::Lambda::Function": (),
}
# https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/connect-to-broker.html
_BROKERS = {"RABBITMQ": (5671, 443, 15671), "ACTIVEMQ": (61617, 61614, 5671, 8883, 8162)}
_OPAQUE = ("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration")


class Listening:
    def __init__(self, model: Model) -> None:
        self.model = model

    # Ports

    def ports(self, resource: Resource) -> frozenset[int] | None:
        """The ports that a resource listens on; None if the template does not determine them."""
        if resource.type in _TYPES:
            given = number(resource.get("Port", resource.get("DBPort")))
            return frozenset({given} if given else _TYPES[resource.type])
        how = _LISTENS.get(resource.type)
        return how(self, resource) if how else None

    def proxy_ports(self, proxy: Resource) -> frozenset[int]:
        return frozenset({5432 if proxy.get("EngineFamily") == "POSTGRESQL" else 3306})

    def broker_ports(self, broker: Resource) -> frozenset[int]:
        return frozenset(_BROKERS.get(str(broker.get("EngineType")).upper(), ()))

    def balancer_ports(self, balancer: Resource) -> frozenset[int]:
        return frozenset(port for listener in self.listeners(balancer) if (port := number(listener.get("Port"))))

    def classic_ports(self, balancer: Resource) -> frozenset[int]:
        return frozenset(
            port for listener in balancer.objects("Listeners") if (port := number(listener.get("LoadBalancerPort")))
        )

    def task_ports(self, task: Resource) -> frozenset[int]:
        return _container_ports(task)

    def engine_ports(self, resource: Resource) -> frozenset[int] | None:
        if given := number(resource.get("Port")):
            return frozenset({given})
        if resource.get("Port") is not None:
            return None
        default = "redis" if "ElastiCache" in resource.type else ""
        engine = str(resource.get("Engine", default)).lower()
        default_port = next((port for name, port in _ENGINES.items() if engine.startswith(name)), None)
        if default_port is None:
            return None
        # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/WhatIs.corecomponents.html: 6380 reads from replicas
        return (
            frozenset({default_port, 6380})
            if resource.type == "AWS::ElastiCache::ServerlessCache"
            else frozenset({default_port})
        )

    def containers_ports(self, service: Resource) -> frozenset[int] | None:
        task = self.model.find(service.get("TaskDefinition"), "AWS::ECS::TaskDefinition")
        ports = _container_ports(task) if task else None
        balanced = {
            p for load_balancer in service.objects("LoadBalancers") if (p := number(load_balancer.get("ContainerPort")))
        }
        return None if ports is None else ports | balanced

    def opaque(self, resource: Resource) -> bool:
        """Whether the template does not show what runs on a resource."""
        return resource.type in _OPAQUE or self.ports(resource) is None

    # Load balancers

    def listeners(self, balancer: Resource) -> list[Resource]:
        return self._listeners.get(balancer.key, [])

    @cached_property
    def _listeners(self) -> dict[str, list[Resource]]:
        listeners: dict[str, list[Resource]] = defaultdict(list)
        for listener in self.model.of("AWS::ElasticLoadBalancingV2::Listener"):
            if balancer := self.model.find(listener.get("LoadBalancerArn")):
                listeners[balancer.key].append(listener)
        return listeners

    def behind(self, balancer: Resource) -> list[Resource]:
        """The target groups of a load balancer, and the resources that register in them."""
        rules = self.model.of("AWS::ElasticLoadBalancingV2::ListenerRule")
        groups = {
            name
            for listener in self.listeners(balancer)
            for holder in [listener, *(rule for rule in rules if self.model.find(rule.get("ListenerArn")) is listener)]
            for name in self.model.mentions[holder.key]
            if self.model.resources.get(name, balancer).type == "AWS::ElasticLoadBalancingV2::TargetGroup"
        }
        behind = [self.model.resources[name] for name in sorted(groups)]
        for name in sorted(groups):
            behind += [u for u in self.model.users.get(name, ()) if u.type in _REGISTER]
            behind += [self.model.resources[k] for k in sorted(self.model.mentions[name]) if k in self.model.resources]
        return behind

    # Who needs a connection to whom

    @cached_property
    def hosts(self) -> dict[str, set[str]]:
        """Host names that the template defines, and the resources that serve them."""
        hosts: dict[str, set[str]] = defaultdict(set)
        for discovery in self.model.of("AWS::ServiceDiscovery::Service"):
            namespace = self.model.find(discovery.get("NamespaceId", discovery.get("DnsConfig.NamespaceId")))
            if namespace is not None and isinstance(namespace.get("Name"), str):
                users = self.model.users.get(discovery.key, ())
                hosts[f"{discovery.get('Name')}.{namespace.get('Name')}"] |= {user.key for user in users}
        for service in self.model.of("AWS::ECS::Service"):
            for connected in service.objects("ServiceConnectConfiguration.Services"):
                for alias in connected.get("ClientAliases") or [{}]:
                    name = mapping(alias).get("DnsName") or connected.get("DiscoveryName") or connected.get("PortName")
                    if isinstance(name, str):
                        hosts[name].add(service.key)
        for record in self.model.of("AWS::Route53::RecordSet"):
            if isinstance(name := record.get("Name"), str) and is_known(name):
                hosts[name.rstrip(".")] |= set(mentioned(record.properties.get("AliasTarget"))) | set(
                    mentioned(record.properties.get("ResourceRecords"))
                )
        return dict(hosts)

    def asks(self, resource: Resource) -> dict[str, str]:
        """The resources that a resource must reach, each with the property that shows it."""
        if resource.key not in self._asks:
            self._asks[resource.key] = self._find_asks(resource)
        return self._asks[resource.key]

    @cached_property
    def _asks(self) -> dict[str, dict[str, str]]:
        return {}

    def _find_asks(self, resource: Resource) -> dict[str, str]:
        reasons: dict[str, str] = {}
        if resource.type in ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer"):
            for target in self.behind(resource):
                reasons.setdefault(target.key, f"{resource.key} forwards to {target.key}")
            return reasons
        for body in self.bodies(resource):
            for path, text in texts(body.properties):
                why = f"{body.at(_entry(body, path))}"
                for name in mentioned(text):
                    reasons.setdefault(name, why)
                for host, answering in self.hosts.items():
                    if host in text:
                        for name in answering:
                            reasons.setdefault(name, f"{why} names {host}")
        for name, why in list(reasons.items()):
            self._follow(name, why, reasons)
        return reasons

    def bodies(self, resource: Resource) -> list[Resource]:
        """A resource and what it runs: a service's task definition, a group's launch template."""
        wanted = ("AWS::ECS::TaskDefinition", "AWS::EC2::LaunchTemplate")
        named = (self.model.resources.get(name) for name in sorted(self.model.mentions[resource.key]))
        used = [r for r in self.model.users.get(resource.key, ()) if r.type == "AWS::AutoScaling::AutoScalingGroup"]
        return [resource, *(body for body in named if body is not None and body.type in wanted), *used]

    def _follow(self, name: str, why: str, reasons: dict[str, str]) -> None:
        """Follows a name to the resource that serves it, a load balancer to its targets, and a
        secret to its database.
        """
        resource = self.model.resources.get(name)
        if resource is None:
            return
        if resource.type.endswith("::LoadBalancer"):
            for target in self.behind(resource):
                reasons.setdefault(target.key, f"{why}, and {name} forwards to {target.key}")
        elif resource.type == "AWS::Route53::RecordSet":
            for answering in sorted(self.model.mentions[name] - set(reasons)):
                reasons[answering] = f"{why}, and {name} resolves to {answering}"
                self._follow(answering, reasons[answering], reasons)
        elif resource.type == "AWS::SecretsManager::Secret":
            for database, how in self._databases_of(resource):
                reasons.setdefault(database, f"{why}, {how} {database}")

    def _databases_of(self, secret: Resource) -> Iterator[tuple[str, str]]:
        """The databases that a secret belongs to: named in its value, or attached to it."""
        for named in mentioned(secret.get("SecretString")):
            yield named, "whose value names"
        for user in self.model.users.get(secret.key, ()):
            if user.type == "AWS::SecretsManager::SecretTargetAttachment":
                for attached in self.model.mentions[user.key] - {secret.key}:
                    yield attached, "the secret of"

    def identities(self, resource: Resource) -> set[str]:
        """A resource and what it is part of: a mount target's file system, an instance's launch
        template.
        """
        keys = {resource.key}
        if resource.type == "AWS::EFS::MountTarget":
            keys |= {system.key for system in [self.model.find(resource.get("FileSystemId"))] if system}
        if resource.type in ("AWS::EC2::LaunchTemplate", "AWS::ECS::TaskDefinition", "AWS::EC2::NetworkInterface"):
            keys |= {user.key for user in self.model.users.get(resource.key, ())}
        return keys


_REGISTER = ("AWS::ECS::Service", "AWS::AutoScaling::AutoScalingGroup", "AWS::ECS::TaskSet")


def _container_ports(task: Resource) -> frozenset[int]:
    return frozenset(
        port
        for container in task.objects("ContainerDefinitions")
        for port_mapping in container.get("PortMappings") or ()
        if (port := number(mapping(port_mapping).get("ContainerPort")))
    )


def _entry(resource: Resource, path: str) -> str:
    """A property path, with the name of the environment variable or secret if it is the path of
    one.
    """
    stem, _, last = path.rpartition(".")
    if last not in {"Value", "ValueFrom"}:
        return path
    part_of_body: Any = resource.properties
    for part in stem.replace("]", "").replace("[", ".").split("."):
        part_of_body = part_of_body[int(part)] if isinstance(part_of_body, list) else mapping(part_of_body).get(part)
    name = mapping(part_of_body).get("Name")
    return f"{stem.rpartition('.')[2].partition('[')[0]} {name}" if isinstance(name, str) else path


_LISTENS: dict[str, Callable[[Listening, Resource], frozenset[int] | None]] = {
    "AWS::RDS::DBInstance": Listening.engine_ports,
    "AWS::RDS::DBCluster": Listening.engine_ports,
    "AWS::ElastiCache::ReplicationGroup": Listening.engine_ports,
    "AWS::ElastiCache::CacheCluster": Listening.engine_ports,
    "AWS::ElastiCache::ServerlessCache": Listening.engine_ports,
    "AWS::RDS::DBProxy": Listening.proxy_ports,
    "AWS::AmazonMQ::Broker": Listening.broker_ports,
    "AWS::ECS::Service": Listening.containers_ports,
    "AWS::ECS::TaskDefinition": Listening.task_ports,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Listening.balancer_ports,
    "AWS::ElasticLoadBalancing::LoadBalancer": Listening.classic_ports,
}
