"""Parameters become questions with the template's own constraints; secrets are never asked for."""

from __future__ import annotations

import pytest

from provisioning.components.kinds.cloudformation.imported_template import (
    Question,
    TemplateProblem,
    questions,
    read_template,
)
from tests.components.imported_template.templates import DATABASE


@pytest.fixture
def asked() -> dict[str, Question]:
    return {question.name: question for question in questions(read_template(DATABASE))}


def test_they_come_in_the_order_of_their_groups_and_then_of_the_file(asked: dict[str, Question]) -> None:
    assert list(asked) == ["DBPassword", "DBClass", "Subnets", "Storage", "DBName"]


def test_constraints_are_the_templates(asked: dict[str, Question]) -> None:
    storage, name, size = asked["Storage"], asked["DBName"], asked["DBClass"]
    assert (storage.type, storage.default, storage.minimum, storage.maximum) == ("number", 20, 20, 100)
    assert storage.message == "is not accepted by the template: must be between 20 and 100 GiB"
    assert (name.required, name.pattern, name.minimum, name.maximum) == (True, "^(?:[a-z][a-z0-9]*)$", 1, 20)
    assert (size.allowed, size.required) == (("db.t4g.micro", "db.t4g.small"), False)
    assert size.description == "Instance class"


def test_ids_of_aws_are_lists_and_patterns(asked: dict[str, Question]) -> None:
    subnets = asked["Subnets"]
    assert subnets.type == "list(string)"
    assert subnets.pattern == r"^subnet-[0-9a-f]{8,17}$"
    assert "id of a subnet" in subnets.description


def test_a_secret_is_answered_by_an_arn_or_by_nothing(asked: dict[str, Question]) -> None:
    password = asked["DBPassword"]
    assert password.secret
    assert not password.required
    assert "secretsmanager" in password.pattern
    assert "Never entered here" in password.description


@pytest.mark.parametrize(
    "constraint", ['AllowedPattern: "[!@#]+"', "MaxLength: 3", "AllowedValues: [a, b]", 'AllowedPattern: "(?=.*x)x+"']
)
def test_a_secret_that_cannot_be_generated_needs_an_arn(constraint: str) -> None:
    text = DATABASE.replace('AllowedPattern: "[a-zA-Z][a-zA-Z0-9]*"', constraint).replace('    MaxLength: "41"\n', "")
    (password,) = (question for question in questions(read_template(text)) if question.secret)
    assert password.required
    assert "leave it empty" not in password.description


def test_a_type_that_there_is_not_is_refused() -> None:
    with pytest.raises(TemplateProblem, match="CloudFormation does not have"):
        questions(read_template(DATABASE.replace("List<AWS::EC2::Subnet::Id>", "AWS::EC2::Moon::Id")))
