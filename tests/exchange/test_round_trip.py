"""A request that is written out and read again is the same request, for every shipped blueprint and
whatever was answered.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from provisioning.blueprint import Blueprint, InputErrors, Variable, example_inputs, parse_inputs
from provisioning.design.expressions import expression_problem
from provisioning.design.graph import Value
from provisioning.exchange import RequestDocument, fill, read, write_api_json, write_tfvars, write_tfvars_json
from provisioning.exchange.writing import hcl
from tests.support.shipped import catalogue, slugs

WRITERS = {"tfvars": write_tfvars, "tfvars.json": write_tfvars_json, "json": write_api_json}
SIZES = ("dev", "staging", "prod")

words = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"), max_size=30
) | st.sampled_from(
    ["${var.x}", "%{ if }", '"', "\\", "$${a}", "a$", "%%{", "<<EOT", "null", "true", "007", "\\u0024{"]
)
# Every input with an expression is refused, so a request has none.
accepted = words.filter(lambda text: not expression_problem(text))
numbers = st.integers(-(10**15) + 1, 10**15 - 1) | st.floats(-1e14, 1e14, allow_nan=False)


def scalars(type_: str, variable: Variable) -> st.SearchStrategy[Any]:
    allowed = next((rule.allowed for rule in variable.validations if rule.allowed), None)
    if allowed:
        return st.sampled_from(allowed)
    if type_ == "bool":
        return st.booleans()
    if type_ == "number":
        low = max((rule.min for rule in variable.validations if rule.min is not None), default=None)
        high = min((rule.max for rule in variable.validations if rule.max is not None), default=None)
        return numbers if low is None and high is None else st.integers(math.ceil(low or 0), math.floor(high or 10_000))
    patterns = [rule.pattern for rule in variable.validations if rule.pattern]
    return st.from_regex(patterns[0], fullmatch=True) if patterns else accepted


def answers(variable: Variable) -> st.SearchStrategy[Any]:
    scalar = scalars(variable.type.scalar, variable)
    if variable.type.container == "list":
        return st.lists(scalar, max_size=3)
    if variable.type.container == "map":
        return st.dictionaries(accepted, scalar, max_size=3)
    return scalar


@st.composite
def requests(draw: st.DrawFn, slug: str) -> tuple[str, dict[str, Value]]:
    # By its slug: hypothesis writes out what it is given.
    blueprint, size = catalogue().get(slug), draw(st.sampled_from(SIZES))
    examples, _ = example_inputs(blueprint, size, {})
    answered = {
        name: draw(answers(variable))
        for name, variable in blueprint.variables.items()
        if variable.settable_in(size) and draw(st.booleans())
    }
    try:
        return size, dict(parse_inputs(blueprint, size, {**examples, **answered}))
    except InputErrors:
        assume(condition=False)
        raise


def document_of(blueprint: Blueprint, size: str, inputs: dict[str, Value]) -> RequestDocument:
    secrets = tuple(name for name, variable in blueprint.variables.items() if variable.sensitive)
    kept = {name: value for name, value in inputs.items() if value is not None and name not in secrets}
    return RequestDocument(
        blueprint=blueprint.slug,
        version=blueprint.version,
        size=size,
        team="payments",
        account="acme-dev",
        region=blueprint.regions[-1],
        name="orders-dev",
        inputs=kept,
        secrets=secrets,
    )


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("slug", slugs())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_written_and_read_it_is_the_same_request(slug: str, writer: str, data: st.DataObject) -> None:
    blueprint = catalogue().get(slug)
    size, inputs = data.draw(requests(slug))
    document = document_of(blueprint, size, inputs)
    (source,) = read(WRITERS[writer](document).encode()).sources
    found = fill(blueprint, source)
    assert (found.size, found.region, found.name, found.account) == (
        size,
        document.region,
        document.name,
        document.account,
    )
    assert (found.left, found.notes) == ([], [])
    secrets = {name: inputs[name] for name in document.secrets}
    assert parse_inputs(blueprint, size, {**found.answers(), **secrets}) == inputs


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("chosen", [True, False])
def test_the_choice_of_output_parameters_is_kept(writer: str, chosen: bool) -> None:
    blueprint = catalogue().get("static-site")
    document = replace(document_of(blueprint, "dev", {}), output_parameters=chosen)
    text = WRITERS[writer](document)
    assert ("output_parameters" in text) is chosen
    (source,) = read(text.encode()).sources
    assert fill(blueprint, source).output_parameters is chosen


plain = st.recursive(
    st.booleans() | numbers | words | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(plain)
@settings(deadline=None)
def test_any_value_is_written_as_hcl_that_reads_as_that_value(value: Value) -> None:
    (source,) = read(f"a = {hcl(value)}\n".encode()).sources
    (found,) = source.given
    assert (found.value, found.trouble) == (value, "")


def test_a_secret_is_left_out_and_named(vulcan: Blueprint) -> None:
    inputs = dict(parse_inputs(vulcan, "dev", {"image": "x", "db_password": "hunter2"}))
    document = document_of(vulcan, "dev", inputs)
    for write in WRITERS.values():
        assert "hunter2" not in write(document)
    assert "# Not in this file, because it is a secret: db_password" in write_tfvars(document)
    assert '"left_out": [\n      "db_password"\n    ]' in write_tfvars_json(document)
