"""The check before an operation touches AWS: its plan is the approved one, still valid, its account
accepts it, and no rule refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from provisioning.errors import Refused
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.kinds.record import ApprovalCheck
from provisioning.lifecycle.plan_document import CreatePlan, PlanDocument, UnreadablePlan, digest_of, from_json
from provisioning.lifecycle.rules import evaluate_request
from provisioning.lifecycle.states import OperationState, RequestState
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.lifecycle.team_resources import check_rights_of_environment


def refusal(context: Context) -> Outcome | None:
    """The outcome that ends the operation if something differs from what was approved; None if
    nothing does.
    """
    request = context.operation.request
    expected = RequestState.APPROVED if context.kind.is_requested else RequestState.PLANNING
    if request.state != expected:
        label = RequestState(request.state).label.lower()
        return _refuse(f"The request is not {expected.label.lower()}: it is “{label}”.")
    try:
        document = from_json(request.plan.content)
    except UnreadablePlan as error:
        return _refuse("The plan differs from the one that was approved.", detail=error.sentence)
    if document.kind not in context.kind.plan_keys:
        return _refuse(f"The plan of the request is no plan for a {context.kind.words.noun.lower()}.")
    return _differs_from_approval(context, document) if context.kind.is_requested else None


def _differs_from_approval(context: Context, document: PlanDocument) -> Outcome | None:
    request = context.operation.request
    actual = digest_of(document)
    approved = context.operation.approved_digest
    if not actual == request.approved_digest == approved:
        return _refuse(
            "The plan differs from the one that was approved.",
            detail=f"The approved digest is {approved or 'empty'}, that of the request is now "
            f"{request.approved_digest or 'empty'}; the digest of the plan is {actual}.",
        )
    if isinstance(document, CreatePlan) and document.size != context.operation.environment.size:
        return _refuse("The size of the environment differs from the one that was approved.")
    begins = context.operation.state == OperationState.QUEUED  # what has begun may finish
    if begins and request.expires_at is not None and request.expires_at <= context.now:
        outcome = _refuse(
            "The approval has expired.", detail=f"It was valid until {request.expires_at:%Y-%m-%d %H:%M} UTC."
        )
        outcome.expired = True
        return outcome
    refusals = (_CHECKS[check](context) for check in sorted(context.kind.approval_checks))
    differs = next((outcome for outcome in refusals if outcome is not None), None)
    if differs is not None:
        return differs
    return _check_rules(context, document) if begins else None


def _check_rules(context: Context, document: PlanDocument) -> Outcome | None:
    """Rules may have become stricter since the approval. What runs is still the approved plan, but
    only if the rules of now allow it to begin.
    """
    request = context.operation.request
    refusals = evaluate_request(request, at=context.now, document=document).refusals
    if not refusals:
        return None
    first, *others = refusals
    can_be_retried = context.kind.refused is not None
    return stop(
        OperationState.REFUSED,
        first.sentence,
        hint="Nothing was changed in AWS. It can begin when the rule allows it.",
        detail="\n".join((first.rule.label, *map(str, others))),
        button=Button.RETRY if can_be_retried else Button.NONE,
    )


def _check_account(context: Context) -> Outcome | None:
    environment, plan = context.operation.environment, context.plan
    account = environment.account
    if environment.generation:  # of a former environment, what exists in AWS decides
        try:
            check_rights_of_environment(environment, context.operation.request.plan)
        except Refused as error:
            first, *others = error.sentence.splitlines()
            return _refuse(first, detail="\n".join(others))
    if plan.size not in account.sizes:
        return _refuse(f"The account {account.name} no longer accepts size {plan.size}.")
    for region in plan.regions:
        if region not in account.regions:
            return _refuse(f"The account {account.name} no longer accepts environments in {region}.")
    if account.account_id != plan.account_id:
        return _refuse(
            f"The account {account.name} is now a different AWS account.",
            detail=f"The plan was approved for {plan.account_id}; the account is now {account.account_id}.",
        )
    return None


_CHECKS: Final[Mapping[ApprovalCheck, Callable[[Context], Outcome | None]]] = {
    ApprovalCheck.ACCOUNT: _check_account,
}


def _refuse(sentence: str, *, detail: str = "") -> Outcome:
    hint = "Nothing was changed in AWS."
    return stop(OperationState.REFUSED, sentence, hint=hint, detail=detail, button=Button.TEARDOWN)
