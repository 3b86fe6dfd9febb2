"""Calls that change something are permitted one by one, and never sent too late; what is not AWS's
answer is never taken for one.
"""

from __future__ import annotations

import pytest

from provisioning.aws import InternalFailure, StackSpec, TaskSpec, Throttled, Unclear, arguments
from provisioning.aws.client import LiveAws
from provisioning.aws.errors import NotPermitted
from provisioning.aws.permits import CALL_SECONDS, Change, OperationsPermit, using_permit
from provisioning.aws.sessions import CONNECT_SECONDS, READ_SECONDS
from tests.aws.wire import HANG_UP, Answer, Wire, error, json_ok, ok
from tests.fixtures.permits import EveryCall

SPEC = StackSpec(
    name="shop-dev",
    body='{"Resources": {}}',
    parameters={"Size": "small", "Name": "shop"},
    tags={"portal:environment-id": "e-1", "a": "b"},
    stack_policy="{}",
)
STACK_ID = "arn:aws:cloudformation:eu-north-1:111122223333:stack/shop-dev/1"
CREATED = ok("CreateStack", f"<StackId>{STACK_ID}</StackId>")
TASK = TaskSpec(cluster="c", task_definition="t", subnets=["s-1"], security_groups=["sg-1"], tags={"team": "payments"})
PAGE = "<!DOCTYPE html>\n<html><body><h1>Your session at the proxy has ended.</h1></body></html>"


class TooLateToSend(EveryCall):
    """A permit of a worker that was paused after it had recorded the call."""

    def check(self) -> None:
        raise NotPermitted("too late")


def test_a_call_is_recorded_then_checked_then_sent_then_ended(aws: LiveAws, wire: Wire, every_call: EveryCall) -> None:
    wire.on("CreateStack", CREATED)
    aws.create_stack(SPEC, token="op-1")
    assert every_call.asked == ["begin CreateStack", "check", "end CreateStack"]


def test_the_permit_learns_the_digest_of_exactly_what_is_sent(aws: LiveAws, wire: Wire, every_call: EveryCall) -> None:
    wire.on("CreateStack", CREATED)
    wire.on("RunTask", json_ok(tasks=[{"taskArn": "arn", "lastStatus": "PENDING"}]))
    aws.create_stack(SPEC, token="op-1")
    aws.run_task(TASK, token="op-2")
    stack, task = every_call.changes
    assert stack == Change(
        service="cloudformation",
        operation="CreateStack",
        account_id="111122223333",
        region="eu-north-1",
        digest=arguments.digest_of("CreateStack", arguments.create_stack(SPEC)),
        token="op-1",
        target="shop-dev",
    )
    assert task.digest == arguments.digest_of("RunTask", arguments.run_task(TASK))


def test_another_template_another_role_or_another_parameter_is_another_digest() -> None:
    digests = {
        arguments.digest_of("CreateStack", arguments.create_stack(spec, role_arn=role))
        for spec, role in (
            (SPEC, ""),
            (SPEC, "arn:aws:iam::111122223333:role/other"),
            (StackSpec(name=SPEC.name, body="{}", parameters=SPEC.parameters, tags=SPEC.tags), ""),
            (StackSpec(name=SPEC.name, body=SPEC.body, parameters={"Size": "large"}, tags=SPEC.tags), ""),
        )
    }
    assert len(digests) == 4


def test_without_a_permit_nothing_is_sent(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", CREATED)
    with using_permit(OperationsPermit({"DeleteMessageBatch"})), pytest.raises(NotPermitted):
        aws.create_stack(SPEC, token="op-1")
    with using_permit(None), pytest.raises(NotPermitted, match="has no permit"):
        aws.create_stack(SPEC, token="op-1")
    assert wire.asked("CreateStack") == []


def test_a_call_that_is_too_late_is_not_sent_and_is_no_open_call(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", CREATED)
    permit = TooLateToSend()
    with using_permit(permit), pytest.raises(NotPermitted, match="too late"):
        aws.create_stack(SPEC, token="op-1")
    assert wire.asked("CreateStack") == []
    assert permit.asked == ["begin CreateStack", "end CreateStack"]


def test_a_question_needs_no_permit(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", ok("ListStacks", "<StackSummaries/>"))
    with using_permit(TooLateToSend()):
        assert aws.list_stacks() == []


@pytest.mark.parametrize(
    ("answer", "expected", "ended"),
    [
        (HANG_UP, Unclear, False),
        (Answer(200, PAGE), Unclear, False),
        (error("Throttling", "Rate exceeded"), Throttled, True),
        (error("InternalFailure", "oops", 500), InternalFailure, True),
    ],
    ids=["lost", "page", "throttled", "failed"],
)
def test_a_call_without_an_answer_of_aws_remains_open(
    aws: LiveAws, wire: Wire, every_call: EveryCall, answer: Answer, expected: type[Exception], *, ended: bool
) -> None:
    wire.on("CreateStack", answer)
    with pytest.raises(expected):
        aws.create_stack(SPEC, token="op-1")
    assert ("end CreateStack" in every_call.asked) is ended


@pytest.mark.parametrize("status", [200, 403, 404, 502])
@pytest.mark.parametrize(
    "body",
    [PAGE, "<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", "Bad gateway", "<Response><Half"],
    ids=["page", "xhtml", "text", "half"],
)
def test_what_is_not_aws_s_answer_is_a_passing_fault(aws: LiveAws, wire: Wire, body: str, status: int) -> None:
    """In XML, as CloudFormation answers, and in JSON, as ECS does."""
    wire.on("DescribeStacks", Answer(status, body))
    wire.on("DescribeTasks", Answer(status, body))
    with pytest.raises(InternalFailure) as of_stacks:
        aws.describe_stack("shop-dev")
    with pytest.raises(InternalFailure) as of_tasks:
        aws.describe_task("c", "t")
    for caught in (of_stacks, of_tasks):
        assert caught.value.retryable
        assert caught.value.operation in ("cloudformation:DescribeStacks", "ecs:DescribeTasks")


def test_a_call_ends_before_its_deadline() -> None:
    assert CONNECT_SECONDS + READ_SECONDS <= CALL_SECONDS
