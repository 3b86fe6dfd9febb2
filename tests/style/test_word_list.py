"""The word list: finds avoided words in prose, in the files of the repository and nowhere else."""

from __future__ import annotations

import pytest

from tests.style.word_list import check, files
from tests.style.words import WORDS


def found(path: str, text: str) -> list[tuple[int, str]]:
    return [(hit.line, hit.word) for hit in check(path, text)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", '"""Nobody was told."""\n'),
        ("a.py", "x = 1  # nobody was told\n"),
        ("a.py", 'raise ValueError(f"nobody was told {x}")\n'),
        ("a.md", "Nobody was told.\n"),
        ("a.html", "<p>Nobody was told.</p>\n"),
        ("a.hcl", 'description = "Nobody was told"\n'),
    ],
)
def test_prose_of_every_kind_of_file_is_checked(path: str, text: str) -> None:
    assert found(path, text) == [(1, "told")]


def test_names_in_code_are_not_checked() -> None:
    assert found("a.py", "def told(wish: int) -> int:\n    return wish\n") == []


def test_a_phrase_that_runs_over_a_line_break_is_found_on_its_first_line() -> None:
    assert found("a.md", "one\nthe rule goes\nby size\n") == [(2, "goes by")]
    assert found("a.py", "x = 1\n# the rule goes\n# by size\n") == [(2, "goes by")]


def test_a_marker_allows_the_words_of_its_line() -> None:
    assert found("a.md", "Nobody was told. <!-- word-list: allow -->\nNobody was told.\n") == [(2, "told")]


def test_a_word_may_be_limited_to_pages() -> None:
    assert found("a.html", "A plan made of two stacks") == [(1, "made of")]
    assert found("a.md", "A plan made of two stacks") == []


def test_html_elements_are_not_prose() -> None:
    assert found("a.html", "<picture><img></picture> The picture") == [(1, "picture")]


def test_names_of_code_in_prose_are_not_checked() -> None:
    assert found("a.md", "The column `picture` has the picture.") == [(1, "picture")]
    assert found("a.html", '<div class="stack beside">beside</div>') == [(1, "beside")]


def test_each_word_names_a_replacement() -> None:
    assert all(word.instead for word in WORDS)


def test_the_repository_is_covered() -> None:
    covered = files()
    assert {"README.md", "provisioning/proof/rule.py", "blueprints/amply/blueprint.hcl"} <= set(covered)
