"""A resource that AWS rejects: the cause in plain words, the rollback, and trying again."""

from __future__ import annotations

import pytest

from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.services.retry import retry_operation
from tests.integration.conftest import REGION, Place
from tests.integration.test_every_size import tear_down

pytestmark = [pytest.mark.sandbox, pytest.mark.long]


def test_a_failed_creation_is_rolled_back_told_and_tried_again(place: Place) -> None:
    reason = 'Resource handler returned message: "Insufficient capacity in the zone (Service: Rds, Status Code: 400)"'
    place.sandbox.fault(stack="*", target="AWS::RDS::DBInstance", op="create", reason=reason)
    place.start_worker()
    environment = place.ask("orders")
    place.wait_for(environment, "create_failed")

    told = failure(environment)
    assert told is not None
    assert told.type == "AWS::RDS::DBInstance"
    assert "Insufficient capacity" in told.detail
    assert told.cause != told.detail
    assert "try_again" in [action.key for action in actions_for(actor=place.bob, environment=environment)]

    retry_operation(actor=place.bob, environment=environment)
    place.wait_for(environment, "running")
    assert failure(environment) is None


def test_a_failed_extension_task_is_told_and_tried_again_without_a_second_stack(place: Place) -> None:
    place.sandbox.fault(stack="*", target="*", op="run_task", reason="could not connect to server")
    place.start_worker()
    environment = place.ask("orders")
    place.wait_for(environment, "create_failed")
    first = place.client("cloudformation").describe_stacks(StackName=place.stack_name(environment))["Stacks"][0][
        "StackId"
    ]

    told = failure(environment)
    assert told is not None
    assert "could not connect" in told.detail + told.cause

    place.sandbox.clear_faults()
    retry_operation(actor=place.bob, environment=environment)
    place.wait_for(environment, "running")
    assert (
        place.client("cloudformation").describe_stacks(StackName=place.stack_name(environment))["Stacks"][0]["StackId"]
        == first
    )


def test_a_rollback_that_protection_stops_ends_in_a_clean_teardown(place: Place) -> None:
    """Production's database is protected, so CloudFormation cannot undo a creation that fails after
    it was made.
    """
    place.sandbox.fault(stack="*", target="ServiceApi", op="create", reason="the image cannot be pulled")
    place.start_worker()
    environment = place.ask("shop", "prod")
    place.wait_for(environment, "create_failed")
    stack = place.client("cloudformation").describe_stacks(StackName=place.stack_name(environment))["Stacks"][0]
    assert stack["StackStatus"] == "ROLLBACK_FAILED"
    assert [action.key for action in actions_for(actor=place.bob, environment=environment)][-1] == "teardown"

    receipt = tear_down(place, environment)

    assert {line["end"] for line in receipt.lines} <= {"deleted", "retained"}
    aws = aws_for_account(place.account, REGION)
    assert aws.exists("AWS::RDS::DBInstance", f"{place.stack_name(environment)}-main") is False
