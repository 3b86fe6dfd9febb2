"""Every blueprint that ships, on an account that has everything and on one that has nothing."""

from __future__ import annotations

import pytest

from provisioning.lifecycle.preflight.registry import CHECKS
from provisioning.lifecycle.preflight.report import Outcome
from tests.lifecycle.preflight.support import Desk, plan_of_design
from tests.support import shipped


@pytest.mark.parametrize("slug", shipped.slugs())
def test_every_finding_says_what_to_do(slug: str) -> None:
    desk = Desk()
    report = desk.check(plan_of_design(shipped.compiled(slug, "prod")))
    assert report.results
    for result in report.results:
        assert result.sentence.endswith("."), result
        assert "⟦" not in result.sentence, result
        if result.outcome in (Outcome.BLOCKING, Outcome.WARNING):
            assert result.remedy.endswith("."), result
    assert {result.check for result in report.results} <= {check.key for check in CHECKS}
