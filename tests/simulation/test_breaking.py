"""The simulation notices when a rule is removed. `breaking.py` names the tests that notice the rest."""

from __future__ import annotations

import pytest

from tests.simulation.breaking import RULES
from tests.simulation.run import run_seed

SEEDS = range(6000, 6012)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("rule", ["retained", "digest", "cleaner"])
def test_a_removed_rule_is_noticed_within_a_few_seeds(rule: str) -> None:
    with RULES[rule].removed():
        assert any("Violated" in run_seed(seed, RULES[rule].trouble).failure for seed in SEEDS)
