"""Simple Notification Service: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_subscription(aws: Clients, arn: str) -> bool | None:
    """An unconfirmed subscription has no ARN and expires by itself."""
    if not arn.startswith("arn:"):
        return None
    return bool(aws.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"])


def has_topic(aws: Clients, arn: str) -> bool:
    return bool(aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"])
