"""The check finds what AWS would have refused under the former onboarding template: exactly the two
calls that nobody had noticed.
"""

from __future__ import annotations

from provisioning.aws.calls import When, calls
from provisioning.management.rights.portal_role import portal_questions
from provisioning.management.rights.questions import Answer
from provisioning.policy.principal import Principal
from tests.rights.conftest import former_roles, policy_of_aws
from tests.support.example_environment import ORDERS

# Made since: the test of the connection, the checks before approval, changes of stacks with their recovery, drift and
# events, and all planned calls.
_MOMENTS_SINCE = (When.CONNECTING, When.PREFLIGHT, When.CHANGE, When.RECOVERY, When.DRIFT)
_MADE_SINCE = {
    name
    for name, call in calls().items()
    if call.planned or call.when in _MOMENTS_SINCE or name in ("sqs:ReceiveMessage", "sqs:DeleteMessageBatch")
}


def _portal() -> Principal:
    return former_roles()["PortalRole"].principal(foreign_policies=policy_of_aws("ViewOnlyAccess"))


def _answers() -> list[Answer]:
    return [question.ask(_portal()) for question in portal_questions(ORDERS)]


def _call(answer: Answer) -> str:
    return answer.question.purpose.partition(",")[0]


def _refused(*, since: bool) -> set[tuple[str, str]]:
    return {
        (_call(answer), answer.question.action)
        for answer in _answers()
        if not answer.decision.allowed
        # There was one stack role for all teams, with another name.
        and "role/portal/stacks/" not in answer.question.resource
        and (_call(answer) in _MADE_SINCE) is since
    }


def test_the_two_blockers_are_found_and_nothing_else() -> None:
    assert _refused(since=False) == {
        ("application-autoscaling:RegisterScalableTarget", "application-autoscaling:RegisterScalableTarget"),
        ("ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplates"),
    }


def test_the_reason_names_the_condition_that_can_never_hold() -> None:
    (scaling,) = [answer for answer in _answers() if _call(answer).endswith("RegisterScalableTarget")]
    assert scaling.question.tags is None
    assert scaling.decision.statement == "PortalRole.portal/TeardownOfWhatThePortalMade"
    assert "aws:ResourceTag/portal:environment-id" in scaling.decision.condition


def test_new_and_planned_calls_need_more() -> None:
    """So administrators have to update the template once."""
    refused = {call for call, _ in _refused(since=True)}
    assert {"ce:GetCostAndUsage", "sqs:ReceiveMessage", "cloudformation:DetectStackDrift"} <= refused
    # It allowed all of CloudFormation, on every stack of the account.
    assert "cloudformation:ExecuteChangeSet" not in refused


def test_the_former_stack_role_could_not_be_passed_anywhere_else() -> None:
    passing = [answer for answer in _answers() if "role/portal/stacks/" in answer.question.resource]
    assert passing
    assert not any(answer.decision.allowed for answer in passing)
