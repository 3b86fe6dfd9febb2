"""A template contains only the dynamic references that components made, whatever the settings say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.components.kit.dynamic_references import unrecorded_references
from provisioning.design.errors import DesignError
from provisioning.template.compile import compile_design
from tests.components.imported_template.templates import TOPIC
from tests.components.imported_template.test_component import made
from tests.components.small import rendered
from tests.support.designs import node

SECRET = "{{resolve:secretsmanager:orders-dev/database-main:SecretString}}"


@pytest.mark.parametrize("text", [SECRET, f"echo {SECRET}", "{{ Resolve:ssm:x}}", "{ {resolve:ssm:x}}"])
def test_a_reference_in_a_setting_does_not_compile(text: str) -> None:
    """Parsing refuses it first. This holds whatever brought the text here."""
    for settings in ({"command": ("sh", "-c", text)}, {"environment": {"A": text}}):
        with pytest.raises(DesignError, match="a dynamic reference that no component made"):
            rendered(**settings)


def test_components_make_references_to_their_own_secrets() -> None:
    body = rendered(node("redis", "main", capacity={"mode": "nodes", "node_type": "cache.t4g.micro", "nodes": 1})).body
    assert "{{resolve:secretsmanager:${RedisSecret}:SecretString}}" in json.dumps(body)


@pytest.mark.parametrize(
    "template",
    [
        {"A": {"Fn::Join": ["", ["{{res", "olve:ssm:x}}"]]}},
        {"A": {"Fn::Join": ["{", ["", "{resolve:ssm:x}}"]]}},
        {"A": {"Fn::Sub": ["{{${Rest}", {"Rest": "resolve:ssm:x}}"}]}},
        {"A": {"Fn::Join": ["", ["{{", {"Fn::Sub": "resolve:ssm:${X}}}"}]]}},
        {"{{resolve:ssm:x}}": 1},
        {"A": [["{{resolve:ssm:x"]]},
        {"ImageId": "resolve:ssm:/orders/ami"},
        {"A": "{{resolve:ssm:known}}{{resolve:ssm:other}}"},
    ],
)
def test_it_is_found_in_pieces_and_in_keys(template: dict[str, Any]) -> None:
    assert list(unrecorded_references(template, {"{{resolve:ssm:known}}"}))


def test_a_recorded_reference_is_none_of_them() -> None:
    known = "{{resolve:ssm:known}}"
    template = {"A": {"Fn::Join": ["", ["x", known]]}, "B": [known + known]}
    assert list(unrecorded_references(template, {known})) == []


# Raw templates


def raw(value: str, *, more: str = "") -> str:
    return TOPIC.replace('!Sub "${AWS::StackName} of ${Owner}"', value) + more


@pytest.mark.parametrize(
    "value",
    [
        '"{{resolve:ssm:/aws/service/x}}"',
        '"{{resolve:ssm:/portal/payments/x}}"',
        '!Sub "{{resolve:secretsmanager:${Topic}:SecretString}}"',
        '!Sub "{{resolve:ssm:/portal/${Owner}/x}}"',
    ],
)
def test_a_raw_template_reads_its_own_and_its_teams_values(value: str) -> None:
    assert compile_design(made(raw(value), answers={"Owner": "payments"})).main.body


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            '"{{resolve:ssm:/orders/x}}"',
            "reads the parameter /orders/x of Systems Manager, which belongs neither to AWS",
        ),
        ('"{{resolve:ssm-secure:/portal/orders/x}}"', "reads the parameter /portal/orders/x"),
        ('!Sub "{{resolve:ssm:/portal/${Owner}/x}}"', "reads the parameter"),
        ('"{{resolve:other:x}}"', "cannot be read; write it in one piece"),
        ('!Join ["", ["{{resolve:", "ssm:/orders/x}}"]]', "reads the parameter /orders/x"),
    ],
)
def test_a_raw_template_reads_no_values_of_others(value: str, sentence: str) -> None:
    with pytest.raises(DesignError, match=r"template\.yaml") as refused:
        compile_design(made(raw(value), answers={"Owner": "orders"}))
    assert sentence in str(refused.value)


def test_a_raw_templates_parameter_brings_no_reference() -> None:
    with pytest.raises(DesignError, match=r"the parameter Owner contains “\{\{”"):
        compile_design(made(TOPIC, answers={"Owner": SECRET}))


SSM = 'Parameters: {Ami: {Type: "AWS::SSM::Parameter::Value<String>"}}\nResources: {T: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Ami}}}\n'


def test_a_parameter_of_systems_manager_is_aws_or_the_teams_own() -> None:
    """CloudFormation reads it with the rights of the stack's role, as it does a dynamic reference."""
    for name in ("/aws/service/x", "/portal/payments/x"):
        assert compile_design(made(SSM, answers={"Ami": name})).main.parameters == {"Ami": name}
    for name in ("/orders/key", "/portal/payments-2/x", "orders", "arn:aws:ssm:eu-north-1:123456789012:parameter/x"):
        with pytest.raises(DesignError, match="Ami names the parameter"):
            compile_design(made(SSM, answers={"Ami": name}))
