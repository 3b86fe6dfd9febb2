"""Whatever a team types into a shipped blueprint is refused or arrives as plain text.

Every candidate goes into every text input of every blueprint. What parsing and the components'
settings accept is compiled, and the template then holds no placeholder and no dynamic reference
that it would not hold with the examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.blueprint import Blueprint, BlueprintError, example_inputs, resolve
from provisioning.blueprint.inputs.variables import Variable
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import EnvironmentContext
from provisioning.template.compile import compile_design
from tests.support import shipped

HOSTILE = [
    "{{resolve:secretsmanager:portal/orders-dev/database:SecretString}}",
    "x{{resolve:ssm:/orders/key}}",
    "${AWS::AccountId}",
    "public.ecr.aws/x/y:${AWS::Region}",
    "/x${Bucket}",
    "https://logs.example.com/${Secret}",
    "resolve:ssm:/orders/ami",
    "{resolve:ssm:x}}",
]
# Halves that are typed into two inputs at once, so that they meet wherever inputs are joined.
HALVES = [
    ("x{", "{resolve:ssm:/orders/key}}"),
    ("x$", "{AWS::AccountId}"),
    ("{{res", "olve:ssm:/orders/key}}"),
    ("/a{", "/{resolve:ssm:x}}"),
    ("$", "{Postgres}"),
    ("a", "{AWS::Region}"),
    ("awk '{print $1}'", "b{c}"),
]
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\{\{[^}]*\}\}")


def in_type(variable: Variable, text: str) -> list[Any]:
    if variable.type.scalar != "string":
        return []
    shapes: dict[str | None, list[Any]] = {
        None: [text],
        "list": [[text], ["sh", text]],
        "map": [{"a": text}, {text: "a"}],
    }
    return shapes[variable.type.container]


def rendered(blueprint: Blueprint, given: dict[str, Any]) -> str | None:
    """The templates and parameters of all stacks; None if the input is refused."""
    try:
        inputs, _ = example_inputs(blueprint, "dev", given)
        environment = EnvironmentContext(
            name="orders-dev",
            team="payments",
            region=blueprint.default_region,
            account_id="123456789012",
            environment_id=EXAMPLE_ENVIRONMENT_ID,
        )
        design = resolve(blueprint, size="dev", inputs=inputs, environment=environment)
    except BlueprintError:
        return None
    return "".join(stack.body + str(dict(stack.parameters)) for stack in compile_design(design).stacks)


def attempts(blueprint: Blueprint) -> Iterator[dict[str, Any]]:
    for variable in blueprint.variables.values():
        for text in HOSTILE:
            yield from ({variable.name: value} for value in in_type(variable, text))
    texts = [variable for variable in blueprint.variables.values() if variable.type.scalar == "string"]
    for first, second in HALVES:
        for variable in texts:
            for other in texts:
                if variable is not other:
                    yield {variable.name: in_type(variable, first)[-1], other.name: in_type(other, second)[-1]}


@pytest.mark.parametrize("slug", shipped.slugs())
def test_no_input_brings_an_expression_into_a_template(slug: str) -> None:
    blueprint = shipped.catalogue().get(slug)
    known = set(_PLACEHOLDER.findall(rendered(blueprint, {}) or ""))
    refused = 0
    for given in attempts(blueprint):
        body = rendered(blueprint, given)
        refused += body is None
        assert set(_PLACEHOLDER.findall(body or "")) <= known, given
    assert refused


def test_a_command_with_braces_arrives_as_it_is() -> None:
    template = shipped.main_template("amply", worker_command=["sh", "-c", "awk '{print $1}' < /jobs"])
    assert template.container("worker")["Command"] == ["sh", "-c", "awk '{print $1}' < /jobs"]
