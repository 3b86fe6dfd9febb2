"""SNS, against moto as a second opinion."""

from __future__ import annotations

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients

REGION = "eu-north-1"
ACCOUNT = "123456789012"


def test_a_topic_and_its_subscription(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    sns = by_hand.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    assert on_moto.exists("AWS::SNS::Topic", topic)
    assert on_moto.exists("AWS::SNS::Subscription", subscription)
    assert on_moto.exists("AWS::SNS::Subscription", "PendingConfirmation") is None
    sns.unsubscribe(SubscriptionArn=subscription)
    assert on_moto.exists("AWS::SNS::Subscription", subscription) is False
