"""Finders for types whose physical id alone does not identify them: their properties do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Found = Any
Properties = dict[str, Any]
Located = Callable[[Any, str, Properties], Found]

_NAMED = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z.]+)?\}")


def resolved(value: Any, physical_ids: dict[str, str]) -> Any:  # noqa: PLR0911 - one line a function of CloudFormation
    """A template's value with each reference to a resource replaced by that resource's physical id."""
    if isinstance(value, list):
        return [resolved(item, physical_ids) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if name == "Ref":
            return physical_ids.get(inner, inner)
        if name == "Fn::GetAtt":
            owner = inner[0] if isinstance(inner, list) else inner.partition(".")[0]
            return physical_ids.get(owner, owner)
        if name == "Fn::Sub" and isinstance(inner, str):
            return _NAMED.sub(lambda match: physical_ids.get(match[1], match[0]), inner)
        if name == "Fn::Join":
            return str(inner[0]).join(str(item) for item in resolved(inner[1], physical_ids))
    return {key: resolved(item, physical_ids) for key, item in value.items()}


def _topic_policy(client: Any, _physical_id: str, properties: Properties) -> Found:
    wanted = {item.get("Sid") for item in properties["PolicyDocument"]["Statement"]}
    shown = [client.get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy") for arn in properties["Topics"]]
    return all(text and wanted <= {item.get("Sid") for item in json.loads(text)["Statement"]} for text in shown)


def _queue_policy(client: Any, _physical_id: str, properties: Properties) -> Found:
    urls = properties["Queues"]
    shown = [client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes") for url in urls]
    return all(attributes and attributes.get("Policy") for attributes in shown)


def _attachment(client: Any, _physical_id: str, properties: Properties) -> Found:
    """What it adds to the secret."""
    value = json.loads(client.get_secret_value(SecretId=properties["SecretId"])["SecretString"])
    return value.get("host") and value.get("engine")


def _record(client: Any, physical_id: str, properties: Properties) -> Found:
    zone = properties.get("HostedZoneId") or _zone_named(client, properties["HostedZoneName"])
    if not zone:
        return None
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    name = physical_id.rstrip(".").lower()
    return next(
        (
            item
            for page in pages
            for item in page["ResourceRecordSets"]
            if item["Name"].rstrip(".").lower() == name and item["Type"] == properties["Type"]
        ),
        None,
    )


def _zone_named(client: Any, name: str) -> str:
    zones = client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    return next((str(zone["Id"]) for zone in zones if zone["Name"].rstrip(".") == name.rstrip(".")), "")


def _permission(client: Any, physical_id: str, properties: Properties) -> Found:
    policy = json.loads(client.get_policy(FunctionName=properties["FunctionName"])["Policy"])
    same = [item for item in policy["Statement"] if item["Action"] == properties["Action"]]
    return next((item for item in same if item["Sid"] in physical_id), None) or same


def _url(client: Any, _physical_id: str, properties: Properties) -> Found:
    qualifier = {"Qualifier": properties["Qualifier"]} if properties.get("Qualifier") else {}
    return client.get_function_url_config(FunctionName=properties["TargetFunctionArn"], **qualifier)["FunctionUrl"]


def _invoke_config(client: Any, _physical_id: str, properties: Properties) -> Found:
    wanted = {"FunctionName": properties["FunctionName"], "Qualifier": properties["Qualifier"]}
    return client.get_function_event_invoke_config(**wanted)["FunctionArn"]


def _destination(client: Any, _physical_id: str, properties: Properties) -> Found:
    name, wanted = properties["ConfigurationSetName"], properties["EventDestination"].get("Name")
    found = client.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    return next((item for item in found if wanted in (None, item["Name"])), None)


def _selection(client: Any, physical_id: str, properties: Properties) -> Found:
    plan = properties["BackupPlanId"]
    found = client.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    return next((item for item in found if item["SelectionId"] in physical_id), None)


def _metric_filter(client: Any, physical_id: str, properties: Properties) -> Found:
    found = client.describe_metric_filters(logGroupName=properties["LogGroupName"])["metricFilters"]
    return next((item for item in found if item["filterName"] == physical_id), None)


def _subscription_filter(client: Any, physical_id: str, properties: Properties) -> Found:
    found = client.describe_subscription_filters(logGroupName=properties["LogGroupName"])["subscriptionFilters"]
    return next((item for item in found if item["filterName"] in physical_id), None)


def _volume_attachment(client: Any, _physical_id: str, properties: Properties) -> Found:
    volume = client.describe_volumes(VolumeIds=[properties["VolumeId"]])["Volumes"][0]
    return [item for item in volume["Attachments"] if item["InstanceId"] == properties["InstanceId"]]


def _address_association(client: Any, physical_id: str, _properties: Properties) -> Found:
    addresses = client.describe_addresses()["Addresses"]
    return next((item for item in addresses if item.get("AssociationId") == physical_id), None)


LOCATED: dict[str, tuple[str, Located]] = {
    "AWS::Backup::BackupSelection": ("backup", _selection),
    "AWS::EC2::EIPAssociation": ("ec2", _address_association),
    "AWS::EC2::VolumeAttachment": ("ec2", _volume_attachment),
    "AWS::Lambda::EventInvokeConfig": ("lambda", _invoke_config),
    "AWS::Lambda::Permission": ("lambda", _permission),
    "AWS::Lambda::Url": ("lambda", _url),
    "AWS::Logs::MetricFilter": ("logs", _metric_filter),
    "AWS::Logs::SubscriptionFilter": ("logs", _subscription_filter),
    "AWS::Route53::RecordSet": ("route53", _record),
    "AWS::SES::ConfigurationSetEventDestination": ("sesv2", _destination),
    "AWS::SNS::TopicPolicy": ("sns", _topic_policy),
    "AWS::SQS::QueuePolicy": ("sqs", _queue_policy),
    "AWS::SecretsManager::SecretTargetAttachment": ("secretsmanager", _attachment),
}
