"""Nothing starves in a busy account: the real limiter, a stepped clock, one worker.

Before, one list of all stacks took every token as soon as an account had about 900 of them (D3), and
a few quick operations took all from the others (D7).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from provisioning.lifecycle.poller.sights import seen_at
from provisioning.models import Operation, Stack
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
