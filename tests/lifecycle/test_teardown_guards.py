"""What a teardown leaves alone even if an earlier check has failed to stop it: stacks of somebody
else, and data that its plan does not delete.
"""

from __future__ import annotations

import json

from provisioning.aws import StackSpec
from provisioning.models import Environment, Stack, StackEvent, StackResource
from tests.fixtures.world import REGION, World
from tests.lifecycle.faults.workers import until_state
from tests.scripted_aws.aws import ScriptedAws

BODY = json.dumps({"Resources": {"Theirs": {"Type": "AWS::SNS::Topic"}}})


def create_theirs(world: World, name: str) -> None:
    ScriptedAws(world.cloud, world.account.access(REGION)).create_stack(StackSpec(name=name, body=BODY), token="theirs")


def theirs_is_untouched(world: World) -> bool:
    (stack,) = [stack for stack in world.cloud.stacks if stack.token == "theirs"]
    return (stack.status, stack.delete_tokens) == ("CREATE_COMPLETE", set())


def test_a_stack_of_somebody_else_with_the_same_name_is_not_listed_and_not_deleted(world: World) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    create_theirs(world, world.stack_name(operation.request_id))
    assert world.until_rest(environment).state == "create_failed"
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone", world.last_operation(environment).cause
    assert theirs_is_untouched(world)


def test_a_stack_that_somebody_else_creates_after_the_deletion_stops_nothing(world: World) -> None:
    environment = world.create()
    name = world.aws_stack().spec.name
    world.tear_down(environment)
    until_state(world, environment, "settling")
    create_theirs(world, name)
    assert world.until_rest(environment).state == "gone", world.last_operation(environment).cause
    world.cloud.clock.advance(600)
    world.cloud.settle()
    assert theirs_is_untouched(world)


# What may be emptied


def emptying(world: World, *, size: str = "dev") -> tuple[Environment, Stack, str]:
    """An environment whose teardown has compared its plan, and the bucket of its stack, with objects."""
    environment = world.create(size=size)
    stack = Stack.objects.get(environment=environment)
    bucket = StackResource.objects.get(stack=stack, logical_id="BucketFiles").physical_id
    world.cloud.objects[bucket] = 7
    world.tear_down(environment)
    until_state(world, environment, "emptying")
    assert world.cloud.objects[bucket] == 7
    return environment, stack, bucket


def test_a_bucket_that_is_not_on_the_plan_is_not_emptied(world: World) -> None:
    environment, stack, bucket = emptying(world)
    for_late = {"stack": stack, "logical_id": "BucketFiles", "physical_id": "late", "type": "AWS::S3::Bucket"}
    StackResource.objects.create(**for_late, status="CREATE_COMPLETE")
    StackEvent.objects.create(**for_late, event_id="late", at=world.now, status="CREATE_COMPLETE")
    world.cloud.objects["late"] = 5
    world.until_rest(environment, seconds=7200)
    assert (world.cloud.objects.get(bucket, 0), world.cloud.objects["late"]) == (0, 5)


def test_a_bucket_that_the_plan_retains_is_not_emptied_even_if_its_template_deletes_it(world: World) -> None:
    environment, stack, bucket = emptying(world, size="staging")
    Stack.objects.filter(pk=stack.pk).update(policies={**stack.policies, "BucketFiles": "Delete"})
    world.until_rest(environment, seconds=7200)
    assert world.cloud.objects[bucket] == 7


def test_a_bucket_that_the_stack_is_not_known_to_have_created_is_not_emptied(world: World) -> None:
    environment = world.create()
    stack = world.aws_stack()
    resource = stack.resources["BucketFiles"]
    resource.status = "CREATE_FAILED"
    stack.events = [one for one in stack.events if (one.logical_id, one.status) != ("BucketFiles", "CREATE_COMPLETE")]
    StackEvent.objects.filter(logical_id="BucketFiles", status="CREATE_COMPLETE").delete()
    world.cloud.objects[resource.physical_id] = 7
    world.tear_down(environment)
    world.until_rest(environment, seconds=7200)
    assert world.cloud.objects[resource.physical_id] == 7
