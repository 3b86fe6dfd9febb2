"""A template is read as CloudFormation reads it, and whatever could do harm is refused with its
line.
"""

from __future__ import annotations

import json

import pytest

from provisioning.components.kinds.cloudformation.imported_template import TemplateProblem, read_template

BUCKET = "Resources:\n  Store:\n    Type: AWS::S3::Bucket\n"


def test_yaml_and_json_come_to_the_same() -> None:
    yaml = read_template(BUCKET + "Outputs:\n  Name:\n    Value: !Ref Store\n")
    long = json.dumps(
        {"Resources": {"Store": {"Type": "AWS::S3::Bucket"}}, "Outputs": {"Name": {"Value": {"Ref": "Store"}}}}
    )
    assert yaml.data == read_template(long).data


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!GetAtt A.Arn", {"Fn::GetAtt": ["A", "Arn"]}),
        ("!GetAtt A.Endpoint.Address", {"Fn::GetAtt": ["A", "Endpoint.Address"]}),
        ("!GetAtt [A, Arn]", {"Fn::GetAtt": ["A", "Arn"]}),
        ('!Sub "${A}-x"', {"Fn::Sub": "${A}-x"}),
        ('!Join ["", [a, !Ref B]]', {"Fn::Join": ["", ["a", {"Ref": "B"}]]}),
        ("!If [Big, 1, !Ref AWS::NoValue]", {"Fn::If": ["Big", 1, {"Ref": "AWS::NoValue"}]}),
        ("!Condition Big", {"Condition": "Big"}),
        ("!Base64 x", {"Fn::Base64": "x"}),
    ],
)
def test_a_short_function_is_its_long_form(short: str, long: object) -> None:
    template = read_template(f"{BUCKET}    Properties:\n      BucketName: {short}\n")
    assert template.section("Resources")["Store"]["Properties"]["BucketName"] == long


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("0644", "0644"),
        ("22:22", "22:22"),
        ("012345678901", "012345678901"),
        ("443", 443),
        ("yes", True),
        ('"yes"', "yes"),
        ("1.5", 1.5),
        ("~", None),
    ],
)
def test_a_scalar_is_not_turned_into_something_else(scalar: str, value: object) -> None:
    found = read_template(f"{BUCKET}    Properties:\n      X: {scalar}\n").section("Resources")["Store"]["Properties"][
        "X"
    ]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a: &x [1]\nResources: *x\n", 1, "anchors or aliases"),
        (BUCKET + "    Properties:\n      <<: {a: 1}\n", 5, "merge keys"),
        (BUCKET + "---\nResources: {}\n", 4, "second YAML document"),
        (BUCKET + "  Store:\n    Type: AWS::S3::Bucket\n", 4, "occurs twice"),
        (BUCKET + "    Properties:\n      X: !Sbu x\n", 5, "!Sbu is not a CloudFormation function"),
        (BUCKET + "    Properties:\n      X: !!binary aGVsbG8=\n", 5, "type binary"),
        (BUCKET + "    Properties:\n      X: !!python/object:os.system x\n", 5, "type python/object"),
        (BUCKET + "    Properties: !!set {a, b}\n", 4, "type set"),
        (BUCKET + "    Properties: !!python/object/apply:os.system [x]\n", 4, "type python/object/apply"),
        ("Resources: {}\n", 1, "nothing to create"),
        ("Resource:\n  A: {}\n", 1, "no section “Resource”"),
        ("Resources:\n  A:\n    Properties: {}\n", 2, "has no Type"),
        ("Resources:\n  A: x\n", 2, "must be a mapping"),
        ("Resources: [1]\n", 1, "mapping of names"),
        ("- 1\n", 1, "mapping of sections"),
        ("", 1, "empty"),
        ("a: b: c\n", 1, "not valid YAML"),
        ('{"Resources": {"A": {"Type": "x", "Type": "y"}}}', 0, "occurs twice"),
        ('{"Resources": \n {"A": ]}', 2, "not valid JSON"),
        ('{"Resources": {"A": {"Type": "x", "Properties": {"n": NaN}}}}', 0, "not a number"),
        ('{"Resources": {"A": {"Type": "x", "Properties": {"n": 1e999}}}}', 0, "not a number"),
        ('{"Resources": {"A": {"Type": "x", "Properties": {"n": ' + "9" * 5000 + "}}}}", 0, "too large"),
    ],
)
def test_what_cloudformation_does_not_take_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        read_template(text)
    assert caught.value.line == line
    assert why in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{" + '"a":{' * 100_000,
        "a: " + "[" * 5_000,
        "Resources:\n" + "".join(" " * n + "a:\n" for n in range(1, 300)),
        "x" * 1_100_000,
        "Resources: [" + "1," * 200_000 + "]",
        "\x00\x01",
        "a: \ud800",
    ],
)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(TemplateProblem):
        read_template(text)
