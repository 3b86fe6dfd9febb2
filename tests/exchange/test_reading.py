"""Pasted text is read literally: values with their lines, a reason for everything else, and no
value repeated.
"""

from __future__ import annotations

import json

import pytest

from provisioning.exchange import MAX_BYTES, Pasted, Unreadable, read
from tests.exchange.conftest import PAGE


def given(text: str) -> dict[str, object]:
    (source,) = read(text.encode()).sources
    return {item.name: item.trouble or item.value for item in source.given}


def refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        read(data)
    return str(refused.value)


def test_a_module_block_with_its_lines() -> None:
    (source,) = read(PAGE.encode()).sources
    assert (source.title, source.line) == ("module vulcan", 1)
    assert {item.name: item.line for item in source.given}["ecs_memory"] == 9
    assert given(PAGE)["tags"] == {"Project": "Infracast", "Environment": "prod"}
    assert given(PAGE)["db_multi_az"] is True


def test_a_file_of_variables_as_any_system_writes_it() -> None:
    text = '# ours\r\na = 1\r\nb = ["x", "y",]\r\nc = { d = -1.5 }\r\nz = null\r\n'
    assert given(text) == {"a": 1, "b": ["x", "y"], "c": {"d": -1.5}, "z": None}
    assert read(b"\xef\xbb\xbf" + text.encode()).sources == read(text.encode()).sources
    assert given("a = 1\n# no line end behind this") == {"a": 1}


def test_several_modules_and_whatever_else_the_file_holds() -> None:
    text = f'terraform {{\n}}\nprovider "aws" {{\n  region = "x"\n}}\n{PAGE}\nmodule "other" {{\n  a = 1\n  b {{\n  }}\n}}\n'
    pasted = read(text.encode())
    assert [source.title for source in pasted.sources] == ["module vulcan", "module other"]
    assert [(left.line, left.name) for left in pasted.left] == [(1, "terraform"), (3, 'provider "aws"')]
    assert [(left.line, left.name) for left in pasted.sources[1].left] == [(34, "b")]


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        ("var.password", "refers to something else (var. …), and references are not resolved"),
        ("module.a.b[0]", "refers to something else (module. …), and references are not resolved"),
        ("aws_vpc.main.id", "refers to something else, and references are not resolved"),
        ('file("secret")', "calls a function, and functions are not evaluated here"),
        ('"${local.a}-b"', "is text composed from other values (${ … })"),
        ("1 + 1", "is computed from other values"),
        ("!true", "is computed from other values"),
        ('true ? "a" : "b"', "is computed from other values"),
        ("hunter2", "is a bare word; put text in quotes"),
        ("[1, var.x]", "refers to something else (var. …), and references are not resolved"),
        ("{ (var.x) = 1 }", "refers to something else (var. …), and references are not resolved"),
        ("[for x in var.y : x]", "cannot be imported"),
        ("var.x[*].y", "cannot be imported"),
        ("1234567890123456789", "cannot be imported: the number “…” has more than 15 digits"),
        ('"a\\qb"', "cannot be imported"),
        ("<<A\none\ntwo\nA", "has several lines, but an input has one"),
        ("<<A\n${var.x}\nA", "is text composed from other values (${ … })"),
    ],
)
def test_what_is_no_literal_is_named_and_the_rest_is_read(value: str, trouble: str) -> None:
    found = given(f'a = "first"\nb = {value}\nc = "last"\n')
    assert str(found["b"]).startswith(trouble)
    assert (found["a"], found["c"]) == ("first", "last")


def test_heredocs_of_one_line_are_taken_and_lines_keep_their_numbers() -> None:
    text = 'a = <<-EOT\n    one $${x}\n  EOT\nb = [<<E\ntwo\nE\n, "3"]\n# <<NOT\nc = "<<NOT"\nd = 1\n'
    assert given(text) == {"a": "one ${x}", "b": ["two", "3"], "c": "<<NOT", "d": 1}
    assert [item.line for item in read(text.encode()).sources[0].given] == [1, 4, 9, 10]


def test_a_text_that_looks_like_a_heredocs_mark_stays_text() -> None:
    assert given('a = "heredoc:0"\nb = <<E\nx\nE\n') == {"a": "heredoc:0", "b": "x"}


