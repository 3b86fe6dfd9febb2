"""Independent judges look at the same templates; wherever they differ from us, a table says why."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.proof import RULES, Proof, prove
from provisioning.proof.rules import load
from provisioning.template.compile import compile_design
from tests.proof.everything import ALL
from tests.proof.healthy import slugs, template
from tests.proof.judging import CHECKOV, checkov, table
from tests.support.designs import SIZES
from tests.support.shipped import shipped

judged = pytest.mark.skipif(not CHECKOV.exists(), reason="checkov is not installed: make setup makes .venv-judges")


@cache
def _bodies() -> dict[str, str]:
    return {
        f"{slug}.{size}.{stack.stack}": stack.body
        for slug in slugs()
        for size in SIZES
        for stack in compile_design(shipped(size, slug=slug)).stacks
    }


@cache
def _proofs() -> list[Proof]:
    return [
        prove(compile_design(shipped(size, slug=slug)), policy=SIZE_POLICIES[size])
        for slug in slugs()
        for size in SIZES
    ]


@judged
@pytest.mark.long
def test_every_difference_is_explained_and_every_explanation_is_needed(tmp_path: Path) -> None:
    differences, _ = table()
    failed = checkov(_bodies(), tmp_path)
    explained = {difference.check for difference in differences if difference.judge == "checkov"}
    assert {check: sorted(where)[:3] for check, where in failed.items() if check not in explained} == {}
    assert explained - set(failed) == set()


@judged
@pytest.mark.long
def test_checkov_is_really_asked(tmp_path: Path) -> None:
    body = template("carbon-connect")
    next(m for m in ALL if m.name == "database_not_encrypted").change(body)
    assert "CKV_AWS_16" in checkov({"broken": json.dumps(body)}, tmp_path)


def test_what_we_find_and_others_do_not_is_explained_too() -> None:
    differences, only_ours = table()
    found = {finding.rule for proof in _proofs() for finding in proof.findings}
    explained = {difference.ours for difference in differences} | {one.rule for one in only_ours}
    assert found - explained == set()
    assert {one.rule for one in only_ours} - found == set()


def test_the_table_names_rules_that_there_are() -> None:
    load()
    differences, only_ours = table()
    assert {d.ours for d in differences} - set(RULES) == {"accepted"}
    assert {one.rule for one in only_ours} <= set(RULES)
    checks = [d.check for d in differences]
    assert checks == sorted(set(checks), key=lambda check: int(check.rpartition("_")[2]))
    assert all(len(d.reason) > 60 for d in differences)
