"""Lambda, against moto as a second opinion."""

from __future__ import annotations

import io
import json
import uuid
import zipfile

import pytest

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


@pytest.fixture
def function(by_hand: Clients, name: str) -> str:
    """The ARN of a function."""
    trust = {"Version": "2012-10-17", "Statement": []}
    role = by_hand.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("handler.py", "def handle(event, context): pass")
    made = by_hand.client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Handler="handler.handle", Role=role, Code={"ZipFile": code.getvalue()}
    )
    return str(made["FunctionArn"])


def test_a_function_its_url_and_its_permission(on_moto: LiveAws, by_hand: Clients, name: str, function: str) -> None:
    client = by_hand.client("lambda")
    assert on_moto.exists("AWS::Lambda::Function", name)
    assert on_moto.exists("AWS::Lambda::Url", function) is False
    client.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert on_moto.exists("AWS::Lambda::Url", function)
    permission = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    client.add_permission(FunctionName=name, StatementId="from-s3", **permission)
    assert on_moto.exists("AWS::Lambda::Permission", f"{name}|from-s3")
    assert on_moto.exists("AWS::Lambda::Permission", f"{name}|from-sns") is False
    assert on_moto.exists("AWS::Lambda::Permission", "shop-Permission-1ABC") is None
    client.delete_function(FunctionName=name)
    assert on_moto.exists("AWS::Lambda::Function", name) is False
    assert on_moto.exists("AWS::Lambda::Url", function) is False


def test_an_event_source_is_stopped(on_moto: LiveAws, by_hand: Clients, name: str, function: str) -> None:
    queue = by_hand.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = by_hand.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    mapping = by_hand.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn)["UUID"]
    assert on_moto.exists("AWS::Lambda::EventSourceMapping", mapping)
    assert on_moto.quiesce("AWS::Lambda::EventSourceMapping", mapping) is True
    assert by_hand.client("lambda").get_event_source_mapping(UUID=mapping)["State"] in ("Disabled", "Disabling")
    assert on_moto.quiesce("AWS::Lambda::EventSourceMapping", str(uuid.uuid4())) is True  # gone: nothing to stop
