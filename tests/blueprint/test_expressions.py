"""What expressions come to: the operators, templates, conditionals and references of HCL, as
Terraform computes them.
"""

import pytest

from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.syntax.evaluate import constant
from provisioning.blueprint.syntax.parse import parse
from provisioning.design.graph import Value

VALUES: dict[str, Value] = {
    "1": 1,
    "-1": -1,
    "1.50": 1.5,
    "1e3": 1000.0,
    '"é"': "é",
    "null": None,
    "true": True,
    "[1, \n 2,\n]": [1, 2],
    '{ a = 1, "b c" : 2, in = 3, ("d") = 4 }': {"a": 1, "b c": 2, "in": 3, "d": 4},
    "1 + 2 * 3": 7,
    "(1 + 2) * 3": 9,
    "10 - 2 - 3": 5,
    "7 / 2": 3.5,
    "6 / 2": 3,
    "7 % 4": 3,
    "-(3)": -3,
    "1 == 1.0": True,
    "1 == true": False,
    '"1" == 1': False,
    "null == null": True,
    "[1, true] == [1, true]": True,
    "[1] == [true]": False,
    "{ a = 1 } == { a = 1 }": True,
    "{ a = 1 } != { a = 2 }": True,
    "2 >= 2 && 1 < 2": True,
    "!(1 > 2)": True,
    "true || 1 / 0 == 1": True,
    "false && 1 / 0 == 1": False,
    'true ? "a" : 1 / 0': "a",
    'false ? 1 / 0 : "b"': "b",
    "true ? false ? 1 : 2 : 3": 2,
    '"a${1}b${true}c${1.5}${"d"}"': "a1btruec1.5d",
    '"${[1]}"': [1],
    '"${2.0}x"': "2x",
    r'"\n\t\"\\\u00e9\U0001F600"': '\n\t"\\é😀',
    '"$${a} %%{b} $5 100%"': "${a} %{b} $5 100%",
    '{ a = [1, { b = "x" }] }.a[1].b': "x",
    '{ a = 1 }["a"]': 1,
    '""': "",
    "[]": [],
    "{}": {},
}
REFUSED = {
    "1 / 0": '"/" by zero.',
    "1 % 0": '"%" by zero.',
    "999999999 * 999999999": "The result has more than 15 digits.",
    "true + 1": '"+" works on numbers, and this is a bool.',
    '"a" < "b"': '"<" works on numbers, and this is text.',
    "!1": 'The operand of "!" is a number, not true or false; compare it with something.',
    "1 && true": 'The left side of "&&" is a number, not true or false; compare it with something.',
    "true && 1": 'The right side of "&&" is a number, not true or false; compare it with something.',
    '"a${null}"': "Null cannot be part of a text.",
    '"a${[1]}"': "A list cannot be part of a text.",
    "[1][1]": "The list has 1 items, counted from 0; there is no [1].",
    "[1][-1]": "The list has 1 items, counted from 0; there is no [-1].",
    '[1]["a"]': "A list is indexed with a whole number, not with text.",
    "{ a = 1 }.b": 'The map has no "b"; known are a.',
    '"a".b': 'There is nothing inside text, so "b" cannot be read from it.',
    "{ (1) = 1 }": "A map's key is text: put it in quotes.",
    "{ ([]) = 1 }": "A map's key must come to text.",
    '{ a = 1, ("a") = 2 }': '"a" is already in this map (line 1).',
    "upper(1)": 'Functions are not available in blueprints, and so neither is "upper": write the value, or make it an input or a size setting.',
    "var.x": "A reference (var.x) is not allowed here; write the value itself.",
    "x": '"x" is neither text nor a reference; if it is text, put it in quotes.',
    "var": '"var" alone is not a value: write var.<name>.',
    r'"\q"': r'"\q" is no escape sequence; the escape sequences are \n, \r, \t, \", \\, \uNNNN and \UNNNNNNNN.',
    "[1].0": '".0" is not available in blueprints: write [0].',
    "[1].*.a": 'A splat (".*") is not available in blueprints: name the items one by one.',
}  # fmt: skip


def value_of(text: str) -> Value:
    (argument,) = parse(f"a = {text}").arguments
    return constant(argument.value)


@pytest.mark.parametrize("text", VALUES)
def test_an_expression_comes_to_its_value(text: str) -> None:
    value = value_of(text)
    assert value == VALUES[text]
    assert type(value) is type(VALUES[text])


@pytest.mark.parametrize("text", REFUSED)
def test_an_expression_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ProblemFound) as refused:
        value_of(text)
    assert refused.value.message == REFUSED[text]
    assert refused.value.line == 1


def test_the_line_is_that_of_the_place_inside_a_long_value() -> None:
    with pytest.raises(ProblemFound) as refused:
        value_of("{\n  a = 1\n  b = [\n    2,\n    1 / 0,\n  ]\n}")
    assert refused.value.line == 5
