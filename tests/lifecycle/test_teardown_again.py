"""A further teardown of an environment whose stacks have left resources in the account, and answers
about a stack that are older than its deletion.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.aws import AccessDenied
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.services.teardown import preview_teardown
from provisioning.lifecycle.teardown_lines import LEFT_BY_STACK
from provisioning.models import Environment, Receipt, StackResource
from tests.fixtures.world import World
from tests.lifecycle.faults.workers import until_state

RETAINED = {"BucketFiles": "retained", "BucketFilesPolicy": "retained", "SecretKey": "deleted"}


def failed_after_its_stack_was_deleted(world: World) -> Environment:
    environment = world.create(size="staging")
    world.tear_down(environment)
    until_state(world, environment, "sweeping")
    assert world.cloud.stacks[0].status == "DELETE_COMPLETE"
    world.cloud.faults.once("exists", AccessDenied("no right"), times=3)
    assert world.until_rest(environment).state == "teardown_failed"
    return environment


def ends_of(environment: Environment) -> dict[str, str]:
    return {line["logical_id"]: line["end"] for line in Receipt.objects.get(environment=environment).lines}


def test_what_a_deleted_stack_has_retained_is_on_the_next_plan_and_receipt(world: World) -> None:
    environment = failed_after_its_stack_was_deleted(world)
    bucket = StackResource.objects.get(logical_id="BucketFiles").physical_id
    world.cloud.objects[bucket] = 7
    plan = preview_teardown(actor=world.bob, environment=environment).plan
    assert plan.to_delete == ()
    assert {(line.logical_id, line.why) for line in plan.to_retain} == {
        ("BucketFiles", LEFT_BY_STACK),
        ("BucketFilesPolicy", LEFT_BY_STACK),
    }
    world.tear_down(environment)
    assert world.until_rest(environment, seconds=7200).state == "gone", world.last_operation(environment).cause
    assert {name: end for name, end in ends_of(environment).items() if end == "retained"} == {
        "BucketFiles": "retained",
        "BucketFilesPolicy": "retained",
    }
    assert world.cloud.objects[bucket] == 7


def test_only_what_a_stack_has_left_is_retained_and_not_what_has_the_same_id(world: World) -> None:
    """A bucket and its policy have the same physical id."""
    environment = world.create()
    bucket = StackResource.objects.get(logical_id="BucketFiles")
    StackResource.objects.filter(logical_id="BucketFilesPolicy").update(physical_id=bucket.physical_id)
    StackResource.objects.filter(pk=bucket.pk).update(status="DELETE_SKIPPED", end="retained")
    plan = preview_teardown(actor=world.bob, environment=environment).plan
    assert [line.logical_id for line in plan.to_retain] == ["BucketFiles"]
    assert "BucketFilesPolicy" in {line.logical_id for line in plan.to_delete}


def test_a_retry_continues_after_the_stack_has_left_what_the_plan_retains(world: World) -> None:
    environment = failed_after_its_stack_was_deleted(world)
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment, seconds=7200).state == "gone", world.last_operation(environment).cause
    assert ends_of(environment) == RETAINED


@pytest.mark.parametrize("seconds_ago", [4.0, 20.0])
def test_a_status_from_before_the_deletion_does_not_count_as_its_end(world: World, seconds_ago: float) -> None:
    environment = world.create()
    world.cloud.resource_seconds = 40.0
    world.cloud.list_lag_seconds = world.cloud.stale_seconds = seconds_ago
    world.cloud.faults.stale_rate = 1.0
    world.tear_down(environment)
    assert world.until_rest(environment, step=2).state == "gone", world.last_operation(environment).cause
    assert world.cloud.faults.calls.count("delete_stack") == 1


def test_a_deletion_that_turned_back_is_believed_soon(world: World) -> None:
    environment = world.create()
    world.cloud.turns_back[world.aws_stack().spec.name] = ["in use by shop"]
    world.tear_down(environment)
    began_at = world.now
    assert world.until_rest(environment, step=2).state == "teardown_failed"
    assert world.now - began_at < timedelta(minutes=3)
