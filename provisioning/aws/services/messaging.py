"""Queues, topics, brokers and mail, asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def _has_queue(aws: Clients, url_or_arn: str) -> bool:
    """The id is the URL; a scan by tag names the queue by its ARN."""
    if url_or_arn.startswith("arn:"):
        return bool(aws.client("sqs").get_queue_url(QueueName=url_or_arn.rpartition(":")[2])["QueueUrl"])
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url_or_arn, AttributeNames=["QueueArn"])
    return bool(answer["Attributes"])


def _has_subscription(aws: Clients, arn: str) -> bool | None:
    """One that nobody has confirmed yet has no ARN, and ends by itself."""
    if not arn.startswith("arn:"):
        return None
    return bool(aws.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"])


def _has_identity(aws: Clients, name: str) -> bool:
    return "IdentityType" in aws.client("sesv2").get_email_identity(EmailIdentity=name)


def _has_configuration_set(aws: Clients, name: str) -> bool:
    return bool(aws.client("sesv2").get_configuration_set(ConfigurationSetName=name)["ConfigurationSetName"])


EXISTENCE: Mapping[str, Probe] = {
    "AWS::AmazonMQ::Broker": lambda aws, broker: bool(aws.client("mq").describe_broker(BrokerId=broker)["BrokerId"]),
    "AWS::SES::ConfigurationSet": _has_configuration_set,
    "AWS::SES::EmailIdentity": _has_identity,
    "AWS::SES::Template": lambda aws, name: bool(
        aws.client("sesv2").get_email_template(TemplateName=name)["TemplateName"]
    ),
    "AWS::SNS::Subscription": _has_subscription,
    "AWS::SNS::Topic": lambda aws, arn: bool(aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]),
    "AWS::SQS::Queue": _has_queue,
}
