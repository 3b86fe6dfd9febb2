"""What the portal could not show, prove or take back is refused, with the reason and the line."""

from __future__ import annotations

import pytest

from provisioning.components.kinds.cloudformation.imported_template import read_template, refusals
from tests.components.imported_template.templates import DATABASE, TOPIC

ADDED = "Outputs:\n  Endpoint:"


@pytest.mark.parametrize("text", [DATABASE, TOPIC])
def test_a_plain_template_is_offered(text: str) -> None:
    assert refusals(read_template(text)) == []


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("Conditions:", "Transform: AWS::Serverless-2016-10-31\nConditions:", "transform AWS::Serverless-2016-10-31"),
        ("Conditions:", "Transform: [A, {Name: 'AWS::Include'}]\nConditions:", "transform A, AWS::Include"),
        ("Conditions:", "Hooks: {A: {Type: x}}\nConditions:", "Hooks"),
        (ADDED, "  Inner: {Type: 'AWS::CloudFormation::Stack'}\n" + ADDED, "not be part of the approval"),
        (ADDED, "  User: {Type: 'AWS::IAM::User'}\n" + ADDED, "Use a role"),
        (ADDED, "  Provider: {Type: 'AWS::IAM::OIDCProvider'}\n" + ADDED, "exists once per account"),
        (ADDED, "  Macro: {Type: 'AWS::CloudFormation::Macro'}\n" + ADDED, "is a macro"),
        ("MasterUsername: owner", "MasterUsername: !ImportValue name", "imports a value"),
        ("MasterUsername: owner", "MasterUsername: {'Fn::Transform': {Name: Up}}", "calls Fn::Transform (Up)"),
        ("    Value: !GetAtt", "    Export: {Name: shop-endpoint}\n    Value: !GetAtt", "exports the same name"),
        ("    Value: !GetAtt Database.Endpoint.Address", "    Value: !Ref DBPassword", "in Outputs"),
        ("[!Ref DBClass, db", "[!Ref DBPassword, db", "in Conditions"),
        (
            "    Type: AWS::RDS::DBInstance",
            "    Metadata: {Init: !Ref DBPassword}\n    Type: AWS::RDS::DBInstance",
            "would be visible",
        ),
        ("      Engine: postgres", "      UserData: !Base64 {Ref: DBPassword}\n      Engine: postgres", "user data"),
        (
            "      Engine: postgres",
            '      UserData: {"Fn::Base64": !Sub "x ${DBPassword}"}\n      Engine: postgres',
            "user data",
        ),
    ],
)
def test_it_is_refused_with_the_reason(before: str, after: str, why: str) -> None:
    assert before in DATABASE
    (problem,) = refusals(read_template(DATABASE.replace(before, after, 1)))
    assert why in problem.message
    assert problem.line > 0


def test_an_export_that_carries_the_stacks_name_is_allowed() -> None:
    named = TOPIC.replace("{Value: !Ref Topic}", '{Value: !Ref Topic, Export: {Name: !Sub "${AWS::StackName}-topic"}}')
    assert refusals(read_template(named)) == []


def test_more_than_a_stack_holds_is_refused() -> None:
    many = "Resources:\n" + "".join(f"  T{number}: {{Type: 'AWS::SNS::Topic'}}\n" for number in range(501))
    (problem,) = refusals(read_template(many))
    assert "501 entries; CloudFormation accepts 500" in problem.message
