"""Evaluates the rules in effect for one request."""

from __future__ import annotations

from provisioning.blueprint import Blueprint
from provisioning.lifecycle.plan_document import ChangePlan, RecoverPlan, StackedPlan, from_json
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.rules.approvals import combined
from provisioning.lifecycle.rules.checks import checked
from provisioning.lifecycle.rules.facts import Facts
from provisioning.lifecycle.rules.record import ApprovalRule, Refusal
from provisioning.lifecycle.rules.rule_set import RuleSet, rules_of
from provisioning.models import Account, Request, RuleKind, Team


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
    sizes = dict.fromkeys(one for one in (size, size_before) if one)
    strictest = [
        combined(
            rules.of(size=one, account_id=account.pk, team_id=team.pk),
            kind=kind,
            size=one,
            required=required and one == size,
        )
        for one in sizes
    ]
    return strictest[0] if len(strictest) == 1 else strictest[0].and_also(strictest[1])


def refusals(facts: Facts, *, rules: RuleSet | None = None) -> tuple[Refusal, ...]:
    """Every refusal of the rules in effect now, each with its rule."""
    rules = rules if rules is not None else rules_of(facts.team, facts.account)
    return checked(facts, rules.of(size=facts.size, account_id=facts.account.pk, team_id=facts.team.pk))


def approval_rule_of(request: Request, *, rules: RuleSet | None = None) -> ApprovalRule:
    """The approvals that a request needs by the rules of now. Its environment with team and account
    should be loaded with it.
    """
    environment = request.environment
    document = from_json(request.plan.content)
    kind, size, size_before, required = RuleKind(request.kind), environment.size, "", False
    match document:
        case ChangePlan():
            size, size_before, required = document.size, environment.size, document.requires_approval
            if document.is_dangerous:
                kind = RuleKind.DANGEROUS_CHANGE
        case StackedPlan():
            size, required = document.size, document.requires_approval
        case RecoverPlan():
            required = any(stack.skip for stack in document.stacks) or _plan_requires_approval(request)
        case _:
            required = _plan_requires_approval(request)
    return approval_rule(
        team=environment.team,
        account=environment.account,
        size=size,
        kind=kind,
        size_before=size_before,
        required=required,
        rules=rules,
    )


def _plan_requires_approval(request: Request) -> bool:
    """Whether the plan that the environment runs asks for an approval. One without a plan does."""
    try:
        return current_document(request.environment).requires_approval
    except LookupError:
        return True
