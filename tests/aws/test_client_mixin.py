from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from provisioning.aws import (
    AccessDenied,
    AwsError,
    InternalFailure,
    SlotReserved,
    StackSpec,
    Throttled,
    Unclear,
    Unreachable,
    ValidationFailed,
    WrongAccount,
)
from provisioning.aws.client import LiveAws
from provisioning.aws.error_codes import translate
from provisioning.aws.rate_limiter import RateLimiter
from provisioning.aws.rates import Rate
from tests.aws.support import MakeLive, OpenLimiter
from tests.aws.wire import HANG_UP, Wire, error, identity, ok

SPEC = StackSpec(name="shop-dev", body="{}", tags={"portal:environment-id": "e-1"})
STACK_ID = "arn:aws:cloudformation:eu-north-1:111122223333:stack/shop-dev/1"
CREATED = ok("CreateStack", f"<StackId>{STACK_ID}</StackId>")
STACKS = ok("ListStacks", "<StackSummaries/>")


def test_a_lost_answer_to_a_change_is_unclear(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", HANG_UP)
    with pytest.raises(Unclear) as caught:
        aws.create_stack(SPEC, token="op-1")
    assert caught.value.maybe_done
    assert caught.value.retryable
    assert caught.value.operation == "cloudformation:CreateStack"


def test_a_change_is_sent_once_and_repeated_by_the_engine_only(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", HANG_UP, CREATED)
    with pytest.raises(Unclear):
        aws.create_stack(SPEC, token="op-1")
    assert len(wire.asked("CreateStack")) == 1


def test_a_question_is_asked_once_more_after_a_lost_connection(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", HANG_UP, STACKS)
    assert aws.list_stacks() == []
    assert len(wire.asked("ListStacks")) == 2


def test_a_lost_answer_to_a_question_only_means_unreachable(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", HANG_UP)
    with pytest.raises(Unreachable) as caught:
        aws.list_stacks()
    assert not caught.value.maybe_done


def test_a_refused_connection_is_unreachable_and_nothing_was_done(live: MakeLive) -> None:
    aws = live("http://127.0.0.1:9")
    with pytest.raises(Unreachable) as caught:
        aws.describe_stack("shop-dev")
    assert not caught.value.maybe_done


@pytest.mark.parametrize(("lost_before", "expected"), [(True, Unclear), (False, Unreachable)])
def test_no_connection_is_clear_only_if_no_answer_was_lost_before(
    *, lost_before: bool, expected: type[AwsError]
) -> None:
    refused = EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    error = translate(refused, service="ecs", operation="RunTask", mutating=True, lost_before=lost_before)
    assert type(error) is expected
    assert error.maybe_done is lost_before


def test_a_failure_inside_aws_may_have_changed_something(aws: LiveAws, wire: Wire) -> None:
    wire.on("CreateStack", error("InternalFailure", "oops", 500))
    with pytest.raises(InternalFailure) as caught:
        aws.create_stack(SPEC, token="op-1")
    assert caught.value.maybe_done


def test_a_refusal_changes_nothing(aws: LiveAws, wire: Wire) -> None:
    wire.on(
        "CreateStack", error("AccessDenied", "User: arn is not authorized to perform: cloudformation:CreateStack", 403)
    )
    with pytest.raises(AccessDenied) as caught:
        aws.create_stack(SPEC, token="op-1")
    assert not caught.value.maybe_done
    assert not caught.value.retryable
    assert str(caught.value).startswith("cloudformation:CreateStack: User: arn is not authorized")


def test_a_request_that_botocore_itself_finds_wrong_is_ours_too(aws: LiveAws) -> None:
    with pytest.raises(ValidationFailed):
        aws.set_termination_protection("", enabled=True)


def test_no_exception_of_botocore_is_shown_with_ours(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", error("AccessDenied", "no", 403))
    with pytest.raises(AwsError) as caught:
        aws.list_stacks()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_wrong_account_is_found_out_before_anything_changes(aws: LiveAws, wire: Wire) -> None:
    wire.on("GetCallerIdentity", identity("999988887777"))
    wire.on("CreateStack", CREATED)
    with pytest.raises(WrongAccount, match=r"999988887777.*111122223333"):
        aws.create_stack(SPEC, token="op-1")
    assert wire.asked("CreateStack") == []


def test_a_failed_proof_is_not_remembered_as_one(aws: LiveAws, wire: Wire) -> None:
    wire.on("GetCallerIdentity", error("AccessDenied", "no", 403), identity("999988887777"))
    for expected in (AccessDenied, WrongAccount, WrongAccount):
        with pytest.raises(expected):
            aws.create_stack(SPEC, token="op-1")
    assert wire.asked("CreateStack") == []


def test_the_account_is_proved_once_and_questions_need_no_proof(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", STACKS)
    wire.on("CreateStack", CREATED)
    aws.list_stacks()
    assert wire.asked("GetCallerIdentity") == []
    aws.create_stack(SPEC, token="op-1")
    aws.create_stack(SPEC, token="op-1")
    assert len(wire.asked("GetCallerIdentity")) == 1


def test_an_empty_bucket_of_calls_is_told_at_once_and_nothing_is_sent(wire: Wire, live: MakeLive) -> None:
    wire.on("ListStacks", STACKS)
    aws = live(wire.url, limiter=RateLimiter(None, rates={"read": Rate(0.5, 4), "change": Rate(1, 1)}))
    aws.list_stacks()
    with pytest.raises(SlotReserved) as caught:
        aws.list_stacks()
    assert 0 < caught.value.retry_after <= 8
    assert caught.value.code == "LocalRate"
    assert len(wire.asked("ListStacks")) == 1


def test_a_refusal_for_the_rate_slows_the_others_down(aws: LiveAws, wire: Wire, limiter: OpenLimiter) -> None:
    wire.on("ListStacks", error("Throttling", "Rate exceeded"), STACKS)
    with pytest.raises(Throttled):
        aws.list_stacks()
    assert limiter.refused == ["cloudformation.status.read"]
    assert len(wire.asked("ListStacks")) == 1


def test_aws_refusing_the_rate_is_throttled_with_a_time_to_stay_away(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", error("Throttling", "Rate exceeded"))
    with pytest.raises(Throttled) as caught:
        aws.list_stacks()
    assert caught.value.retry_after > 0


def test_the_limiter_learns_which_calls_read_further_pages(aws: LiveAws, wire: Wire, limiter: OpenLimiter) -> None:
    wire.on("ListStacks", ok("ListStacks", "<StackSummaries/><NextToken>2</NextToken>"), STACKS)
    aws.list_stacks()
    assert limiter.asked == [("cloudformation.status.read", False), ("cloudformation.status.read", True)]


def test_it_names_itself(aws: LiveAws, wire: Wire) -> None:
    wire.on("ListStacks", STACKS)
    aws.list_stacks()
    assert "portal" in wire.requests[0].user_agent
