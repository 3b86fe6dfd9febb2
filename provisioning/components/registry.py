"""The kinds of component that a blueprint may use. A new one is a module here and a line below."""

from __future__ import annotations

from provisioning.components.kinds.alarm_topic.component import AlarmTopic
from provisioning.components.kinds.backup.component import Backup
from provisioning.components.kinds.bedrock.component import Bedrock
from provisioning.components.kinds.bucket.component import Bucket
from provisioning.components.kinds.cdn.component import Cdn
from provisioning.components.kinds.cloudformation.component import CloudFormation
from provisioning.components.kinds.cluster.component import Cluster
from provisioning.components.kinds.dashboard.component import Dashboard
from provisioning.components.kinds.deploy_role.component import DeployRole
from provisioning.components.kinds.email.component import Email
from provisioning.components.kinds.function.component import Function
from provisioning.components.kinds.load_balancer.component import LoadBalancer
from provisioning.components.kinds.log_shipping.component import LogShipping
from provisioning.components.kinds.monitoring_role.component import MonitoringRole
from provisioning.components.kinds.mysql.component import Mysql
from provisioning.components.kinds.network.component import Network
from provisioning.components.kinds.postgres.component import Postgres
from provisioning.components.kinds.queue.component import Queue
from provisioning.components.kinds.rabbitmq.component import Rabbitmq
from provisioning.components.kinds.rabbitmq_broker.component import RabbitmqBroker
from provisioning.components.kinds.redis.component import Redis
from provisioning.components.kinds.secret.component import Secret
from provisioning.components.kinds.service.component import Service
from provisioning.components.kinds.valkey.component import Valkey
from provisioning.components.kit.component import Component

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
