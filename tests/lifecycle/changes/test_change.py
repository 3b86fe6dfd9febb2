"""Bob changes environments: from the form's values to the changed stack."""

from __future__ import annotations

import pytest

from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.change_plan.review import ChangeReview
from provisioning.lifecycle.plan_document import digest_of
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.models import AuditEvent, StackResource
from tests.fixtures.world import World
from tests.lifecycle.changes.conftest import Changes, Version, document_of
from tests.lifecycle.faults.workers import At

TEXT = ("description = var.note\n}", 'description = "other"\n}')
ANOTHER_SECRET = (
    'output "bucket"',
    'component "secret" "second" {\n  provided = true\n  variable = "SECOND"\n}\noutput "bucket"',
)
ANOTHER_OUTPUT = ('output "bucket"', 'output "files" { value = component.bucket.files.name }\noutput "bucket"')


def test_an_input_changes_one_resource_in_place(world: World, changes: Changes) -> None:
    environment = world.create()
    request = changes.plan(environment, note="something")
    document = document_of(request)
    (change,) = document.change_set("main").changes
    assert (change.action, change.type, change.replacement) == ("Modify", "AWS::SecretsManager::Secret", "False")
    assert request.state == "done", world.last_operation(environment).cause_detail
    environment.refresh_from_db()
    assert (environment.state, environment.inputs["note"]) == ("running", "something")
    assert world.aws_stack().status == "UPDATE_COMPLETE"
    assert digest_of(document) == request.plan.digest == request.approved_digest
    assert current_document(environment) == document


def test_a_change_of_nothing_has_nothing_to_do(world: World, changes: Changes) -> None:
    environment = world.create()
    request = changes.plan(environment)
    assert (request.state, world.aws_stack().status) == ("done", "CREATE_COMPLETE")
    assert not document_of(request).has_changes
    environment.refresh_from_db()
    assert environment.state == "running"


def test_a_change_of_outputs_only_is_executed_without_changes(world: World, changes: Changes, version: Version) -> None:
    environment = world.create()
    request = changes.plan(environment, blueprint=version("0.2.0", ANOTHER_OUTPUT))
    assert request.state == "done"
    assert document_of(request).change_set("main").changes == ()
    assert {"Bucket", "Files"} <= set(world.stack_row(environment).outputs)
    environment.refresh_from_db()
    assert environment.blueprint_version.version == "0.2.0"


def test_a_new_resource_is_in_the_ledger_before_it_is_created(world: World, changes: Changes, version: Version) -> None:
    environment = world.create()
    request = changes.request(environment, blueprint=version("0.2.0", ANOTHER_SECRET))
    while world.last_operation(environment).state != "executing":
        world.engine.advance(world.last_operation(environment).pk)
        world.cloud.clock.advance(1)
    row = StackResource.objects.get(stack__environment=environment, logical_id="SecretSecond")
    assert (row.status, row.physical_id) == ("PLANNED", "")
    world.until_rest(environment)
    row.refresh_from_db()
    assert row.physical_id
    assert row.status == "CREATE_COMPLETE"
    assert changes.again(request).state == "done"


def test_prod_needs_an_approval_of_somebody_else(world: World, changes: Changes) -> None:
    environment = world.request(size="prod").environment
    approve_request(
        actor=world.olivia, request=environment.requests.get(), digest=environment.requests.get().plan.digest
    )
    world.until_rest(environment)
    request = changes.plan(environment, note="something")
    assert (request.state, world.aws_stack().status) == ("waiting", "CREATE_COMPLETE")
    (pending,) = AuditEvent.objects.filter(action="request:await")
    assert (pending.environment_id, pending.detail) == (request.environment_id, {"request": str(request.pk)})
    with pytest.raises(NotAllowed):
        approve_request(actor=world.bob, request=request, digest=request.plan.digest)
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(environment)
    assert (changes.again(request).state, world.aws_stack().status) == ("done", "UPDATE_COMPLETE")


def test_the_size_grows_with_its_policies_and_keeps_the_names(world: World, changes: Changes) -> None:
    environment = world.create()
    name, before = world.aws_stack().stack_id, current_document(environment)
    request = changes.plan(environment, size="staging")
    assert request.state == "done", world.last_operation(environment).cause_detail
    environment.refresh_from_db()
    stack = world.aws_stack()
    assert (environment.size, stack.stack_id, stack.protected) == ("staging", name, True)
    assert '"Deny"' in (stack.policy or "")
    assert [one.name for one in current_document(environment).stacks] == [one.name for one in before.stacks]


def test_outsiders_and_running_operations_are_refused(world: World, changes: Changes) -> None:
    environment = world.create()
    with pytest.raises(NotAllowed):
        changes.request(environment, actor=world.charlie, note="x")
    changes.request(environment, note="x")
    with pytest.raises(WrongState):
        changes.request(environment, note="y")


def test_another_blueprint_is_refused(world: World, changes: Changes) -> None:
    environment = world.create()
    with pytest.raises(Refused, match="cannot become another blueprint"):
        changes.request(environment, blueprint=world.blueprints["event-inbox"])


def test_a_plan_waits_until_aws_shows_that_the_stack_has_settled(world: World, changes: Changes) -> None:
    """A plan of a stack in progress would be out of date forever once it has settled."""
    world.cloud.resource_seconds = 60.0
    environment = world.request(size="prod").environment
    creation = environment.requests.get()
    approve_request(actor=world.olivia, request=creation, digest=creation.plan.digest)
    world.until_rest(environment)

    def begin_to_be_late() -> None:
        world.cloud.stale_seconds = (world.now - world.aws_stack().created_at).total_seconds() - 1
        world.cloud.faults.stale_rate = 1.0

    world.cloud.between = At("before create_change_set", begin_to_be_late)
    request = changes.plan(environment, note="bigger")
    assert request.state == "waiting", world.last_operation(environment).cause
    review = ChangeReview.from_json(request.plan.review)
    assert review is not None
    assert review.fingerprints["main"].status == "settled"
