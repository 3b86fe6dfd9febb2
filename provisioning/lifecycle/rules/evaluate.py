"""Evaluates the rules in effect for one request.

At most three queries: the rules, what the team has and has sent lately (only if a rule limits it),
and the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from uuid import UUID

from provisioning.blueprint import Blueprint
from provisioning.lifecycle.rules.approvals import combined
from provisioning.lifecycle.rules.checks import refusals_of
from provisioning.lifecycle.rules.facts import Facts
from provisioning.lifecycle.rules.record import ApprovalRule, Refusal, RefusedByRules, RuleReference
from provisioning.lifecycle.rules.rule_set import RuleSet, rules_of
from provisioning.lifecycle.rules.usage import usage_of
from provisioning.models import Account, RuleKind, Team, User


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long an environment may live, by the strictest rule, and the rules that say so."""

    days: int
    because: tuple[RuleReference, ...]

    def ends_at(self, begins_at: datetime) -> datetime:
        return begins_at + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about one request: why it is refused, the approvals that it needs, and the
    lifetime of the environment that it would create.
    """

    approval: ApprovalRule
    refusals: tuple[Refusal, ...]
    lifetime: Lifetime | None


def evaluate(
    facts: Facts,
    *,
    actor: User | None,
    required: bool = False,
    environment_id: UUID | None = None,
    rules: RuleSet | None = None,
) -> Verdict:
    """Evaluate the rules in effect now.

    Rates are checked for an `actor`, who is about to send the request. `required` says that the plan
    asks for an approval whatever the rules say. `environment_id` is the request's environment, which
    does not count against a quota.
    """
    rules = rules if rules is not None else rules_of(facts.team, facts.account)
    applying = rules.of(size=facts.size, account_id=facts.account.pk, team_id=facts.team.pk)
    if _has_limits(applying):
        usage = usage_of(facts.team, actor=actor, at=facts.at, besides=environment_id)
        facts = replace(facts, usage=usage, is_being_sent=actor is not None)
    return Verdict(
        approval=approval_of(facts, required=required, rules=rules),
        refusals=refusals_of(facts, rules),
        lifetime=lifetime_of(applying),
    )


def check_rules(facts: Facts, *, actor: User, required: bool = False, environment_id: UUID | None = None) -> Verdict:
    """Evaluate the rules for a request that is about to be written. Call it inside its transaction,
    after `lock_quotas`.

    Raises RefusedByRules with all refusals.
    """
    verdict = evaluate(facts, actor=actor, required=required, environment_id=environment_id)
    if verdict.refusals:
        raise RefusedByRules(verdict.refusals)
    return verdict


def lock_quotas(*, team: Team, actor: User) -> None:
    """Lock what quotas and rates count, until the end of the transaction: so of two requests for the
    last place, the second one counts the first.

    Take this lock before that of any environment. Rows of the team can still be inserted.
    """
    Team.objects.select_for_update(no_key=True).filter(pk=team.pk).values_list("pk").first()
    User.objects.select_for_update(no_key=True).filter(pk=actor.pk).values_list("pk").first()


def refusals(facts: Facts, *, actor: User | None = None, rules: RuleSet | None = None) -> tuple[Refusal, ...]:
    """Every refusal of the rules in effect now, each with its rule."""
    return evaluate(facts, actor=actor, rules=rules).refusals


def approval_rule(
    *,
    team: Team,
    account: Account,
    size: str,
    kind: RuleKind,
    blueprint: Blueprint | None = None,
    size_before: str = "",
    required: bool = False,
    rules: RuleSet | None = None,
) -> ApprovalRule:
    """The approvals that a request of this kind needs now: one query, or none with `rules`.

    `size_before` is the size of the environment that a change starts from: what either size needs,
    the change needs. `required` says that a plan asks for an approval whatever the rules say, as
    `blueprint` does for a size with `approval = "required"`.
    """
    rules = rules if rules is not None else rules_of(team, account)
    if blueprint is not None:
        required = required or (size in blueprint.sizes and blueprint.sizes[size].requires_approval)
    place = {"account_id": account.pk, "team_id": team.pk}
    strictest = combined(rules.of(size=size, **place), kind=kind, size=size, required=required)
    if size_before not in ("", size):
        before = combined(rules.of(size=size_before, **place), kind=kind, size=size_before)
        strictest = strictest.and_also(before)
    return strictest


def approval_of(facts: Facts, *, required: bool, rules: RuleSet) -> ApprovalRule:
    """The approvals that a request with these facts needs. A dangerous change needs those of both."""
    kinds = (facts.kind, RuleKind.DANGEROUS_CHANGE) if facts.is_dangerous else (facts.kind,)
    first, *others = [
        approval_rule(
            team=facts.team,
            account=facts.account,
            size=facts.size,
            size_before=facts.size_before,
            kind=kind,
            required=required,
            rules=rules,
        )
        for kind in kinds
    ]
    return reduce(ApprovalRule.and_also, others, first)


def lifetime_of(rules: RuleSet) -> Lifetime | None:
    """The shortest lifetime of the rules, which are those that apply; None if none limits it."""
    limits = [(rule.settings.lifetime_days, rule.reference) for rule in rules.rules]
    days = min((limit for limit, _ in limits if limit is not None), default=None)
    if days is None:
        return None
    return Lifetime(days, tuple(reference for limit, reference in limits if limit == days))


def _has_limits(rules: RuleSet) -> bool:
    return any(
        limit is not None
        for rule in rules.rules
        for limit in (
            rule.settings.environments,
            rule.settings.requests_per_hour_of_person,
            rule.settings.requests_per_hour_of_team,
        )
    )
