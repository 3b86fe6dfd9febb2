"""What a team fills in, as a form, a command line or JSON sends it."""

import pytest

from provisioning.blueprint import Blueprint, InputErrors, NotOffered, example_inputs, parse_inputs
from tests.blueprint.conftest import GOOD, Write

VARIABLES = """
variable "name" {
  type        = string
  description = "Name"
  default     = null
  validation {
    pattern = "^[a-z]+$"
    message = "should be lowercase letters"
  }
  validation { max = 8 }
}

variable "share" {
  type        = number
  description = "Share"
  default     = 0.5
  validation {
    min     = 0
    max     = 1
    message = "lies between 0 and 1"
  }
}

variable "debug" {
  type        = bool
  description = "Debug"
  default     = true
}

variable "hosts" {
  type        = list(string)
  description = "Hosts"
  default     = []
  validation {
    pattern = "^[a-z.]+$"
    message = "are host names"
  }
}

variable "weights" {
  type        = map(number)
  description = "Weights"
  default     = {}
}

variable "tier" {
  type        = string
  description = "Tier"
  default     = "slow"
  sizes       = ["prod", "staging"]
  validation { allowed = ["slow", "fast"] }
}

variable "bad_regex" {
  type        = string
  description = "Nested quantifiers"
  default     = null
  validation {
    pattern = "^(a+)+$"
    message = "should be a and a and a"
  }
}
"""


@pytest.fixture
def blueprint(write: Write) -> Blueprint:
    return write(GOOD + VARIABLES).get("notes")


