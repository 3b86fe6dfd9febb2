"""Hostile and broken input, for each loader in a process of its own: refused or taken, never more
than that.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import bombs, grammar
from tests.fuzz.harness import Fuzzed

SOME = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(SOME, max_examples=40)
PAGE = b'module "x" {\n  source = "y"\n  environment = "prod"\n  api_image = "a"\n  tags = {\n    a = "b"\n  }\n  z = [1, 2]\n}\n'
VARIABLES = b'{\n "api_image": "a",\n "domain": null,\n "tags": {"a": "b"},\n "z": [1.5, true]\n}\n'
TEMPLATE = b"""\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name:
    Type: String
    Default: a
    AllowedPattern: "[a-z]+"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties:
      BucketName: !Sub "${Name}-x"
Outputs:
  Arn:
    Value: !GetAtt Bucket.Arn
"""


def fuzzing(loader: str) -> Iterator[Fuzzed]:
    with Fuzzed(f"tests.fuzz.loaders:{loader}") as made:
        yield made


@pytest.fixture(scope="module")
def blueprint() -> Iterator[Fuzzed]:
    yield from fuzzing("blueprint")


@pytest.fixture(scope="module")
def terraform() -> Iterator[Fuzzed]:
    yield from fuzzing("terraform")


@pytest.fixture(scope="module")
def template() -> Iterator[Fuzzed]:
    yield from fuzzing("template")


@pytest.fixture(scope="module")
def answers() -> Iterator[Fuzzed]:
    yield from fuzzing("answers")


def named(found: Iterator[tuple[str, bytes]]) -> list[object]:
    return [pytest.param(data, id=name) for name, data in found]


@pytest.mark.parametrize("data", named(bombs.of_hcl()))
def test_blueprints_that_mean_harm(blueprint: Fuzzed, data: bytes) -> None:
    assert blueprint.feed(data).sentences


@pytest.mark.parametrize("data", named(bombs.of_blueprints()))
def test_blueprints_that_are_well_formed_and_mean_harm(blueprint: Fuzzed, data: bytes) -> None:
    blueprint.feed(data)


@pytest.mark.parametrize("data", named(bombs.of_hcl()))
def test_terraform_that_means_harm(terraform: Fuzzed, data: bytes) -> None:
    terraform.feed(data)


@pytest.mark.parametrize("data", named(bombs.of_json()))
def test_json_that_means_harm(terraform: Fuzzed, data: bytes) -> None:
    terraform.feed(data)


@pytest.mark.parametrize("data", named(bombs.of_templates()))
def test_templates_that_mean_harm(template: Fuzzed, data: bytes) -> None:
    template.feed(data)


@FEW
@pytest.mark.long
@given(grammar.nearly([text.encode() for text in grammar.shipped()]))
def test_blueprints_that_are_nearly_right(blueprint: Fuzzed, data: bytes) -> None:
    blueprint.feed(data)


@SOME
@pytest.mark.long
@given(grammar.soup(grammar.WORDS) | st.binary(max_size=200))
def test_blueprints_that_are_none(blueprint: Fuzzed, data: bytes) -> None:
    assert blueprint.feed(data).sentences


@SOME
@pytest.mark.long
@given(grammar.variables() | grammar.nearly([PAGE]) | grammar.soup(grammar.WORDS) | st.binary(max_size=200))
def test_terraform_of_all_kinds(terraform: Fuzzed, data: bytes) -> None:
    terraform.feed(data)


@SOME
@pytest.mark.long
@given(grammar.json_variables() | grammar.nearly([VARIABLES]) | grammar.soup(grammar.JSON_WORDS))
def test_json_of_all_kinds(terraform: Fuzzed, data: bytes) -> None:
    terraform.feed(data)


@SOME
@pytest.mark.long
@given(grammar.nearly([TEMPLATE]) | grammar.soup(grammar.WORDS) | st.binary(max_size=200))
def test_templates_of_all_kinds(template: Fuzzed, data: bytes) -> None:
    template.feed(data)


@SOME
@pytest.mark.long
@given(grammar.answers)
def test_answers_of_all_kinds(answers: Fuzzed, data: bytes) -> None:
    answers.feed(data)
