"""What CloudFormation's functions come to, as far as a template alone can tell."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.proof.model.resolve import Resolver
from provisioning.proof.model.values import is_known, is_unknown, literal, mentioned, shown, target, truth


def resolver(**given: Any) -> Resolver:
    template = {
        "Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}, "Site": {"Type": "AWS::S3::Bucket"}},
        "Mappings": {"Sizes": {"prod": {"Nodes": 3, "Zones": ["a", "b"]}}},
    }
    known = {"Stage": "prod", "Names": ["one", "two"]}
    return Resolver(template, region="eu-north-1", prefix="", parameters=known, conditions={"Live": True}, **given)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "AWS::Region"}, "eu-north-1"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Fn::Sub": "${Stage}-${!Stage}-x"}, "prod-${Stage}-x"),
        ({"Fn::Sub": ["${A}/${Stage}", {"A": {"Fn::Select": [1, {"Ref": "Names"}]}}]}, "two/prod"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-prod"),
        ({"Fn::Join": [",", {"Ref": "Names"}]}, "one,two"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b,c"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Nodes"]}, "3"),
        ({"Fn::FindInMap": ["Sizes", "test", "Nodes", {"DefaultValue": "1"}]}, "1"),
        ({"Fn::If": ["Live", "yes", "no"]}, "yes"),
        ({"Fn::Base64": {"Fn::Sub": "${Stage}"}}, "prod"),
        ({"Fn::Length": {"Ref": "Names"}}, 2),
        ({"Fn::ToJsonString": {"a": {"Ref": "Stage"}}}, '{"a": "prod"}'),
        ({"A": {"Ref": "AWS::NoValue"}, "B": 1}, {"B": 1}),
        ([{"Fn::If": ["Live", {"Ref": "AWS::NoValue"}, 1]}, 2], [2]),
    ],
)
def test_what_is_known_is_worked_out(value: object, expected: object) -> None:
    assert resolver().resolve(value) == expected


def test_what_only_aws_knows_keeps_its_name() -> None:
    found = resolver().resolve({"Fn::Sub": "arn:${AWS::Partition}:s3:::${Site}/${Site.Arn}"})
    assert list(mentioned(found)) == ["Site", "Site"]
    assert not is_known(found)
    assert shown(found) == "arn:aws:s3:::${Site}/${Site.Arn}"
    assert target(resolver().resolve({"Fn::GetAtt": "Site.Arn"})) == ("Site", "Arn")


def test_part_of_an_unknown_value_still_says_whose_it_is() -> None:
    endpoint = {"Fn::Select": [0, {"Fn::GetAtt": ["Site", "Endpoints"]}]}
    host = {"Fn::Select": [1, {"Fn::Split": ["://", endpoint]}]}
    assert list(mentioned(resolver().resolve(host))) == ["Site"]


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Nobody"},
        {"Ref": ["odd"]},
        {"Fn::GetAtt": ["Nobody", "Arn"]},
        {"Fn::GetAtt": "Site"},
        {"Fn::If": ["Unheard", 1, 2]},
        {"Fn::If": "Live"},
        {"Fn::FindInMap": ["Sizes", "test", "Nodes"]},
        {"Fn::ImportValue": "x"},
        {"Fn::Transform": {"Name": "AWS::Include"}},
        {"Fn::Invented": 1},
        {"Fn::Select": [7, ["a"]]},
        {"Fn::Join": "odd"},
        {"Fn::Split": [",", {"Fn::ImportValue": "x"}]},
        {"Fn::Sub": 5},
    ],
)
def test_what_cannot_be_told_is_unknown_and_never_empty(value: object) -> None:
    found = resolver().resolve(value)
    assert is_unknown(found)
    assert "unknown" in shown(found)


def test_a_text_cannot_pretend_to_be_a_resource() -> None:
    assert list(mentioned(resolver().resolve("⟦Site⟧"))) == []
    assert literal("⟦?x⟧") == "[?x]"


def test_an_expansion_does_not_grow_without_bound() -> None:
    bomb = {"Fn::Sub": ["${A}" * 50_000, {"A": "x" * 50_000}]}
    assert is_unknown(resolver().resolve(bomb))
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    assert "nested too deeply" in shown(resolver().resolve(deep))


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("true", True), ("False", False), ("yes", None), (1, None), (None, None)]
)
def test_true_and_false_are_read_as_cloudformation_reads_them(value: object, expected: object) -> None:
    assert truth(value) is expected
