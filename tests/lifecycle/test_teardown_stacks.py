"""Stacks in unusual states: with change sets only, deleted by somebody else, or stuck in several
places.
"""

from __future__ import annotations

import pytest

from provisioning.aws import AccessDenied, AwsError, NotFound
from provisioning.aws.change_sets import ChangeSetSpec
from provisioning.lifecycle.services.teardown import Removal, preview_teardown
from provisioning.models import Environment, StackResource
from tests.fixtures.world import World
from tests.lifecycle.test_teardown import bucket_of, gone
from tests.lifecycle.test_teardown_blocked import ends, tear_down
from tests.scripted_aws.cloud import ScriptedStack
from tests.scripted_aws.outsider import Outsider
from tests.scripted_aws.records import ScriptedChangeSet


def with_change_sets_only(world: World, *statuses: str) -> tuple[Environment, ScriptedStack]:
    """An environment whose stack has never been created: it has change sets, and nothing else."""
    environment = world.create()
    stack = world.aws_stack()
    stack.status = "REVIEW_IN_PROGRESS"
    stack.resources.clear()
    world.cloud.living.clear()
    for number, status in enumerate(statuses):
        spec = ChangeSetSpec(stack.stack_id, f"draft-{number}", None, kind="CREATE")
        stack.change_sets.append(
            ScriptedChangeSet(f"arn:{number}", stack.stack_id, spec, "token", world.now, stack.spec, status=status)
        )
    StackResource.objects.all().delete()
    return environment, stack


def test_the_change_sets_of_a_stack_that_was_never_created_are_deleted_before_it(world: World) -> None:
    environment, stack = with_change_sets_only(world, "CREATE_COMPLETE", "FAILED")
    world.tear_down(environment)
    gone(world, environment)
    calls = [call for call in world.cloud.faults.calls if call in ("delete_change_set", "delete_stack")]
    assert calls == ["delete_change_set", "delete_change_set", "delete_stack"]
    assert stack.status == "DELETE_COMPLETE"


def test_a_change_set_that_is_being_created_is_waited_for(world: World) -> None:
    environment, stack = with_change_sets_only(world, "CREATE_PENDING")
    world.tear_down(environment)
    for _ in range(20):
        world.tick(30)
    assert world.last_operation(environment).ended_at is None
    assert "delete_stack" not in world.cloud.faults.calls
    stack.change_sets[0].status = "CREATE_COMPLETE"
    gone(world, environment)


@pytest.mark.parametrize("error", [NotFound("does not exist"), AccessDenied("no aws:ResourceTag any more")])
def test_a_stack_that_somebody_deletes_right_before_the_portal_does_is_gone(world: World, error: AwsError) -> None:
    """The portal may only act on stacks with its tags, and AWS may judge a deleted stack as one without."""
    environment = world.create()
    stack = world.aws_stack()
    world.tear_down(environment)

    def delete_it_first(point: str) -> None:
        if point == "before delete_stack" and stack.status == "CREATE_COMPLETE":
            Outsider(world.cloud).delete_stack(stack)
            world.cloud.clock.advance(60)
            world.cloud.settle()
            raise error

    world.cloud.between = delete_it_first
    gone(world, environment)
    assert stack.status == "DELETE_COMPLETE"


def test_a_stack_that_exists_and_may_not_be_deleted_ends_the_attempt(world: World) -> None:
    environment = world.create()
    denied = AccessDenied("no cloudformation:DeleteStack", operation="cloudformation:DeleteStack")
    world.cloud.faults.once("delete_stack", denied, times=100)
    world.tear_down(environment)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"
    assert "no cloudformation:DeleteStack" in world.last_operation(environment).cause_detail
    assert world.aws_stack().status == "CREATE_COMPLETE"


def test_every_resource_that_stops_a_deletion_is_named_left_and_on_the_receipt(world: World) -> None:
    environment = world.create()
    bucket = bucket_of(world)
    world.cloud.fail_delete["SecretKey"] = ["Replicas exist"] * 100
    world.cloud.fail_delete["BucketFiles"] = ["A policy denies it"] * 100
    world.tear_down(environment)
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert operation.state == "failed"
    assert operation.cause.startswith("2 resources could not be deleted")
    assert "Replicas exist" in operation.cause_detail
    assert "A policy denies it" in operation.cause_detail
    environment.refresh_from_db()
    preview = preview_teardown(actor=world.bob, environment=environment, removal=Removal.LEAVE)
    assert {line.logical_id for line in preview.plan.to_leave} == {"SecretKey", "BucketFiles"}
    tear_down(world, environment, Removal.LEAVE)
    receipt = gone(world, environment)
    assert {name for name, end in ends(receipt).items() if end == "abandoned"} == {"SecretKey", "BucketFiles"}
    assert bucket in {line["physical_id"] for line in receipt.lines if line["reason"] == "A policy denies it"}
