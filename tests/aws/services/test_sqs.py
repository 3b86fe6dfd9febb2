"""SQS, against moto as a second opinion."""

from __future__ import annotations

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients

REGION = "eu-north-1"
ACCOUNT = "123456789012"


def test_a_queue_by_its_url_and_by_its_arn(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    queue = by_hand.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    assert on_moto.exists("AWS::SQS::Queue", queue)
    assert on_moto.exists("AWS::SQS::Queue", arn)
    by_hand.client("sqs").delete_queue(QueueUrl=queue)
    assert on_moto.exists("AWS::SQS::Queue", queue) is False
    assert on_moto.exists("AWS::SQS::Queue", arn) is False
