"""Text that means harm, or is no text at all: refused in well under a second, with file and line,
and never a crash.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.blueprint import load_catalogue
from provisioning.blueprint.errors import ProblemFound
from provisioning.blueprint.syntax.parse import parse
from tests.blueprint.conftest import GOOD, Write, problems

DEEP = 10_000
DOUBLING = "\n".join(
    f'component "service" "s{number}" {{\n'
    f'  environment = {{ A = "${{component.service.s{number - 1}.environment.A}}${{component.service.s{number - 1}.environment.A}}" }}\n'
    "  image = component.service.s0.image\n  cpu = 256\n  memory = 512\n}"
    for number in range(1, 40)
)
HOSTILE = {
    "brackets": ("a = " + "[" * DEEP, 1, "Nested more than 24 deep"),
    "brackets, balanced": ("a = " + "[" * DEEP + "]" * DEEP, 1, "Nested more than 24 deep"),
    "brackets on many lines": ("a = " + "[\n" * DEEP, 25, "Nested more than 24 deep"),
    "parentheses": ("a = " + "(" * DEEP + "1" + ")" * DEEP, 1, "Nested more than 24 deep"),
    "maps": ("a = " + "{a=" * DEEP, 1, "Nested more than 24 deep"),
    "blocks": ("a {\n" * DEEP, 25, "Nested more than 24 deep"),
    "templates": ("a = " + '"${' * DEEP, 1, "Nested more than 24 deep"),
    "conditionals": ("a = " + "true ? 1 :\n" * 2_000 + "1", 1, "too long or too deep"),
    "sums": ("a = 1" + " +\n 1" * 5_000, 1, "too long or too deep"),
    "negatives": ("a = 1" + "-1" * 5_000, 1, "10005 characters"),
    "getters": ("a = x" + ".x" * 450, 1, "too long or too deep"),
    "many items": ("a = [\n" + "1,\n" * 5_000 + "]", 1, "The list has 5000 items"),
    "many words": ("a = [\n" + "1,\n" * 100_000 + "]", 6_000, "more than 12000 words and symbols"),
    "empty lines": ("\n" * 900_000, 20_000, "more than 20000 lines"),
    "one long line": ("# " + "x" * 900_000, 1, "900002 characters"),
    "a long name": ("x" * 900, 1, "has more than 100 characters"),
    "a long number": ("a = " + "9" * 900, 1, "more than 15 digits"),
    "infinity": ("a = 1e999", 1, "too large"),
    "heredocs": ("a = <<A\n" * 1_000, 1, "Heredocs"),
    "heredoc of empty lines": ("a = <<A\n" + "\n" * 10_000, 1, "Heredocs"),
    "open comment": ("/* " * 100_000, 1, "never closed"),
    "open escape": ('a = "' + "$${" * 300, 1, "needs its closing brace"),
    "quotes in an escape": ('a { b = "$${" }\n c = "' + "[" * DEEP + '" }', 1, "needs its closing brace"),
    "backslashes": ('a = "' + "\\" * 900, 1, "never closed"),
    "a backslash at the end": ('a = "\\', 1, "not closed on it"),
    "surrogate": ('a = "\\ud800"', 1, "is no escape"),
    "byte order mark": (b"\xef\xbb\xbfa = 1", 1, "byte order mark"),
    "not UTF-8": (b"a = 1\nb = \xff\n", 2, "Byte 0xff is not UTF-8"),
    "NUL": (b"a = 1\n\n\x00", 3, "control character (U+0000)"),
    "old line ends": (b"a = 1\rb = 2", 1, "control character (U+000D)"),
    "direction marks are text": ('a = "\u202e"', None, ""),
    "UTF-16": (GOOD.encode("utf-16"), 1, "not UTF-8"),
    "ten megabytes": (b"#" * 10_000_000, 1, "10000000 bytes; 1000000 are allowed"),
}


@pytest.mark.parametrize(("text", "line", "message"), HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused(write: Write, text: str | bytes, line: int | None, message: str) -> None:
    write(GOOD, "good")
    catalogue = write(text)
    assert list(catalogue.blueprints) == ["good"]
    found = problems(catalogue)
    assert found
    if line is not None:
        assert found[0].startswith(f"notes/blueprint.hcl:{line}: ")
        assert message in found[0]


def test_references_that_double_are_refused(write: Write) -> None:
    first = 'component "service" "s0" {\n  image = var.image\n  environment = { A = "0123456789" }\n  cpu = 256\n  memory = 512\n}\n'
    found = problems(write(GOOD + first + DOUBLING))
    assert any("more than 4 times" in problem for problem in found)


def test_wide_references_that_double_are_refused(write: Write) -> None:
    """Four steps, but each a hundred times as large as the one before."""
    blocks = ['component "bucket" "b0" { lifecycle = ["' + "x" * 900 + '"] }']
    for number in range(1, 4):
        items = ",\n".join([f"component.bucket.b{number - 1}.lifecycle"] * 100)
        blocks.append(f'component "bucket" "b{number}" {{\n  lifecycle = [{items}]\n}}')
    found = problems(write(GOOD + "\n".join(blocks)))
    assert any("copy too much" in problem for problem in found)


def test_the_deepest_that_is_let_through_does_not_exhaust_the_stack(write: Write) -> None:
    """As many steps from setting to setting as there may be, each in the deepest expression that
    there may be.
    """
    deep = " && ".join(["true"] * 60) + " && {}" + " || false" * 6
    blocks = ['component "bucket" "b0" { versioned = true }']
    for number in range(1, 5):
        value = deep.format(f"component.bucket.b{number - 1}.versioned")
        blocks.append(f'component "bucket" "b{number}" {{ versioned = {value} }}')
    assert problems(write(GOOD + "\n".join(blocks))) == []


def test_the_largest_text_that_is_let_through_has_a_bounded_list_of_problems(write: Write) -> None:
    entries = "\n".join(f'  a{number} = "x"' for number in range(2_200))
    found = problems(write(GOOD.replace("usage {", "usage {\n" + entries)))
    assert len(found) == 50


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=300), st.text(alphabet='{}[]()"$%<>=:,.?!&|+-*/#\\ \nab1_~é', max_size=200)))
def test_no_text_raises_anything_but_a_problem(text: str) -> None:
    found = _problem_of(text)
    assert found is None or 1 <= found.line <= text.count("\n") + 1
    assert found is None or found.message.endswith(".")


def _problem_of(text: str) -> ProblemFound | None:
    try:
        parse(text)
    except ProblemFound as problem:
        return problem
    return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_to_a_right_blueprint_raises(tmp_path: Path, data: st.DataObject) -> None:
    """Pieces cut out, doubled and swapped: still a catalogue, either with the blueprint or with its
    problems.
    """
    words = GOOD.split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        at, other = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
        match data.draw(st.sampled_from(["cut", "double", "swap", "noise"])):
            case "cut":
                del words[at]
            case "double":
                words.insert(at, words[other % len(words)])
            case "swap":
                words[at], words[other % len(words)] = words[other % len(words)], words[at]
            case "noise":
                words[at] = data.draw(
                    st.sampled_from(['""', "null", "[]", "{}", "-1", "true", '"é"', "1.5", "[null]", "var.port"])
                )
    folder = tmp_path / "notes"
    folder.mkdir(exist_ok=True)
    (folder / "blueprint.hcl").write_text(" ".join(words))
    catalogue = load_catalogue(tmp_path)
    assert len(catalogue.blueprints) + len(catalogue.broken) == 1
    assert all(1 <= problem.source.line <= 70 for broken in catalogue.broken for problem in broken.problems)
