"""Outputs as SSM parameters: their names and values, what is never written, and the limits that count
them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from provisioning.cloudformation_limits import MAX_RESOURCES
from provisioning.design.errors import DesignError
from provisioning.design.graph import OUTPUT_PARAMETERS, Design
from provisioning.design.names import EnvironmentNames
from provisioning.diagram.content import content_of
from provisioning.template.compile import compile_design
from provisioning.template.dependencies import dependency_levels
from provisioning.template.output_parameters import (
    AT_ONCE,
    OutputParameter,
    output_parameters,
    outputs_left_out,
    parameter_names,
)
from provisioning.timeline.forecast import forecast
from tests.support.designs import carbon_connect, design, node, ref
from tests.support.linting import lint_all
from tests.support.shipped import shipped

NAMES = EnvironmentNames("payments", "orders-dev", "7k2mx")
PATH = "/portal/payments/orders-dev-7k2mx/outputs"
BUCKET = {"Type": "AWS::S3::Bucket"}
SECRET = {"Type": "AWS::SecretsManager::Secret"}


def template_of(outputs: dict[str, Any], **sections: Any) -> dict[str, Any]:
    resources = {"Files": BUCKET, "Key": SECRET} | sections.pop("Resources", {})
    return {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}, **sections}


def written(template: dict[str, Any], **more: Any) -> dict[str, OutputParameter]:
    arguments = {"names": NAMES, "parameters": {}} | more
    return {one.output: one for one in output_parameters(template, **arguments)}


def with_parameters(of: Design) -> Design:
    return replace(of, output_parameters=True)


def test_a_parameter_has_the_value_of_its_output_and_costs_nothing() -> None:
    value = {"Fn::GetAtt": ["Files", "DomainName"]}
    template = template_of({"Host": value})
    template["Outputs"]["Host"] |= {"Description": "Where it is", "Condition": "HasHost"}
    one = written(template)["Host"]
    assert (one.name, one.logical_id) == (f"{PATH}/Host", "OutputParameterHost")
    assert one.resource == {
        "Type": "AWS::SSM::Parameter",
        "Condition": "HasHost",
        "Properties": {
            "Name": f"{PATH}/Host",
            "Type": "String",
            "Tier": "Standard",
            "Value": value,
            "Description": "Where it is",
        },
    }


@pytest.mark.parametrize(("literal", "text"), [(True, "true"), (3, "3"), ("3.10", "3.10")])
def test_a_literal_is_written_as_text(literal: Any, text: str) -> None:
    assert written(template_of({"Size": literal}))["Size"].resource["Properties"]["Value"] == text


HIDDEN = {"Hidden": {"Type": "String", "NoEcho": True}}
EMPTY = {"Suffix": {"Type": "String", "Default": ""}}


@pytest.mark.parametrize(
    ("output", "value", "parameters"),
    [
        ("Login", "{{resolve:secretsmanager:payments/login:SecretString:password}}", {}),
        ("Login", {"Fn::Sub": "{{resolve:secretsmanager:${Key}:SecretString}}"}, {}),
        ("Login", {"Fn::Join": ["", ["{{resolve:", "ssm-secure:/x}}"]]}, {}),
        ("Entry", {"Fn::GetAtt": ["User", "SecretAccessKey"]}, {}),
        ("Entry", {"Fn::GetAtt": "Pool.ClientSecret"}, {}),
        ("Entry", {"Fn::Sub": "https://${Nested.Outputs.DbPassword}/"}, {}),
        ("Entry", {"Ref": "Hidden"}, HIDDEN),
        ("Entry", {"Fn::Sub": "https://x:${Hidden}@db"}, HIDDEN),
        ("AdminPassword", "hunter2", {}),
        ("AdminPassword", {"Ref": "Suffix"}, {"Suffix": {"Type": "String", "Default": "hunter2"}}),
        ("Entry", "a hint: hunter2!", {}),
        ("Entry", {"Fn::Join": ["", ["hun", "ter2"]]}, {}),
    ],
)
def test_a_secret_is_never_written(output: str, value: Any, parameters: dict[str, Any]) -> None:
    template = template_of({output: value, "Other": {"Ref": "Files"}}, Parameters=parameters)
    assert set(written(template, secret_texts=("hunter2", ""))) == {"Other"}
    assert "hunter2" not in json.dumps([one.resource for one in written(template, secret_texts=["hunter2"]).values()])


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ("StripeSecretArn", {"Ref": "Key"}),
        ("DatabaseSecret", {"Ref": "Key"}),
        ("LoginArn", {"Fn::GetAtt": ["Database", "MasterUserSecret.SecretArn"]}),
        ("PasswordResetUrl", "https://example.com/reset"),
    ],
)
def test_where_a_secret_is_may_be_written(output: str, value: Any) -> None:
    resources = {"Database": {"Type": "AWS::RDS::DBInstance"}}
    assert set(written(template_of({output: value}, Resources=resources))) == {output}


@pytest.mark.parametrize(
    ("value", "parameters", "why"),
    [
        ("", {}, "may be empty"),
        ({"Ref": "Suffix"}, EMPTY, "may be empty"),
        ({"Fn::If": ["Public", {"Ref": "Files"}, ""]}, {}, "may be empty"),
        ({"Fn::If": ["Public", {"Ref": "Files"}, {"Ref": "AWS::NoValue"}]}, {}, "may be empty"),
        ({"Fn::Sub": "${Suffix}"}, EMPTY, "may be empty"),
        ({"Fn::Sub": ["${A}", {"A": {"Fn::If": ["Public", "x", ""]}}]}, {}, "may be empty"),
        ("é" * 2049, {}, "more than 4096 bytes"),
        ({"Fn::Join": [",", ["x" * 2048, "x" * 2048]]}, {}, "more than 4096 bytes"),
        ({"Fn::If": ["Public", "x", "y" * 4097]}, {}, "more than 4096 bytes"),
        ("Hello {{name}}", {}, "contains {{"),
    ],
)
def test_what_parameter_store_would_refuse_is_left_out_and_named(
    value: Any, parameters: dict[str, Any], why: str
) -> None:
    template = template_of({"Entry": value}, Parameters=parameters)
    assert written(template) == {}
    (one,) = outputs_left_out(template, {})
    assert (one.output, why in one.why) == ("Entry", True)


def test_the_value_of_a_template_parameter_decides() -> None:
    template = template_of({"Entry": {"Fn::Sub": "${Suffix}"}}, Parameters=EMPTY)
    assert set(written(template, parameters={"Suffix": "x"})) == {"Entry"}
    read_by_aws = {"Suffix": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": ""}}
    assert set(written(template_of({"Entry": {"Ref": "Suffix"}}, Parameters=read_by_aws))) == {"Entry"}
    assert set(written(template_of({"Entry": {"Fn::Join": ["-", ["a", {"Ref": "Suffix"}]]}}, Parameters=EMPTY)))


def test_a_name_that_is_taken_is_refused() -> None:
    taken = {"Mine": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": f"{PATH}/Url"}}}
    for resources in (taken, {"OutputParameterUrl": BUCKET}):
        with pytest.raises(DesignError, match=f"The output Url cannot be written as the parameter {PATH}/Url"):
            written(template_of({"Url": "https://example.com"}, Resources=resources))
    with pytest.raises(DesignError, match="Rename the output"):
        written(template_of({"U" * 250: "x"}))


def test_few_parameters_are_written_at_the_same_time() -> None:
    template = template_of({f"Entry{number:02}": {"Ref": "Files"} for number in range(23)})
    template["Outputs"]["Entry03"]["Condition"] = "Public"
    parameters = {one.logical_id: one.resource for one in written(template).values()}
    levels = dependency_levels(json.dumps({**template, "Resources": template["Resources"] | parameters}))
    assert max(len([name for name in level if name in parameters]) for level in levels) <= AT_ONCE + 1
    assert all("OutputParameterEntry03" not in one.get("DependsOn", ()) for one in parameters.values())


# In a design


def test_a_design_without_them_has_none(size: str) -> None:
    compiled = compile_design(carbon_connect(size)).main
    assert parameter_names(json.loads(compiled.body)) == {}
    assert OUTPUT_PARAMETERS not in content_of(carbon_connect(size)).boxes


def test_every_view_of_a_design_has_them(size: str) -> None:
    of = with_parameters(carbon_connect(size))
    compiled = compile_design(of)
    body = json.loads(compiled.main.body)
    names = parameter_names(body)
    assert set(names) == set(compiled.main.outputs) > {"Url", "DatabaseSecretArn"}
    assert names["Url"] == f"{of.environment.names.output_path}/Url"
    listed = [resource for resource in compiled.main.resources if resource.address == OUTPUT_PARAMETERS]
    assert {resource.logical_id: resource.type for resource in listed} == {
        f"OutputParameter{output}": "AWS::SSM::Parameter" for output in names
    }
    (group,) = [group for group in forecast(of, compiled).groups if group.address == OUTPUT_PARAMETERS]
    assert (group.name, len(group.steps)) == ("Output parameters", len(names))
    assert [box.kind for box in content_of(of).boxes[OUTPUT_PARAMETERS]] == ["Parameter Store"]
    assert outputs_left_out(body, {}) == []


def test_an_imported_template_has_them_too() -> None:
    of = with_parameters(shipped("dev", slug="event-inbox"))
    body = json.loads(compile_design(of).main.body)
    assert set(parameter_names(body)) == set(body["Outputs"])


def test_they_count_as_resources_of_the_stack() -> None:
    buckets = [node("bucket", f"b{number}") for number in range(MAX_RESOURCES // 2)]
    outputs = {"name": ref("bucket.b0.name")}
    of = design(*buckets, outputs=outputs)
    fits = json.loads(compile_design(of).main.body)
    assert len(fits["Resources"]) == MAX_RESOURCES
    with pytest.raises(DesignError, match=r"has 501 resources; a stack holds 500: .* or do without output parameters"):
        compile_design(with_parameters(of))


def test_a_blueprint_without_outputs_cannot_have_them() -> None:
    with pytest.raises(DesignError, match="has no output that can be written as an SSM parameter"):
        compile_design(with_parameters(design(node("bucket", "files"))))


@pytest.mark.long
def test_cfn_lint_says_nothing_about_them() -> None:
    assert lint_all(compile_design(with_parameters(shipped("prod", slug="amply")))) == []
