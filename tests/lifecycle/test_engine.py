"""What the engine writes: never after another worker's claim, and every resource that
CloudFormation lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from provisioning.aws import interface
from provisioning.errors import WrongState
from provisioning.lifecycle.poller.regions import wake_region
from provisioning.lifecycle.poller.sights import WATCH_SECONDS
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.models import AuditEvent, Operation, PolledRegion, Request, StackResource
from tests.fixtures.world import World
from tests.scripted_aws.aws import ScriptedAws


@pytest.mark.parametrize("state", ["queued", "building"])
def test_a_worker_whose_operation_was_claimed_again_writes_nothing(world: World, state: str) -> None:
    """Its step would change the state (queued) or only the time of the next look (building)."""
    world.cloud.resource_seconds = 200
    operation = world.last_operation(world.request().environment)
    if state == "building":
        world.run()
        world.cloud.clock.advance(WATCH_SECONDS)
    claims: list[Operation] = []

    def take_over(point: str) -> None:
        if point == "stepped" and not claims:
            world.cloud.clock.advance(world.engine.leases.lease.total_seconds() + 1)
            slow.leases.beat()  # it is slow, not dead
            claims.extend(world.engine.claim(limit=1, operation_id=operation.pk))

    slow = replace(world.new_worker(), probe=take_over)
    assert not slow.advance(operation.pk)
    (claim,) = claims
    row = Operation.objects.get(pk=operation.pk)
    assert (row.state, row.fence, row.lease_until, row.deaths) == (state, claim.fence, claim.lease_until, 0)
    assert world.engine.step(claim)


@pytest.mark.parametrize("watched", [1, 3])
def test_any_number_of_watched_stacks_is_read_with_one_list(world: World, watched: int) -> None:
    for number in range(watched):
        world.request(f"orders-{number}")
    world.run()
    world.cloud.faults.calls.clear()
    world.tick(4)
    calls = world.cloud.faults.calls
    assert (calls.count("list_stacks"), calls.count("describe_stack")) == (1, 0)


def test_a_step_that_finds_cloudformation_at_work_takes_four_queries(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Nearly all steps are of this kind. They claim, begin, read the stacks, and write the pause."""
    world.cloud.resource_seconds = 200
    operation = world.last_operation(world.request().environment)
    world.run()
    world.tick(5)
    Operation.objects.update(due_at=world.now)
    world.engine.leases.beat()
    with django_assert_num_queries(4):
        assert world.engine.advance(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.lease_until, operation.step_began_at) == ("building", None, None)
    assert operation.due_at == world.now + timedelta(seconds=WATCH_SECONDS)


def test_a_step_that_acts_reads_its_rows_in_one_query(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Request, plan, environment and account together: the submission of a stack, with its
    intention, its transition and the wake-up of the poller.
    """
    operation = world.last_operation(world.request().environment)
    assert world.engine.advance(operation.pk)
    with django_assert_max_num_queries(16):
        assert world.engine.advance(operation.pk)
    operation.refresh_from_db()
    assert operation.state == "building"


@pytest.fixture
def nested_loops(world: World) -> None:
    """Queries join row by row, as the planner chooses it for some statistics."""
    with connection.cursor() as cursor:
        for way in ("hashjoin", "mergejoin", "material", "memoize", "hashagg", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


@pytest.mark.usefixtures("nested_loops")
def test_a_claim_takes_no_more_than_its_limit_however_the_query_is_planned(world: World) -> None:
    for number in range(8):
        world.request(f"orders-{number}")
    assert len(world.engine.claim(limit=1)) == 1
    assert Operation.objects.filter(lease_until=None).count() == 7
    for region in ("eu-north-1", "eu-west-1", "us-east-1", "us-west-2"):
        wake_region(world.account.pk, region, at=world.now, in_flight=False)
    assert len(world.poller.claim(limit=1)) == 1
    assert PolledRegion.objects.filter(lease_until=None).count() == 3


class LosesEvents(ScriptedAws):
    """An AWS whose events say nothing about one resource."""

    def stack_events(self, stack_id: str, *, after_event_id: str | None) -> list[interface.StackEvent]:
        events: Sequence[interface.StackEvent] = super().stack_events(stack_id, after_event_id=after_event_id)
        return [event for event in events if event.logical_id != "BucketFiles"]


def test_a_resource_whose_events_never_came_is_in_the_ledger_of_the_complete_stack(world: World) -> None:
    world.engine.aws_for = lambda account, region, **role: LosesEvents(world.cloud, account.access(region, **role))
    environment = world.create()
    (listed,) = [item for item in world.aws_stack().resources.values() if item.logical_id == "BucketFiles"]
    row = StackResource.objects.get(stack__environment=environment, logical_id="BucketFiles")
    assert (row.physical_id, row.status) == (listed.physical_id, "CREATE_COMPLETE")


def test_an_approval_that_cannot_start_leaves_objects_as_the_database_has_them(world: World) -> None:
    request = world.request(size="prod")
    request.environment.state = "running"  # as if its row had been moved by hand
    request.environment.save()
    before = AuditEvent.objects.count()
    with pytest.raises(WrongState, match="cannot start now"):
        approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    stored = Request.objects.get(pk=request.pk)
    for name in ("state", "decided_by_id", "decided_at", "approved_digest", "expires_at"):
        assert getattr(request, name) == getattr(stored, name)
    assert request.state == "waiting"
    assert AuditEvent.objects.count() == before


def test_a_lease_that_ran_out_before_the_step_counts_no_death(world: World) -> None:
    operation = world.last_operation(world.request().environment)
    (claim,) = world.engine.claim(limit=1)
    world.cloud.clock.advance((world.engine.leases.lease + timedelta(seconds=1)).total_seconds())
    assert not world.engine.step(claim)
    operation.refresh_from_db()
    assert (operation.deaths, operation.step_began_at) == (0, None)


def test_a_teardown_never_runs_the_plan_of_a_creation(world: World) -> None:
    environment = world.create()
    request = world.tear_down(environment)
    created = environment.plans.earliest("created_at")
    Request.objects.filter(pk=request.pk).update(plan=created, approved_digest=created.digest)
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (environment.state, operation.state) == ("running", "refused")
    assert operation.cause == "The plan of the request is no plan for a teardown."
