"""Sixteen seeds: nothing lost, nothing twice, nothing without approval, nothing stuck."""

from __future__ import annotations

import pytest

from tests.simulation.run import run_seed

CHUNKS, SEEDS_A_CHUNK = 8, 2


def survives(seed: int) -> None:
    result = run_seed(seed)
    if result.failure:
        trace = "\n".join(result.trace[-60:])
        pytest.fail(f"seed {seed}: {result.failure}\n{trace}\nagain: make simulate SEEDS=1 SEED={seed}")


@pytest.mark.usefixtures("simulated")
def test_one_seed_is_survived_and_repeated_exactly() -> None:
    first, second = run_seed(7), run_seed(7)
    assert (first.failure, first.digest, first.turns) == ("", second.digest, second.turns)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_seed_comes_to_rest_and_breaks_no_rule(chunk: int) -> None:
    for seed in range(1000 + chunk * SEEDS_A_CHUNK, 1000 + (chunk + 1) * SEEDS_A_CHUNK):
        survives(seed)
