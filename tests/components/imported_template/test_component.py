"""The component `cloudformation`: one template is the whole stack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.components.kit.packages import FILES
from provisioning.components.registry import component
from provisioning.design.errors import DesignError
from provisioning.design.graph import Design, Node, Source
from provisioning.diagram.svg import draw
from provisioning.template.compile import CompiledTemplate, compile_design
from provisioning.template.dependencies import dependency_levels
from tests.components.imported_template.templates import DATABASE, TOPIC
from tests.support.designs import design, node

ANSWERS = {"Subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"], "DBName": "shop", "Storage": 30}


def made(text: str = DATABASE, **settings: Any) -> Design:
    context = {FILES: {"template.yaml": text.encode()}}
    settings = {"template": "template.yaml", **settings}
    validated = component("cloudformation").schema.model_validate(settings, context=context)
    return design(Node("cloudformation", "main", validated, (), Source("test/blueprint.hcl", 4)), size="staging")


def compiled(text: str = DATABASE, **settings: Any) -> CompiledTemplate:
    return compile_design(made(text, **settings)).main


def test_the_stack_is_the_template() -> None:
    assert json.loads(compiled(TOPIC).body)["Resources"]["Topic"]["Properties"] == {
        "DisplayName": {"Fn::Sub": "${AWS::StackName} of ${Owner}"}
    }
    assert compiled(TOPIC).outputs == ("TopicArn",)


def test_answers_become_parameters_as_cloudformation_takes_them() -> None:
    assert compiled(answers=ANSWERS, parameters={"DBClass": "db.t4g.small"}).parameters == {
        "DBClass": "db.t4g.small",
        "DBName": "shop",
        "Storage": "30",
        "Subnets": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    }


def test_no_secret_is_a_parameter() -> None:
    arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:db-AbCdEf"
    found = compiled(answers=ANSWERS | {"DBPassword": arn})
    assert "DBPassword" not in found.parameters
    assert f"{{{{resolve:secretsmanager:{arn}:SecretString}}}}" in found.body


def test_a_database_outlives_the_stack_as_a_snapshot_because_aws_does_so() -> None:
    (kept,) = compiled(answers=ANSWERS).retained
    assert (kept.logical_id, kept.policy) == ("Database", "Snapshot")


def test_it_is_protected_like_every_other_stack() -> None:
    found = compiled(answers=ANSWERS)
    assert found.termination_protection
    assert found.tags["portal:environment"] == "shop-dev"


def test_it_has_an_order_and_a_picture() -> None:
    levels = dependency_levels(compiled(answers=ANSWERS).body)
    assert [name for level in levels for name in level if name in ("Group", "Database", "Url")] == [
        "Group",
        "Database",
        "Url",
    ]
    assert "Database" in draw(made(answers=ANSWERS))


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"template.yaml has no parameter Colour; it has DBClass, DBName"):
        made(parameters={"Colour": "red"})


def test_a_template_that_cannot_be_offered_is_refused_with_file_and_line() -> None:
    with pytest.raises(ValidationError, match=r"template.yaml, line 2: The template uses the transform"):
        made("\nTransform: AWS::Serverless-2016-10-31" + TOPIC)


def test_it_stands_alone() -> None:
    alone = made(TOPIC, answers={})
    both = Design(**{**{k: getattr(alone, k) for k in Design.__dataclass_fields__}, "nodes": {
        **alone.nodes, "bucket.media": node("bucket", "media")}})  # fmt: skip
    with pytest.raises(DesignError, match=r"test/blueprint.hcl:4: .* only component"):
        compile_design(both)
