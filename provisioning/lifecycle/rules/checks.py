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
from provisioning.lifecycle.rules.freezes import freezes_that_stop, sentence_of
from provisioning.lifecycle.rules.narrowing import complaints
from provisioning.lifecycle.rules.record import Refusal, RuleInEffect
from provisioning.lifecycle.rules.required_tags import tag_sentences
from provisioning.lifecycle.rules.rule_set import RuleSet
from provisioning.lifecycle.rules.usage import within
from provisioning.models import RuleKind

Problem: TypeAlias = tuple[str, str]
"""A sentence and the field that it concerns."""
Check: TypeAlias = Callable[[Facts, RuleInEffect], Iterator[Problem]]

INPUT: Final = "input_"
"""How the field of an input begins."""
TAGS: Final = "tags"
DESIGNS: Final = frozenset({RuleKind.CREATE, RuleKind.CHANGE, RuleKind.DANGEROUS_CHANGE})
BEGINNINGS: Final = frozenset({RuleKind.CREATE, RuleKind.ADOPT})
# Neither waits: a recovery repairs, and a teardown is what a team that is over a limit has to do.
_UNLIMITED: Final = frozenset({RuleKind.RECOVER, RuleKind.TEARDOWN})


def refusals_of(facts: Facts, rules: RuleSet) -> tuple[Refusal, ...]:
    """Every refusal of the rules that apply to the facts. `rules` may have others as well."""
    place = {"account_id": facts.account.pk, "team_id": facts.team.pk}
    if facts.kind is RuleKind.RECOVER:
        return ()
    after = rules.of(size=facts.size, **place)
    before = rules.of(size=facts.size_before, **place) if facts.size_before else RuleSet()
    left = [rule for rule in before.rules if rule not in after.rules]
    problems = [(rule, problem) for rule in after.rules for check in CHECKS for problem in check(facts, rule)]
    problems += [(rule, problem) for rule in left for problem in check_freezes(facts, rule)]
    return tuple(Refusal(rule.reference, sentence, field) for rule, (sentence, field) in problems)


def check_blueprint(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    blueprint, settings = facts.blueprint, rule.settings
    if blueprint is None or facts.kind not in DESIGNS:
        return
    name = f"{blueprint.slug}@{blueprint.version}"
    allowed = settings.blueprints
    if allowed is not None and not any(one.covers(blueprint.slug, blueprint.version) for one in allowed):
        choice = f"Choose {listed(sorted(map(str, allowed)))}." if allowed else "No blueprint may be used here."
        yield f"{name} may not be used here. {choice}", ""
    if settings.maturities is not None and blueprint.maturity not in settings.maturities:
        choice = f"Only {listed(settings.maturities)} versions may be used here." if settings.maturities else ""
        yield f"{name} is {blueprint.maturity}. {choice}".rstrip(), ""


def check_region(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    regions = rule.settings.regions
    if regions is not None and facts.kind in BEGINNINGS and facts.region not in regions:
        choice = f"Choose {listed(regions)}." if regions else "No region may be used here."
        yield f"No new environment may be in {facts.region}. {choice}", "place"


def check_inputs(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    if facts.blueprint is None or facts.inputs is None or facts.kind not in DESIGNS:
        return
    for narrowed in rule.settings.inputs:
        value = facts.inputs.get(narrowed.name)
        if narrowed.blueprint == facts.blueprint.slug and value is not None:
            for complaint in complaints(narrowed, value):
                yield f"{narrowed.name} {complaint}.", INPUT + narrowed.name


def check_tags(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    if facts.tags is None or facts.kind not in BEGINNINGS | DESIGNS:
        return
    for required in rule.settings.required_tags:
        for sentence in tag_sentences(required, facts.tags):
            yield sentence, TAGS


def check_environments(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    """A new environment, or one that moves into the scope with its size, needs room there: from the
    request on until it is over, so that several changes at a time do not share the last place.
    """
    limit = rule.settings.environments
    is_there = facts.size_before != "" and rule.scope.size in ("", facts.size_before)
    if limit is None or facts.usage is None or facts.kind not in BEGINNINGS | DESIGNS or is_there:
        return
    if limit == 0:
        yield f"{facts.team.name} may have no environments here. Ask a portal admin to allow some.", ""
        return
    taken = facts.usage.environments_within(rule.scope)
    if taken >= limit:
        arriving = within(rule.scope, facts.usage.arriving) if rule.scope.size else 0
        are = "is an open change" if arriving == 1 else "are open changes"
        counted = f" {arriving} of them {are} to this size." if arriving else ""
        yield (
            (
                f"{facts.team.name} has {taken} of the {limit} environments that each team may have here.{counted} "
                "Tear one down, or ask a portal admin for more."
            ),
            "",
        )


def check_rates(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    if facts.usage is None or not facts.is_being_sent or facts.kind in _UNLIMITED:
        return
    settings, usage = rule.settings, facts.usage
    for limit, places, who in (
        (settings.requests_per_hour_of_person, usage.by_person, "You have"),
        (settings.requests_per_hour_of_team, usage.by_team, f"{facts.team.name} has"),
    ):
        if limit is not None and (sent := within(rule.scope, places)) >= limit:
            yield (
                f"{who} sent {sent} requests within an hour, and {limit} are allowed here. Wait, then send it again.",
                "",
            )


def check_freezes(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    for freeze in freezes_that_stop(
        rule.settings.freezes, kind=facts.kind, at=facts.at, team_slug=facts.team.slug, name=facts.name
    ):
        yield sentence_of(freeze, facts.kind), ""


def check_findings(facts: Facts, rule: RuleInEffect) -> Iterator[Problem]:
    if facts.findings is None or facts.kind not in DESIGNS:
        return
    for finding in facts.findings:
        if finding.rule in rule.settings.refused_findings:
            yield f"Security checks must not find {finding.rule} here: {finding.sentence}", ""


CHECKS: Final[tuple[Check, ...]] = (
    check_freezes,
    check_blueprint,
    check_region,
    check_inputs,
    check_tags,
    check_environments,
    check_rates,
    check_findings,
)
