"""Whose stack it is, without a tag that names an operation."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest

from provisioning.aws import AccessDenied, AlreadyExists, StackEvent, StackSpec, Unclear
from provisioning.lifecycle.ownership import tags_to_send, was_created_by
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.models import Operation, Stack, StackResource
from tests.fixtures.world import REGION, World
from tests.lifecycle.faults.workers import At, until_state
from tests.scripted_aws.aws import ScriptedAws

BODY = json.dumps({"Resources": {"Theirs": {"Type": "AWS::SNS::Topic"}}})


def test_a_stack_with_our_tags_that_somebody_else_created_is_left_alone(world: World) -> None:
    request_id = uuid.uuid4()
    name = world.stack_name(request_id)
    request = world.request(size="prod", request_id=request_id)
    tags = request.plan.content["stacks"][0]["tags"]
    theirs = ScriptedAws(world.cloud, world.prod_account.access(REGION))
    theirs.create_stack(StackSpec(name=name, body=BODY, tags=tags), token="console-1")
    world.tick(60)

    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    environment = world.until_rest(request.environment)
    operation = world.last_operation(environment)
    assert (environment.state, operation.state) == ("create_failed", "refused")
    assert "does not belong to this environment" in operation.cause
    (stack,) = [stack for stack in world.cloud.stacks if stack.spec.name == name]
    assert (stack.token, stack.status, stack.delete_tokens) == ("console-1", "CREATE_COMPLETE", set())


@pytest.mark.parametrize("times", [1, 3])
def test_a_stack_whose_answer_was_lost_is_recognised_by_its_first_event(world: World, times: int) -> None:
    world.cloud.faults.once("create_stack", Unclear("the answer was lost", maybe_done=True), when="after", times=times)
    environment = world.create()
    (stack,) = world.cloud.named(environment.name)
    assert world.stack_row(environment).stack_id == stack.stack_id
    assert stack.events[0].token == f"{world.last_operation(environment).token}-main-create"


@pytest.mark.parametrize(("environment_id", "state"), [("", "running"), ("of-another", "create_failed")])
def test_a_token_that_was_sent_with_other_tags_is_settled_by_whose_stack_it_is(
    world: World, environment_id: str, state: str
) -> None:
    """An earlier version has sent one more tag, and its answer was lost before the upgrade."""
    world.cloud.faults.once("create_stack", Unclear("the answer was lost", maybe_done=True), when="after")
    environment = world.request().environment
    world.run()
    (stack,) = world.cloud.stacks
    tags = {**stack.spec.tags, "portal:operation": "op-1"}
    if environment_id:
        tags["portal:environment-id"] = environment_id
    stack.spec = stack.created_spec = replace(stack.spec, tags=tags)
    world.until_rest(environment)
    assert environment.state == state
    assert world.stack_row(environment).stack_id == (stack.stack_id if state == "running" else "")
    assert len(world.cloud.stacks) == 1


def test_only_a_token_of_its_own_operations_makes_a_stack_the_environments(world: World) -> None:
    environment, other = world.create("orders"), world.create("invoices")
    (stack,) = world.cloud.named(environment.name)
    assert was_created_by(environment, stack.events)
    assert not was_created_by(other, stack.events)
    # A token of another tool may begin with the same letters.
    token = world.last_operation(environment).token
    assert not was_created_by(environment, [replace(event, token=f"{token}0-main-create") for event in stack.events])
    assert not was_created_by(environment, [replace(event, token="") for event in stack.events])


def test_a_stack_without_events_yet_is_ours_if_we_meant_to_create_it(world: World) -> None:
    environment = world.create()
    Operation.objects.filter(environment=environment).update(call_what="", call_token="")
    events: list[StackEvent] = []
    assert not was_created_by(environment, events)
    Operation.objects.filter(environment=environment).update(call_what="cloudformation:CreateStack", call_token="op-1")
    assert was_created_by(environment, events)


def test_a_change_sends_the_tags_of_the_portal_exactly_as_the_stack_has_them() -> None:
    planned = {"portal:team": "payments", "portal:blueprint": "small", "cost-centre": "22"}
    former = {**planned, "portal:operation": "op-1", "portal:blueprint": "small@1.0.0", "cost-centre": "21"}
    assert tags_to_send(former, planned) == {
        "portal:team": "payments",
        "portal:blueprint": "small@1.0.0",
        "portal:operation": "op-1",
        "cost-centre": "22",
    }
    assert tags_to_send(planned, planned) == planned


# A stack that the first look did not show


def hide_until_created(world: World, *, seconds: float = 0.0) -> None:
    """DescribeStacks does not know the stack until CreateStack has met it, and for this long then."""

    def show() -> None:
        world.cloud.invisible_seconds = (world.now - world.cloud.stacks[0].created_at).total_seconds() + seconds

    world.cloud.invisible_seconds = 1_000_000
    world.cloud.between = At("before create_stack", show)


@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_a_stack_whose_id_was_lost_with_its_attempt_is_taken_over(world: World, seconds: float) -> None:
    world.cloud.faults.once("create_stack", Unclear("the answer was lost", maybe_done=True), when="after")
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    world.engine.advance(operation.pk)
    world.cloud.faults.once("create_stack", AccessDenied("no right"))
    assert world.until_rest(environment).state == "create_failed"

    retry_operation(actor=world.bob, environment=environment)
    hide_until_created(world, seconds=seconds)
    assert world.until_rest(environment).state == "running"
    (stack,) = world.cloud.stacks
    (row,) = Stack.objects.filter(environment=environment)
    assert row.stack_id == stack.stack_id


def test_a_rolled_back_stack_of_an_earlier_attempt_is_deleted_first(world: World) -> None:
    world.cloud.fail_create["BucketFiles"] = ["Access Denied"]
    environment = world.request().environment
    assert world.until_rest(environment).state == "create_failed"

    retry_operation(actor=world.bob, environment=environment)
    hide_until_created(world)
    assert world.until_rest(environment).state == "running"
    assert [stack.status for stack in world.cloud.stacks] == ["DELETE_COMPLETE", "CREATE_COMPLETE"]
    rows = Stack.objects.filter(environment=environment).order_by("created_at")
    assert [row.stack_id for row in rows] == [stack.stack_id for stack in world.cloud.stacks]


def test_a_complete_stack_of_an_earlier_attempt_keeps_its_row(world: World) -> None:
    """Each of its resources has one line in the ledger."""
    environment = world.request().environment
    until_state(world, environment, "finishing")
    world.cloud.faults.once("describe_stack", AccessDenied("no right"))
    assert world.until_rest(environment).state == "create_failed"

    retry_operation(actor=world.bob, environment=environment)
    hide_until_created(world)
    assert world.until_rest(environment).state == "running"
    assert Stack.objects.filter(environment=environment).count() == len(world.cloud.stacks) == 1
    ids = list(StackResource.objects.filter(stack__environment=environment).values_list("physical_id", flat=True))
    assert len(ids) == len(set(ids)) > 0


def test_a_stack_that_somebody_else_creates_meanwhile_is_left_alone(world: World) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    name = world.stack_name(operation.request_id)
    ScriptedAws(world.cloud, world.account.access(REGION)).create_stack(StackSpec(name=name, body=BODY), token="theirs")
    assert world.until_rest(environment).state == "create_failed"
    assert "does not belong to this environment" in world.last_operation(environment).cause
    assert [(stack.token, stack.delete_tokens) for stack in world.cloud.stacks] == [("theirs", set())]


def test_a_name_that_is_taken_by_nothing_that_aws_shows_ends_with_a_cause(world: World) -> None:
    environment = world.request().environment
    until_state(world, environment, "submitting")
    world.cloud.faults.once("create_stack", AlreadyExists("Stack [x] already exists"), times=1000)
    assert world.until_rest(environment, seconds=7200).state == "create_failed"
    operation = world.last_operation(environment)
    assert "does not show the stack yet" in operation.cause_detail
    assert operation.next_action == "try_again"
