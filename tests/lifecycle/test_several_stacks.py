"""An environment of three stacks in three regions, with code: made one after the other, torn down backwards, never half forgotten."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from itertools import pairwise

import pytest

from provisioning.aws import AccessDenied, Unreachable, port
from provisioning.errors import Refused
from provisioning.lifecycle.content import resources_of, stack_of, stacks_of
from provisioning.lifecycle.digests import digest_of_plan
from provisioning.lifecycle.progress import failure, progress, steps
from provisioning.lifecycle.requests import approve_request, preview_teardown, try_again
from provisioning.lifecycle.states import OPERATION_GRAPH
from provisioning.models import Artefact, Environment, Operation, Receipt, Stack, StackResource, Transition
from tests.fixtures.world import World
from tests.lifecycle.test_crashes import (
    POINTS,
    DiesAt,
    one_terminal_transition_each,
    run_each_step_twice,
    to_the_end,
)
from tests.scripted_aws.cloud import Living, Place, ScriptedStack
from tests.scripted_aws.faults import WorkerDied

EDGE, COPY, HOME = "us-east-1", "eu-central-1", "eu-north-1"
NAMES = ["orders-edge", "orders-copy", "orders"]


def create(world: World, size: str = "dev") -> Environment:
    return world.create(blueprint="signpost", size=size)


def made(world: World) -> list[ScriptedStack]:
    """In the order of their creation."""
    world.cloud.settle()
    return sorted(world.cloud.stacks, key=lambda stack: stack.created_at)


def gone(world: World, environment: Environment) -> Receipt:
    assert world.until_rest(environment).state == "gone", world.last_operation(environment).cause_detail
    return Receipt.objects.get(environment=environment)


# The plan


def test_a_plan_names_each_stack_in_the_order_of_creation(abroad: World) -> None:
    content = abroad.request(blueprint="signpost").plan.content
    assert [(stack["stack"], stack["stack_name"], stack["region"]) for stack in stacks_of(content)] == [
        ("edge", "orders-edge", EDGE),
        ("copy", "orders-copy", COPY),
        ("main", "orders", HOME),
    ]
    assert stack_of(content, "main")["handed"] == [
        {"parameter": "EdgeTopicArn", "stack": "edge", "output": "EdgeTopicArn"},
        {"parameter": "CopyName", "stack": "copy", "output": "CopyName"},
    ]
    assert all(stack["tags"]["portal:environment-id"] for stack in stacks_of(content))
    assert len(resources_of(content)) == len({resource["logical_id"] for resource in resources_of(content)}) == 11


def test_the_digest_covers_every_stack_and_its_code(abroad: World) -> None:
    content = abroad.request(blueprint="signpost").plan.content
    digest = digest_of_plan(content)
    for stack in stacks_of(content):
        for key in ("body", "region", "stack_name", "termination_protection"):
            before, stack[key] = stack[key], "other"
            assert digest_of_plan(content) != digest, (stack["stack"], key)
            stack[key] = before
    (artefact,) = stack_of(content, "main")["artefacts"]
    artefact["sha256"] = "0" * 64
    assert digest_of_plan(content) != digest


def test_the_code_is_kept_with_the_plan_once_for_all(abroad: World) -> None:
    content = abroad.request("one", blueprint="signpost").plan.content
    abroad.request("two", blueprint="signpost")
    kept = Artefact.objects.get()
    (artefact,) = stack_of(content, "main")["artefacts"]
    assert artefact["sha256"] == kept.sha256 == hashlib.sha256(bytes(kept.body)).hexdigest()
    assert artefact["bytes"] == kept.size == len(bytes(kept.body))
    assert zipfile.ZipFile(io.BytesIO(bytes(kept.body))).namelist() == ["handler.py"]


def test_it_is_refused_where_the_account_does_not_allow_a_region_that_a_stack_needs(abroad: World) -> None:
    abroad.account.regions = [HOME, COPY]
    with pytest.raises(Refused, match=r"needs us-east-1 as well, for its stack “edge”"):
        abroad.request(blueprint="signpost")
    assert not Environment.objects.exists()


def test_it_is_refused_where_the_account_has_no_bucket_for_the_code(abroad: World) -> None:
    abroad.account.artefact_bucket = ""
    with pytest.raises(Refused, match="has no artefact bucket"):
        abroad.request(blueprint="signpost")
    assert not Artefact.objects.exists()


def test_two_environments_never_want_one_name_of_a_stack(abroad: World) -> None:
    abroad.request(blueprint="signpost")
    with pytest.raises(Refused, match="the name of one that the environment orders in eu-north-1 has"):
        abroad.request("orders-edge", region=EDGE)
    assert abroad.request("orders-edge").state == "approved"  # the same name, another region


def test_a_region_that_is_taken_away_meanwhile_stops_it_before_anything_is_called(abroad: World) -> None:
    request = abroad.request(blueprint="signpost", size="prod")
    approve_request(actor=abroad.olivia, request=request, digest=request.plan.digest)
    abroad.prod_account.regions = [HOME, EDGE]
    abroad.prod_account.save()
    environment = abroad.until_rest(request.environment)
    assert "no longer takes environments in eu-central-1" in abroad.last_operation(environment).cause
    assert abroad.cloud.faults.calls == []


@pytest.mark.parametrize(
    ("bucket", "where", "region", "expected"),
    [
        ("portal-artefacts-111111111111-eu-north-1", "", EDGE, "portal-artefacts-111111111111-us-east-1"),
        ("portal-artefacts-111111111111-eu-north-1", "", HOME, "portal-artefacts-111111111111-eu-north-1"),
        ("ours", "", HOME, "ours"),
        ("ours", "", EDGE, "portal-artefacts-111111111111-us-east-1"),
        ("ours", EDGE, EDGE, "ours"),
        ("ours", EDGE, HOME, "portal-artefacts-111111111111-eu-north-1"),
        ("", "", HOME, ""),
    ],
)
def test_code_lies_in_the_region_where_it_runs(
    abroad: World, bucket: str, where: str, region: str, expected: str
) -> None:
    abroad.account.artefact_bucket, abroad.account.artefact_region = bucket, where
    assert abroad.account.artefact_bucket_in(region) == expected
    assert abroad.account.access(region).artefact_bucket == expected


def test_a_bucket_of_the_accounts_own_is_named_in_the_template_of_its_region(abroad: World) -> None:
    abroad.account.artefact_bucket = "ours"
    main = stack_of(abroad.request(blueprint="signpost").plan.content, "main")
    assert main["artefact_bucket"] == "ours"
    assert '"S3Bucket":"ours"' in main["body"]


# Creation


def test_stacks_are_made_one_after_the_other_each_in_its_region(abroad: World) -> None:
    environment = create(abroad)
    stacks = made(abroad)
    assert [(stack.spec.name, stack.place.region, stack.status) for stack in stacks] == [
        ("orders-edge", EDGE, "CREATE_COMPLETE"),
        ("orders-copy", COPY, "CREATE_COMPLETE"),
        ("orders", HOME, "CREATE_COMPLETE"),
    ]
    for before, after in pairwise(stacks):
        assert before.events[-1].status == "CREATE_COMPLETE"
        assert before.events[-1].at <= after.created_at
    assert len({stack.token for stack in stacks}) == 3
    assert {stack.spec.tags["portal:operation"] for stack in stacks} == {abroad.last_operation(environment).token}
    told = Transition.objects.filter(subject="operation").order_by("id").values_list("to_state", flat=True)
    once = ["submitting", "building"]
    assert list(told) == ["queued", *once, "continuing", *once, "continuing", *once, "finishing", "succeeded"]


def test_what_earlier_stacks_hand_on_is_what_aws_says_and_is_written_down(abroad: World) -> None:
    environment = create(abroad)
    handed = {"EdgeTopicArn": "orders-edge:EdgeTopicArn", "CopyName": "orders-copy:CopyName"}
    assert abroad.aws_stack("orders").spec.parameters == handed
    assert abroad.stack_row(environment).handed == handed
    assert abroad.stack_row(environment, "edge").handed == {}


def test_the_code_lies_in_its_bucket_before_the_stack_is_made(abroad: World) -> None:
    create(abroad)
    calls = abroad.cloud.faults.calls
    assert calls.index("put_artefact") < len(calls) - 1 - calls[::-1].index("create_stack")
    ((place, bucket, key),) = abroad.cloud.artefacts
    assert (place.region, bucket) == (HOME, f"portal-artefacts-{abroad.account.account_id}-{HOME}")
    assert key == f"artefacts/{Artefact.objects.get().sha256}.zip"


def test_code_that_was_tampered_with_in_the_database_is_not_stored(abroad: World) -> None:
    request = abroad.request(blueprint="signpost")
    Artefact.objects.update(body=b"something else")
    environment = abroad.until_rest(request.environment)
    assert environment.state == "create_failed"
    assert abroad.cloud.artefacts == {}
    assert abroad.cloud.named("orders") == []


def test_what_was_approved_is_what_runs_although_the_catalogue_has_changed(abroad: World) -> None:
    request = abroad.request(blueprint="signpost", size="prod")
    approve_request(actor=abroad.olivia, request=request, digest=request.plan.digest)
    approved = Artefact.objects.get()
    abroad.blueprints = {"signpost": replace(abroad.blueprints["signpost"], digest="0" * 64)}
    assert abroad.until_rest(request.environment).state == "running"
    assert list(abroad.cloud.artefacts.values()) == [bytes(approved.body)]


def test_each_stack_is_looked_at_in_its_own_region(abroad: World) -> None:
    """Many that stand at different stacks are read with one list for each region, no more."""
    for number in range(4):
        abroad.request(f"early-{number}", blueprint="signpost")
    abroad.run()
    abroad.tick(14)
    assert set(Operation.objects.values_list("region", flat=True)) == {COPY}
    for number in range(4):
        abroad.request(f"late-{number}", blueprint="signpost")
    abroad.run()
    assert set(Operation.objects.values_list("stack", "region")) == {("copy", COPY), ("edge", EDGE)}
    abroad.cloud.faults.calls.clear()
    abroad.cloud.clock.advance(4)
    abroad.run()
    assert abroad.cloud.faults.calls.count("list_stacks") == 2
    assert abroad.cloud.faults.calls.count("describe_stack") == 0


# Failure


def failed_in_main(world: World) -> Environment:
    world.cloud.fail_create["Sign"] = ["Access Denied"]
    return world.until_rest(world.request(blueprint="signpost").environment)


def test_a_later_stack_that_fails_leaves_the_earlier_ones_as_they_are(abroad: World) -> None:
    environment = failed_in_main(abroad)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id, told.next_action) == ("create_failed", "Sign", "try_again")
    assert [abroad.aws_stack(name).status for name in NAMES] == [*["CREATE_COMPLETE"] * 2, "ROLLBACK_COMPLETE"]
    views = steps(abroad.last_operation(environment))
    assert [(view.title, view.state) for view in views] == [
        ("Prove the approval", "done"),
        ("Create “edge” in us-east-1", "done"),
        ("Create “copy” in eu-central-1", "done"),
        ("Create the main stack in eu-north-1", "failed"),
    ]


def test_try_again_goes_on_with_the_one_that_failed(abroad: World) -> None:
    environment = failed_in_main(abroad)
    ids = [abroad.aws_stack(name).stack_id for name in NAMES[:2]]
    try_again(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    assert [abroad.aws_stack(name).stack_id for name in NAMES[:2]] == ids
    assert [stack.status for stack in abroad.cloud.named("orders")] == ["DELETE_COMPLETE", "CREATE_COMPLETE"]
    assert [len(abroad.cloud.named(name)) for name in NAMES] == [1, 1, 2]
    assert abroad.aws_stack("orders").spec.parameters["CopyName"] == "orders-copy:CopyName"


def test_a_first_stack_that_fails_begins_nothing_else(abroad: World) -> None:
    abroad.cloud.fail_create["EdgeTopic"] = ["Access Denied"]
    environment = abroad.until_rest(abroad.request(blueprint="signpost").environment)
    assert environment.state == "create_failed"
    assert [stack.spec.name for stack in made(abroad)] == ["orders-edge"]
    try_again(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"


@pytest.mark.parametrize("failing", ["EdgeQueue", "CopyBucket", "Inbox"])
def test_whichever_stack_fails_the_rest_is_made_once(abroad: World, failing: str) -> None:
    abroad.cloud.fail_create[failing] = ["Access Denied"]
    environment = abroad.until_rest(abroad.request(blueprint="signpost").environment)
    assert environment.state == "create_failed"
    broken = abroad.last_operation(environment).stack
    try_again(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    made_of = {
        role: Stack.objects.filter(environment=environment, role=role).count() for role in ("edge", "copy", "main")
    }
    assert made_of == {role: 2 if role == broken else 1 for role in made_of}
    abroad.tear_down(environment)
    assert len(gone(abroad, environment).lines) >= 11
    assert abroad.cloud.living == {}


def test_code_that_somebody_took_out_of_the_bucket_is_put_there_again(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    while abroad.last_operation(environment).state != "building" or abroad.last_operation(environment).stack != "main":
        abroad.cloud.clock.advance(3)
        abroad.engine.advance(abroad.last_operation(environment).pk)
    abroad.cloud.artefacts.clear()
    assert abroad.until_rest(environment).state == "create_failed"
    told = failure(environment)
    assert told is not None
    assert (told.logical_id, told.next_action) == ("Code", "try_again")
    try_again(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    assert len(abroad.cloud.artefacts) == 1


def test_an_earlier_stack_that_somebody_took_away_is_made_again(abroad: World) -> None:
    environment = failed_in_main(abroad)
    edge = abroad.aws_stack("orders-edge")
    abroad.cloud.set_status(edge, "DELETE_COMPLETE")
    for resource in edge.resources.values():
        abroad.cloud.end(edge, resource)
    try_again(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    assert abroad.aws_stack("orders-edge").stack_id != edge.stack_id


def test_values_that_nothing_was_made_with_are_read_again(abroad: World) -> None:
    """The stack that they came from may be another one by the next attempt."""
    environment = abroad.request(blueprint="signpost").environment
    while not Stack.objects.filter(role="main").exclude(handed={}).exists():
        abroad.cloud.clock.advance(3)
        abroad.engine.advance(abroad.last_operation(environment).pk)
    abroad.cloud.faults.once("create_stack", AccessDenied("explicit deny"))
    assert abroad.until_rest(environment).state == "create_failed"
    Stack.objects.filter(role="main").update(handed={"EdgeTopicArn": "of one that is gone", "CopyName": "of it too"})
    try_again(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"
    handed = {"EdgeTopicArn": "orders-edge:EdgeTopicArn", "CopyName": "orders-copy:CopyName"}
    assert abroad.aws_stack("orders").spec.parameters == abroad.stack_row(environment).handed == handed
    assert Stack.objects.filter(role="main").count() == 1


def test_an_earlier_stack_that_goes_while_the_next_begins_is_told(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    while abroad.last_operation(environment).stack != "main":
        abroad.cloud.clock.advance(3)
        abroad.engine.advance(abroad.last_operation(environment).pk)
    abroad.cloud.set_status(abroad.aws_stack("orders-edge"), "DELETE_IN_PROGRESS")
    abroad.until_rest(environment)
    assert "“edge”, whose values this one needs, is not complete any more" in abroad.last_operation(environment).cause
    assert abroad.cloud.named("orders") == []


def test_a_foreign_stack_of_any_of_the_names_is_never_touched(abroad: World) -> None:
    aws = abroad.aws_for(abroad.account, COPY)
    theirs = aws.create_stack(
        port.StackSpec("orders-copy", '{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}'), token="x"
    )
    abroad.cloud.clock.advance(60)
    environment = abroad.until_rest(abroad.request(blueprint="signpost").environment)
    operation = abroad.last_operation(environment)
    assert (operation.state, operation.stack, operation.region) == ("refused", "copy", COPY)
    abroad.tear_down(environment)
    gone(abroad, environment)
    assert abroad.aws_stack("orders-copy").stack_id == theirs


def test_a_region_that_cannot_be_reached_holds_the_others_up_for_nobody(abroad: World) -> None:
    reach = abroad.aws_for
    abroad.engine.aws_for = lambda account, region: raised() if region == COPY else reach(account, region)

    def raised() -> None:
        raise Unreachable("no route")

    environment, other = abroad.request(blueprint="signpost").environment, abroad.request("other").environment
    assert abroad.until_rest(other).state == "running"
    for _ in range(30):
        abroad.tick(10)
    operation = abroad.last_operation(environment)
    assert (operation.state, operation.stack) == ("continuing", "copy")
    abroad.engine.aws_for = reach
    assert abroad.until_rest(environment).state == "running"


def test_a_denied_region_ends_the_attempt_with_aws_own_sentence(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    while abroad.last_operation(environment).stack != "copy":
        abroad.tick(3)
    abroad.cloud.faults.once("create_stack", AccessDenied("explicit deny in a service control policy"))
    abroad.until_rest(environment)
    assert "service control policy" in abroad.last_operation(environment).cause_detail
    try_again(actor=abroad.bob, environment=environment)
    assert abroad.until_rest(environment).state == "running"


# Crashes


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_anywhere_between_stacks_loses_and_doubles_nothing(abroad: World, point: str) -> None:
    abroad.engine.probe = DiesAtEveryStep(abroad, point)
    environment = abroad.request(blueprint="signpost").environment
    assert to_the_end(abroad, environment) >= 9
    assert environment.state == "running"
    assert sorted(stack.spec.name for stack in abroad.cloud.stacks) == sorted(NAMES)
    one_terminal_transition_each()
    abroad.tear_down(environment)
    assert to_the_end(abroad, environment) >= 9
    assert environment.state == "gone"
    assert abroad.cloud.living == {}
    assert len(abroad.cloud.artefacts) == 1
    one_terminal_transition_each()


class DiesAtEveryStep(DiesAt):
    """Once in each state of each stack."""

    def __call__(self, point: str) -> None:
        row = Operation.objects.filter(ended_at=None).values_list("kind", "stack", "state").first()
        state = "/".join(row) if row else "ended"
        if point == self.point and state not in self.died_in:
            self.died_in.add(state)
            raise WorkerDied(f"{point} in {state}")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["put_artefact", "create_stack", "describe_stack"])
def test_a_worker_that_dies_in_any_call_of_a_creation_doubles_nothing(abroad: World, call: str, when: str) -> None:
    environment = abroad.request(blueprint="signpost").environment
    abroad.cloud.faults.once(call, WorkerDied(f"{when} {call}"), when=when, times=4)
    assert to_the_end(abroad, environment) == 4
    assert environment.state == "running"
    assert sorted(stack.spec.name for stack in abroad.cloud.stacks) == sorted(NAMES)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["quiesce", "empty_bucket", "empty_vault", "delete_stack", "exists", "find_by_tag"])
def test_a_worker_that_dies_in_any_call_of_a_teardown_leaves_nothing(abroad: World, call: str, when: str) -> None:
    environment = create(abroad)
    abroad.tear_down(environment)
    abroad.cloud.faults.once(call, WorkerDied(f"{when} {call}"), when=when, times=3)
    assert to_the_end(abroad, environment) >= 1
    assert environment.state == "gone"
    assert abroad.cloud.living == {}


def test_every_step_of_several_stacks_may_run_twice(abroad: World) -> None:
    abroad.cloud.fail_create["Sign"] = ["Access Denied"]
    environment = abroad.request(blueprint="signpost").environment
    states = run_each_step_twice(abroad, environment)
    try_again(actor=abroad.bob, environment=environment)
    states |= run_each_step_twice(abroad, environment)
    assert environment.state == "running"
    abroad.tear_down(environment)
    states |= run_each_step_twice(abroad, environment)
    assert environment.state == "gone"
    assert states == set(OPERATION_GRAPH.edges) - OPERATION_GRAPH.ends
    assert [len(abroad.cloud.named(name)) for name in NAMES] == [1, 1, 2]


def test_a_stack_whose_id_was_never_written_down_is_found_by_its_name(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    abroad.run()
    assert abroad.last_operation(environment).state == "building"
    abroad.cloud.faults.once("create_stack", WorkerDied("after"), when="after", times=100)
    to_the_end(abroad, environment)
    assert abroad.last_operation(environment).state == "abandoned"
    assert abroad.stack_row(environment, "copy").stack_id == ""
    abroad.cloud.faults._scripted.clear()
    abroad.tear_down(environment)
    gone(abroad, environment)
    assert abroad.cloud.living == {}


# Teardown


def test_a_teardown_goes_backwards_and_its_receipt_names_every_region(abroad: World) -> None:
    environment = create(abroad)
    abroad.tear_down(environment)
    receipt = gone(abroad, environment)
    ended = {stack.spec.name: stack.events[-1].at for stack in abroad.cloud.stacks}
    begun = {
        stack.spec.name: next(event.at for event in stack.events if event.status == "DELETE_IN_PROGRESS")
        for stack in abroad.cloud.stacks
    }
    assert ended["orders"] <= begun["orders-copy"] < ended["orders-copy"] <= begun["orders-edge"]
    assert len(receipt.lines) == 11
    assert {(line["stack"], line["region"]) for line in receipt.lines} == {
        ("edge", EDGE),
        ("copy", COPY),
        ("main", HOME),
    }
    assert set(receipt.scan["regions"]) == {EDGE, COPY, HOME}
    assert receipt.scan["left"] == []
    assert abroad.cloud.living == {}
    views = [(view.title, view.state) for view in steps(abroad.last_operation(environment))]
    assert views[2:5] == [
        ("Delete the main stack in eu-north-1", "done"),
        ("Delete “copy” in eu-central-1", "done"),
        ("Delete “edge” in us-east-1", "done"),
    ]


def test_everything_that_starts_work_is_stopped_before_the_first_stack_goes(abroad: World) -> None:
    environment = create(abroad)
    reader = StackResource.objects.get(stack__environment=environment, logical_id="Reader")
    abroad.tear_down(environment)
    gone(abroad, environment)
    assert abroad.cloud.quiesced == [reader.physical_id]
    calls = abroad.cloud.faults.calls
    assert calls.index("quiesce") < calls.index("delete_stack")


def test_a_copy_that_fills_up_until_its_source_is_gone_is_emptied_when_its_turn_comes(abroad: World) -> None:
    environment = create(abroad)
    copy = abroad.aws_stack("orders-copy").resources["CopyBucket"].physical_id
    abroad.tear_down(environment)
    while abroad.last_operation(environment).state != "deleting":
        abroad.tick(1)
    abroad.cloud.objects[copy] = 2500  # what was still on its way
    gone(abroad, environment)
    assert abroad.cloud.faults.calls.count("delete_stack") == 3


def test_a_vault_that_dies_is_emptied_of_its_recovery_points(abroad: World) -> None:
    environment = create(abroad)
    vault = abroad.aws_stack("orders-copy").resources["CopyVault"].physical_id
    abroad.cloud.recovery_points[vault] = 2300
    preview = preview_teardown(actor=abroad.bob, environment=environment)
    assert vault in [name for name, _ in preview.emptied]
    abroad.tear_down(environment)
    gone(abroad, environment)
    assert abroad.cloud.recovery_points[vault] == 0


def test_a_vault_that_stays_keeps_its_recovery_points_and_the_receipt_lists_them(abroad: World) -> None:
    environment = create(abroad, size="staging")
    vault = abroad.aws_stack("orders-copy").resources["CopyVault"].physical_id
    abroad.cloud.recovery_points[vault] = 1
    place = Place(abroad.account.account_id, COPY)
    point = f"arn:aws:backup:{COPY}:{place.account_id}:recovery-point:1234"
    tags = {"portal:environment-id": str(environment.pk)}
    abroad.cloud.living[place, "recovery point", point] = Living("recovery point", point, point, tags)
    abroad.tear_down(environment)
    receipt = gone(abroad, environment)
    assert abroad.cloud.recovery_points[vault] == 1
    kept = {line["physical_id"]: line for line in receipt.lines if line["end"] == "retained"}
    assert {vault, point} <= set(kept)
    assert (kept[point]["region"], kept[point]["type"]) == (COPY, "recovery point")
    assert point in receipt.scan["found"]


def test_a_recovery_point_beside_a_vault_that_dies_is_left_over(abroad: World) -> None:
    environment = create(abroad)
    place = Place(abroad.account.account_id, HOME)
    point = f"arn:aws:backup:{HOME}:{place.account_id}:recovery-point:1234"
    tags = {"portal:environment-id": str(environment.pk)}
    abroad.cloud.living[place, "recovery point", point] = Living("recovery point", point, point, tags)
    abroad.tear_down(environment)
    abroad.until_rest(environment, seconds=7200, step=30)
    assert environment.state == "teardown_failed"
    assert point in abroad.last_operation(environment).cause_detail


@pytest.mark.parametrize(
    ("kind", "place"),
    [("AWS::EC2::Volume", EDGE), ("AWS::EC2::Volume", COPY), ("AWS::EC2::Volume", HOME)],
)
def test_what_is_left_in_any_region_is_found(abroad: World, kind: str, place: str) -> None:
    environment = create(abroad)
    where = Place(abroad.account.account_id, place)
    arn = f"arn:aws:ec2:{place}:{where.account_id}:volume/vol-1"
    tags = {"portal:environment-id": str(environment.pk)}
    abroad.cloud.living[where, kind, "vol-1"] = Living(kind, "vol-1", arn, tags)
    abroad.tear_down(environment)
    abroad.until_rest(environment, seconds=7200, step=30)
    assert environment.state == "teardown_failed"
    assert abroad.last_operation(environment).cause.startswith("The stacks are gone, but 1 resource is still there")
    assert arn in abroad.last_operation(environment).cause_detail


def test_what_stays_in_another_region_is_on_the_receipt_with_its_region(abroad: World) -> None:
    environment = create(abroad, size="staging")
    preview = preview_teardown(actor=abroad.bob, environment=environment)
    assert {(line.logical_id, line.region) for line in preview.stays if line.stack != "main"} == {
        ("CopyBucket", COPY),
        ("CopyVault", COPY),
    }
    assert (preview.regions, preview.packages) == ([EDGE, COPY, HOME], 1)
    abroad.tear_down(environment)
    receipt = gone(abroad, environment)
    assert {line["logical_id"] for line in receipt.lines if line["end"] == "retained"} == {
        "BucketFiles",
        "BucketFilesPolicy",
        "CopyBucket",
        "CopyVault",
    }
    assert len(abroad.cloud.artefacts) == 1  # shared: another environment may run the same code


def test_a_stack_that_cannot_go_leaves_those_before_it_and_says_which(abroad: World) -> None:
    environment = create(abroad)
    abroad.cloud.fail_delete["CopyBucket"] = ["Gremlins"] * 5
    abroad.tear_down(environment)
    abroad.until_rest(environment)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id) == ("teardown_failed", "CopyBucket")
    assert abroad.aws_stack("orders-edge").status == "CREATE_COMPLETE"
    assert [view.state for view in steps(abroad.last_operation(environment))] == [
        *["done"] * 3, "failed", *["todo"] * 2,
    ]  # fmt: skip
    try_again(actor=abroad.bob, environment=environment)
    gone(abroad, environment)


# What pages show


def test_progress_tells_of_stacks_whose_turn_has_not_come(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    abroad.run()
    abroad.tick(5)
    shown = progress(environment)
    assert (shown.total, shown.done, len(shown.resources)) == (11, 0, 11)
    assert [(stack.key, stack.region, stack.total, stack.tone) for stack in shown.stacks] == [
        ("edge", EDGE, 2, "busy"),
        ("copy", COPY, 2, "idle"),
        ("main", HOME, 7, "idle"),
    ]
    abroad.until_rest(environment)
    shown = progress(environment)
    assert (shown.total, shown.done) == (11, 11)
    assert [stack.tone for stack in shown.stacks] == ["ok"] * 3
    assert {line.region for line in shown.resources} == {EDGE, COPY, HOME}
    assert {event.stack_id for event in shown.events} == set(Stack.objects.values_list("pk", flat=True))
    assert shown.outputs["Bucket"] == "orders:Bucket"
    assert set(shown.component_states.values()) == {"ok"}


def test_one_stack_stays_as_quiet_as_it_was(world: World) -> None:
    environment = world.create()
    assert progress(environment).stacks == []
    assert [view.key for view in steps(world.last_operation(environment))] == ["prove", "submit", "build"]
