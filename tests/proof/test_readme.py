"""The package's README is made from the rules and the judges' table."""

from __future__ import annotations

from tests.proof.readme import README, rendered


def test_the_readme_is_what_the_rules_and_the_table_say() -> None:
    assert README.read_text(encoding="utf-8") == rendered(), "run: .venv/bin/python -m tests.proof.readme"