def test_variables_in_json() -> None:
    text = '{\n "//": {"name": "orders"},\n "a": 1,\n "b": {"c": "${d}"},\n "e": [true, null]\n}\n'
    (source,) = read(text.encode()).sources
    assert given(text) == {"a": 1, "b": {"c": "${d}"}, "e": [True, None]}
    assert [item.line for item in source.given] == [3, 4, 5]
    assert source.about == {"name": "orders"}


def test_modules_in_json_have_expressions() -> None:
    text = '{"module": {"x": {"source": "y",\n "a": "${var.a}", "b": "$${b}", "c": 2}}}'
    (source,) = read(text.encode()).sources
    assert source.title == "module x"
    assert given(text)["a"] == "is text composed from other values (${ … })"
    assert (given(text)["b"], given(text)["c"]) == ("${b}", 2)


def test_a_request_for_the_api() -> None:
    text = json.dumps({"blueprint": "x", "size": "prod", "inputs": {"a": 1}})
    (source,) = read(text.encode()).sources
    assert (source.title, source.about, given(text)) == ("request", {"blueprint": "x", "size": "prod"}, {"a": 1})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Line 1: It is empty."),
        (b" \n", "Line 1: It is empty."),
        (b"# nothing\n", 'Line 1: There is no module block (module "…" { … }) and no variable (name = value).'),
        (b"[1]", "Line 1: “…” is not allowed here; a name or a new line could."),
        (b"a = 1\nb = = 2", 'Line 2: "=" is not allowed here.'),
        (b"a = 1\nb = hunter2 hunter3\n", "Line 3: The file ends too early."),
        (b"a = 1\nb = [hunter2 hunter3]\n", "Line 2: “…” is not allowed here"),
        (
            b'a = "hunter2\n',
            "Line 1: The quotes that open on this line are not closed on it; write \\n for a new line.",
        ),
        (b"a = 'hunter2'\n", 'Line 1: "\'" is not allowed here. Put text in double quotes.'),
        (b"a = <<EOT\nhunter2\n", "Line 1: This heredoc is never closed; end it with its word on a line of its own."),
        (b"a = {\n b = hunter2\n", "Line 1: This { is never closed."),
        (b"\xff\xfea\x00", "Line 1: This is UTF-16; save it as UTF-8."),
        (b"a = \x80\n", "Line 1: Byte 0x80 is not UTF-8; save the file as UTF-8."),
        (b"a = 1\nb = \x00\n", "Line 2: There is a control character (U+0000) in the text; remove it."),
        (b"\x89PNG\r\n\x1a\n", "Line 1: Byte 0x89 is not UTF-8; save the file as UTF-8."),
        (b"{", "Line 1: This is not valid JSON; check quotes, commas and brackets."),
        (b'{"a": 1} x', "Line 1: This is not valid JSON; check quotes, commas and brackets."),
        (b'{"a": hunter2}', "Line 1: This is not valid JSON; check quotes, commas and brackets."),
        (b'{"a": 1,\n "a": 2}', 'Line 2: "a" is already there (line 1).'),
        (b'{"b": {"a": 1, "a": 2}}', "Line 1: An object in this entry has a key twice."),
        (b'{"a": NaN}', "Line 1: NaN and Infinity are not allowed."),
        (b'{"a": ' + b"9" * 5_000 + b"}", "Line 1: There is a number of more than 15 digits; inputs are smaller."),
        (b'{"a": ' + b"[" * 50_000, "Line 1: Nested more than 8 deep; inputs are flatter."),
        (b'{"a": "\x01"}', "Line 1: There is a control character (U+0001) in the text; remove it."),
        (b"{" + b",".join(b'"%d":1' % n for n in range(2_002)) + b"}", "Line 1: There are more than 2000 entries"),
        (b"x" * (MAX_BYTES + 1), f"Line 1: There are {MAX_BYTES + 1} bytes; {MAX_BYTES} are allowed."),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_cannot_be_read_is_refused_with_its_line_and_no_word_of_it(data: bytes, said: str) -> None:
    sentence = refusal(data)
    assert sentence.startswith(said)
    assert "hunter" not in sentence


def test_no_value_stands_in_what_is_logged() -> None:
    pasted: Pasted = read(b'password = "hunter2"\nx = hunter2\n')
    assert "hunter2" not in repr(pasted)
