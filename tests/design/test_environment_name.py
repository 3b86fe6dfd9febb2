"""One rule for environment names, and a default name that always follows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.design.environment_name import NAME_LIMIT, NAME_RULE, default_name, name_problem
from provisioning.design.size_policy import SIZES


@pytest.mark.parametrize("name", ["a", "orders-dev", "a1-2b", "a" * NAME_LIMIT])
def test_a_valid_name_has_no_problem(name: str) -> None:
    assert name_problem(name) == ""


@pytest.mark.parametrize("name", ["", "Orders", "1a", "-a", "a-", "a--b", "a_b", "ä", "a\n", "a" * (NAME_LIMIT + 1)])
def test_a_bad_name_is_named_with_the_rule(name: str) -> None:
    assert name_problem(name) == f"“{name}” is not a valid environment name: {NAME_RULE}."


def test_a_huge_name_is_shortened_in_the_message() -> None:
    assert len(name_problem("x" * 100_000)) < 250


@given(st.lists(st.text("az09", min_size=1, max_size=9), max_size=6), st.sampled_from(SIZES))
def test_the_default_name_follows_the_rule(words: list[str], size: str) -> None:
    assert name_problem(default_name("-".join(["a", *words]), size)) == ""
