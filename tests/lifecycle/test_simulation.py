"""Many environments at once, everything going wrong by chance, workers dying in the middle: nothing
lost, doubled or wrong.

A failure prints its seed; the same seed gives the same run.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from provisioning.errors import WrongState
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.states import OPERATION_GRAPH
from provisioning.models import Environment, Operation, Receipt, Request, Stack, StackResource, Transition
from tests.fixtures.world import World
from tests.scripted_aws.teardown_calls import UNASKABLE

REASONS = [
    "Access Denied",
    "The maximum number of buckets has been reached",
    "Rate exceeded",
    "Exceeded attempts to wait",
]
ROUNDS = 3000
# Of each blueprint something in each stack that may fail, be slow or fill up.
BLUEPRINTS = ("small", "signpost")
MAY_FAIL = ("BucketFiles", "SecretKey", "EdgeTopic", "CopyBucket", "CopyVault", "Code", "Sign")
MAY_FILL = ("BucketFiles", "CopyBucket")
STACK_KEY = re.compile(r"-(?:main|edge|copy)-create$")


def break_things(world: World, seed: int) -> None:
    world.cloud.faults.seed = seed
    world.cloud.faults.random.seed(seed)
    world.cloud.faults.rate = 0.08
    world.cloud.faults.crash_rate = 0.01
    world.cloud.tag_lag_seconds = 90


def people_act(world: World, environments: list[Environment]) -> None:
    """Now and then somebody tries again, fills a bucket, or has enough."""
    chance = world.cloud.faults.random
    for environment in environments:
        if environment.state == "gone":
            continue
        environment.refresh_from_db()
        if environment.state in ("create_failed", "teardown_failed") and chance.random() < 0.3:
            try:
                retry_operation(actor=world.alice, environment=environment)
            except WrongState:
                world.tear_down(environment)
        elif environment.state == "running" and chance.random() < 0.05:
            fill(world, environment)
            world.tear_down(environment)
        elif environment.state == "creating" and chance.random() < 0.01:
            world.cloud.fail_create.setdefault(chance.choice(MAY_FAIL), []).append(chance.choice(REASONS))


def fill(world: World, environment: Environment) -> None:
    """People and jobs have left things in the buckets and the vault."""
    chance = world.cloud.faults.random
    for row in StackResource.objects.filter(stack__environment=environment, end="").exclude(physical_id=""):
        if row.logical_id in MAY_FILL:
            world.cloud.objects[row.physical_id] += chance.randrange(0, 2500)
        elif row.type == "AWS::Backup::BackupVault":
            world.cloud.recovery_points[row.physical_id] += chance.randrange(0, 30)


def simulate(world: World, *, seed: int, environments: int) -> list[Environment]:
    wished = [
        world.request(f"env-{number}", blueprint=BLUEPRINTS[number % 2]).environment for number in range(environments)
    ]
    break_things(world, seed)
    for _ in range(ROUNDS):
        world.tick_through_crashes(world.cloud.faults.random.choice([1, 3, 10, 40]))
        people_act(world, wished)
        if all(environment.state == "gone" for environment in wished):
            return wished
    states = Counter(environment.state for environment in wished)
    pytest.fail(f"seed {seed}: after {ROUNDS} rounds {states}")


def nothing_lost_doubled_or_wrong(world: World, wished: list[Environment], seed: int) -> None:
    assert Operation.objects.filter(ended_at=None).count() == 0, seed
    for operation in Operation.objects.all():
        ends = Transition.objects.filter(subject_id=operation.pk, to_state__in=OPERATION_GRAPH.ends)
        assert ends.count() == 1, (seed, operation.pk)
        assert Operation.objects.filter(token=operation.token).count() == 1
    tokens = set(Operation.objects.filter(kind="create").values_list("token", flat=True))
    assert max(world.cloud.creates.values()) == 1, seed
    assert {STACK_KEY.sub("", token) for token in world.cloud.creates} <= tokens, seed
    for stack in world.cloud.stacks:
        assert stack.status == "DELETE_COMPLETE", (seed, stack.spec.name, stack.statuses)
        if "CREATE_COMPLETE" in stack.statuses:
            mine = Stack.objects.get(stack_id=stack.stack_id).environment
            assert Operation.objects.filter(environment=mine, kind="teardown").exists(), (seed, stack.spec.name)
    assert world.cloud.living == {}, seed
    for environment in wished:
        receipt = Receipt.objects.get(environment=environment)
        made = StackResource.objects.filter(stack__environment=environment).exclude(physical_id="")
        assert len(receipt.lines) == made.count(), seed
        for row in made:
            # What no service can confirm is on the receipt as not verified.
            end = "unverified" if row.type.endswith(UNASKABLE) else "deleted"
            assert row.end == end, (seed, row.type, row.end)
    every_physical_id = {
        event.physical_id
        for stack in world.cloud.stacks
        for event in stack.events
        if event.physical_id not in ("", stack.stack_id)
    }
    in_the_ledger = set(StackResource.objects.values_list("physical_id", flat=True))
    assert every_physical_id <= in_the_ledger, seed
    assert not Request.objects.filter(state="approved").exists(), seed


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_bad_day_loses_doubles_and_mistakes_nothing(abroad: World, seed: int) -> None:
    wished = simulate(abroad, seed=seed, environments=12)
    nothing_lost_doubled_or_wrong(abroad, wished, seed)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_bad_week_loses_doubles_and_mistakes_nothing(abroad: World) -> None:
    wished = simulate(abroad, seed=100, environments=24)
    nothing_lost_doubled_or_wrong(abroad, wished, 100)
