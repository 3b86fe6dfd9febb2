"""Amazon MQ, against moto as a second opinion."""

from __future__ import annotations

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_broker(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    broker = by_hand.client("mq").create_broker(
        BrokerName=name,
        EngineType="RABBITMQ",
        EngineVersion="3.13",
        DeploymentMode="SINGLE_INSTANCE",
        HostInstanceType="mq.t3.micro",
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True,
        Users=[{"Username": "portal", "Password": "only-for-tests"}],
    )["BrokerId"]
    assert on_moto.exists("AWS::AmazonMQ::Broker", broker)
    by_hand.client("mq").delete_broker(BrokerId=broker)
    assert on_moto.exists("AWS::AmazonMQ::Broker", broker) is False
