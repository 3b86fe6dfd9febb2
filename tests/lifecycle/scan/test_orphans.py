"""The nightly scan finds stacks and resources that belong to no environment, and nothing in flight."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from provisioning.aws import InternalFailure
from provisioning.lifecycle.scan.regions import EVERY, add_regions, scan_due, scan_region
from provisioning.models import Environment, Operation, Orphan, PolledRegion, Stack
from tests.fixtures.world import REGION, World
from tests.lifecycle.scan.region import Console
from tests.scripted_aws.cloud import Living, Place
from tests.scripted_aws.faults import CHANGES


def tags(environment_id: object, team: str = "payments") -> dict[str, str]:
    return {"portal:environment-id": str(environment_id), "portal:team": team}


def scan(console: Console) -> list[Orphan]:
    scan_region(console.aws_for, console.world.account, REGION)
    return list(Orphan.objects.filter(ended_at=None).order_by("found_at", "id"))


def gone(world: World, name: str = "orders") -> Environment:
    environment = world.create(name)
    world.tear_down(environment)
    environment = world.until_rest(environment)
    assert environment.state == "gone"
    return environment


def test_environments_that_run_are_no_orphans(world: World, console: Console) -> None:
    world.create("orders")
    console.create("somebody-elses", {"team": "data"})
    assert scan(console) == []


def test_a_stack_of_an_environment_that_does_not_exist(world: World, console: Console) -> None:
    environment_id = uuid.uuid4()
    stack = console.create("stray", tags(environment_id))
    (orphan,) = scan(console)
    assert (orphan.arn, orphan.status, orphan.region) == (stack.stack_id, "CREATE_COMPLETE", REGION)
    assert (orphan.environment_id_tag, orphan.team_tag) == (str(environment_id), "payments")
    assert orphan.reason == (
        "No environment of this portal has the id in its tags. Found in the list of stacks (DescribeStacks)."
    )


@pytest.mark.parametrize("text", ["none", "*"])
def test_a_tag_that_is_no_id_names_no_environment(console: Console, text: str) -> None:
    console.create("stray", tags(text))
    (orphan,) = scan(console)
    assert orphan.reason.startswith("No environment of this portal")


def test_a_stack_that_outlived_its_environment(world: World, console: Console) -> None:
    environment = gone(world)
    console.create("late", tags(environment.pk))
    (orphan,) = scan(console)
    assert orphan.reason.startswith(
        "Its tags name the environment orders, which is “torn down”, and whose ledger does not contain it."
    )


def test_a_stack_in_the_ledger_that_came_back(world: World, console: Console) -> None:
    environment = gone(world)
    stack = console.create("late", tags(environment.pk))
    Stack.objects.filter(environment=environment).update(stack_id=stack.stack_id)
    (orphan,) = scan(console)
    assert orphan.reason.startswith("Its environment orders is “torn down”, but the stack exists.")


def test_another_stack_of_a_running_environment(world: World, console: Console) -> None:
    environment = world.create()
    console.create("copy", tags(environment.pk))
    (orphan,) = scan(console)
    assert orphan.reason.startswith("Its tags name the environment orders, whose ledger does not contain it.")


def test_a_stack_in_another_account_than_its_environment(world: World, console: Console) -> None:
    environment = world.create()
    Environment.objects.filter(pk=environment.pk).update(account=world.prod_account)
    console.create("copy", tags(environment.pk))
    reasons = {orphan.reason for orphan in scan(console)}
    assert any("which is in the account prod" in reason for reason in reasons)


def test_what_is_in_flight_is_never_called_an_orphan(world: World, console: Console) -> None:
    """As a stack whose answer was lost."""
    request = world.request()
    environment = request.environment
    console.create("not-in-ledger-yet", tags(environment.pk))
    assert Operation.objects.filter(environment=environment, ended_at=None).exists()
    assert scan(console) == []


def test_a_call_that_may_still_take_effect_is_waited_for(world: World, console: Console) -> None:
    environment = gone(world)
    Operation.objects.filter(environment=environment).update(
        call_what="cloudformation:CreateStack", call_deadline=world.now - timedelta(minutes=3), call_ended_at=None
    )
    console.create("late", tags(environment.pk))
    assert scan(console) == []
    console.wait(600)
    assert [orphan.environment_id_tag for orphan in scan(console)] == [str(environment.pk)]


def test_a_stack_in_progress_is_seen_the_next_night(world: World, console: Console) -> None:
    stack = console.create("stray", tags(uuid.uuid4()))
    stack.status = "UPDATE_IN_PROGRESS"
    assert scan(console) == []
    stack.status = "UPDATE_COMPLETE"
    assert len(scan(console)) == 1
    stack.status = "DELETE_IN_PROGRESS"
    assert len(scan(console)) == 1, "it is still there"


def test_a_draft_is_an_orphan_after_a_day(world: World, console: Console) -> None:
    stack = console.create("stray", tags(uuid.uuid4()))
    stack.status = "REVIEW_IN_PROGRESS"
    assert scan(console) == []
    world.cloud.clock.advance(25 * 3600)
    assert len(scan(console)) == 1


def test_an_orphan_ends_when_it_is_gone_and_begins_again_when_it_is_back(world: World, console: Console) -> None:
    stack = console.create("stray", tags(uuid.uuid4()))
    (first,) = scan(console)
    world.cloud.clock.advance(3600)
    (again,) = scan(console)
    assert (again.pk, again.found_at) == (first.pk, first.found_at)
    assert again.seen_at == world.now
    stack.status = "DELETE_COMPLETE"
    assert scan(console) == []
    assert Orphan.objects.get(pk=first.pk).ended_at == world.now
    world.cloud.clock.advance(3600)
    stack.status = "CREATE_COMPLETE"
    (back,) = scan(console)
    assert (back.pk, back.found_at, back.ended_at) == (first.pk, world.now, None)


def add_resource(console: Console, physical_id: str, environment_id: object, kind: str = "AWS::S3::Bucket") -> Living:
    place = Place(console.world.account.account_id, REGION)
    arn = f"arn:aws:s3:::{physical_id}" if kind == "AWS::S3::Bucket" else physical_id
    living = Living(kind, physical_id, arn, tags(environment_id))
    console.world.cloud.living[place, kind, physical_id] = living
    return living


def test_a_resource_that_no_receipt_lists(world: World, console: Console) -> None:
    environment = gone(world)
    living = add_resource(console, "pt-payments-orders-late", environment.pk)
    (orphan,) = scan(console)
    assert orphan.arn == living.arn
    assert orphan.reason == (
        "Its environment orders is torn down, and its receipt does not list it. Found by its tags (GetResources)."
    )
    del world.cloud.living[Place(world.account.account_id, REGION), living.type, living.physical_id]
    assert scan(console) == []


def test_what_the_receipt_lists_is_explained(world: World, console: Console) -> None:
    environment = gone(world, "invoices")
    retained = add_resource(console, "pt-payments-invoices-data", environment.pk)
    receipt = environment.receipts.get()
    receipt.lines = [{**line, "end": "retained", "physical_id": retained.physical_id} for line in receipt.lines[:1]]
    receipt.save()
    assert scan(console) == []
    receipt.lines = [{**receipt.lines[0], "end": "deleted"}]
    receipt.save()
    assert [orphan.arn for orphan in scan(console)] == [retained.arn], "it was deleted, and exists"


def test_resources_of_running_environments_are_not_looked_for(world: World, console: Console) -> None:
    environment = world.create()
    add_resource(console, "pt-payments-orders-data", environment.pk)
    assert scan(console) == []
    assert console.calls["find_by_tag_values"] == 0


def test_twenty_environments_need_one_call(world: World, console: Console) -> None:
    first = gone(world)
    copies = [
        Environment(
            team=world.team,
            name=f"orders-{number}",
            blueprint_version=first.blueprint_version,
            size="dev",
            account=world.account,
            region=REGION,
            state="gone",
            state_changed_at=world.now,
            created_by=world.bob,
            created_at=world.now,
        )
        for number in range(20)
    ]
    Environment.objects.bulk_create(copies)
    add_resource(console, "pt-late", copies[-1].pk)
    assert len(scan(console)) == 1
    assert console.calls["find_by_tag_values"] == 2


def test_each_account_and_region_is_scanned_once_a_night(world: World, console: Console) -> None:
    add_regions()
    places = {(account, region) for account in ("dev", "prod") for region in (REGION, "us-east-1")}
    assert set(PolledRegion.objects.values_list("account__name", "region")) == places
    add_regions()
    assert PolledRegion.objects.count() == len(places)
    assert [scan_due(console.aws_for) for _ in range(6)] == [1, 1, 1, 1, 0, 0]
    assert console.calls["describe_all_stacks"] == len(places)
    world.cloud.clock.advance(EVERY.total_seconds())
    assert scan_due(console.aws_for) == 1


def test_an_account_that_fails_is_repeated_in_an_hour_and_delays_no_other(world: World, console: Console) -> None:
    add_regions()
    console.refused[world.account.account_id] = InternalFailure("internal")
    while scan_due(console.aws_for):
        pass
    scanned = PolledRegion.objects.exclude(scanned_at=None).values_list("account__name", flat=True)
    assert set(scanned) == {"prod"}
    console.refused.clear()
    assert scan_due(console.aws_for) == 0
    world.cloud.clock.advance(3600)
    assert [scan_due(console.aws_for) for _ in range(3)] == [1, 1, 0]


def test_a_scan_reads_one_list_and_changes_nothing(world: World, console: Console) -> None:
    world.create("orders")
    world.create("invoices")
    before = len(world.cloud.faults.calls)
    scan(console)
    assert console.calls == {"describe_all_stacks": 1}
    assert not set(world.cloud.faults.calls[before:]) & CHANGES
