"""Every running environment gets a ledger and a fingerprint, and is read once for it."""

from __future__ import annotations

from provisioning.aws import AccessDenied
from provisioning.lifecycle.fingerprint import Fingerprint, full_fingerprint
from provisioning.lifecycle.scan.baseline import STACKS_OF_AN_ACCOUNT, take_baselines
from provisioning.models import DriftReport, Environment, Operation, Stack, StackResource
from tests.fixtures.world import REGION, World
from tests.lifecycle.scan.region import Console
from tests.scripted_aws.faults import CHANGES


def stored(world: World, environment: Environment) -> Fingerprint:
    return Fingerprint.from_json(world.stack_row(environment).fingerprint)


def test_a_new_environment_gets_its_fingerprint_once(world: World, console: Console) -> None:
    environment = world.create()
    assert world.stack_row(environment).fingerprint == {}
    assert take_baselines(console.aws_for) == 1
    row = world.stack_row(environment)
    assert stored(world, environment) == full_fingerprint(console.aws_for(world.account, REGION), row.stack_id)
    assert row.fingerprint_at == world.now
    calls = dict(console.calls)
    assert take_baselines(console.aws_for) == 0
    assert dict(console.calls) == calls


def test_its_resources_are_in_the_ledger_afterwards(world: World, console: Console) -> None:
    environment = world.create()
    StackResource.objects.filter(stack__environment=environment).delete()
    take_baselines(console.aws_for)
    in_ledger = StackResource.objects.filter(stack__environment=environment)
    resources = world.aws_stack().resources.values()
    assert set(in_ledger.values_list("logical_id", "physical_id", "status")) == {
        (resource.logical_id, resource.physical_id, resource.status) for resource in resources
    }


def test_what_was_changed_since_by_the_portal_is_read_again(world: World, console: Console) -> None:
    environment = world.create()
    take_baselines(console.aws_for)
    Stack.objects.filter(environment=environment).update(fingerprint={}, fingerprint_at=None)
    console.update(world.aws_stack())
    assert take_baselines(console.aws_for) == 1
    assert stored(world, environment).updated_at


def test_an_environment_in_flight_is_left_alone(world: World, console: Console) -> None:
    world.tear_down(world.create("invoices"))
    world.tick(5)
    world.request("orders")
    world.tick(5)
    assert Operation.objects.filter(ended_at=None).count() == 2
    assert Stack.objects.exclude(stack_id="").count() == 2
    assert take_baselines(console.aws_for) == 0
    assert console.calls.total() == 0


def test_an_operation_that_begins_while_a_stack_is_read_wins(world: World, console: Console) -> None:
    environment = world.create()

    def meanwhile() -> None:
        world.tear_down(environment)

    console.during["stack_policy"] = meanwhile
    assert take_baselines(console.aws_for) == 0
    assert world.stack_row(environment).fingerprint_at is None


def test_an_update_in_progress_is_waited_for(world: World, console: Console) -> None:
    environment = world.create()
    console.outsider.update_stack(world.aws_stack(), lambda template: template.update(Description="Changed by hand"))
    assert world.aws_stack().status == "UPDATE_IN_PROGRESS"
    assert take_baselines(console.aws_for) == 0
    console.wait()
    assert take_baselines(console.aws_for) == 1
    assert stored(world, environment).status == "settled"


def test_an_account_that_refuses_delays_no_other(world: World, console: Console) -> None:
    refused = world.create("invoices", "staging")
    world.account, world.prod_account = world.prod_account, world.account
    world.account.sizes = ["dev"]
    world.account.save()
    other = world.create("orders")
    console.refused[refused.account.account_id] = AccessDenied("no")
    assert take_baselines(console.aws_for) == 1
    assert stored(world, other).stack_id == world.stack_row(other).stack_id
    assert world.stack_row(refused).fingerprint_at is None
    del console.refused[refused.account.account_id]
    assert take_baselines(console.aws_for) == 1


def test_one_run_reads_only_a_few_stacks_of_an_account(world: World, console: Console) -> None:
    for number in range(STACKS_OF_AN_ACCOUNT + 2):
        world.create(f"orders-{number}")
    assert take_baselines(console.aws_for) == STACKS_OF_AN_ACCOUNT
    assert take_baselines(console.aws_for) == 2


def test_a_running_environment_without_its_stack_is_reported_once(world: World, console: Console) -> None:
    environment = world.create()
    console.outsider.delete_stack(world.aws_stack())
    console.wait()
    take_baselines(console.aws_for)
    take_baselines(console.aws_for)
    (report,) = DriftReport.objects.filter(environment=environment)
    assert report.status == "gone"
    assert "deleted outside the portal" in str(report.content)


def test_nothing_is_changed_in_aws(world: World, console: Console) -> None:
    world.create()
    before = len(world.cloud.faults.calls)
    take_baselines(console.aws_for)
    assert not set(world.cloud.faults.calls[before:]) & CHANGES
