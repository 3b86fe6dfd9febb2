"""Nothing starves in a busy account: the real limiter, a stepped clock, one worker.

Before, one list of all stacks took every token as soon as an account had about 900 of them (D3), and
a few quick operations took all from the others (D7).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from provisioning.lifecycle.poller.sights import seen_at
from provisioning.models import Environment, Operation, Stack
from tests.fixtures.world import World
from tests.lifecycle.poller.support import add_idle_stacks, crowd, pace, region_row


def oldest_sight(world: World) -> timedelta:
    """The age of the oldest sight of a stack that an operation waits for."""
    region = region_row(world)
    waiting = Operation.objects.filter(ended_at=None, state="building").values("environment")
    rows = Stack.objects.filter(environment__in=waiting).exclude(stack_id="")
    times: list[datetime] = [seen_at(row, region) or row.created_at for row in rows]
    return world.now - min(times, default=world.now)


def test_three_in_flight_are_watched_in_an_account_with_two_thousand_idle_stacks(world: World) -> None:
    sent = pace(world)
    add_idle_stacks(world, 2000)
    environments = [world.request(name).environment for name in ("one", "two", "three")]
    world.run()
    oldest = timedelta(0)
    for _ in range(120):
        world.tick(1)
        oldest = max(oldest, oldest_sight(world))
    for environment in environments:
        environment.refresh_from_db()
        assert environment.state == "running"
    assert oldest <= timedelta(seconds=15)
    # Each list is one page, however many stacks there are.
    assert sent["ListStacks"] <= 120 / 5 + 2
    assert sent["DescribeStackEvents"] == 0


def test_a_long_list_is_written_in_as_many_queries_as_a_short_one(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Otherwise one visit takes the poller so long that other accounts wait for theirs."""
    rows, stacks = crowd(world, 60)
    world.cloud.clock.advance(1)
    with django_assert_max_num_queries(17):
        world.poller.run_due()
    seen = Stack.objects.filter(pk__in=[row.pk for row in rows])
    assert set(seen.values_list("status", "polled_at")) == {("CREATE_IN_PROGRESS", world.now)}
    for stack in stacks:
        stack.status = "ROLLBACK_IN_PROGRESS"
    versions = dict(Environment.objects.values_list("pk", "version"))
    world.cloud.clock.advance(5)
    with django_assert_max_num_queries(17):
        world.poller.run_due()
    assert set(seen.values_list("status", flat=True)) == {"ROLLBACK_IN_PROGRESS"}
    for row in rows:
        assert Environment.objects.get(pk=row.environment_id).version == versions[row.environment_id] + 1
    due = Operation.objects.filter(environment__in=[row.environment_id for row in rows], due_at__lte=world.now)
    assert due.count() == 60


@pytest.mark.long
def test_none_of_three_hundred_in_flight_goes_unseen_and_all_come_to_their_end(world: World) -> None:
    sent = pace(world)
    add_idle_stacks(world, 200)
    _, stacks = crowd(world, 300)
    oldest = timedelta(0)
    for second in range(600):
        if second == 60:
            for stack in stacks[:100]:
                stack.status = "CREATE_COMPLETE"  # a hundred end in the same second
        world.tick(1)
        if second % 10 == 0 and second < 60:
            oldest = max(oldest, oldest_sight(world))
    assert oldest <= timedelta(seconds=15)
    done = Stack.objects.filter(stack_id__in=[stack.stack_id for stack in stacks[:100]])
    states = set(Operation.objects.filter(environment__in=done.values("environment")).values_list("state", flat=True))
    assert states <= {"finishing", "succeeded"}
    assert oldest_sight(world) <= timedelta(seconds=15)
    assert sent["DescribeStacks"] <= 2 * 101 + 10
