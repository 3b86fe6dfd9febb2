"""The kinds of component that a blueprint may use. A new one is a module here and a line below."""

from __future__ import annotations

from provisioning.components.alarm_topic import AlarmTopic
from provisioning.components.backup import Backup
from provisioning.components.base import Component
from provisioning.components.bedrock import Bedrock
from provisioning.components.broker import RabbitmqBroker
from provisioning.components.bucket import Bucket
from provisioning.components.cdn import Cdn
from provisioning.components.cloudformation import CloudFormation
from provisioning.components.cluster import Cluster
from provisioning.components.dashboard import Dashboard
from provisioning.components.deploy_role import DeployRole
from provisioning.components.email import Email
from provisioning.components.function import Function
from provisioning.components.load_balancer import LoadBalancer
from provisioning.components.log_shipping import LogShipping
from provisioning.components.monitoring_role import MonitoringRole
from provisioning.components.mysql import Mysql
from provisioning.components.network import Network
from provisioning.components.postgres import Postgres
from provisioning.components.queue import Queue
from provisioning.components.rabbitmq import Rabbitmq
from provisioning.components.redis import Redis
from provisioning.components.secret import Secret
from provisioning.components.service import Service
from provisioning.components.valkey import Valkey

_COMPONENTS: dict[str, Component] = {
    item.kind: item
    for item in (
        Network(),
        Postgres(),
        Mysql(),
        Valkey(),
        Redis(),
        RabbitmqBroker(),
        Rabbitmq(),
        Bedrock(),
        Bucket(),
        Cdn(),
        Queue(),
        Email(),
        Backup(),
        Secret(),
        Cluster(),
        Service(),
        Function(),
        LoadBalancer(),
        DeployRole(),
        LogShipping(),
        MonitoringRole(),
        AlarmTopic(),
        Dashboard(),
        CloudFormation(),
    )
}


class UnknownComponent(ValueError):  # noqa: N818 - a blueprint's mistake, told to its author by this name
    """A blueprint names a kind of component that does not exist."""

    def __init__(self, kind: str, known: list[str]) -> None:
        super().__init__(f'There is no component kind "{kind}"; known are {", ".join(known)}.')
        self.kind = kind
        self.known = known


def component(kind: str) -> Component:
    """Return the component of this kind, or raise UnknownComponent."""
    try:
        return _COMPONENTS[kind]
    except KeyError:
        raise UnknownComponent(kind, kinds()) from None


def kinds() -> list[str]:
    return sorted(_COMPONENTS)
