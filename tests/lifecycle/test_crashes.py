"""Workers die at every point, answers are lost, two hold the same operation: one stack, the same
end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioning.aws import Throttled, Unreachable, interface
from provisioning.errors import WrongState
from provisioning.lifecycle.apply import write
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.poller.sights import FRESH, WATCH_SECONDS
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.states import OPERATION_GRAPH, OperationState
from provisioning.models import Account, Environment, Operation, Receipt, StackResource, Transition
from tests.fixtures.world import World
from tests.lifecycle.poller.support import region_row
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.faults import WorkerDied

POINTS = ["claimed", "stepped", "writing", "written"]
LEASE = 31


class DiesAt:
    """Crashes the first time at this point in each state; another worker continues."""

    def __init__(self, world: World, point: str) -> None:
        self.world, self.point, self.died_in = world, point, set[str]()

    def __call__(self, point: str) -> None:
        state = Operation.objects.filter(ended_at=None).values_list("state", flat=True).first() or "ended"
        if point == self.point and state not in self.died_in:
            self.died_in.add(state)
            raise WorkerDied(f"{point} in {state}")


def to_the_end(world: World, environment: Environment) -> int:
    """Tick until rest, with another worker for each that crashes; returns the number of crashes."""
    deaths = 0
    for _ in range(2000):
        deaths += world.tick_through_crashes(LEASE / 3)
        if not Operation.objects.filter(environment=environment, ended_at=None).exists():
            environment.refresh_from_db()
            return deaths
    pytest.fail(f"never ended: {world.last_operation(environment).state}")


def one_terminal_transition_each() -> None:
    for operation in Operation.objects.all():
        ends = Transition.objects.filter(subject_id=operation.pk, to_state__in=OPERATION_GRAPH.ends)
        assert ends.count() == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_at_any_point_of_a_create_loses_and_doubles_nothing(world: World, point: str) -> None:
    world.engine.probe = probe = DiesAt(world, point)
    environment = world.request(blueprint="carbon-connect").environment
    assert to_the_end(world, environment) == len(probe.died_in) >= 3
    assert environment.state == "running"
    assert len(world.cloud.named("orders")) == 1
    assert len(world.cloud.tasks) == 1
    one_terminal_transition_each()


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_at_any_point_of_a_teardown_leaves_nothing_behind(world: World, point: str) -> None:
    environment = world.create(blueprint="carbon-connect")
    world.cloud.objects[world.aws_stack().resources["BucketMedia"].physical_id] = 1500
    world.tear_down(environment)
    world.engine.probe = DiesAt(world, point)
    assert to_the_end(world, environment) >= 4
    assert environment.state == "gone"
    assert world.cloud.living == {}
    assert Receipt.objects.count() == 1
    one_terminal_transition_each()


CALLS = {
    "create": ["describe_stack", "create_stack", "list_stacks", "stack_resources", "run_task", "describe_task"],
    "failing create": ["list_stacks", "stack_resources", "operation_events"],
    "teardown": [
        "describe_stack",
        "stop_service",
        "lift_protection",
        "empty_bucket",
        "delete_stack",
        "list_stacks",
        "stack_resources",
        "stack_template",
        "exists",
        "find_by_tag",
    ],
}

ENDS = {"create": "running", "failing create": "create_failed", "teardown": "gone"}


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.long), "after"])
@pytest.mark.parametrize(("kind", "call"), [(kind, call) for kind, calls in CALLS.items() for call in calls])
def test_a_worker_that_dies_in_any_call_loses_and_doubles_nothing(
    world: World, kind: str, call: str, when: str
) -> None:
    if kind == "teardown":
        environment = world.create(blueprint="carbon-connect")
        world.tear_down(environment)
    else:
        environment = world.request(blueprint="carbon-connect").environment
    if kind == "failing create":
        world.cloud.fail_create["NetworkVpc"] = ["Access Denied"]
    world.cloud.faults.once(call, WorkerDied(f"{when} {call}"), when=when, times=2)
    assert to_the_end(world, environment) >= 1
    assert environment.state == ENDS[kind]
    assert len(world.cloud.named("orders")) == 1
    assert len(world.cloud.tasks) == (0 if kind == "failing create" else 1)


def twice(world: World) -> Callable[[Operation], bool]:
    """Takes each step twice: the first result is thrown away, as if its worker had died before it
    could write. The calls that it began are waited out.
    """

    def step(operation: Operation) -> bool:
        lease = world.engine.leases.of(operation.pk, operation.fence)
        assert lease is not None
        first, _ = world.engine.run(Operation.objects.get(pk=operation.pk), lease, now=world.now)
        if first.has_sent:
            world.cloud.clock.advance(LEASE)
            (operation,) = world.engine.claim(limit=1, operation_id=operation.pk)
        return world.engine.step(operation)

    return step


def run_each_step_twice(world: World, environment: Environment) -> set[str]:
    step, states = twice(world), set[str]()
    for _ in range(500):
        world.poller.run_due()
        for operation in world.engine.claim(limit=10):
            states.add(operation.state)
            step(operation)
        world.cloud.clock.advance(3)
        if not Operation.objects.filter(environment=environment, ended_at=None).exists():
            environment.refresh_from_db()
            return states
    pytest.fail("never ended")


def test_every_step_may_run_twice(world: World) -> None:
    world.cloud.resource_seconds = LEASE + 10  # the rollback begins after the lease of the call that is repeated
    world.cloud.fail_create["NetworkVpc"] = ["Access Denied"]
    environment = world.request(blueprint="carbon-connect").environment
    states = run_each_step_twice(world, environment)
    assert environment.state == "create_failed"
    retry_operation(actor=world.bob, environment=environment)
    states |= run_each_step_twice(world, environment)
    assert environment.state == "running"
    world.cloud.objects[world.aws_stack().resources["BucketMedia"].physical_id] = 1500
    world.tear_down(environment)
    states |= run_each_step_twice(world, environment)
    assert environment.state == "gone"
    # test_several_stacks.py tests what happens between two stacks.
    elsewhere = {OperationState.CONTINUING, OperationState.CANCELLING}
    assert states == (kind_of("create").states | kind_of("teardown").states) - elsewhere
    assert [stack.status for stack in world.cloud.named("orders")] == ["DELETE_COMPLETE"] * 2
    assert len(world.cloud.tasks) == 1


def test_a_late_writer_is_refused(world: World) -> None:
    world.request()
    (slow,) = world.engine.claim(limit=1)
    world.cloud.clock.advance(LEASE)
    (quick,) = world.engine.claim(limit=1)
    assert world.engine.step(quick) is True
    assert world.engine.step(slow) is False
    assert Transition.objects.filter(subject_id=slow.pk).count() == 2


def test_a_late_look_does_not_overwrite_a_newer_one(world: World) -> None:
    world.cloud.resource_seconds = 100
    environment = world.request().environment
    world.run()
    world.cloud.clock.advance(WATCH_SECONDS)
    (slow,) = world.engine.claim(limit=1)
    lease = world.engine.leases.of(slow.pk, slow.fence)
    assert lease is not None
    _, seen_by_slow = world.engine.run(slow, lease, now=world.now)
    assert seen_by_slow is not None
    assert world.stack_row(environment).status == "CREATE_IN_PROGRESS"
    world.cloud.clock.advance(FRESH.total_seconds())
    world.run()
    newer = world.stack_row(environment)
    assert newer.status == "CREATE_COMPLETE"
    with pytest.raises(WrongState):
        write(slow, seen_by_slow, at=world.now, probe=lambda _point: None)
    row = world.stack_row(environment)
    assert (row.status, row.polled_at) == (newer.status, newer.polled_at)
    assert world.until_rest(environment).state == "running"


def test_a_lease_that_ran_out_takes_no_step(world: World) -> None:
    world.request()
    (operation,) = world.engine.claim(limit=1)
    world.cloud.clock.advance(LEASE)
    assert world.engine.step(operation) is False
    assert world.cloud.faults.calls == []
    operation.refresh_from_db()
    assert (operation.deaths, operation.step_began_at) == (0, None)


def test_nobody_else_gets_what_is_held(world: World) -> None:
    world.request()
    assert len(world.engine.claim(limit=5)) == 1
    assert world.engine.claim(limit=5) == []
    world.cloud.clock.advance(LEASE)
    assert len(world.engine.claim(limit=5)) == 1


def test_advance_takes_one_step_and_no_more(world: World) -> None:
    world.request()
    operation = Operation.objects.get()
    assert world.engine.advance(operation.pk) is True
    operation.refresh_from_db()
    assert operation.state == "submitting"
    assert world.cloud.faults.calls == ["describe_stack"]


def test_a_step_that_kills_every_worker_is_given_up(world: World) -> None:
    world.cloud.faults.once("create_stack", WorkerDied("out of memory"), times=100)
    environment = world.request().environment
    to_the_end(world, environment)
    operation = world.last_operation(environment)
    assert (operation.state, environment.state) == ("abandoned", "create_failed")
    world.cloud.faults._scripted.clear()
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"


def test_hands_in_the_database_hold_up_nobody_else(world: World) -> None:
    environment, other = world.request("orders").environment, world.request("other").environment
    world.run()
    type(environment).objects.filter(pk=environment.pk).update(state="gone")
    world.until_rest(other)
    assert other.state == "running"
    world.until_rest(environment)
    assert (environment.state, world.last_operation(environment).state) == ("gone", "succeeded")


class ListsMore(ScriptedAws):
    """An AWS that lists a resource of the stack `orders` with a longer name than the portal can store."""

    def stack_resources(self, stack_id: str) -> list[interface.StackResource]:
        listed = super().stack_resources(stack_id)
        return [*listed, replace(listed[0], logical_id="X" * 300)] if "orders" in stack_id else listed


def test_a_result_that_cannot_be_written_holds_up_nobody_else(world: World) -> None:
    environment, other = world.request("orders").environment, world.request("other").environment
    world.run()
    world.engine.aws_for = lambda account, region, **role: ListsMore(world.cloud, account.access(region, **role))
    assert world.until_rest(other).state == "running"
    to_the_end(world, environment)
    assert world.last_operation(environment).state == "errored"


def test_events_that_cannot_be_written_hold_up_nobody(world: World) -> None:
    environment, other = world.request("orders").environment, world.request("other").environment
    world.run()
    world.aws_stack("orders").events[-1] = replace(world.aws_stack("orders").events[-1], status="X" * 60)
    world.tick_viewed(environment, 5)
    assert region_row(world).listed_at == world.now
    assert world.until_rest(other).state == "running"
    assert world.until_rest(environment).state == "running"


def test_a_stack_that_an_abandoned_attempt_began_is_taken_over(world: World) -> None:
    world.cloud.faults.once("create_stack", WorkerDied("after"), when="after", times=100)
    environment = world.request().environment
    to_the_end(world, environment)
    assert world.last_operation(environment).state == "abandoned"
    assert world.stack_row(environment).stack_id == ""
    world.cloud.faults._scripted.clear()
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"
    assert len(world.cloud.named("orders")) == 1
    assert StackResource.objects.filter(logical_id="SecretKey", status="CREATE_COMPLETE").exists()
    assert StackResource.objects.exclude(physical_id="").count() == 3


def test_a_stack_that_an_abandoned_attempt_began_is_torn_down(world: World) -> None:
    world.cloud.faults.once("create_stack", WorkerDied("after"), when="after", times=100)
    environment = world.request().environment
    to_the_end(world, environment)
    world.cloud.faults._scripted.clear()
    world.tear_down(environment)
    world.until_rest(environment)
    assert world.last_operation(environment).state == "refused"  # nobody has seen what the stack contains
    world.tear_down(environment)
    world.until_rest(environment)
    assert environment.state == "gone"
    assert world.cloud.living == {}


# One look for many


def test_many_stacks_of_one_place_are_read_with_one_list(world: World) -> None:
    environments = [world.request(f"orders-{number}").environment for number in range(8)]
    world.run()
    assert {world.last_operation(environment).state for environment in environments} == {"building"}
    world.cloud.faults.calls.clear()
    world.tick(4)
    assert world.cloud.faults.calls.count("list_stacks") == 1
    assert world.cloud.faults.calls.count("describe_stack") == 0


@pytest.mark.parametrize("error", [Throttled("slow down"), Unreachable("no route")], ids=["throttled", "unreachable"])
def test_a_list_that_fails_makes_all_pictures_older_and_fails_nothing(world: World, error: Exception) -> None:
    environments = [world.request(f"orders-{number}").environment for number in range(5)]
    world.run()
    world.cloud.faults.once("list_stacks", error, times=3)
    world.tick(4)
    assert world.cloud.faults.calls.count("describe_stack") == 5  # only those of the arrival
    for environment in environments:
        assert world.until_rest(environment).state == "running"


def test_an_account_that_cannot_be_reached_at_all_holds_up_nobody_else(world: World) -> None:
    environment, other = world.request("orders").environment, world.request("other", region="us-east-1").environment
    reach = world.aws_for

    def aws_for(account: Account, region: str, *, stack_role_arn: str = "") -> interface.Aws:
        if region != environment.region:
            raise Unreachable("no route")
        return reach(account, region, stack_role_arn=stack_role_arn)

    world.engine.aws_for = aws_for
    world.until_rest(environment)
    assert environment.state == "running"
    assert world.last_operation(other).state == OperationState.QUEUED
    world.engine.aws_for = reach
    assert world.until_rest(other).state == "running"
