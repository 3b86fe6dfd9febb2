"""Compares our decisions with those of ministack's own evaluator, a second implementation of the same rules.

Policy variables, which ministack does not know, are filled in before it is asked. It gets the
condition keys that are left after our filter: the comparison checks the rules, not the reference.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from provisioning.policy.decide import Decision, Layer, decide
from provisioning.policy.operators import OPERATORS
from provisioning.policy.principal import Principal
from provisioning.policy.request import build_request
from provisioning.sandbox.launch import ROOT, sandbox_environment, sandbox_python
from tests.policy.build import ACCOUNT_ID, ROLE_ARN, SESSION_ARN, policy
from tests.policy.generate import Question, random_question

QUESTIONS = 3000
VARIABLE = "${aws:PrincipalTag/portal:team}"
QUEUE_ARN = f"arn:aws:sqs:eu-central-1:{ACCOUNT_ID}:payments-orders"


def caller_of(question: Question) -> Principal:
    boundary = None if question.boundary is None else policy(*question.boundary, source="boundary")
    identity = policy(*question.identity, source="identity")
    return Principal(ROLE_ARN, identity, boundary, question.principal_tags, session_name="worker")


def ours(question: Question) -> Decision:
    own = None if question.resource_policy is None else policy(*question.resource_policy, source="own")
    return decide(
        caller_of(question),
        question.action,
        question.resource,
        context=question.context,
        resource_tags=question.resource_tags,
        resource_policy=own,
    )


def theirs(questions: list[Question]) -> list[str]:
    command = [str(sandbox_python()), "-m", "tests.policy.second_opinion"]
    asked = json.dumps([as_ministack_reads_it(one) for one in questions])
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=sandbox_environment(),
        input=asked,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return list(json.loads(ended.stdout))


def as_ministack_reads_it(question: Question) -> dict[str, Any]:
    request = build_request(
        caller_of(question),
        question.action,
        question.resource,
        context=question.context,
        resource_tags=question.resource_tags,
    )
    context = {key: list(one) if isinstance(one, tuple) else one for key, one in request.context.items()}
    # A variable without a value equals nothing.
    text = json.dumps(question.as_json()).replace(VARIABLE, question.principal_tags.get("portal:team", "\\u0001"))
    return {
        **json.loads(text),
        "resource": request.resource,
        "context": context,
        "session_arn": SESSION_ARN,
        "account_id": ACCOUNT_ID,
    }


def granted_to_everyone(question: Question, decision: Decision, other: str) -> bool:
    """AWS: a boundary does not limit what a wildcard principal grants. ministack limits it.

    Source: "Permissions boundaries and session policies do not limit permissions granted using the
    aws:PrincipalArn condition key with a wildcard(*) in the Principal element", in
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    """
    everyone = any(one["Principal"] in ("*", {"AWS": "*"}) for one in question.resource_policy or [])
    return (
        decision.allowed
        and decision.layer is Layer.RESOURCE
        and everyone
        and question.boundary is not None
        and other == "ImplicitDeny"
    )


EXPLAINED: tuple[Callable[[Question, Decision, str], bool], ...] = (granted_to_everyone,)


def test_the_evaluators_agree_or_the_difference_is_explained() -> None:
    rng = Random(20261127)
    questions = [random_question(rng) for _ in range(QUESTIONS)]
    answers = theirs(questions)
    explanations: Counter[str] = Counter()
    unexplained = []
    for question, other in zip(questions, answers, strict=True):
        decision = ours(question)
        denied = "Deny" if decision.reason == "denied explicitly" else "ImplicitDeny"
        if ("Allow" if decision.allowed else denied) == other:
            continue
        why = [one.__name__ for one in EXPLAINED if one(question, decision, other)]
        explanations.update(why)
        if not why:
            unexplained.append((question, decision.explain(), other))
    assert unexplained == []
    # The vocabulary must reach each kind of decision, and each explained difference must still exist.
    assert min(Counter(answers).values()) > QUESTIONS / 20
    assert set(Counter(answers)) == {"Allow", "Deny", "ImplicitDeny"}
    assert set(explanations) == {one.__name__ for one in EXPLAINED}


def question(identity: dict[str, Any], *, context: dict[str, Any] | None = None, **more: Any) -> Question:
    base: dict[str, Any] = {"principal_tags": {}, "resource_tags": {}, "boundary": None, "resource_policy": None}
    return Question(
        action="sqs:SendMessage", resource=QUEUE_ARN, context=context or {}, identity=[identity], **base | more
    )


def allow_if(operator: str, key: str, values: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: values}}}


# What the vocabulary of the random questions leaves out because the evaluators differ. Each line says what AWS documents
# (all in https://docs.aws.amazon.com/IAM/latest/UserGuide/), and the test sees that the difference still exists.
KNOWN_DIFFERENCES = [
    pytest.param(
        question(
            allow_if("ArnLike", "aws:SourceArn", "arn:aws:sns:*:topic"),
            context={"aws:SourceArn": "arn:aws:sns:eu-central-1:1:topic"},
        ),
        False,
        id="each of the six parts of an ARN is compared separately (reference_policies_elements_condition_operators)",
    ),
    pytest.param(
        question(allow_if("ForAllValues:StringEquals", "aws:CalledVia", "x"), context={"aws:CalledVia": ""}),
        True,
        id="an empty string is a null dataset for ForAllValues (reference_policies_multi-value-conditions)",
    ),
    pytest.param(
        question(allow_if("ArnEquals", "aws:PrincipalArn", ROLE_ARN)),
        True,
        id="aws:PrincipalArn is the ARN of the role, not of the session (reference_policies_condition-keys)",
    ),
    pytest.param(
        question(
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            resource_policy=[{"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": "4" * 12}}],
        ),
        False,
        id="NotPrincipal denies everyone whom it does not list (reference_policies_elements_notprincipal)",
    ),
]


@pytest.fixture(scope="module")
def answers_where_they_differ() -> list[str]:
    return theirs([one.values[0] for one in KNOWN_DIFFERENCES])  # type: ignore[misc]


@pytest.mark.parametrize(
    ("position", "asked", "allowed"),
    [pytest.param(position, *one.values, id=one.id) for position, one in enumerate(KNOWN_DIFFERENCES)],
)
def test_a_known_difference(
    answers_where_they_differ: list[str], position: int, asked: Question, allowed: bool
) -> None:
    assert ours(asked).allowed is allowed
    assert (answers_where_they_differ[position] == "Allow") is not allowed


def test_both_know_the_same_operators() -> None:
    code = "import json, ministack.core.iam_evaluator as e; print(json.dumps(sorted(e._CONDITION_OPS)))"
    ended = subprocess.run(
        [str(sandbox_python()), "-c", code], env=sandbox_environment(), capture_output=True, text=True, check=True
    )
    assert set(json.loads(ended.stdout)) == set(OPERATORS)
