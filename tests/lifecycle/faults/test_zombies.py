"""Workers that were paused for longer than their lease send and write nothing (D5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.aws import Unclear
from provisioning.aws.permits import CALL_SECONDS, GRACE_SECONDS
from provisioning.lifecycle.leases import GIVE_UP_SECONDS, STEP_SECONDS
from provisioning.models import Operation
from tests.fixtures.world import World
from tests.lifecycle.faults.workers import LEASE, At, sent, until_state

SIX_MINUTES = 360.0


@pytest.mark.parametrize("pause", [LEASE, SIX_MINUTES])
def test_a_worker_that_is_paused_after_its_intention_does_not_send(world: World, pause: float) -> None:
    """Paused between the record of CreateStack and its sending; another worker creates the stack."""
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    zombie = world.new_worker()
    others: list[bool] = []

    def pause_and_let_another_work() -> None:
        world.cloud.clock.advance(pause)
        others.append(world.engine.advance(operation.pk))

    world.cloud.between = At("before create_stack", pause_and_let_another_work)
    assert not zombie.advance(operation.pk)
    assert others == [True]
    assert sent(world) == ["create_stack"]
    assert world.until_rest(environment).state == "running"
    assert len(world.cloud.named("orders")) == 1


def test_a_zombie_of_a_former_life_creates_no_orphan(world: World) -> None:
    """It is frozen before CreateStack for the whole life of its environment."""
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    zombie = world.new_worker()

    def live_a_whole_life() -> None:
        world.cloud.clock.advance(LEASE)
        world.until_rest(environment)
        world.tear_down(environment)
        world.until_rest(environment)

    world.cloud.between = At("before create_stack", live_a_whole_life)
    assert not zombie.advance(operation.pk)
    environment.refresh_from_db()
    assert environment.state == "gone"
    assert [stack.status for stack in world.cloud.stacks] == ["DELETE_COMPLETE"]
    assert world.cloud.living == {}


def test_a_zombie_in_emptying_empties_nothing_of_the_next_life(world: World) -> None:
    first = world.create()
    bucket = world.aws_stack().resources["BucketFiles"].physical_id
    world.cloud.objects[bucket] = 50
    world.tear_down(first)
    operation = until_state(world, first, "emptying")
    zombie = world.new_worker()

    def next_life() -> None:
        world.cloud.clock.advance(LEASE)
        world.until_rest(first)
        world.create()
        world.cloud.objects[bucket] = 777  # as if the next environment had the same bucket name

    world.cloud.between = At("before empty_bucket", next_life)
    assert not zombie.advance(operation.pk)
    assert world.cloud.objects[bucket] == 777


def test_a_worker_that_has_lost_its_lease_begins_no_call(world: World) -> None:
    """It is paused before the intention, not after it."""
    operation = until_state(world, world.request().environment, "submitting")
    zombie = replace(world.new_worker(), probe=At("began", lambda: world.cloud.clock.advance(LEASE)))
    assert not zombie.advance(operation.pk)
    assert sent(world) == []
    assert world.engine.advance(operation.pk)


def test_a_call_is_not_sent_if_its_lease_is_lost_right_after_its_intention(world: World) -> None:
    """An administrator has freed the operation, so the call would still be in time."""
    operation = until_state(world, world.request().environment, "submitting")
    worker = world.new_worker()

    def lose_the_lease() -> None:
        Operation.objects.filter(pk=operation.pk).update(lease_until=None)
        worker.leases.renew()

    world.cloud.between = At("before create_stack", lose_the_lease)
    assert not worker.advance(operation.pk)
    assert sent(world) == []
    world.cloud.clock.advance(CALL_SECONDS + GRACE_SECONDS)
    assert world.engine.advance(operation.pk)
    assert sent(world) == ["create_stack"]


def test_a_worker_gives_up_before_anyone_may_take_over(world: World) -> None:
    """Its renewals fail, as without a database, so it counts the lease as lost ten seconds early."""
    operation = until_state(world, world.request().environment, "submitting")
    worker = world.new_worker()
    (claim,) = worker.claim(limit=1, operation_id=operation.pk)
    world.cloud.clock.advance(GIVE_UP_SECONDS + 1)
    assert world.engine.claim(limit=1) == []
    assert not worker.step(claim)
    assert sent(world) == []


def test_renewal_keeps_a_lease_for_as_long_as_the_step_takes(world: World) -> None:
    operation = until_state(world, world.request().environment, "submitting")
    worker = world.new_worker()
    (claim,) = worker.claim(limit=1, operation_id=operation.pk)
    for _ in range(12):
        world.cloud.clock.advance(8)
        worker.leases.renew()
        assert world.engine.claim(limit=1) == []
    assert worker.step(claim)
    assert sent(world) == ["create_stack"]


def test_a_step_that_takes_too_long_is_not_renewed(world: World) -> None:
    operation = until_state(world, world.request().environment, "submitting")
    worker = world.new_worker()
    (claim,) = worker.claim(limit=1, operation_id=operation.pk)
    for _ in range(int((STEP_SECONDS + LEASE) / 8) + 2):
        world.cloud.clock.advance(8)
        worker.leases.renew()
    assert not worker.step(claim)
    assert world.engine.advance(operation.pk)


def test_a_lease_that_another_worker_has_taken_is_not_renewed(world: World) -> None:
    operation = until_state(world, world.request().environment, "submitting")
    slow = world.new_worker()
    slow.claim(limit=1, operation_id=operation.pk)
    lease = slow.leases.held()[0]
    world.cloud.clock.advance(LEASE)
    lease.renewed_at += LEASE  # it believes that it has renewed
    (claim,) = world.engine.claim(limit=1)
    slow.leases.renew()
    assert lease.is_lost
    assert Operation.objects.get(pk=operation.pk).holder == world.engine.leases.worker_id
    assert world.engine.step(claim)


# Open calls


def test_a_successor_waits_for_an_open_call_and_then_looks(world: World) -> None:
    """The answer to CreateStack is lost, and the call takes effect ten seconds later."""
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    world.cloud.faults.late["create_stack"].append(10.0)
    assert world.engine.advance(operation.pk)
    operation.refresh_from_db()
    assert (operation.call_what, operation.call_ended_at) == (
        f"cloudformation:CreateStack {operation.call_what[27:]}",
        None,
    )
    world.cloud.clock.advance(CALL_SECONDS + GRACE_SECONDS - 1)
    assert not world.engine.advance(operation.pk)
    world.cloud.clock.advance(1)
    assert world.engine.advance(operation.pk)
    assert world.until_rest(environment).state == "running"
    assert len(world.cloud.named("orders")) == 1


def test_a_call_with_an_answer_holds_up_nobody(world: World) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "building")
    assert operation.call_no == 1
    assert operation.call_ended_at is not None
    Operation.objects.filter(pk=operation.pk).update(due_at=world.now)  # as the poller does
    assert world.engine.claim(limit=1)


def test_a_step_sends_nothing_else_while_a_call_is_open(world: World) -> None:
    """UpdateTerminationProtection gets no answer; DeleteStack is not sent in the same step."""
    environment = world.create()
    world.tear_down(environment)
    until_state(world, environment, "deleting")
    before = len(world.cloud.sent)
    first = {"set_termination_protection", "delete_stack"}
    for call in first:
        world.cloud.faults.once(call, Unclear("lost", maybe_done=True), when="after")
    world.engine.advance(world.last_operation(environment).pk)
    assert len(world.cloud.sent) == before + 1
    assert world.until_rest(environment).state == "gone"


# The write


def test_a_late_write_in_the_same_state_is_refused(world: World) -> None:
    """Only the fence tells the two claims apart: both look at a stack that is being created."""
    environment = world.request().environment
    operation = until_state(world, environment, "building")
    Operation.objects.filter(pk=operation.pk).update(due_at=world.now)
    slow = world.new_worker()
    newer: list[Operation] = []

    def be_overtaken() -> None:
        world.cloud.clock.advance(LEASE)
        newer.extend(world.engine.claim(limit=1, operation_id=operation.pk))

    slow.probe = At("stepped", be_overtaken)
    assert not slow.advance(operation.pk)
    row = Operation.objects.get(pk=operation.pk)
    assert (row.fence, row.lease_until, row.holder) == (
        newer[0].fence,
        newer[0].lease_until,
        world.engine.leases.worker_id,
    )


def test_a_write_that_does_not_know_the_newest_call_is_refused(world: World) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "building")
    Operation.objects.filter(pk=operation.pk).update(due_at=world.now)
    call = At("stepped", lambda: Operation.objects.filter(pk=operation.pk).update(call_no=7))
    assert not replace(world.new_worker(), probe=call).advance(operation.pk)
