"""cfn-lint says nothing, errors, warnings and informational alike, in every region on offer."""

from __future__ import annotations

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from provisioning.template.compile import compile_design
from tests.support.designs import REGIONS, SIZES
from tests.support.shipped import shipped

DOMAIN = {"domain": "app.example.com", "hosted_zone_id": "Z0123456789"}


def _complaints(body: str) -> list[str]:
    arguments: ManualArgs = {"regions": list(REGIONS), "include_checks": ["I"]}
    return [str(match) for match in lint(body, config=arguments)]


@pytest.mark.slow
@pytest.mark.parametrize("given", [{}, DOMAIN], ids=["certificate", "domain"])
@pytest.mark.parametrize("size", SIZES)
def test_cfn_lint_says_nothing(size: str, given: dict[str, str]) -> None:
    assert _complaints(compile_design(shipped(size, **given)).main.body) == []


@pytest.mark.slow
def test_cfn_lint_is_really_asked() -> None:
    body = compile_design(shipped("dev")).main.body.replace('"db.t4g.medium"', '"db.t4g.enormous"')
    assert any("db.t4g.enormous" in complaint for complaint in _complaints(body))
