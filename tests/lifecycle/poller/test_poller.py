"""What the poller sees, and which operations it wakes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from provisioning.aws import AccessDenied, Unreachable
from provisioning.aws.change_sets import QueuedEvent
from provisioning.lifecycle import clock
from provisioning.lifecycle.poller.events import foreign_changes, read_notices
from provisioning.lifecycle.poller.poller import Poller, watch_moving_regions
from provisioning.lifecycle.poller.regions import claim_regions, let_go_regions
from provisioning.lifecycle.read.progress import progress
from provisioning.lifecycle.reconciler import run_due
from provisioning.models import Environment, EventQueue, Operation, PolledRegion, StackEvent, StackResource
from tests.fixtures.world import REGION, World
from tests.lifecycle.poller.support import region_row, use_queue
from tests.scripted_aws.event_queue import Message


def being_created(world: World) -> Environment:
    environment = world.request().environment
    world.run()
    assert world.last_operation(environment).state == "building"
    return environment


def test_no_step_calls_aws_while_cloudformation_is_at_work(world: World) -> None:
    world.cloud.resource_seconds = 200
    environment = being_created(world)
    world.cloud.faults.calls.clear()
    for _ in range(30):
        world.tick(5)
    assert set(world.cloud.faults.calls) <= {"list_stacks", "receive_events"}
    world.until_rest(environment, seconds=1200)
    calls = [call for call in world.cloud.faults.calls if call not in ("list_stacks", "receive_events")]
    assert calls.count("stack_resources") == 1
    assert "stack_events" not in calls


def test_the_end_of_a_stack_makes_its_operation_due_at_once(world: World) -> None:
    environment = being_created(world)
    for _ in range(120):
        world.tick(1)
        stack = world.cloud.named("orders")[0]
        if stack.status == "CREATE_COMPLETE":
            break
    for _ in range(7):
        world.tick(1)
    environment.refresh_from_db()
    assert environment.state == "running"


def test_absence_from_a_list_ends_nothing(world: World) -> None:
    world.cloud.resource_seconds = 100
    environment = being_created(world)
    world.cloud.list_lag_seconds = 300
    for _ in range(4):
        world.tick(5)
    assert world.last_operation(environment).state == "building"
    assert world.stack_row(environment).status == "CREATE_IN_PROGRESS"
    world.cloud.list_lag_seconds = 0
    assert world.until_rest(environment).state == "running"


def test_an_older_sight_never_replaces_a_newer_one(world: World) -> None:
    environment = being_created(world)
    world.tick(6)
    world.cloud.clock.advance(6)
    (visit,) = world.poller.claim(limit=1)
    findings = world.poller.ask(visit)  # in progress, and then this worker is paused
    PolledRegion.objects.update(lease_until=None, due_at=world.now)
    assert world.until_rest(environment).state == "running"
    world.poller.finish(visit, findings)
    assert world.stack_row(environment).status == "CREATE_COMPLETE"


def test_each_visit_may_be_written_twice(world: World) -> None:
    environment = being_created(world)
    for _ in range(30):
        world.cloud.clock.advance(5)
        for visit in world.poller.claim(limit=5):
            findings = world.poller.ask(visit)
            world.poller.finish(visit, findings)
            world.poller.finish(visit, findings)
        world.run()
    environment.refresh_from_db()
    assert environment.state == "running"


def test_two_workers_never_visit_a_region_at_the_same_time(world: World) -> None:
    being_created(world)
    world.cloud.clock.advance(6)
    first, second = world.poller, Poller(aws_for=world.aws_for)
    (visit,) = first.claim(limit=5)
    assert second.claim(limit=5) == []
    world.cloud.clock.advance(31)
    assert [taken.region.pk for taken in second.claim(limit=5)] == [visit.region.pk], "its worker has died"
    before = region_row(world).due_at
    first.finish(visit, first.ask(visit))
    assert region_row(world).due_at == before, "the first one no longer has the lease"


def test_a_wake_up_during_a_visit_is_not_lost(world: World) -> None:
    being_created(world)
    world.cloud.clock.advance(6)
    (visit,) = world.poller.claim(limit=1)
    findings = world.poller.ask(visit)
    world.request("second")
    while Operation.objects.exclude(state="building").exists():
        run_due(world.engine)
    woken = region_row(world).due_at
    world.poller.finish(visit, findings)
    assert woken is not None
    assert region_row(world).due_at <= woken


def test_an_account_that_cannot_be_reached_is_tried_less_often_and_says_why(world: World) -> None:
    world.cloud.resource_seconds = 100
    environment = being_created(world)
    world.cloud.faults.once("list_stacks", Unreachable("no route to host"), times=50)
    world.cloud.faults.calls.clear()
    for _ in range(20):
        world.tick(3)
    assert world.cloud.faults.calls.count("list_stacks") <= 4
    assert "no route to host" in progress(environment).trouble
    world.cloud.faults._scripted.clear()
    assert world.until_rest(environment).state == "running"
    assert region_row(world).misses == 0


def test_a_region_that_nothing_waits_for_is_visited_four_times_an_hour(world: World) -> None:
    world.create()
    world.tick(60)
    world.cloud.faults.calls.clear()
    for _ in range(60):
        world.tick(60)
    assert world.cloud.faults.calls.count("list_stacks") in (3, 4)
    assert set(world.cloud.faults.calls) <= {"list_stacks", "receive_events"}


def test_a_region_whose_row_was_lost_is_found_again(world: World) -> None:
    environment = being_created(world)
    PolledRegion.objects.all().delete()
    watch_moving_regions(at=clock.now())
    assert region_row(world).due_at is not None
    assert world.until_rest(environment).state == "running"


def test_regions_whose_visits_fail_leave_lanes_to_the_others(world: World) -> None:
    being_created(world)
    PolledRegion.objects.update(misses=3, due_at=world.now)
    holder = world.poller.holder
    assert claim_regions(holder=holder, now=world.now, limit=5, failing=False) == []
    assert len(claim_regions(holder=holder, now=world.now, limit=5, failing=True)) == 1


def test_the_regions_of_a_worker_that_ends_on_its_own_are_visited_at_once(world: World) -> None:
    """Also one that is being visited: its row says that nothing is due."""
    being_created(world)
    leaving, other = Poller(world.aws_for), Poller(world.aws_for)
    PolledRegion.objects.update(due_at=world.now)
    (visit,) = leaving.claim(limit=5)
    assert other.claim(limit=5) == []
    let_go_regions(other.holder)
    assert other.claim(limit=5) == []
    let_go_regions(leaving.holder)
    assert [taken.region.pk for taken in other.claim(limit=5)] == [visit.region.pk]


# Stack events, for those who look


def test_stack_events_are_read_only_while_somebody_looks(world: World) -> None:
    environment = being_created(world)
    world.tick(5)
    assert "stack_events" not in world.cloud.faults.calls
    world.tick_viewed(environment, 10)
    assert StackEvent.objects.filter(stack__environment=environment, status="CREATE_COMPLETE").exists()
    assert progress(environment).done > 0
    world.tick(20)
    world.cloud.faults.calls.clear()
    world.tick(5)
    assert "stack_events" not in world.cloud.faults.calls


# EventBridge


def with_events(world: World) -> Environment:
    """An environment that is being created, in an account whose events have come before."""
    use_queue(world)
    world.create("earlier")
    assert region_row(world).queue == EventQueue.ACTIVE
    environment = being_created(world)
    world.cloud.faults.calls.clear()
    return environment


def test_with_events_lists_are_rare_and_the_end_comes_with_its_event(world: World) -> None:
    world.cloud.resource_seconds = 60
    environment = with_events(world)
    ended_at = None
    for _ in range(400):
        world.tick(1)
        stack = world.cloud.named("orders")[0]
        ended_at = ended_at or (world.now if stack.status == "CREATE_COMPLETE" else None)
        environment.refresh_from_db()
        if environment.state == "running":
            break
    assert ended_at is not None
    assert world.now - ended_at <= timedelta(seconds=12)
    assert world.cloud.faults.calls.count("list_stacks") <= 5
    assert world.cloud.faults.calls.count("describe_stack") <= 2
    assert not any(world.cloud.queues.messages.values()), "messages are deleted once they are written"


@pytest.mark.parametrize("trouble", ["lost", "doubled", "late", "all lost"])
def test_lost_repeated_and_late_events_change_nothing(world: World, trouble: str) -> None:
    environment = with_events(world)
    queues = world.cloud.queues
    queues.lost = {"lost": 0.5, "all lost": 1.0}.get(trouble, 0.0)
    queues.doubled = 1.0 if trouble == "doubled" else 0.0
    queues.late = 120.0 if trouble == "late" else 0.0
    for _ in range(40):
        world.tick_viewed(environment, 5)
    environment.refresh_from_db()
    assert environment.state == "running"
    ledger = StackResource.objects.filter(stack__environment=environment)
    assert set(ledger.values_list("status", flat=True)) == {"CREATE_COMPLETE"}
    shown = StackEvent.objects.filter(stack__environment=environment).values_list("logical_id", "status")
    happened = Counter((event.logical_id, event.status) for event in world.cloud.named("orders")[0].events)
    assert Counter(shown) <= happened, "no event is shown twice"
    assert world.stack_row(environment).status == "CREATE_COMPLETE"


def test_a_queue_that_falls_silent_is_not_relied_on(world: World) -> None:
    environment = with_events(world)
    world.cloud.queues.lost = 1.0
    assert world.until_rest(environment).state == "running"
    assert region_row(world).queue == EventQueue.SILENT


def test_an_account_without_a_queue_is_asked_for_it_once_an_hour(world: World) -> None:
    world.cloud.resource_seconds = 3000
    being_created(world)
    for _ in range(60):
        world.tick(30)
    assert region_row(world).queue == EventQueue.MISSING
    assert world.cloud.faults.calls.count("receive_events") == 1


def test_the_role_may_lack_the_right_to_the_queue(world: World) -> None:
    use_queue(world)
    world.cloud.faults.once("receive_events", AccessDenied("no sqs:ReceiveMessage"), times=100)
    environment = being_created(world)
    assert world.until_rest(environment).state == "running"
    assert region_row(world).queue == EventQueue.MISSING


def test_messages_that_could_not_be_deleted_come_again_and_change_nothing(world: World) -> None:
    environment = with_events(world)
    world.cloud.faults.once("delete_events", Unreachable("connection reset"), times=3)
    assert world.until_rest(environment).state == "running"
    for _ in range(3):
        world.tick(900)  # nothing is in flight any more, so the queue is read four times an hour
    assert not any(world.cloud.queues.messages.values())


def test_an_operation_of_somebody_else_is_recorded_with_its_token(world: World) -> None:
    use_queue(world)
    environment = world.create()
    row, stack = world.stack_row(environment), world.cloud.named("orders")[0]
    url = world.cloud.queues.by_place[stack.place]
    world.tick(60)
    begins = notice_body(stack.stack_id, "UPDATE_IN_PROGRESS", token="Console-UpdateStack-7f59", at=world.now)
    world.cloud.queues.messages[url].append(Message(begins, world.now))
    stack.status = "UPDATE_IN_PROGRESS"
    for _ in range(20):
        world.tick(60)
    assert [event.token for event in foreign_changes(row, since=environment.created_at)] == ["Console-UpdateStack-7f59"]
    assert world.stack_row(environment).status == "UPDATE_IN_PROGRESS"
    stack.status = "UPDATE_COMPLETE"
    for _ in range(20):
        world.tick(60)
    assert world.stack_row(environment).status == "UPDATE_COMPLETE"


def notice_body(stack_id: str, status: str, *, token: str, at: Any) -> str:
    return json.dumps(
        {
            "id": "6a7e8feb",
            "detail-type": "CloudFormation Stack Status Change",
            "source": "aws.cloudformation",
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "detail": {
                "stack-id": stack_id,
                "status-details": {"status": status, "status-reason": ""},
                "client-request-token": token,
            },
        }
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[:-1],
        lambda _body: "[]",
        lambda _body: "null",
        lambda body: body.replace('"time"', '"hour"'),
        lambda body: body.replace("T", " at "),
        lambda body: body.replace('"detail"', '"details"'),
        lambda body: body.replace('{"status": "CREATE_COMPLETE", "status-reason": ""}', '"done"'),
    ],
)
def test_a_message_that_is_no_event_is_left_out(
    world: World, caplog: pytest.LogCaptureFixture, change: Callable[[str], str]
) -> None:
    body = notice_body("arn:stack", "CREATE_COMPLETE", token="", at=world.now)
    assert len(read_notices([QueuedEvent("1", body)])) == 1
    assert read_notices([QueuedEvent("2", change(body))]) == []
    assert len(caplog.records) == 1


def test_an_account_of_another_region_is_another_visit(world: World) -> None:
    world.create("here")
    world.create("there", region="us-east-1")
    assert set(PolledRegion.objects.values_list("region", flat=True)) == {REGION, "us-east-1"}
