"""Every way in which we broke a healthy template is found, by the rule that is meant to find it."""

from __future__ import annotations

import pytest

from provisioning.proof import RULES
from provisioning.proof.rules import load
from tests.proof.everything import ALL
from tests.proof.healthy import healthy, proved, template
from tests.proof.mutating import Mutation

# Facts only: these rules never find a fault.
FACTS = {"network.entry-points", "rest.always"}
# Judged where a stack is created or updated, not in its template: see test_rules_around.
AROUND = {"house.protection", "house.desired-count"}
# Carbon-connect has these faults itself, so the healthy template is not silent: see test_shipped.
KNOWN = {"transit.files"}


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.name)
def test_a_broken_template_is_found_out(mutation: Mutation) -> None:
    body = template(mutation.on)
    mutation.change(body)
    found = [f for f in proved(mutation.on, body).findings if f.rule == mutation.rule]
    assert mutation.severity in {finding.severity for finding in found}
    for finding in found:
        assert finding.sentence.endswith(".")
        assert "⟦" not in "".join((finding.sentence, *finding.evidence))


@pytest.mark.parametrize("on", sorted({mutation.on for mutation in ALL}))
def test_the_healthy_template_is_silent(on: str) -> None:
    broken = {mutation.rule for mutation in ALL if mutation.on == on}
    assert [(f.rule, f.sentence) for f in healthy(on).findings if f.rule in broken] == []


def test_there_is_a_mutation_for_every_rule() -> None:
    load()
    assert set(RULES) - {mutation.rule for mutation in ALL} == FACTS | AROUND | KNOWN


def test_mutations_are_many_and_named_once() -> None:
    names = [mutation.name for mutation in ALL]
    assert len(set(names)) == len(names) >= 100
