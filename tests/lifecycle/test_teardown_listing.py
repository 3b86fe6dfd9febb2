"""A teardown lists the stacks before it decides anything, and touches nothing that their templates
in AWS retain.

In these stories the portal has not seen what a stack contains, because its worker crashed while the
stack was being created, or because somebody changed the stack outside the portal.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provisioning.aws import AccessDenied
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.refresh_ledger import ledger_is_fresh, refresh_ledger
from provisioning.lifecycle.services.teardown import preview_teardown
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.models import Environment, Operation, Receipt, Request, Stack, StackResource
from tests.fixtures.world import World


def abandoned_creation(world: World, size: str = "staging", *, id_was_stored: bool = True) -> Environment:
    """A creation whose worker was lost, and whose stack was completed by CloudFormation alone."""
    request = world.request(size=size)
    if size == "prod":
        approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    environment = request.environment
    for _ in range(20):
        world.tick(1)
        if world.last_operation(environment).state == OperationState.BUILDING:
            break
    Operation.objects.update(state=OperationState.ABANDONED, ended_at=world.now, due_at=None, lease_until=None)
    Environment.objects.update(state=EnvironmentState.CREATE_FAILED)
    Request.objects.update(state="failed")
    StackResource.objects.update(physical_id="", status="PLANNED")
    if not id_was_stored:
        Stack.objects.update(stack_id="", status="")
    world.cloud.clock.advance(120)
    assert world.aws_stack().status == "CREATE_COMPLETE"
    environment.refresh_from_db()
    return environment


def shown(world: World, environment: Environment) -> tuple[int, int]:
    plan = preview_teardown(actor=world.bob, environment=environment).plan
    return len(plan.to_delete), len(plan.to_retain)


@pytest.mark.parametrize("id_was_stored", [True, False])
def test_a_teardown_that_showed_nothing_is_refused_and_its_next_preview_shows_everything(
    world: World, *, id_was_stored: bool
) -> None:
    environment = abandoned_creation(world, id_was_stored=id_was_stored)
    bucket = world.aws_stack().resources["BucketFiles"].physical_id
    world.cloud.objects[bucket] = 500
    assert shown(world, environment) == (0, 0)
    world.tear_down(environment)
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (operation.state, environment.state) == ("refused", "create_failed")
    assert "that its teardown plan does not show" in operation.cause
    assert bucket in operation.cause_detail
    assert "delete_stack" not in world.cloud.faults.calls
    assert shown(world, environment) == (1, 2)
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"
    assert world.cloud.objects[bucket] == 500
    ends = {line["logical_id"]: line["end"] for line in Receipt.objects.get().lines}
    assert ends == {"BucketFiles": "retained", "BucketFilesPolicy": "retained", "SecretKey": "deleted"}


def test_an_approver_of_prod_never_approves_that_nothing_is_deleted_while_a_stack_exists(world: World) -> None:
    environment = abandoned_creation(world, size="prod")
    request = world.tear_down(environment)
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(environment)
    assert world.last_operation(environment).state == "refused"
    assert world.aws_stack().status == "CREATE_COMPLETE"
    assert "delete_stack" not in world.cloud.faults.calls


def test_a_retained_bucket_is_not_emptied_in_the_rounds_after_a_failed_deletion(world: World) -> None:
    """CloudFormation reports another bucket first, before it comes to the retained one."""
    environment = world.create(size="staging")
    stack = world.aws_stack()
    bucket = stack.resources["BucketFiles"].physical_id
    world.cloud.objects[bucket] = 500
    world.cloud.fail_delete["BucketFiles"] = ["The bucket you tried to delete is not empty"] * 2
    world.tear_down(environment)
    world.until_rest(environment)
    assert world.cloud.objects[bucket] == 500
    assert "empty_bucket" not in world.cloud.faults.calls
    assert environment.state == "gone"


def changed_in_aws(world: World, logical_id: str, policy: str) -> None:
    """Somebody updates the stack outside the portal: a resource has another deletion policy."""
    stack = world.aws_stack()
    template = json.loads(stack.spec.body)
    template["Resources"][logical_id]["DeletionPolicy"] = policy
    stack.spec = replace(stack.spec, body=json.dumps(template))
    rendered = stack.rendered[logical_id]
    stack.rendered[logical_id] = replace(rendered, attributes={**rendered.attributes, "DeletionPolicy": policy})


def test_what_the_template_in_aws_retains_is_retained_whatever_the_page_showed(world: World) -> None:
    environment = world.create()
    bucket = world.aws_stack().resources["BucketFiles"].physical_id
    world.cloud.objects[bucket] = 500
    changed_in_aws(world, "BucketFiles", "Retain")
    assert shown(world, environment) == (3, 0)
    world.tear_down(environment)
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (operation.state, environment.state) == ("refused", "running")
    assert operation.cause_detail == f"Now retained: BucketFiles ({bucket})."
    assert shown(world, environment) == (2, 1)
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"
    assert world.cloud.objects[bucket] == 500


def test_what_is_retained_whole_keeps_its_protection(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    database = StackResource.objects.get(stack__environment=environment, type="AWS::RDS::DBInstance")
    world.cloud.protected.add(database.physical_id)
    changed_in_aws(world, database.logical_id, "Retain")
    for _ in range(2):  # the first is refused and reads the template in AWS
        world.tear_down(environment)
        world.until_rest(environment, seconds=7200, step=30)
    assert environment.state == "gone"
    assert database.physical_id in world.cloud.protected
    assert database.physical_id in {living.physical_id for living in world.cloud.living.values()}


def test_what_is_no_longer_retained_is_not_deleted_without_a_new_request(world: World) -> None:
    environment = world.create(size="staging")
    changed_in_aws(world, "BucketFiles", "Delete")
    world.tear_down(environment)
    world.until_rest(environment)
    assert world.last_operation(environment).cause_detail.startswith("Now deleted: BucketFiles (")
    assert "delete_stack" not in world.cloud.faults.calls


def test_a_teardown_waits_until_the_stack_is_complete_before_it_lists_it(world: World) -> None:
    request = world.request()
    for _ in range(5):
        world.tick(1)
    Operation.objects.update(state=OperationState.ABANDONED, ended_at=world.now, due_at=None, lease_until=None)
    Environment.objects.update(state=EnvironmentState.CREATE_FAILED)
    environment = request.environment
    assert world.aws_stack().status == "CREATE_IN_PROGRESS"
    world.tear_down(environment)
    world.tick(1)
    assert world.last_operation(environment).state == "listing"
    world.until_rest(environment)
    assert world.last_operation(environment).state == "refused"
    assert shown(world, environment) == (3, 0)


def test_an_account_that_is_another_one_now_is_not_touched(world: World) -> None:
    environment = world.create()
    request = world.tear_down(environment)
    world.account.account_id = "333333333333"
    world.account.save()
    world.until_rest(environment)
    assert request.environment.operations.latest("started_at").state in ("refused", "failed")
    assert "delete_stack" not in world.cloud.faults.calls
    assert "different AWS account" in world.last_operation(environment).cause


def test_a_stack_of_another_account_is_never_touched(world: World) -> None:
    environment = world.create()
    row = world.stack_row(environment)
    theirs = row.stack_id.replace(world.account.account_id, "333333333333")
    world.aws_stack().stack_id = theirs
    Stack.objects.filter(pk=row.pk).update(stack_id=theirs)
    world.tear_down(environment)
    world.until_rest(environment)
    assert "delete_stack" not in world.cloud.faults.calls
    assert "another AWS account" in world.last_operation(environment).cause


def test_a_bucket_that_its_template_retains_is_not_emptied_even_if_the_plan_deletes_it(world: World) -> None:
    environment = world.create()
    bucket = world.aws_stack().resources["BucketFiles"].physical_id
    world.cloud.objects[bucket] = 500
    world.tear_down(environment)
    while world.last_operation(environment).state != OperationState.PREPARING:
        world.engine.advance(world.last_operation(environment).pk)
        world.cloud.clock.advance(1)
    row = world.stack_row(environment)
    Stack.objects.filter(pk=row.pk).update(policies={**row.policies, "BucketFiles": "Retain"})
    world.until_rest(environment)
    assert world.cloud.objects[bucket] == 500
    assert "empty_bucket" not in world.cloud.faults.calls


# The preview


def refresh(world: World, environment: Environment) -> str:
    return refresh_ledger(actor=world.bob, environment=environment, connect=world.aws_for)


@pytest.mark.parametrize("id_was_stored", [True, False])
def test_a_preview_is_complete_once_the_stacks_were_read(world: World, *, id_was_stored: bool) -> None:
    environment = abandoned_creation(world, id_was_stored=id_was_stored)
    assert not ledger_is_fresh(environment, now=world.now)
    assert refresh(world, environment) == refresh(world, environment) == ""
    assert ledger_is_fresh(environment, now=world.now)
    assert shown(world, environment) == (1, 2)
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone"


def test_a_stack_of_somebody_else_is_not_read_into_the_ledger(world: World) -> None:
    environment = abandoned_creation(world, id_was_stored=False)
    stack = world.aws_stack()
    stack.spec = replace(stack.spec, tags={})
    assert refresh(world, environment) == ""
    assert shown(world, environment) == (0, 0)
    assert world.stack_row(environment).stack_id == ""


def test_aws_that_cannot_be_read_makes_a_sentence_and_changes_nothing(world: World) -> None:
    environment = abandoned_creation(world)
    world.cloud.faults.once("stack_resources", AccessDenied("no", operation="cloudformation:ListStackResources"))
    assert "AWS could not be read" in refresh(world, environment)
    assert shown(world, environment) == (0, 0)


def test_an_environment_with_an_open_operation_is_left_to_it(world: World) -> None:
    environment = world.create()
    world.tear_down(environment)
    before = len(world.cloud.faults.calls)
    assert refresh(world, environment) == ""
    assert len(world.cloud.faults.calls) == before
