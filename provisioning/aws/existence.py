"""Whether a resource is still there, by its own service's word: one table of all types that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.aws import ec2, ecs, efs, elasticache, elbv2, iam, kms, logs, rds, s3, secretsmanager, wafv2
from provisioning.aws.errors import NotFound
from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def _has_alarm(aws: Clients, name: str) -> bool:
    answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return bool(answer["MetricAlarms"] or answer["CompositeAlarms"])


def _has_event_rule(aws: Clients, physical_id: str) -> bool:
    """The name, "bus|name", or the ARN: arn:…:rule/name, arn:…:rule/bus/name."""
    bus, _, name = (
        physical_id.partition(":rule/")[2].rpartition("/") if ":rule/" in physical_id else physical_id.rpartition("|")
    )
    place = {"EventBusName": bus} if bus else {}
    return bool(aws.client("events").describe_rule(Name=name, **place)["Name"])


# Services with one question each: not worth a module of their own.
_SINGLE: Final[Mapping[str, Probe]] = {
    "AWS::CertificateManager::Certificate": lambda aws, arn: bool(
        aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    ),
    "AWS::CloudWatch::Alarm": _has_alarm,
    "AWS::CloudWatch::CompositeAlarm": _has_alarm,
    "AWS::CloudWatch::Dashboard": lambda aws, name: bool(
        aws.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardName"]
    ),
    "AWS::ECR::Repository": lambda aws, name: bool(
        aws.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    ),
    "AWS::Events::Rule": _has_event_rule,
    "AWS::Lambda::Function": lambda aws, name: bool(
        aws.client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"]
    ),
    "AWS::SNS::Topic": lambda aws, arn: bool(aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]),
    "AWS::SQS::Queue": lambda aws, url: bool(
        aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    ),
    "AWS::SSM::Parameter": lambda aws, name: bool(
        aws.client("ssm").describe_parameters(ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}])[
            "Parameters"
        ]
    ),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": lambda aws, name: bool(
        aws.client("servicediscovery").get_namespace(Id=name)["Namespace"]
    ),
    "AWS::ServiceDiscovery::HttpNamespace": lambda aws, name: bool(
        aws.client("servicediscovery").get_namespace(Id=name)["Namespace"]
    ),
    "AWS::ServiceDiscovery::Service": lambda aws, name: bool(
        aws.client("servicediscovery").get_service(Id=name)["Service"]
    ),
}

PROBES: Final[Mapping[str, Probe]] = {
    **_SINGLE,
    **ec2.EXISTENCE,
    **ecs.EXISTENCE,
    **efs.EXISTENCE,
    **elasticache.EXISTENCE,
    **elbv2.EXISTENCE,
    **iam.EXISTENCE,
    **kms.EXISTENCE,
    **logs.EXISTENCE,
    **rds.EXISTENCE,
    **s3.EXISTENCE,
    **secretsmanager.EXISTENCE,
    **wafv2.EXISTENCE,
}


def exists(aws: Clients, resource_type: str, physical_id: str) -> bool | None:
    """None: this type, or this form of its id, cannot be asked for. A refusal is raised: it is no proof of anything."""
    probe = PROBES.get(resource_type)
    if probe is None or not physical_id:
        return None
    try:
        return probe(aws, physical_id)
    except NotFound:
        return False
