"""A change that replaces or deletes data: who must approve it, and that there is no way around."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db.models import F

from provisioning.errors import NotAllowed, Refused
from provisioning.lifecycle.plan_document import as_json, digest_of
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.teardown import preview_teardown
from provisioning.lifecycle.teardown_lines import LEFT_BY_STACK
from provisioning.models import Environment, Operation, Plan, Request, StackResource
from tests.fixtures.world import World
from tests.lifecycle.changes.conftest import Changes, Version, document_of
from tests.scripted_aws.faults import WorkerDied

RENAMED = (
    ('component "bucket" "files"', 'component "bucket" "documents"'),
    ("component.bucket.files.name", "component.bucket.documents.name"),
)
LOOSER = (('size "staging" {\n  keep_data = true', 'size "staging" {\n  keep_data = false'),)


def removal(world: World, changes: Changes, version: Version, *, size: str = "staging") -> tuple[Environment, Request]:
    environment = world.create(size=size)
    request = changes.plan(environment, blueprint=version("0.2.0", *RENAMED))
    environment.refresh_from_db()
    return environment, request


def approve(world: World, request: Request, **changes: object) -> Request:
    arguments = {"actor": world.olivia, "digest": request.plan.digest, "typed_name": request.environment.name}
    return approve_request(request=request, **arguments | changes)  # type: ignore[arg-type]


def test_a_removed_bucket_waits_for_a_second_person_in_a_size_without_approvals(
    world: World, changes: Changes, version: Version
) -> None:
    environment, request = removal(world, changes, version, size="dev")
    assert (request.state, environment.state, world.aws_stack().status) == ("waiting", "running", "CREATE_COMPLETE")
    verdicts = {verdict.logical_id: verdict for verdict in document_of(request).change_set("main").verdicts}
    bucket = verdicts["BucketFiles"]
    assert (bucket.is_dangerous, bucket.outcome) == (True, "deleted")


def test_the_requester_cannot_approve_it_even_as_an_approver(world: World, changes: Changes, version: Version) -> None:
    _, request = removal(world, changes, version)
    world.bob.is_approver = True
    world.bob.save()
    with pytest.raises(NotAllowed):
        approve(world, request, actor=world.bob)


@pytest.mark.parametrize("typed", ["", "order", "Orders", "orders-dev"])
def test_the_name_must_be_typed(world: World, changes: Changes, version: Version, typed: str) -> None:
    environment, request = removal(world, changes, version)
    with pytest.raises(Refused, match="Type the environment's name"):
        approve(world, request, typed_name=typed)
    assert changes.again(request).state == "waiting"
    assert not Operation.objects.filter(environment=environment, ended_at=None).exists()


def test_the_policy_is_relaxed_for_the_approved_resources_only_and_restored(
    world: World, changes: Changes, version: Version
) -> None:
    environment, request = removal(world, changes, version)
    before = world.aws_stack().policy
    change_set = document_of(request).change_set("main")
    assert change_set.relaxed == ("BucketFiles", "BucketFilesPolicy")
    assert "BucketFiles" in before
    assert "BucketFiles" not in change_set.policy_during
    approve(world, request)
    policies = []
    for _ in range(60):
        world.tick(2)
        policies.append(world.aws_stack().policy)
    assert changes.again(request).state == "done", world.last_operation(environment).cause_detail
    assert change_set.policy_during in policies
    assert world.aws_stack().policy == change_set.policy_after != before
    assert world.stack_row(environment).policy_to_restore == ""
    old = StackResource.objects.get(stack__environment=environment, logical_id="BucketFiles")
    assert old.end == "retained"  # staging keeps its data


@pytest.mark.parametrize("state", ["relaxing", "executing", "updating", "restoring"])
def test_a_worker_that_dies_leaves_no_relaxed_policy(
    world: World, changes: Changes, version: Version, state: str
) -> None:
    environment, request = removal(world, changes, version)
    approve(world, request)
    died: list[str] = []

    def die(point: str) -> None:
        if point == "stepped" and not died and world.last_operation(environment).state == state:
            died.append(state)
            raise WorkerDied

    world.engine.probe = die
    for _ in range(200):
        world.tick_through_crashes(5)
        if not Operation.objects.filter(environment=environment, ended_at=None).exists():
            break
    assert died
    assert changes.again(request).state == "done", (
        world.last_operation(environment).cause,
        world.last_operation(environment).cause_detail,
    )
    assert world.aws_stack().policy == document_of(request).change_set("main").policy_after
    assert world.stack_row(environment).policy_to_restore == ""


def test_a_failed_change_restores_the_former_policy(world: World, changes: Changes, version: Version) -> None:
    environment, request = removal(world, changes, version)
    before = world.aws_stack().policy
    world.cloud.fail_create["BucketDocuments"] = ["The bucket name is not available."]
    approve(world, request)
    world.until_rest(environment)
    environment.refresh_from_db()
    assert (world.aws_stack().status, environment.state) == ("UPDATE_ROLLBACK_COMPLETE", "running")
    assert world.aws_stack().policy == before
    assert changes.again(request).state == "failed"


def test_an_abandoned_change_leaves_a_policy_that_the_next_operation_restores(
    world: World, changes: Changes, version: Version
) -> None:
    environment, request = removal(world, changes, version)
    before = world.aws_stack().policy
    approve(world, request)
    while world.last_operation(environment).state != "executing":
        world.engine.advance(world.last_operation(environment).pk)
        world.cloud.clock.advance(1)
    assert world.aws_stack().policy != before
    Operation.objects.filter(ended_at=None).update(state="abandoned", ended_at=world.now, due_at=None)
    Environment.objects.update(state="change_failed")
    Request.objects.filter(pk=request.pk).update(state="failed")
    changes.request(environment, note="something")
    while not world.last_operation(environment).step_data.get("change_sets"):
        world.engine.advance(world.last_operation(environment).pk)
        world.cloud.clock.advance(1)
    assert world.aws_stack().policy == before
    assert world.stack_row(environment).policy_to_restore == ""


def test_a_plan_whose_verdicts_were_removed_is_not_carried_out(
    world: World, changes: Changes, version: Version
) -> None:
    """Somebody with the database at hand takes the verdicts out of a stored plan, and approves it."""
    environment, request = removal(world, changes, version)
    document = document_of(request)
    forged = replace(
        document, change_sets=tuple(replace(one, verdicts=(), policy_during="") for one in document.change_sets)
    )
    Plan.objects.filter(pk=request.plan_id).update(content=as_json(forged), digest=digest_of(forged))
    approve(world, changes.again(request), typed_name="")
    world.until_rest(environment)
    assert world.last_operation(environment).state == "refused"
    assert world.aws_stack().status == "CREATE_COMPLETE"


def test_an_approval_that_was_written_by_hand_is_not_one_of_a_second_person(
    world: World, changes: Changes, version: Version
) -> None:
    environment, request = removal(world, changes, version)
    approve(world, request)
    Request.objects.filter(pk=request.pk).update(decided_by=F("requested_by"))
    world.until_rest(environment)
    assert world.last_operation(environment).state == "refused"
    assert world.aws_stack().status == "CREATE_COMPLETE"


def test_a_loosened_policy_is_dangerous_although_nothing_is_replaced(
    world: World, changes: Changes, version: Version
) -> None:
    environment = world.create(size="staging")
    request = changes.plan(environment, blueprint=version("0.2.0", *LOOSER))
    assert request.state == "waiting"
    (verdict,) = [one for one in document_of(request).change_set("main").verdicts if one.logical_id == "BucketFiles"]
    assert any("protected less than before" in reason for reason in verdict.reasons)


def test_a_rejected_change_changes_nothing_and_its_change_set_goes_with_the_next_plan(
    world: World, changes: Changes, version: Version
) -> None:
    environment, request = removal(world, changes, version)
    reject_request(actor=world.olivia, request=request, note="Not now.")
    changes.plan(environment, note="something")
    names = {one.spec.name for one in world.aws_stack().change_sets if not one.is_deleted}
    assert f"portal-{request.plan_id.hex}" not in names


def test_what_a_change_has_left_in_the_account_is_shown_and_left_by_the_teardown(
    world: World, changes: Changes, version: Version
) -> None:
    environment, request = removal(world, changes, version)
    bucket = StackResource.objects.get(stack__environment=environment, logical_id="BucketFiles").physical_id
    approve(world, request)
    assert world.until_rest(environment).state == "running"
    assert StackResource.objects.get(physical_id=bucket, logical_id="BucketFiles").end == "retained"
    preview = preview_teardown(actor=world.bob, environment=environment)
    (line,) = [line for line in preview.plan.to_retain if line.logical_id == "BucketFiles"]
    assert (line.physical_id, line.why) == (bucket, LEFT_BY_STACK)
    world.tear_down(environment)
    assert world.until_rest(environment).state == "gone", world.last_operation(environment).cause
    assert bucket in {physical_id for _, _, physical_id in world.cloud.living}
