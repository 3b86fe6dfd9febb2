"""Cancelling at every stage, and what it says cannot be undone."""

from __future__ import annotations

import pytest

from provisioning.aws import CredentialsExpired, Unreachable
from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle.decisions.cancel import CancelAct
from provisioning.lifecycle.kinds.registry import KINDS
from provisioning.lifecycle.read.cancellation import cancellation
from provisioning.lifecycle.services.cancel import cancel_operation, stop_watching
from provisioning.models import AuditEvent, Environment, Operation, Request, Transition
from tests.fixtures.world import World
from tests.lifecycle.test_crashes import run_each_step_twice


def until(world: World, environment: Environment, state: str) -> Operation:
    """Tick until the operation is in this state."""
    for _ in range(300):
        operation = world.last_operation(environment)
        if operation.state == state:
            return operation
        world.tick(1)
    pytest.fail(f"It is {world.last_operation(environment).state}, and never was {state}.")


def test_every_state_of_every_kind_says_what_cancelling_does() -> None:
    for kind in KINDS.values():
        for state, cancel in kind.cancels.items():
            assert cancel.sentence.endswith("."), (kind.key, state)
            assert not cancel.remains or cancel.remains.endswith("."), (kind.key, state)
            assert not (cancel.act is CancelAct.REFUSE and cancel.remains), (kind.key, state)


def test_a_queued_creation_is_cancelled_at_once_and_leaves_nothing(world: World) -> None:
    environment = world.request().environment
    operation = cancel_operation(actor=world.bob, environment=environment)
    assert (operation.state, environment.state) == ("cancelled", "withdrawn")
    assert Request.objects.get().state == "cancelled"
    world.tick(60)
    assert world.cloud.creates.total() == 0
    assert AuditEvent.objects.filter(action="operation:cancel", actor=world.bob).exists()
    # The name is free again.
    assert world.create().state == "running"


def test_a_queued_creation_in_an_account_without_credentials_is_withdrawn(world: World) -> None:
    environment = world.request().environment
    world.cloud.faults.once("describe_stack", CredentialsExpired("no credentials"), times=50)
    world.tick(5)
    assert world.last_operation(environment).state == "queued"
    cancel_operation(actor=world.bob, environment=environment)
    assert environment.state == "withdrawn"


def test_a_creation_in_progress_is_deleted_and_can_be_torn_down(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    shown = cancellation(world.last_operation(environment))
    assert "deletes the stack" in shown.sentence
    assert "retained stay" in shown.remains
    cancel_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (operation.state, operation.cause) == ("cancelled", "Cancelled by bob.")
    assert (environment.state, operation.next_action) == ("create_failed", "teardown")
    assert [stack.status for stack in world.cloud.named("orders")] == ["DELETE_COMPLETE"]
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"


def test_a_second_request_to_cancel_changes_nothing(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    first = cancel_operation(actor=world.bob, environment=environment)
    again = cancel_operation(actor=world.alice, environment=environment)
    assert (again.pk, again.cancel_requested_by) == (first.pk, world.bob)
    assert AuditEvent.objects.filter(action="operation:cancel").count() == 1


def test_a_creation_that_is_complete_in_the_meantime_is_not_deleted(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    cancel_operation(actor=world.bob, environment=environment)
    world.cloud.clock.advance(600)
    world.cloud.settle()
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (environment.state, operation.state) == ("running", "succeeded")
    assert [stack.status for stack in world.cloud.named("orders")] == ["CREATE_COMPLETE"]
    assert Transition.objects.filter(reason__contains="complete before it could be cancelled").exists()


@pytest.mark.parametrize("seconds", [0, 11])
def test_it_is_not_deleted_either_if_it_is_complete_right_before_the_call(world: World, seconds: int) -> None:
    """It is completed after the portal has asked AWS for the first time, or while the worker is paused
    after the second time.
    """
    environment = world.request().environment
    until(world, environment, "building")
    cancel_operation(actor=world.bob, environment=environment)
    stack = world.cloud.named("orders")[0]
    completed = []

    def complete(point: str) -> None:
        unprotected = world.cloud.sent[-1].method == "set_termination_protection"
        if not completed and unprotected and point == ("after describe_stack" if seconds else "before describe_stack"):
            completed.append(point)
            world.cloud.clock.advance(seconds)
            stack.status = "CREATE_COMPLETE"

    world.cloud.between = complete
    world.until_rest(environment)
    assert (completed != [], stack.status, environment.state) == (True, "CREATE_COMPLETE", "running")
    assert "delete_stack" not in {sent.method for sent in world.cloud.sent}


def test_a_rollback_cannot_be_cancelled(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    Operation.objects.update(state="rolling_back")
    with pytest.raises(WrongState, match="being rolled back, which AWS cannot stop"):
        cancel_operation(actor=world.bob, environment=environment)


def test_a_request_that_comes_too_late_is_shown_and_asked_no_more(world: World) -> None:
    """The worker sees the request only after the state has gone on."""
    environment = world.request().environment
    until(world, environment, "building")
    cancel_operation(actor=world.bob, environment=environment)
    Operation.objects.update(state="rolling_back")
    world.tick(1)
    operation = world.last_operation(environment)
    assert cancellation(operation).why_not.startswith("The creation has failed and is being rolled back")


def test_a_teardown_that_has_touched_nothing_leaves_the_environment_as_it_was(world: World) -> None:
    environment = world.create()
    world.tear_down(environment)
    cancel_operation(actor=world.bob, environment=environment)
    assert environment.state == "running"
    world.tick(60)
    assert world.aws_stack().status == "CREATE_COMPLETE"


def test_a_deletion_cannot_be_cancelled_once_it_has_begun(world: World) -> None:
    environment = world.create()
    world.tear_down(environment)
    until(world, environment, "deleting")
    world.tick(1)
    cancel_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert environment.state == "gone"
    assert Transition.objects.filter(reason="AWS cannot stop the deletion of a stack.").exists()


@pytest.mark.parametrize("who", ["olivia", "charlie"])
def test_others_may_not_cancel(world: World, who: str) -> None:
    environment = world.request().environment
    with pytest.raises(NotAllowed):
        cancel_operation(actor=getattr(world, who), environment=environment)
    with pytest.raises(NotAllowed):
        stop_watching(actor=getattr(world, who), environment=environment)


def test_nothing_in_progress_is_nothing_to_cancel(world: World) -> None:
    environment = world.create()
    with pytest.raises(WrongState, match="Nothing is in progress"):
        cancel_operation(actor=world.bob, environment=environment)


def test_an_operation_that_watches_an_unreachable_account_can_be_ended_and_retried(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    with pytest.raises(WrongState, match="AWS can be reached"):
        stop_watching(actor=world.bob, environment=environment)
    world.cloud.faults.once("describe_stack", Unreachable("no route"), times=1000)
    for _ in range(12):
        world.tick(60)
    assert world.last_operation(environment).state == "building"
    operation = stop_watching(actor=world.bob, environment=environment)
    assert (operation.state, environment.state) == ("failed", "create_failed")
    assert operation.cause == "bob stopped watching, because the account could not be reached."


def test_every_step_of_a_cancellation_may_run_twice(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    cancel_operation(actor=world.bob, environment=environment)
    assert run_each_step_twice(world, environment) == {"building", "cancelling"}
    assert environment.state == "create_failed"
    assert [stack.status for stack in world.cloud.named("orders")] == ["DELETE_COMPLETE"]
