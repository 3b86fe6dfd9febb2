"""Checks facts against the settings of one rule. Pure: no database, no clock.

Each check yields a sentence, and the form's field that it concerns, for everything that the rule
refuses. All rules that apply are checked, so that all refusals are shown together, each with its
rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from provisioning.blueprint.phrasing import listed
from provisioning.lifecycle.rules.facts import Facts
from provisioning.lifecycle.rules.record import Refusal
from provisioning.lifecycle.rules.rule_set import RuleSet
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.models import RuleKind

Problem: TypeAlias = tuple[str, str]
"""A sentence and the field that it concerns."""
Check: TypeAlias = Callable[[Facts, RuleSettings], Iterator[Problem]]

_DESIGNS: Final = frozenset({RuleKind.CREATE, RuleKind.CHANGE, RuleKind.DANGEROUS_CHANGE})
_BEGINS: Final = frozenset({RuleKind.CREATE, RuleKind.ADOPT})


def checked(facts: Facts, rules: RuleSet) -> tuple[Refusal, ...]:
    """Every refusal of the rules, which are those that apply to the facts."""
    return tuple(
        Refusal(rule.reference, sentence, field)
        for rule in rules.rules
        for check in CHECKS
        for sentence, field in check(facts, rule.settings)
    )


def check_blueprint(facts: Facts, rule: RuleSettings) -> Iterator[Problem]:
    blueprint = facts.blueprint
    if blueprint is None or facts.kind not in _DESIGNS:
        return
    if rule.blueprints is not None and not any(
        allowed.covers(blueprint.slug, blueprint.version) for allowed in rule.blueprints
    ):
        names = sorted(map(str, rule.blueprints))
        allowed = f"It allows {listed(names)}." if names else "It allows no blueprint."
        yield f"{blueprint.slug}@{blueprint.version} may not be used here. {allowed}", ""
    if rule.maturities is not None and blueprint.maturity not in rule.maturities:
        only = f"Only versions that are {listed(rule.maturities)} may be used here."
        yield f"{blueprint.slug}@{blueprint.version} is {blueprint.maturity}. {only}", ""


def check_region(facts: Facts, rule: RuleSettings) -> Iterator[Problem]:
    if rule.regions is None or facts.kind not in _BEGINS or facts.region in rule.regions:
        return
    where = f"Choose {listed(rule.regions)}." if rule.regions else "It allows no region."
    yield f"No new environment is allowed in {facts.region}. {where}", "place"


def check_findings(facts: Facts, rule: RuleSettings) -> Iterator[Problem]:
    if facts.findings is None or facts.kind not in _DESIGNS:
        return
    for finding in facts.findings:
        if finding.rule in rule.refused_findings:
            yield f"The finding {finding.rule} of the security checks is refused: {finding.sentence}", ""


CHECKS: Final[tuple[Check, ...]] = (check_blueprint, check_region, check_findings)
