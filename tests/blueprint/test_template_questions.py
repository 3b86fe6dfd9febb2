"""A blueprint of one CloudFormation template asks what the template asks, less what it fixes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.blueprint import (
    Blueprint,
    Catalogue,
    InputErrors,
    example_inputs,
    load_catalogue,
    parse_inputs,
    resolve,
)
from provisioning.template.compile import CompiledTemplate, compile_design
from tests.blueprint.conftest import environment, problems
from tests.components.imported_template.templates import DATABASE

HCL = """
blueprint {
  title    = "Database"
  summary  = "A database from a template"
  version  = "1.0.0"
  maturity = "published"
  regions  = ["eu-north-1"]
}
size "dev"     { fixed = { Storage = 20 } }
size "staging" { fixed = { Storage = 20, DBClass = "db.t4g.micro" } }
size "prod" {
  approval = "required"
  fixed    = { Storage = 100, DBClass = "db.t4g.small" }
}
component "cloudformation" "main" {
  template   = "template.yaml"
  parameters = size.fixed
}
"""
Make = Callable[..., Catalogue]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def _make(hcl: str = HCL, template: str | None = DATABASE) -> Catalogue:
        folder = tmp_path / "database"
        folder.mkdir()
        (folder / "blueprint.hcl").write_text(hcl)
        if template is not None:
            (folder / "template.yaml").write_text(template)
        return load_catalogue(tmp_path)

    return _make


@pytest.fixture
def database(make: Make) -> Blueprint:
    return make().get("database")


def compiled(blueprint: Blueprint, size: str, **given: object) -> CompiledTemplate:
    inputs, _ = example_inputs(blueprint, size, given)
    return compile_design(resolve(blueprint, size=size, inputs=inputs, environment=environment())).main


def test_what_the_sizes_fix_is_not_asked(database: Blueprint) -> None:
    assert list(database.variables) == ["DBPassword", "DBClass", "Subnets", "DBName"]
    assert database.variables["DBClass"].sizes == ("dev",)


def test_answers_reach_the_stack_with_what_is_fixed(database: Blueprint) -> None:
    dev = compiled(database, "dev", DBClass="db.t4g.small", DBName="shop")
    assert dev.parameters == {
        "DBClass": "db.t4g.small", "DBName": "shop", "Storage": "20", "Subnets": "subnet-0123456789abcdef0",
    }  # fmt: skip
    prod = compiled(database, "prod", DBName="shop")
    assert (prod.parameters["Storage"], prod.parameters["DBClass"]) == ("100", "db.t4g.small")


def test_the_templates_constraints_are_the_forms(database: Blueprint) -> None:
    with pytest.raises(InputErrors) as caught:
        example_inputs(database, "dev", {"DBName": "Shop!", "DBClass": "db.huge", "Subnets": "net-1"})
    assert set(caught.value.errors) == {"DBName", "DBClass", "Subnets"}


def test_a_password_can_only_be_an_arn(database: Blueprint) -> None:
    with pytest.raises(InputErrors, match="is not the ARN of a secret"):
        example_inputs(database, "dev", {"DBPassword": "hunter2hunter2"})
    assert "hunter2" not in compiled(database, "dev").body


def test_a_generated_password_is_in_no_parameter(database: Blueprint) -> None:
    template = compiled(database, "dev")
    assert "DBPassword" not in template.parameters
    assert "DBPasswordSecret" in json.loads(template.body)["Resources"]


@pytest.mark.parametrize(
    ("hcl", "template", "why"),
    [
        (HCL, None, "the blueprint's folder has no file template.yaml"),
        (HCL.replace("template.yaml", "../../etc/passwd"), DATABASE, "has no file ../../etc/passwd"),
        (HCL, "Resources: {}\n", "template.yaml, line 1: The template has no Resources"),
        (
            HCL,
            "Transform: AWS::Serverless-2016-10-31\n" + DATABASE,
            "template.yaml, line 1: The template uses the transform",
        ),
        (HCL.replace("Storage = 100", "Stroage = 100"), DATABASE, "template.yaml has no parameter Stroage"),
        (
            HCL,
            DATABASE.replace('"[a-z][a-z0-9]*"', '"shop-[0-9]{4}"'),
            "needs an example that it takes: examples = { DBName",
        ),
        (HCL + 'variable "DBName" {\n type = string\n description = "x"\n default = "x"\n}\n', DATABASE, "DBName"),
    ],
)
def test_what_is_wrong_is_told(make: Make, hcl: str, template: str | None, why: str) -> None:
    found = problems(make(hcl, template), "database")
    assert any(why in problem for problem in found), found
    assert all(problem.startswith("database/blueprint.hcl:") for problem in found)


def test_an_example_of_the_blueprints_helps(make: Make) -> None:
    hcl = HCL.replace("size.fixed\n", 'size.fixed\n  examples = { DBName = "shop-0001" }\n')
    blueprint = make(hcl, DATABASE.replace('"[a-z][a-z0-9]*"', '"shop-[0-9]{4}"')).get("database")
    assert compiled(blueprint, "dev").parameters["DBName"] == "shop-0001"


def test_a_parameter_that_some_sizes_fix_is_needed_in_the_others(make: Make) -> None:
    hcl = HCL.replace('DBClass = "db.t4g.micro"', 'DBName = "shop"').replace(
        'DBClass = "db.t4g.small"', 'DBName = "shop"'
    )
    blueprint = make(hcl).get("database")
    assert compiled(blueprint, "prod").parameters["DBName"] == "shop"
    assert compiled(blueprint, "dev").parameters["DBName"] == "example"
    with pytest.raises(InputErrors, match="DBName is required"):
        parse_inputs(blueprint, "dev", {"Subnets": "subnet-0123456789abcdef0"})
