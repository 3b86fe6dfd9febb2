"""RabbitMQ on EC2 hosts: one, or a cluster of three across the zones behind an internal load
balancer.

Clients use AMQP over TLS only. The hosts derive a certificate authority from a secret that they
share. They publish its certificate, which is not secret, as a parameter, and users get it as
RABBITMQ_CA. `boot.sh` runs on the hosts; `hosts.py` adds the resources around them.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Sub, secretsmanager, ssm
from typing_extensions import override

from provisioning.components.kinds.rabbitmq import hosts, queue_metrics
from provisioning.components.kinds.rabbitmq.settings import RabbitmqSettings
from provisioning.components.kit import credentials, iam, security
from provisioning.components.kit.alarms import Metric, alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.credentials import read_secret
from provisioning.components.kit.logs import log_group
from provisioning.components.kit.values import (
    Box,
    DashboardWidget,
    Family,
    Gives,
    Grant,
    Section,
    settings_of,
)
from provisioning.components.kit.widgets import metric_widgets
from provisioning.design.graph import Node
from provisioning.design.names import ComponentName, logical_id

KIND = "rabbitmq"
PORT = hosts.PORT
_SEED_LENGTH = 64
_SESSIONS = [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]


class Rabbitmq(Component):
    kind = KIND
    title = "RabbitMQ"
    summary = "RabbitMQ on EC2, one host or a cluster of three, with quorum queues and TLS only"
    family = Family.MESSAGING
    schema = RabbitmqSettings
    gives = Gives(
        variables=("RABBITMQ_HOST", "RABBITMQ_PORT", "RABBITMQ_QUEUE"),
        secrets=("RABBITMQ_USERNAME", "RABBITMQ_PASSWORD", "RABBITMQ_CA"),
        ports=f"port {PORT}, AMQP with TLS",
        rights=("secretsmanager:GetSecretValue", "ssm:GetParameter"),
        note="RABBITMQ_CA is the certificate authority that signed the hosts' certificates",
    )
    needs = ("network",)
    has_security_group = True
    attributes = {
        "host": "Host name of the broker",
        "endpoint": "amqps:// address, without the password",
        "queue": "Name of the queue",
        "secret_arn": "ARN of the secret that holds the users' name and password",
        "admin_secret_arn": "ARN of the secret that holds the administrator's name and password",
        "authority": "Name of the parameter that holds the certificate authority's certificate",
    }

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, RabbitmqSettings)
        _secrets(node, build, settings)
        log_group(node, build, name=build.names.log_group(node.name), days=settings.log_days)
        groups = hosts.groups(
            node,
            build,
            nodes=settings.nodes,
            users=security.from_users(node, build),
            watchers=_watchers(settings),
            outward=[_rule(10051, f"{settings.zabbix_server}/32", "Zabbix")] if settings.zabbix_server else [],
        )
        hosts.add(
            node,
            build,
            groups,
            hosts.Hosts(
                nodes=settings.nodes,
                instance_type=settings.instance_type,
                volume_gb=settings.volume_gb,
                keep_data=settings.keep_data,
                protect=settings.protect,
                statements=tuple(_statements(node, build)),
                values={
                    "IMAGE": settings.image,
                    "QUEUE": settings.queue,
                    "SCRAPED": "yes" if settings.prometheus_from else "no",
                    "ZABBIX_SERVER": str(settings.zabbix_server or ""),
                },
            ),
        )
        _queue_alarms(node, build, settings)
        for number in range(1, settings.nodes + 1):
            _host_alarms(node, build, number)

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, RabbitmqSettings)
        count = f"{settings.nodes} × " if settings.nodes > 1 else ""
        behind = ", load balancer" if settings.nodes > 1 else ""
        return [
            Box("private", node.name, "RabbitMQ on EC2", f"{count}{settings.instance_type}{behind}"),
            Box("supporting", f"rabbitmq {node.name}", "Secrets", "generated in AWS"),
        ]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        references = {
            "host": "Name",
            "secret_arn": "Secret",
            "admin_secret_arn": "AdminSecret",
            "authority": "Authority",
        }
        if name in references:
            return Ref(logical_id(node.address, references[name]))
        if name == "endpoint":
            return Sub(f"amqps://${{{logical_id(node.address, 'Name')}}}:{PORT}")
        if name == "queue":
            return settings_of(node, RabbitmqSettings).queue
        return super().attribute(node, name, build)

    @override
    def grant(self, node: Node, build: Build) -> Grant:
        secret, authority = logical_id(node.address, "Secret"), _authority_arn(node)
        return Grant(
            label=f"{PORT} TLS",
            ports=(PORT,),
            variables={
                "RABBITMQ_HOST": hosts.host(node),
                "RABBITMQ_PORT": str(PORT),
                "RABBITMQ_QUEUE": settings_of(node, RabbitmqSettings).queue,
            },
            secrets={
                "RABBITMQ_USERNAME": Sub(f"${{{secret}}}:username::"),
                "RABBITMQ_PASSWORD": Sub(f"${{{secret}}}:password::"),
                "RABBITMQ_CA": authority,
            },
            secret_arns=(Ref(secret),),
            parameter_arns=(authority,),
            statements=(read_secret(Ref(secret)), iam.allow(["ssm:GetParameter"], authority)),
        )

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        settings = settings_of(node, RabbitmqSettings)
        queue = settings.queue

        def lines(*metrics: str) -> tuple[tuple[str, str, Any, str], ...]:
            return tuple((*queue_metrics.of_queue(build, queue, metric), "Maximum") for metric in metrics)

        numbers = range(1, settings.nodes + 1)
        instances = [{"InstanceId": Ref(logical_id(node.address, f"Host{number}"))} for number in numbers]
        return [
            DashboardWidget(f"Queue {queue}", lines(queue_metrics.DEPTH, queue_metrics.CONSUMERS)),
            DashboardWidget(f"Queue {queue}: per minute", lines(queue_metrics.ARRIVALS, queue_metrics.COMPLETIONS)),
            *metric_widgets(Section.HOSTS, "AWS/EC2", {"CPUUtilization": "Average"}, instances),
        ]


def _secrets(node: Node, build: Build, settings: RabbitmqSettings) -> None:
    called = ComponentName("rabbitmq", node.name).short
    credentials.login(
        node,
        build,
        name=called,
        username=settings.username,
        description="RabbitMQ password",
        title="Broker secret",
    )
    own = (
        ("AdminSecret", "admin", '{"username": "admin"}', "RabbitMQ administrator's password"),
        ("ClusterSecret", "cluster", None, "What the hosts share: cookie and certificate authority come out of it"),
    )
    for suffix, name, template, description in own:
        generated = secretsmanager.GenerateSecretString(PasswordLength=_SEED_LENGTH, ExcludePunctuation=True)
        if template:
            generated.SecretStringTemplate, generated.GenerateStringKey = template, "password"
        secret = secretsmanager.Secret(
            logical_id(node.address, suffix),
            Name=build.names.secret(f"{called}-{name}"),
            Description=f"{description} (generated)",
            GenerateSecretString=generated,
        )
        build.retain(secret, policy=None, why="")
        build.add(node, secret, "Internal broker secret")
    authority = ssm.Parameter(
        logical_id(node.address, "Authority"),
        Name=build.names.parameter(f"{called}/authority"),
        Type="String",
        Value="the first host puts the certificate here",
        Description="Certificate of the authority that the RabbitMQ hosts trust",
    )
    build.add(node, authority, "Certificate authority")


def _authority_arn(node: Node) -> Sub:
    name = f"${{{logical_id(node.address, 'Authority')}}}"
    return Sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{name}")


def _statements(node: Node, build: Build) -> list[dict[str, Any]]:
    """Return the hosts' rights: their secrets, the authority's certificate, their log and metrics,
    and Session Manager.
    """
    secrets = [Ref(logical_id(node.address, suffix)) for suffix in ("Secret", "AdminSecret", "ClusterSecret")]
    return [
        iam.allow(["secretsmanager:GetSecretValue"], secrets),
        iam.allow(["ssm:GetParameter", "ssm:PutParameter"], _authority_arn(node)),
        iam.allow(["logs:CreateLogStream", "logs:PutLogEvents"], GetAtt(logical_id(node.address, "Logs"), "Arn")),
        iam.allow(
            ["cloudwatch:PutMetricData"], "*", {"StringEquals": {"cloudwatch:namespace": build.names.metric_namespace}}
        ),
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
        iam.allow(_SESSIONS, "*"),
    ]


def _watchers(settings: RabbitmqSettings) -> list[dict[str, Any]]:
    watchers = [(15691, str(network), "Prometheus") for network in settings.prometheus_from]
    if settings.zabbix_server:
        watchers.append((10050, f"{settings.zabbix_server}/32", "Zabbix"))
    return [_rule(port, cidr, why) for port, cidr, why in watchers]


def _rule(port: int, cidr: str, why: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": cidr, "Description": why}


def _queue_alarms(node: Node, build: Build, settings: RabbitmqSettings) -> None:
    def on_queue(key: str, description: str, metric: str, queue: str = settings.queue, **bound: Any) -> None:
        measured = queue_metrics.of_queue(build, queue, metric)
        alarm(node, build, key=key, description=description, metric=measured, statistic="Maximum", **bound)

    failed = settings.queue + queue_metrics.FAILED
    on_queue(
        "QueueDeep", f"More than {settings.depth_alarm} messages wait", queue_metrics.DEPTH, above=settings.depth_alarm
    )
    on_queue("NoConsumer", "Nobody takes messages off the queue", queue_metrics.CONSUMERS, below=1)
    on_queue("QueueFailed", "Messages were given up on", queue_metrics.DEPTH, failed, above=0)
    # A broker without metrics is down, or its host is.
    on_queue(
        "NodesMissing",
        f"Fewer than {settings.nodes} nodes of RabbitMQ run",
        queue_metrics.RUNNING_NODES,
        below=settings.nodes,
        missing="breaching",
        minutes=5,
    )


def _host_alarms(node: Node, build: Build, number: int) -> None:
    def on_host(key: str, description: str, metric: Metric, statistic: str, above: int) -> None:
        key = f"{key}{number}"
        alarm(node, build, key=key, description=description, metric=metric, statistic=statistic, above=above)

    watched = (
        ("Blocks", "blocks its publishers: too little memory or disk", "NodeAlarm", 0),
        ("MemoryHigh", "nears its memory limit", "MemoryUsedPercent", 90),
        ("DiskHigh", "has nearly filled its volume", "DiskUsedPercent", 80),
    )
    for key, says, name, bound in watched:
        found = queue_metrics.of_node(build, number, name)
        on_host(key, f"RabbitMQ node {number} {says}", found, "Maximum", bound)
    host, instance = (
        f"The host of RabbitMQ node {number}",
        {"InstanceId": Ref(logical_id(node.address, f"Host{number}"))},
    )
    failed, cpu = ("AWS/EC2", "StatusCheckFailed", instance), ("AWS/EC2", "CPUUtilization", instance)
    on_host("HostFailed", f"{host} fails its status checks", failed, "Maximum", 0)
    on_host("CpuHigh", f"{host} is above 90 % CPU", cpu, "Average", 90)
