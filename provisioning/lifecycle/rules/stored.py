"""Evaluates rules for a request that is stored with its plan: when somebody decides on it, and when
its operation begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioning.lifecycle.environment_tags import without_portal_tags
from provisioning.lifecycle.plan_document import (
    AdoptPlan,
    ChangePlan,
    CreatePlan,
    PlanDocument,
    RecoverPlan,
    StackedPlan,
    from_json,
)
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.rules.evaluate import Verdict, approval_of, check_rules, evaluate
from provisioning.lifecycle.rules.facts import BlueprintFacts, Facts, FindingFacts
from provisioning.lifecycle.rules.record import ApprovalRule, RefusedByRules
from provisioning.lifecycle.rules.rule_set import RuleSet, rules_of
from provisioning.models import BlueprintVersion, Environment, Request, RuleKind, User


def evaluate_request(request: Request, *, at: datetime, document: PlanDocument | None = None) -> Verdict:
    """What the rules of now say about a stored request. Rates are not checked again, and neither are
    sensitive inputs, which no plan contains.

    Its environment should be loaded with team, account and blueprint version.
    """
    document = document or from_json(request.plan.content)
    environment = request.environment
    return evaluate(
        facts_of(environment, rule_kind(request.kind), document, at=at, proof=request.plan.proof),
        actor=None,
        required=_requires_approval(environment, document),
        environment_id=environment.pk,
    )


def rule_kind(key: str) -> RuleKind:
    """The kind in rules of a kind of request. One that rules do not name has the rules of a change."""
    return RuleKind(key) if key in RuleKind.values else RuleKind.CHANGE


def check_rules_of(request: Request, *, at: datetime) -> ApprovalRule:
    """Return the approvals that a request needs now.

    Raises RefusedByRules if the rules of now refuse it.
    """
    verdict = evaluate_request(request, at=at)
    if verdict.refusals:
        raise RefusedByRules(verdict.refusals)
    return verdict.approval


def check_rules_for(
    environment: Environment, *, actor: User, kind: RuleKind, document: PlanDocument, at: datetime
) -> Verdict:
    """Evaluate the rules for a request about an existing environment that is about to be written.
    Call it inside its transaction, after `lock_quotas`.

    Raises RefusedByRules with all refusals.
    """
    return check_rules(
        facts_of(environment, kind, document, at=at),
        actor=actor,
        required=_requires_approval(environment, document),
        environment_id=environment.pk,
    )


def preview_rules_for(
    environment: Environment, *, actor: User, kind: RuleKind, document: PlanDocument, at: datetime
) -> Verdict:
    """As `check_rules_for`, for a preview: the refusals are in the verdict."""
    return evaluate(
        facts_of(environment, kind, document, at=at),
        actor=actor,
        required=_requires_approval(environment, document),
        environment_id=environment.pk,
    )


def approval_rule_of(request: Request, *, rules: RuleSet | None = None) -> ApprovalRule:
    """The approvals that a request needs by the rules of now: one query for them, or none with
    `rules`. Its environment with team and account should be loaded with it.
    """
    return approval_rule_for(request, from_json(request.plan.content), rules=rules)


def approval_rule_for(request: Request, document: PlanDocument, *, rules: RuleSet | None = None) -> ApprovalRule:
    """The approvals that a request needs with this plan, which need not be stored yet."""
    environment = request.environment
    return approval_of(
        facts_of(environment, rule_kind(request.kind), document, at=request.requested_at),
        required=_requires_approval(environment, document),
        rules=rules if rules is not None else rules_of(environment.team, environment.account),
    )


def facts_of(
    environment: Environment,
    kind: RuleKind,
    document: PlanDocument,
    *,
    at: datetime,
    proof: Mapping[str, Any] | None = None,
) -> Facts:
    """The facts of a request with this plan. `proof` is the stored proof of the plan's design."""
    size, size_before = _sizes(environment, document)
    blueprint = inputs = findings = None
    if isinstance(document, CreatePlan | ChangePlan):
        blueprint, inputs = _blueprint_facts(environment, document), document.inputs
        if proof is not None:
            findings = tuple(FindingFacts(found["rule"], found["sentence"]) for found in proof.get("findings", ()))
    return Facts(
        kind=kind,
        team=environment.team,
        account=environment.account,
        size=size,
        size_before=size_before,
        is_dangerous=isinstance(document, ChangePlan) and document.is_dangerous,
        region=environment.region,
        name=environment.name,
        at=at,
        blueprint=blueprint,
        inputs=inputs,
        tags=without_portal_tags(document.main.tags) if isinstance(document, StackedPlan) else None,
        findings=findings,
    )


def _sizes(environment: Environment, document: PlanDocument) -> tuple[str, str]:
    """The size after a request, and the one that a change starts from."""
    match document:
        case ChangePlan():
            return document.size, environment.size
        case CreatePlan() | AdoptPlan():
            return document.size, ""
        case _:
            return environment.size, environment.size


def _blueprint_facts(environment: Environment, document: CreatePlan | ChangePlan) -> BlueprintFacts:
    """The plan's version, with its maturity of now."""
    pinned, version = document.blueprint, environment.blueprint_version
    if (pinned.slug, pinned.version) != (version.slug, version.version):
        version = BlueprintVersion.objects.get(slug=pinned.slug, version=pinned.version)
    return BlueprintFacts(pinned.slug, pinned.version, version.maturity)


def _requires_approval(environment: Environment, document: PlanDocument) -> bool:
    """Whether a plan asks for an approval whatever the rules say. A teardown and a recovery ask for
    one if the plan that the environment runs did, and an adopted stack always does.
    """
    if isinstance(document, StackedPlan):
        return document.requires_approval
    if isinstance(document, RecoverPlan) and any(stack.skip for stack in document.stacks):
        return True
    try:
        return current_document(environment).requires_approval
    except LookupError:
        return True
