"""Whether a resource is still there, by its own service's word: one table of all types that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.aws.errors import NotFound
from provisioning.aws.probe import Probe
from provisioning.aws.quiesce import rule_of
from provisioning.aws.services import (
    autoscaling,
    backup,
    cloudfront,
    ec2,
    ecs,
    efs,
    elasticache,
    elbv2,
    iam,
    kms,
    lambda_functions,
    logs,
    messaging,
    rds,
    route53,
    s3,
    secretsmanager,
    wafv2,
)
from provisioning.aws.sessions import Clients


def _has_alarm(aws: Clients, name: str) -> bool:
    answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return bool(answer["MetricAlarms"] or answer["CompositeAlarms"])


def _has_event_rule(aws: Clients, physical_id: str) -> bool:
    bus, name = rule_of(physical_id)
    place = {"EventBusName": bus} if bus else {}
    return bool(aws.client("events").describe_rule(Name=name, **place)["Name"])


def _has_state_machine(aws: Clients, arn: str) -> bool:
    """One on its way out is gone: nothing starts in it any more."""
    return bool(aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"] != "DELETING")


# Services with one question each: not worth a module of their own.
_SINGLE: Final[Mapping[str, Probe]] = {
    "AWS::ApiGatewayV2::Api": lambda aws, api: bool(aws.client("apigatewayv2").get_api(ApiId=api)["ApiId"]),
    "AWS::CertificateManager::Certificate": lambda aws, arn: bool(
        aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    ),
    "AWS::CloudWatch::Alarm": _has_alarm,
    "AWS::CloudWatch::CompositeAlarm": _has_alarm,
    "AWS::CloudWatch::Dashboard": lambda aws, name: bool(
        aws.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardName"]
    ),
    "AWS::Cognito::UserPool": lambda aws, pool: bool(
        aws.client("cognito-idp").describe_user_pool(UserPoolId=pool)["UserPool"]
    ),
    "AWS::DynamoDB::Table": lambda aws, name: bool(aws.client("dynamodb").describe_table(TableName=name)["Table"]),
    "AWS::ECR::Repository": lambda aws, name: bool(
        aws.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    ),
    "AWS::Events::Rule": _has_event_rule,
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
    "AWS::StepFunctions::StateMachine": _has_state_machine,
}

PROBES: Final[Mapping[str, Probe]] = {
    **_SINGLE,
    **autoscaling.EXISTENCE,
    **backup.EXISTENCE,
    **cloudfront.EXISTENCE,
    **ec2.EXISTENCE,
    **ecs.EXISTENCE,
    **efs.EXISTENCE,
    **elasticache.EXISTENCE,
    **elbv2.EXISTENCE,
    **lambda_functions.EXISTENCE,
    **iam.EXISTENCE,
    **kms.EXISTENCE,
    **logs.EXISTENCE,
    **messaging.EXISTENCE,
    **rds.EXISTENCE,
    **route53.EXISTENCE,
    **s3.EXISTENCE,
    **secretsmanager.EXISTENCE,
    **wafv2.EXISTENCE,
}

UNASKABLE: Final[Mapping[str, str]] = {
    "AWS::AutoScaling::LifecycleHook": "Its id names no group, and it goes with its group.",
    "AWS::IAM::Policy": "Its id is made up and names no role; its roles are asked for.",
    "AWS::Logs::SubscriptionFilter": "Its id names no log group, and it goes with its group.",
    "AWS::SES::ConfigurationSetEventDestination": "Its id names no configuration set, and it goes with its set.",
    "AWS::SNS::TopicPolicy": "Its id is made up and names no topic; it goes with its topic.",
    "AWS::SQS::QueuePolicy": "Its id is made up and names no queue; it goes with its queue.",
}
"""Types that are never asked for, and why: what they belong to is asked for instead, or CloudFormation's word counts."""


def exists(aws: Clients, resource_type: str, physical_id: str) -> bool | None:
    """None: this type, or this form of its id, cannot be asked for. A refusal is raised: it is no proof of anything."""
    probe = PROBES.get(resource_type)
    if probe is None or not physical_id:
        return None
    try:
        return probe(aws, physical_id)
    except NotFound:
        return False
