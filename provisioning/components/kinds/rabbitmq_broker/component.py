"""RabbitMQ on Amazon MQ: one broker or a cluster of three across the zones; private, TLS only, a
generated password.

Amazon MQ names a broker's log groups after an id that exists only once the broker does, so a
template cannot create them first, with retention. Therefore its logs are off. Its metrics, which
need no log group, are on.
https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/security-logging-monitoring.html
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator
from troposphere import GetAtt, Ref, Select, Split, Sub, amazonmq
from typing_extensions import override

from provisioning.components.kit import credentials, security
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.credentials import read_secret
from provisioning.components.kit.dynamic_references import secret_value
from provisioning.components.kit.subnets import subnet_refs
from provisioning.components.kit.values import (
    Box,
    DashboardWidget,
    Family,
    Gives,
    Grant,
    Section,
    Settings,
    settings_of,
)
from provisioning.components.kit.widgets import metric_widgets
from provisioning.design.graph import Node
from provisioning.design.names import ComponentName, logical_id

PORT = 5671
_NAME_LIMIT = 50
_CLUSTER_NODES = 3


class RabbitmqBrokerSettings(Settings):
    deployment: Literal["single", "cluster"] = Field(
        description="One broker, or a cluster of three brokers across the zones"
    )
    instance_type: str = Field(
        pattern=r"^mq\.[a-z0-9]+\.[a-z0-9]+$",
        description="Amazon MQ instance type: mq.m7g.* for RabbitMQ 4; mq.t3, mq.m5 or mq.m7g for 3.13",
    )
    # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-version-management.html
    version: Literal["3.13", "4.2"] = Field(default="4.2", description="Version of RabbitMQ; AWS installs patches")
    username: str = Field(
        default="app", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$", description="Name of the broker's first user"
    )

    @model_validator(mode="after")
    def _runs_there(self) -> Self:
        family = self.instance_type.split(".")[1]
        if self.username == "guest":
            raise ValueError('Amazon MQ refuses the user name "guest": choose another')
        if self.version.startswith("4") and family != "m7g":
            raise ValueError(f"RabbitMQ {self.version} runs on mq.m7g instances only, not on {self.instance_type}")
        # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rmq-broker-instance-types.html
        if self.deployment == "cluster" and family == "t3":
            raise ValueError(f"a cluster does not run on {self.instance_type}: use mq.m5 or mq.m7g")
        return self


class RabbitmqBroker(Component):
    kind = "rabbitmq_broker"
    title = "RabbitMQ broker"
    summary = "Amazon MQ for RabbitMQ, one broker or a cluster of three"
    family = Family.MESSAGING
    schema = RabbitmqBrokerSettings
    gives = Gives(
        variables=("BROKER_HOST", "BROKER_PORT"),
        secrets=("BROKER_USERNAME", "BROKER_PASSWORD"),
        ports=f"port {PORT}, AMQP with TLS",
        rights=("secretsmanager:GetSecretValue",),
    )
    needs = ("network",)
    has_security_group = True
    attributes = {
        "endpoint": "amqps:// address, without the password",
        "host": "Host name of the broker",
        "id": "Name of the broker, as in its metrics",
        "arn": "ARN of the broker",
        "secret_arn": "ARN of the secret that holds user name and password",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, RabbitmqBrokerSettings)
        called = ComponentName("rabbitmq", node.name).short
        security.group(node, build, ingress=security.from_users(node, build))
        secret = credentials.login(
            node,
            build,
            name=called,
            username=settings.username,
            description="RabbitMQ password",
            title="Broker secret",
        )
        subnets = subnet_refs(build, "data", needed_by=node)
        cluster = settings.deployment == "cluster"
        resource = amazonmq.Broker(
            logical_id(node.address),
            BrokerName=build.physical(called, limit=_NAME_LIMIT),
            EngineType="RABBITMQ",
            EngineVersion=settings.version,
            HostInstanceType=settings.instance_type,
            DeploymentMode="CLUSTER_MULTI_AZ" if cluster else "SINGLE_INSTANCE",
            PubliclyAccessible=False,
            AutoMinorVersionUpgrade=True,
            SecurityGroups=[security.group_id(node.address)],
            # Amazon MQ spreads a cluster over the zones; these are the subnets of its endpoint's interfaces.
            SubnetIds=subnets if cluster else subnets[:1],
            Users=[amazonmq.User(Username=settings.username, Password=Sub(secret_value(build, secret, "password")))],
        )
        build.retain(resource, policy=None, why="")
        build.add(node, resource, "Message broker")
        _alarms(node, build, resource.BrokerName)

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, RabbitmqBrokerSettings)
        count = f"{_CLUSTER_NODES} × " if settings.deployment == "cluster" else ""
        return [
            Box("data", node.name, f"RabbitMQ {settings.version}", f"{count}{settings.instance_type}"),
            Box("supporting", f"rabbitmq {node.name}", "Secrets", "generated in AWS"),
        ]

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        metrics = {"MessageCount": "Maximum", "SystemCpuUtilization": "Average"}
        name = build.physical(ComponentName("rabbitmq", node.name).short, limit=_NAME_LIMIT)
        return metric_widgets(Section.BROKERS, "AWS/AmazonMQ", metrics, [{"Broker": name}])

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        broker = logical_id(node.address)
        match name:
            case "endpoint":
                return _endpoint(broker)
            case "host":
                return _host(broker)
            case "id":
                return build.physical(ComponentName("rabbitmq", node.name).short, limit=_NAME_LIMIT)
            case "arn":
                return GetAtt(broker, "Arn")
            case "secret_arn":
                return Ref(logical_id(node.address, "Secret"))
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        secret = logical_id(node.address, "Secret")
        return Grant(
            label=f"{PORT} TLS",
            ports=(PORT,),
            variables={"BROKER_HOST": _host(logical_id(node.address)), "BROKER_PORT": str(PORT)},
            secrets={
                "BROKER_USERNAME": Sub(f"${{{secret}}}:username::"),
                "BROKER_PASSWORD": Sub(f"${{{secret}}}:password::"),
            },
            secret_arns=(Ref(secret),),
            statements=(read_secret(Ref(secret)),),
        )


def _endpoint(broker: str) -> Select:
    """Return `amqps://host:5671`. A cluster has one address for all its brokers."""
    return Select(0, GetAtt(broker, "AmqpEndpoints"))


def _host(broker: str) -> Select:
    after_scheme = Select(1, Split("//", _endpoint(broker)))
    return Select(0, Split(":", after_scheme))


def _alarms(node: Node, build: Build, name: str) -> None:
    # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-logging-monitoring.html
    alarm(
        node,
        build,
        key="CpuHigh",
        description="The broker is above 90 % CPU",
        metric=("AWS/AmazonMQ", "SystemCpuUtilization", {"Broker": name}),
        statistic="Average",
        above=90,
    )
