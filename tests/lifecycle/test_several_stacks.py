"""An environment of three stacks in three regions, with code: planned as a whole, and made one
after the other.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from itertools import pairwise

import pytest

from provisioning.errors import Refused
from provisioning.lifecycle.plan_document import StackInput
from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.read.progress import progress
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.models import Artefact, Environment, Operation, Stack, Transition
from tests.fixtures.world import World
from tests.lifecycle.signposts import COPY, EDGE, HOME, create, made
from tests.support.plans import created_by

# The plan


def test_a_plan_names_each_stack_in_the_order_of_creation(abroad: World) -> None:
    request = abroad.request(blueprint="signpost")
    plan, start = created_by(request.plan), f"payments-orders-{request.environment.generation}"
    assert [(stack.key, stack.name, stack.region) for stack in plan.stacks] == [
        ("edge", f"{start}-edge", EDGE),
        ("copy", f"{start}-copy", COPY),
        ("main", start, HOME),
    ]
    assert plan.main.inputs == (
        StackInput("EdgeTopicArn", stack="edge", output="EdgeTopicArn"),
        StackInput("CopyName", stack="copy", output="CopyName"),
    )
    assert all(stack.tags["portal:environment-id"] for stack in plan.stacks)
    assert len(plan.resources) == len({resource.logical_id for resource in plan.resources}) == 11


def test_the_code_is_kept_with_the_plan_once_for_all(abroad: World) -> None:
    plan = created_by(abroad.request("one", blueprint="signpost").plan)
    abroad.request("two", blueprint="signpost")
    kept = Artefact.objects.get()
    (artefact,) = plan.main.artefacts
    assert artefact.sha256 == kept.sha256 == hashlib.sha256(bytes(kept.body)).hexdigest()
    assert artefact.size_bytes == kept.size == len(bytes(kept.body))
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
    """Not even if the name of one is that of a stack of the other in its region."""
    one = created_by(abroad.request(blueprint="signpost").plan)
    other = created_by(abroad.request("orders-edge", region=EDGE).plan)
    assert {stack.name for stack in one.stacks}.isdisjoint(stack.name for stack in other.stacks)


def test_a_region_that_is_taken_away_meanwhile_stops_it_before_anything_is_called(abroad: World) -> None:
    request = abroad.request(blueprint="signpost", size="prod")
    approve_request(actor=abroad.olivia, request=request, digest=request.plan.digest)
    abroad.prod_account.regions = [HOME, EDGE]
    abroad.prod_account.save()
    environment = abroad.until_rest(request.environment)
    assert "no longer accepts environments in eu-central-1" in abroad.last_operation(environment).cause
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
    main = created_by(abroad.request(blueprint="signpost").plan).main
    assert main.artefact_bucket == "ours"
    assert '"S3Bucket":"ours"' in main.body


# Creation


def test_stacks_are_made_one_after_the_other_each_in_its_region(abroad: World) -> None:
    environment = create(abroad)
    stacks = made(abroad)
    assert [(stack.name, stack.place.region, stack.status) for stack in stacks] == [
        ("orders-edge", EDGE, "CREATE_COMPLETE"),
        ("orders-copy", COPY, "CREATE_COMPLETE"),
        ("orders", HOME, "CREATE_COMPLETE"),
    ]
    for before, after in pairwise(stacks):
        assert before.events[-1].status == "CREATE_COMPLETE"
        assert before.events[-1].at <= after.created_at
    assert len({stack.token for stack in stacks}) == 3
    assert all(stack.token.startswith(abroad.last_operation(environment).token) for stack in stacks)
    told = Transition.objects.filter(subject="operation").order_by("id").values_list("to_state", flat=True)
    once = ["submitting", "building"]
    assert list(told) == ["queued", *once, "continuing", *once, "continuing", *once, "finishing", "succeeded"]


def test_what_earlier_stacks_hand_on_is_what_aws_says_and_is_written_down(abroad: World) -> None:
    environment = create(abroad)
    handed = {"EdgeTopicArn": "orders-edge:EdgeTopicArn", "CopyName": "orders-copy:CopyName"}
    assert abroad.aws_stack("orders").spec.parameters == handed
    assert abroad.stack_row(environment).inputs == handed
    assert abroad.stack_row(environment, "edge").inputs == {}


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
    abroad.cloud.clock.advance(5)
    abroad.run()
    assert abroad.cloud.faults.calls.count("list_stacks") == 2
    assert abroad.cloud.faults.calls.count("describe_stack") == 0


# What pages show


def test_progress_tells_of_stacks_whose_turn_has_not_come(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    abroad.run()
    abroad.tick_viewed(environment, 5)
    shown = progress(environment)
    assert (shown.total, shown.done, len(shown.resources)) == (11, 0, 11)
    assert [(stack.key, stack.region, stack.total, stack.tone) for stack in shown.stacks] == [
        ("edge", EDGE, 2, "busy"),
        ("copy", COPY, 2, "idle"),
        ("main", HOME, 7, "idle"),
    ]
    while Operation.objects.filter(ended_at=None).exists():
        abroad.tick_viewed(environment, 5)
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
