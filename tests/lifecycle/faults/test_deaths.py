"""A death counts only if a step had begun and its worker has stopped; a watching operation is never
abandoned; nobody is charged for the crash of another operation.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.aws import Unreachable
from provisioning.lifecycle.claims import let_go
from provisioning.lifecycle.poller.sights import WATCH_SECONDS
from provisioning.lifecycle.reconciler import run_due
from provisioning.lifecycle.steps.interruptions import MOST_DEATHS, QUARANTINE_AT
from provisioning.models import Operation
from tests.fixtures.world import World
from tests.lifecycle.faults.workers import LEASE, At, die_in_step, until_state
from tests.scripted_aws.faults import WorkerDied


def deaths(operation: Operation) -> int:
    return Operation.objects.values_list("deaths", flat=True).get(pk=operation.pk)


def test_two_workers_on_an_aws_that_hangs_for_minutes_abandon_nothing(world: World) -> None:
    """Each claims when the other's lease has run out, and each late result is dropped (D2 a)."""
    environments = [world.request(f"orders-{number}").environment for number in range(5)]
    world.run()
    workers = [world.new_worker(), world.new_worker()]

    def hang() -> None:
        """The call takes longer than a lease; both processes live and beat."""
        for _ in range(5):
            world.cloud.clock.advance(8)
            for worker in workers:
                worker.leases.beat()

    for turn in range(40):
        world.cloud.between = At("before describe_stack", hang)
        world.cloud.clock.advance(8)
        run_due(workers[turn % 2], limit=1)
    world.cloud.between = lambda _point: None
    for environment in environments:
        assert deaths(world.last_operation(environment)) == 0
        assert world.until_rest(environment).state == "running"
        assert world.last_operation(environment).state == "succeeded"


def test_an_operation_that_kills_its_workers_takes_no_other_with_it(world: World) -> None:
    """One of six crashes every worker that submits it (D2 b)."""
    poison, *others = [world.request(f"orders-{number}").environment for number in range(6)]

    poisoned = world.last_operation(poison).pk

    def crash_for_poison() -> None:
        if any(lease.operation_id == poisoned for lease in world.engine.leases.held()):
            raise WorkerDied("out of memory")

    world.cloud.between = lambda point: crash_for_poison() if point == "before create_stack" else None
    for _ in range(300):
        world.tick_through_crashes(LEASE / 3)
        if not Operation.objects.filter(ended_at=None).exists():
            break
    assert world.last_operation(poison).state == "abandoned"
    assert {world.last_operation(environment).state for environment in others} == {"succeeded"}


def test_a_claim_whose_step_never_began_counts_no_death(world: World) -> None:
    operation = world.last_operation(world.request().environment)
    for _ in range(12):
        worker = replace(world.new_worker(), probe=At("claimed", lambda: (_ for _ in ()).throw(WorkerDied("early"))))
        with pytest.raises(WorkerDied):
            worker.advance(operation.pk)
        world.cloud.clock.advance(LEASE)
    assert deaths(operation) == 0
    assert world.until_rest(operation.environment).state == "running"


def test_a_death_counts_once_and_a_written_outcome_forgives_it(world: World) -> None:
    operation = world.last_operation(world.request().environment)
    die_in_step(world, operation, "describe_stack")
    (claim,) = world.engine.claim(limit=1)
    assert claim.deaths == 1
    assert world.engine.step(claim)
    assert deaths(operation) == 0


def test_a_slow_worker_that_still_beats_is_not_dead(world: World) -> None:
    operation = world.last_operation(world.request().environment)
    slow = world.new_worker()
    slow.claim(limit=1)
    Operation.objects.filter(pk=operation.pk).update(step_began_at=world.now)
    world.cloud.clock.advance(LEASE)
    slow.leases.beat()
    (claim,) = world.engine.claim(limit=1)
    assert claim.deaths == 0


def test_a_worker_that_ends_on_its_own_is_not_dead_and_holds_up_nobody(world: World) -> None:
    operation = world.last_operation(world.request().environment)
    leaving = world.new_worker()
    leaving.claim(limit=1)
    Operation.objects.filter(pk=operation.pk).update(step_began_at=world.now)
    let_go(leaving.leases)
    (claim,) = world.engine.claim(limit=1)
    assert claim.deaths == 0


@pytest.mark.parametrize("state", ["building", "rolling_back"])
def test_an_operation_that_watches_is_never_abandoned(world: World, state: str) -> None:
    world.cloud.resource_seconds = 2 * WATCH_SECONDS  # no step misses the rollback
    if state == "rolling_back":
        world.cloud.fail_create["BucketFiles"] = ["Access Denied"]
    environment = world.request().environment
    operation = until_state(world, environment, state)
    Operation.objects.filter(pk=operation.pk).update(due_at=world.now)
    for _ in range(MOST_DEATHS + 2):
        die_in_step(world, operation, "describe_stack")
    assert world.until_rest(environment).state == ("running" if state == "building" else "create_failed")
    assert world.last_operation(environment).state == ("succeeded" if state == "building" else "failed")


def test_an_operation_that_acts_is_abandoned_after_five_deaths(world: World) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    for number in range(MOST_DEATHS):
        assert deaths(operation) == max(0, number - 1)  # the last one is counted by the next claim
        die_in_step(world, operation, "create_stack")
    world.run()
    operation.refresh_from_db()
    assert (operation.state, world.cloud.stacks) == ("abandoned", [])
    assert "crashed 5 times" in operation.cause


def test_a_suspect_runs_in_a_process_of_its_own(world: World) -> None:
    from provisioning.jobs.lanes import UNSUSPICIOUS  # noqa: PLC0415 - the jobs are above the lifecycle
    from provisioning.jobs.suspects import run_suspects  # noqa: PLC0415

    operation = until_state(world, world.request().environment, "submitting")
    for _ in range(QUARANTINE_AT + 1):
        die_in_step(world, operation, "create_stack")
    assert world.engine.claim(limit=1, deaths=(0, 0)) == []
    Operation.objects.filter(pk=operation.pk).update(deaths=QUARANTINE_AT, step_began_at=None)
    assert world.engine.claim(limit=1, deaths=UNSUSPICIOUS) == []
    assert run_suspects(world.engine) == 1
    operation.refresh_from_db()
    assert (operation.state, operation.deaths) == ("building", 0)


def test_an_aws_that_is_away_for_hours_ends_no_watching_operation(world: World) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "building")
    world.cloud.faults.once(
        "describe_stack", Unreachable("no route", operation="cloudformation:DescribeStacks"), times=9999
    )
    for _ in range(50):
        world.tick(300)
    operation.refresh_from_db()
    assert operation.ended_at is None
    assert "no route" in operation.step_data["trouble"]
