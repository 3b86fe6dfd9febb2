"""Only what was approved runs: what has changed since the plan was made, and what may be repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioning.errors import WrongState
from provisioning.lifecycle.plan_document import as_json, digest_of
from provisioning.lifecycle.poller.sights import record_description
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.changes import plan_again
from provisioning.models import Environment, Operation, Plan, Request
from tests.fixtures.world import REGION, World
from tests.lifecycle.changes.conftest import Changes, document_of
from tests.scripted_aws.faults import WorkerDied
from tests.scripted_aws.outsider import Outsider


@pytest.fixture
def pending(world: World, changes: Changes) -> Request:
    """A change in prod that waits for olivia."""
    creation = world.request(size="prod")
    approve_request(actor=world.olivia, request=creation, digest=creation.plan.digest)
    world.until_rest(creation.environment)
    request = changes.plan(creation.environment, note="something")
    assert request.state == "waiting"
    return request


def approve(world: World, request: Request) -> Operation:
    """Approve it and let it run. Returns its operation."""
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(request.environment)
    return world.last_operation(request.environment)


def add_topic(template: dict[str, Any]) -> None:
    template["Resources"]["Theirs"] = {"Type": "AWS::SNS::Topic"}


def test_a_stack_that_was_updated_outside_is_not_changed(world: World, changes: Changes, pending: Request) -> None:
    Outsider(world.cloud).update_stack(world.aws_stack(), add_topic)
    world.cloud.clock.advance(120)
    operation = approve(world, pending)
    assert operation.state == "refused"
    assert operation.cause == "This plan is no longer current. Plan again."
    assert "The resource Theirs is new." in operation.cause_detail
    assert operation.next_action == "change"
    environment = Environment.objects.get(pk=pending.environment_id)
    assert (environment.state, changes.again(pending).state) == ("running", "failed")


def test_an_approval_after_a_known_update_is_a_conflict(world: World, pending: Request) -> None:
    stack = world.aws_stack()
    Outsider(world.cloud).update_stack(stack, add_topic)
    world.cloud.clock.advance(120)
    world.cloud.settle()
    state = world.aws_for(world.prod_account, REGION).describe_stack(stack.stack_id)
    assert state is not None
    record_description(state, at=world.now)
    with pytest.raises(WrongState, match=r"no longer current(.|\n)*updated through CloudFormation"):
        approve_request(actor=world.olivia, request=pending, digest=pending.plan.digest)


@pytest.mark.parametrize("edit", ["policy", "protection"])
def test_what_cloudformation_does_not_guard_is_compared_as_well(world: World, pending: Request, edit: str) -> None:
    outsider, stack = Outsider(world.cloud), world.aws_stack()
    if edit == "policy":
        outsider.set_policy(
            stack, '{"Statement":[{"Action":"Update:*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
        )
    else:
        outsider.protect(stack, enabled=False)
    operation = approve(world, pending)
    assert operation.state == "refused"
    assert edit in operation.cause_detail
    assert world.aws_stack().status == "CREATE_COMPLETE"


def test_a_deleted_change_set_is_created_again_without_a_new_approval(
    world: World, changes: Changes, pending: Request
) -> None:
    for change_set in world.aws_stack().change_sets:
        change_set.status = "DELETE_COMPLETE"
    operation = approve(world, pending)
    assert operation.state == "succeeded", operation.cause_detail
    assert changes.again(pending).state == "done"


def test_an_obsolete_change_set_of_an_unchanged_stack_is_created_again(world: World, pending: Request) -> None:
    for change_set in world.aws_stack().change_sets:
        change_set.execution_status = "OBSOLETE"
    assert approve(world, pending).state == "succeeded"


def test_a_change_set_that_comes_back_with_other_changes_is_refused(
    world: World, changes: Changes, pending: Request
) -> None:
    document = document_of(pending)
    (one,) = document.change_sets
    other = replace(one, changes=(replace(one.changes[0], replacement="True"),))
    forged = replace(document, change_sets=(other,))
    Plan.objects.filter(pk=pending.plan_id).update(content=as_json(forged), digest=digest_of(forged))
    operation = approve(world, changes.again(pending))
    assert operation.state == "refused"
    assert "replaced" in operation.cause_detail


def test_a_plan_that_was_changed_after_its_approval_is_not_executed(
    world: World, changes: Changes, pending: Request
) -> None:
    approve_request(actor=world.olivia, request=pending, digest=pending.plan.digest)
    while world.last_operation(pending.environment).state != "executing":
        world.engine.advance(world.last_operation(pending.environment).pk)
        world.cloud.clock.advance(1)
    content = Plan.objects.get(pk=pending.plan_id).content
    content["size"] = "dev"
    Plan.objects.filter(pk=pending.plan_id).update(content=content)
    world.until_rest(pending.environment)
    assert world.aws_stack().status == "CREATE_COMPLETE"
    assert changes.again(pending).state == "failed"


def test_another_change_set_of_the_same_name_is_not_executed(world: World, pending: Request) -> None:
    """Between the comparison and the execution, somebody creates a change set of their own: it changes
    the same resources, to other values.
    """
    approve_request(actor=world.olivia, request=pending, digest=pending.plan.digest)
    while world.last_operation(pending.environment).state != "executing":
        world.engine.advance(world.last_operation(pending.environment).pk)
        world.cloud.clock.advance(1)
    stack = world.aws_stack()
    (ours,) = [one for one in stack.change_sets if not one.is_deleted]
    ours.status = "DELETE_COMPLETE"
    theirs = replace(
        ours,
        change_set_id=ours.change_set_id.replace(ours.change_set_id[-6:], "theirs"),
        status="CREATE_COMPLETE",
        target=replace(ours.target, body=ours.target.body.replace("something", "anything")),
        spec=replace(ours.spec, body=(ours.spec.body or "").replace("something", "anything")),
    )
    stack.change_sets.append(theirs)
    world.until_rest(pending.environment)
    operation = world.last_operation(pending.environment)
    assert theirs.execution_status == "AVAILABLE"
    assert operation.state == "refused"
    assert "template is not the approved one" in operation.cause_detail


def test_the_same_change_can_be_planned_again(world: World, changes: Changes, pending: Request) -> None:
    Outsider(world.cloud).update_stack(world.aws_stack(), add_topic)
    world.cloud.clock.advance(120)
    approve(world, pending)
    second = plan_again(actor=world.bob, request=changes.again(pending))
    world.until_rest(pending.environment)
    second = changes.again(second)
    assert second.state == "waiting"
    changed = {change.logical_id: change.action for change in document_of(second).change_set("main").changes}
    assert changed["Theirs"] == "Remove"


def test_a_failed_change_leaves_the_environment_as_it_was(world: World, changes: Changes) -> None:
    environment = world.create()
    world.cloud.fail_update["SecretKey"] = ["The description is not acceptable."]
    request = changes.plan(environment, note="something")
    environment.refresh_from_db()
    operation = world.last_operation(environment)
    assert (request.state, environment.state, environment.inputs["note"]) == ("failed", "running", "nothing")
    assert "The description is not acceptable." in operation.cause_detail
    assert "rolled back" in operation.step_data["failure"]["hint"]
    assert world.aws_stack().status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_change_that_cannot_be_planned_says_why(world: World, changes: Changes) -> None:
    environment = world.create()
    world.cloud.fail_change_set.append("Template format error: it is not acceptable.")
    request = changes.plan(environment, note="something")
    environment.refresh_from_db()
    operation = world.last_operation(environment)
    assert (request.state, environment.state, operation.cause) == (
        "failed",
        "running",
        "CloudFormation cannot plan this change.",
    )
    assert "not acceptable" in operation.cause_detail


@pytest.mark.parametrize("state", ["queued", "planning", "comparing", "executing", "updating", "finishing"])
def test_every_step_may_run_twice(world: World, changes: Changes, state: str) -> None:
    """The worker crashes after the step, before its outcome is written: another one repeats it."""
    environment = world.create()
    died: list[str] = []

    def die(point: str) -> None:
        if point == "stepped" and state not in died and world.last_operation(environment).state == state:
            died.append(state)
            raise WorkerDied

    request = changes.request(environment, note="something")
    world.engine.probe = die
    for _ in range(300):
        world.tick_through_crashes(5)
        if not Operation.objects.filter(environment=environment, ended_at=None).exists():
            break
    assert died
    assert changes.again(request).state == "done"
    assert world.aws_stack().status == "UPDATE_COMPLETE"
    executed = [one for one in world.aws_stack().change_sets if one.execution_status.startswith("EXECUTE")]
    assert len(executed) == 1