def refusals(blueprint: Blueprint, size: str = "dev", **raw: object) -> dict[str, list[str]]:
    with pytest.raises(InputErrors) as refused:
        parse_inputs(blueprint, size, {"image": "i", **raw})
    assert str(refused.value)
    return refused.value.errors


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("name", "abc", "abc"),
        ("name", "", None),
        ("name", None, None),
        ("port", "9000", 9000),
        ("port", " 9000 ", 9000),
        ("port", 9000, 9000),
        ("port", "", 8000),
        ("share", "0.25", 0.25),
        ("share", "1", 1),
        ("debug", "off", False),
        ("debug", "True", True),
        ("debug", "1", True),
        ("debug", False, False),
        ("hosts", "a.b, c.d", ["a.b", "c.d"]),
        ("hosts", "a.b\r\nc.d\n", ["a.b", "c.d"]),
        ("hosts", '["a.b"]', ["a.b"]),
        ("hosts", ["a.b"], ["a.b"]),
        ("hosts", "[]", []),
        ("hosts", "", []),
        ("weights", "a=1, b=2.5", {"a": 1, "b": 2.5}),
        ("weights", '{"a": 1}', {"a": 1}),
        ("weights", {"a": 1}, {"a": 1}),
    ],
)
def test_text_becomes_a_value_of_the_variable_s_type(
    blueprint: Blueprint, name: str, raw: object, value: object
) -> None:
    found = parse_inputs(blueprint, "dev", {"image": "i", name: raw})[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        ("image", "", "image is required: Container image."),
        ("imag", "x", 'notes has no input "imag"; did you mean "image"?'),
        ("port", "many", "port should be a number."),
        ("port", "1_000", "port should be a number."),
        ("port", "nan", "port should be a number."),
        ("port", float("inf"), "port should be a number."),
        ("port", True, "port should be a number."),
        ("port", "9" * 5_000, "port should be a number."),
        ("port", 10**400, "port should be a number."),
        ("share", "1.5", "share lies between 0 and 1."),
        ("debug", "perhaps", "debug should be true or false."),
        ("debug", 1, "debug should be true or false."),
        ("name", 5, "name should be text."),
        ("name", "ABC", "name should be lowercase letters."),
        ("name", "abcdefghi", "name should be at most 8 characters long."),
        ("name", "a\x00b", "name has a control character, U+0000, in it; remove it."),
        ("name", "abc\n", "name has a control character, U+000A, in it; remove it."),
        ("name", "\ud800", "name has a control character, U+D800, in it; remove it."),
        ("name", "a" * 5_000, "name has 5000 characters; 4096 are allowed."),
        ("hosts", ["a.b", 3], "hosts should be text (item 2)."),
        ("hosts", "[[1]]", "hosts should be flat, without a list or map inside."),
        ("hosts", "[" * 90_000, "hosts should be flat, without a list or map inside."),
        ("hosts", '["' + '\\"' * 45_000, "hosts is not valid JSON; check its quotes and commas."),
        ("hosts", '["a"', "hosts is not valid JSON; check its quotes and commas."),
        ("hosts", {"a": 1}, "hosts should be a list."),
        ("hosts", "a," * 201, "hosts has 201 entries; 200 are allowed."),
        ("hosts", "A", "hosts are host names."),
        ("hosts", "x" * 200_000, "hosts has 200000 characters, which is too long."),
        ("weights", "a", "weights should be a map, and entry 1 is not key=value."),
        ("weights", "a=1,a=2", 'weights names "a" twice.'),
        ("weights", '{"a": "b"}', 'weights should be a number ("a").'),
        ("weights", [1], 'weights should be a map: key=value, key=value or {"key": "value"}.'),
        ("tier", "fast", "tier can be set only in size prod or staging."),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_wrong_answer_is_refused_with_a_sentence(blueprint: Blueprint, name: str, raw: object, sentence: str) -> None:
    assert refusals(blueprint, **{name: raw}) == {name: [sentence]}


def test_every_wrong_answer_is_told_at_once(blueprint: Blueprint) -> None:
    assert set(refusals(blueprint, port="x", share="2", nothing="1")) == {"port", "share", "nothing"}


def test_a_size_may_set_what_it_is_allowed_to(blueprint: Blueprint) -> None:
    assert parse_inputs(blueprint, "prod", {"image": "i", "tier": "fast"})["tier"] == "fast"
    assert refusals(blueprint, "prod", tier="faster") == {"tier": ["tier should be slow or fast."]}


def test_the_result_parses_to_itself(blueprint: Blueprint) -> None:
    once = parse_inputs(blueprint, "dev", {"image": "i", "hosts": "a.b", "weights": "a=1"})
    assert parse_inputs(blueprint, "dev", once) == once


def test_a_default_may_stand_where_the_size_may_not_set(blueprint: Blueprint) -> None:
    assert parse_inputs(blueprint, "dev", {"image": "i", "tier": "slow"})["tier"] == "slow"


def test_an_unknown_size_is_refused(blueprint: Blueprint) -> None:
    with pytest.raises(NotOffered, match='notes has no size "huge"; its sizes are dev, staging and prod'):
        parse_inputs(blueprint, "huge", {})


def test_no_pattern_hangs(blueprint: Blueprint) -> None:
    assert refusals(blueprint, bad_regex="a" * 4_095 + "!") == {"bad_regex": ["bad_regex should be a and a and a."]}


def test_examples_fill_what_is_required_and_missing(blueprint: Blueprint) -> None:
    inputs, filled = example_inputs(blueprint, "dev", {"port": "1"})
    assert (inputs["image"], inputs["port"], filled) == ("public.ecr.aws/notes:1", 1, ["image"])
    assert example_inputs(blueprint, "dev", {"image": "mine"})[1] == []


EITHER = """
variable "certificate" {
  type        = string
  description = "Certificate"
  example     = "arn"
  unless      = "domain"
}

variable "domain" {
  type        = string
  description = "Domain"
  default     = null
}
"""


def test_one_of_two_inputs_is_enough(write: Write) -> None:
    blueprint = write(GOOD + EITHER).get("notes")
    inputs = parse_inputs(blueprint, "dev", {"image": "i", "domain": "example.org"})
    assert inputs["certificate"] is None
    with pytest.raises(InputErrors) as refused:
        parse_inputs(blueprint, "dev", {"image": "i"})
    assert refused.value.errors == {"certificate": ["certificate is required, unless domain is given: Certificate."]}


def test_the_example_is_not_taken_where_the_other_input_is_given(write: Write) -> None:
    blueprint = write(GOOD + EITHER).get("notes")
    inputs, filled = example_inputs(blueprint, "dev", {"domain": "example.org"})
    assert (filled, inputs["certificate"]) == (["image"], None)
    inputs, filled = example_inputs(blueprint, "dev", {})
    assert (filled, inputs["certificate"]) == (["image", "certificate"], "arn")
