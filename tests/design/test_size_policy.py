"""A size's rules are data: code that applies one reads the policy, never the name of the size."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from provisioning.design.size_policy import SIZE_POLICIES, SIZES, SizePolicy
from provisioning.proof.run import prove
from provisioning.template.compile import compile_design
from tests.support.shipped import shipped

DEV = SIZE_POLICIES["dev"]


def test_the_rules_only_become_stricter_from_size_to_size() -> None:
    strictness = [
        (
            policy.protects_stacks,
            policy.retains_data,
            policy.requires_deletion_protection,
            policy.requires_approval,
            policy.refuses_high_findings,
            not policy.accepts_drafts,
        )
        for policy in SIZE_POLICIES.values()
    ]
    assert SIZES == ("dev", "staging", "prod")
    for looser, stricter in pairwise(strictness):
        assert all(after >= before for before, after in zip(looser, stricter, strict=True))
    assert not any(strictness[0])
    assert all(strictness[-1])


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (replace(DEV, protects_stacks=True), "house.protection"),
        (replace(DEV, retains_data=True), "house.kept"),
        (replace(DEV, requires_deletion_protection=True), "data.deletion-protection"),
    ],
)
def test_the_proof_applies_each_rule_of_the_policy(policy: SizePolicy, rule: str) -> None:
    compiled = compile_design(shipped("dev"))
    assert rule not in {finding.rule for finding in prove(compiled, policy=DEV).findings}
    assert rule in {finding.rule for finding in prove(compiled, policy=policy).findings}


def test_a_design_knows_the_policy_of_its_size() -> None:
    for size in SIZES:
        design = shipped(size)
        assert design.policy is SIZE_POLICIES[size]
        assert {stack.termination_protection for stack in compile_design(design).stacks} == {
            design.policy.protects_stacks
        }
