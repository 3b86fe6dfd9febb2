"""Several stacks are torn down backwards, each region looked through, and the receipt names them
all.
"""

from __future__ import annotations

import pytest

from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.services.teardown import preview_teardown
from provisioning.models import StackResource
from tests.fixtures.world import World
from tests.lifecycle.signposts import COPY, EDGE, HOME, create, gone
from tests.scripted_aws.cloud import Living, Place

# Teardown


def test_a_teardown_goes_backwards_and_its_receipt_names_every_region(abroad: World) -> None:
    environment = create(abroad)
    abroad.tear_down(environment)
    receipt = gone(abroad, environment)
    ended = {stack.name: stack.events[-1].at for stack in abroad.cloud.stacks}
    begun = {
        stack.name: next(event.at for event in stack.events if event.status == "DELETE_IN_PROGRESS")
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
    assert views[3:6] == [
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
    assert abroad.last_operation(environment).cause.startswith("The stacks are gone, but 1 resource still exists")
    assert arn in abroad.last_operation(environment).cause_detail


def test_what_stays_in_another_region_is_on_the_receipt_with_its_region(abroad: World) -> None:
    environment = create(abroad, size="staging")
    preview = preview_teardown(actor=abroad.bob, environment=environment)
    assert {(line.logical_id, line.region) for line in preview.plan.to_retain if line.stack != "main"} == {
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


def test_a_stack_that_cannot_be_deleted_never_stops_the_others(abroad: World) -> None:
    environment = create(abroad)
    abroad.cloud.fail_delete["CopyBucket"] = ["Gremlins"] * 5
    abroad.tear_down(environment)
    abroad.until_rest(environment)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id, told.detail) == ("teardown_failed", "CopyBucket", "Gremlins")
    assert abroad.aws_stack("orders-copy").status == "DELETE_FAILED"
    assert abroad.cloud.named("orders-edge")[-1].status == "DELETE_COMPLETE"
    views = {view.key: (view.state, view.detail) for view in steps(abroad.last_operation(environment))}
    assert views["stack-main"][0] == views["stack-edge"][0] == "done"
    assert views["stack-copy"] == ("failed", "CopyBucket: Gremlins")
    retry_operation(actor=abroad.bob, environment=environment)
    gone(abroad, environment)
