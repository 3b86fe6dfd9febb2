"""Long values are compared line by line, and JSON on lines of its own."""

from __future__ import annotations

import json

from provisioning.version_diff.text_lines import MAX_LINES_COMPARED, differing_lines


def shown(before: str, after: str) -> list[tuple[str, str]]:
    return [(line.mark, line.text) for line in differing_lines(before, after)]


def test_only_the_lines_around_a_change_are_shown() -> None:
    before = "\n".join(f"line {number}" for number in range(9))
    assert shown(before, before.replace("line 4", "other")) == [
        ("gap", ""),
        ("same", "line 2"),
        ("same", "line 3"),
        ("removed", "line 4"),
        ("added", "other"),
        ("same", "line 5"),
        ("same", "line 6"),
    ]


def test_json_is_laid_out_with_the_texts_inside_it() -> None:
    before = json.dumps({"script": "one\ntwo", "path": "C:\\new"})
    lines = shown(before, before.replace("two", "three"))
    assert ("removed", 'two",') in lines
    assert ("added", 'three",') in lines
    assert ("same", '  "path": "C:\\\\new"') in lines


def test_a_value_that_appears_or_goes_is_all_of_one_kind() -> None:
    assert shown("", "a\nb") == [("gap", ""), ("added", "a"), ("added", "b")]
    assert shown("a", "") == [("gap", ""), ("removed", "a")]
    assert shown("a", "a") == []


def test_huge_texts_are_compared_in_part() -> None:
    assert len(differing_lines("", "x\n" * 100_000)) == MAX_LINES_COMPARED + 1
