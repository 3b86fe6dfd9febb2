"""Properties of every decision, on generated policies and requests."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.policy.decide import Reason, decide
from provisioning.policy.principal import Principal
from tests.policy.build import ACCOUNT_ID, ALL, ROLE_ARN, Statements, policy
from tests.policy.generate import Question, questions, statements

SOME = settings(max_examples=60, deadline=None)
LAYERS = ("identity", "boundary", "scp", "session_policy")


def ask(question: Question, **layers: Statements) -> Any:
    parsed = {
        "identity": policy(*question.identity, source="identity"),
        "boundary": None if question.boundary is None else policy(*question.boundary, source="boundary"),
        **layers,
    }
    caller = Principal(ROLE_ARN, tags=question.principal_tags, session_name="worker", **parsed)
    return decide(
        caller,
        question.action,
        question.resource,
        context=question.context,
        resource_tags=question.resource_tags,
        resource_policy=None if question.resource_policy is None else policy(*question.resource_policy, source="own"),
    )


DENY_ALL = policy({"Effect": "Deny", "Action": "*", "Resource": "*"}, source="fence")


@SOME
@given(questions(), st.sampled_from(LAYERS))
def test_an_explicit_deny_wins_in_every_layer(question: Question, layer: str) -> None:
    decision = ask(question, **{layer: DENY_ALL})
    assert not decision.allowed
    assert decision.reason is Reason.EXPLICIT_DENY


@SOME
@given(questions(), statements(effect="Deny"))
def test_another_deny_never_allows(question: Question, denying: dict[str, Any]) -> None:
    before = ask(question)
    after = ask(question, identity=policy(*question.identity, denying, source="identity"))
    assert before.allowed or not after.allowed


@SOME
@given(questions(), statements(effect="Allow"))
def test_another_allow_never_denies(question: Question, allowing: dict[str, Any]) -> None:
    before = ask(question)
    after = ask(question, identity=policy(*question.identity, allowing, source="identity"))
    assert after.allowed or not before.allowed


@SOME
@given(questions())
def test_a_boundary_only_takes_away(question: Question) -> None:
    if question.boundary is not None and question.resource_policy is None:
        assert ask(question, boundary=ALL).allowed or not ask(question).allowed


@SOME
@given(questions())
def test_the_order_of_statements_does_not_matter(question: Question) -> None:
    turned = ask(question, identity=policy(*reversed(question.identity), source="identity"))
    assert turned.allowed == ask(question).allowed


@SOME
@given(questions())
def test_every_decision_is_explained(question: Question) -> None:
    decision = ask(question)
    assert decision.explain().endswith(".")
    assert bool(decision.aws_clause()) is not decision.allowed
    if decision.allowed:
        assert decision.statement


@SOME
@given(questions())
def test_no_policy_allows_nothing(question: Question) -> None:
    caller = Principal(f"arn:aws:iam::{ACCOUNT_ID}:role/empty", ())
    assert not decide(caller, question.action, question.resource, context=question.context).allowed
