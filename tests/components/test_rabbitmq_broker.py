"""RabbitMQ on Amazon MQ."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.registry import component
from tests.components.small import rendered
from tests.support.designs import node

SINGLE: dict[str, Any] = {"deployment": "single", "instance_type": "mq.m7g.medium"}


@pytest.mark.parametrize(
    ("deployment", "mode", "subnets"), [("single", "SINGLE_INSTANCE", 1), ("cluster", "CLUSTER_MULTI_AZ", 2)]
)
def test_one_or_a_cluster(deployment: str, mode: str, subnets: int) -> None:
    template = rendered(node("rabbitmq_broker", "main", deployment=deployment, instance_type="mq.m7g.large"))
    broker = template.one("AWS::AmazonMQ::Broker")
    assert broker["DeploymentMode"] == mode
    assert len(broker["SubnetIds"]) == subnets
    assert all("Data" in template.target(subnet) for subnet in broker["SubnetIds"])
    assert broker["PubliclyAccessible"] is False
    # Amazon MQ would create its own log groups, without a retention.
    assert "Logs" not in broker


def test_the_host_is_cut_out_of_the_brokers_address() -> None:
    template = rendered(node("rabbitmq_broker", "main", **SINGLE), outputs={"e": "rabbitmq_broker.main.endpoint"})
    address = {"Fn::Select": [0, {"Fn::GetAtt": ["RabbitmqBroker", "AmqpEndpoints"]}]}
    assert template.body["Outputs"]["E"]["Value"] == address
    host = template.variables("api")["BROKER_HOST"]
    assert _evaluated(host, ["amqps://b-1234.mq.us-east-1.on.aws:5671"]) == "b-1234.mq.us-east-1.on.aws"


def _evaluated(expression: Any, endpoints: list[str]) -> Any:
    """What CloudFormation makes of Select, Split and the broker's endpoints."""
    if not isinstance(expression, dict):
        return expression
    ((function, argument),) = expression.items()
    if function == "Fn::GetAtt":
        return endpoints
    if function == "Fn::Split":
        separator, text = argument
        return _evaluated(text, endpoints).split(separator)
    index, items = argument
    assert function == "Fn::Select"
    return _evaluated(items, endpoints)[int(index)]


def test_a_second_broker_has_a_name_of_its_own() -> None:
    template = rendered(node("rabbitmq_broker", "main", **SINGLE), node("rabbitmq_broker", "events", **SINGLE))
    names = {b["BrokerName"] for b in template.of_type("AWS::AmazonMQ::Broker").values()}
    assert names == {"payments-shop-dev-nd524-rabbitmq", "payments-shop-dev-nd524-rabbitmq-events"}
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    assert {a["Dimensions"][0]["Value"] for a in alarms} == names


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"deployment": "pair"}, "'single' or 'cluster'"),
        ({"instance_type": "mq.t3.micro"}, "RabbitMQ 4.2 runs on mq.m7g instances only, not on mq.t3.micro"),
        (
            {"instance_type": "mq.t3.micro", "version": "3.13", "deployment": "cluster"},
            "a cluster does not run on mq.t3.micro: use mq.m5 or mq.m7g",
        ),
        ({"instance_type": "db.m5.large"}, "String should match pattern"),
        ({"version": "3.8"}, "'3.13' or '4.2'"),
        ({"username": "guest"}, 'Amazon MQ refuses the user name "guest": choose another'),
        ({"username": "a~b"}, "String should match pattern"),
    ],
)
def test_it_refuses(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        component("rabbitmq_broker").schema.model_validate({**SINGLE, **change})
    assert sentence in str(caught.value)


def test_a_small_broker_of_the_older_version_is_possible() -> None:
    template = rendered(
        node("rabbitmq_broker", "main", deployment="single", instance_type="mq.t3.micro", version="3.13")
    )
    assert template.one("AWS::AmazonMQ::Broker")["EngineVersion"] == "3.13"
