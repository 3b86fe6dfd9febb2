"""What people type is data: no expression that AWS or Terraform would evaluate gets past parsing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.blueprint import Blueprint, InputErrors, parse_inputs
from provisioning.design.expressions import DYNAMIC_REFERENCE_START, expression_problem
from provisioning.exchange.filling import fill
from provisioning.exchange.json_text import read_json
from provisioning.exchange.terraform import read_terraform
from tests.blueprint.conftest import GOOD, Write, problems

SECRET = "{{resolve:secretsmanager:orders-dev/database-main:SecretString}}"
EXPRESSIONS = [
    SECRET,
    f"echo {SECRET} here",
    "{{resolve:ssm:/orders/key}}",
    "{{RESOLVE:ssm-secure:/orders/key}}",
    "{{ resolve : ssm : x }}",
    "{ {resolve:ssm:x}}",
    "{resolve:ssm:x}",
    "resolve:ssm:/orders/ami",
    "x{{",
    "{{",
    "${AWS::AccountId}",
    "a${b",
    "%{ if true }x%{ endif }",
    "ends with {",
    "ends with $ ",
]
PLAIN = [
    "awk '{print $1}'",
    '{"a": {"b": 1}}',
    "100 %",
    "cost: $5",
    "}}",
    "a{b}c",
    "resolve the issue",
    "https://x/?a=$b",
]
TYPED = """
variable "words" {
  type        = list(string)
  description = "Words"
  default     = []
}

variable "labels" {
  type        = map(string)
  description = "Labels"
  default     = {}
}

variable "text" {
  type        = string
  description = "Text"
  default     = null
}

variable "password" {
  type        = string
  description = "Password"
  default     = null
  sensitive   = true
}

variable "choice" {
  type        = string
  description = "Choice"
  default     = "a"
  validation { allowed = ["a", "b"] }
}

variable "numbers" {
  type        = map(number)
  description = "Numbers"
  default     = {}
}
"""


@pytest.fixture
def blueprint(write: Write) -> Blueprint:
    return write(GOOD + TYPED).get("notes")


def refusal(blueprint: Blueprint, **typed: Any) -> str:
    with pytest.raises(InputErrors) as refused:
        parse_inputs(blueprint, "dev", {"image": "x", **typed})
    ((name, sentences),) = refused.value.errors.items()
    assert name in typed
    return " ".join(sentences)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_charlie_types_an_expression_into_every_kind_of_field(blueprint: Blueprint, text: str) -> None:
    for typed in (
        {"text": text},
        {"password": text},
        {"choice": text},
        {"words": ["a", text]},
        {"labels": {"a": text}},
        {"labels": {text: "a"}},
        {"numbers": {text: 1}},
    ):
        sentence = refusal(blueprint, **typed)
        assert sentence.startswith(f"{next(iter(typed))} ")
        assert SECRET not in sentence


@pytest.mark.parametrize("text", [each for each in EXPRESSIONS if each == each.strip()])
def test_lists_and_maps_as_the_form_sends_them(blueprint: Blueprint, text: str) -> None:
    assert " (item 2)" in refusal(blueprint, words=f"a\n{text}")
    assert refusal(blueprint, labels=f"a = b\nkey = {text}")


def test_the_message_says_where_and_what_to_do(blueprint: Blueprint) -> None:
    assert refusal(blueprint, words=["a", SECRET]) == (
        "words contains “{{”, which begins an expression in AWS or Terraform (item 2); write the value itself."
    )


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_with_braces_is_accepted(blueprint: Blueprint, text: str) -> None:
    assert parse_inputs(blueprint, "dev", {"image": "x", "words": [text]})["words"] == [text]


def pieces_of_expressions() -> st.SearchStrategy[str]:
    """Cuttings of real expressions, and texts of the signs that expressions consist of."""
    cuts = st.tuples(st.sampled_from(EXPRESSIONS), st.integers(0, 60), st.integers(0, 60))
    return st.one_of(
        cuts.map(lambda cut: cut[0][min(cut[1:]) : max(cut[1:])]),
        st.lists(st.sampled_from(["{", "}", "$", "%", " ", "resolve", ":", "ssm", "x", "\t"]), max_size=6).map("".join),
    )


@settings(max_examples=400)
@given(pieces=st.lists(pieces_of_expressions().filter(lambda text: not expression_problem(text)), max_size=4))
def test_texts_that_are_accepted_make_no_expression_when_joined(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert not DYNAMIC_REFERENCE_START.search(whole)
    assert "{{" not in whole
    assert "${" not in whole


def test_an_imported_file_brings_none_either(blueprint: Blueprint) -> None:
    for pasted in (
        read_terraform(f'text = "{SECRET}"\nwords = ["x", "$${{a}}"]\nlabels = {{ "{SECRET}" = "x" }}\n'),
        read_json('{"text": "' + SECRET + '", "words": ["${a}"], "labels": {"a": "{{"}}'),
    ):
        filled = fill(blueprint, pasted.sources[0])
        assert not filled.inputs
        assert {left.name for left in filled.left} == {"text", "words", "labels"}
        assert all("write the value itself" in left.why for left in filled.left)


@pytest.mark.parametrize("place", ["default     = ", "example     = "])
def test_a_default_or_an_example_contains_no_expression(write: Write, place: str) -> None:
    broken = GOOD + f'variable "text" {{\n  type = string\n  description = "Text"\n  {place}"{SECRET}"\n}}\n'
    (problem,) = [text for text in problems(write(broken)) if "resolve" in text or "“{{”" in text]
    assert "contains “{{”" in problem


@pytest.mark.parametrize(
    "expression",
    [
        f'"{SECRET}"',
        f'["sh", "{SECRET}"]',
        f'"x-${{env.name}}-{SECRET}"',
        f'true ? "a" : "{SECRET}"',
        '"{{ Resolve:ssm:x}}"',
    ],
)
def test_an_author_writes_no_dynamic_reference(write: Write, expression: str) -> None:
    """Charlie cannot merge one into a draft either: only components make them."""
    value = expression if expression.startswith("[") else f"[{expression}]"
    text = GOOD.replace("  image  = var.image\n", f"  image  = var.image\n  command = {value}\n")
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if "command" in each)
    (problem, *_) = problems(write(text))
    assert problem.startswith(f"notes/blueprint.hcl:{line}")
    assert "may not contain a dynamic reference" in problem
