"""Drift is found, shown, accepted, and never confused with what was not checked."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.aws import AccessDenied, Throttled
from provisioning.errors import NotAllowed, WrongState
from provisioning.lifecycle.drift.detection import (
    AT_A_TIME,
    CHECK_EVERY,
    CHECK_PROD_EVERY,
    advance_detections,
    nominate_overdue,
)
from provisioning.lifecycle.drift.report_document import DriftContent, StackDrift
from provisioning.lifecycle.fingerprint import Fingerprint
from provisioning.lifecycle.poller.sights import record_description
from provisioning.lifecycle.scan.baseline import take_baselines
from provisioning.lifecycle.scan.changes import compare_seen
from provisioning.lifecycle.scan.regions import scan_region
from provisioning.lifecycle.services.drift import accept_drift, check_drift
from provisioning.models import AuditEvent, DriftReport, Environment
from tests.fixtures.world import REGION, World
from tests.lifecycle.scan.region import Console


def running(world: World, console: Console, name: str = "orders") -> Environment:
    environment = world.create(name)
    take_baselines(console.aws_for)
    return environment


def advance(console: Console, times: int = 4) -> None:
    for _ in range(times):
        advance_detections(console.aws_for)
        console.wait(60)


def checked(world: World, console: Console, environment: Environment) -> tuple[DriftReport, StackDrift]:
    """Ask for a detection and wait for it. Returns the report and its only stack."""
    check_drift(actor=world.bob, environment=environment)
    advance(console)
    return newest(environment)


def newest(environment: Environment) -> tuple[DriftReport, StackDrift]:
    report = DriftReport.objects.filter(environment=environment).latest("at")
    (stack,) = DriftContent.from_json(report.content).stacks
    return report, stack


def an_editable(world: World, name: str = "orders") -> tuple[str, str]:
    """A resource of the environment's stack, and a property that its template states as text."""
    for resource in world.aws_stack(name).resources.values():
        for prop, value in resource.properties.items():
            if isinstance(value, str):
                return resource.logical_id, prop
    raise AssertionError("The blueprint states no property")


def test_nobody_changed_anything(world: World, console: Console) -> None:
    environment = running(world, console)
    report, stack = checked(world, console, environment)
    assert report.status == "in_sync"
    assert (stack.resources, stack.outside, stack.failure) == ((), (), "")
    assert stack.in_sync == len(world.aws_stack().resources)


def test_a_property_that_was_edited_and_a_resource_that_was_deleted(world: World, console: Console) -> None:
    environment = running(world, console)
    aws_stack = world.aws_stack()
    edited, prop = an_editable(world)
    deleted = next(name for name in aws_stack.resources if name != edited)
    console.outsider.edit(aws_stack, edited, **{prop: "by hand"})
    console.outsider.delete_resource(aws_stack, deleted)
    report, stack = checked(world, console, environment)
    assert report.status == "drifted"
    resources = {resource.logical_id: resource for resource in stack.resources}
    assert {name: resource.status for name, resource in resources.items()} == {edited: "MODIFIED", deleted: "DELETED"}
    (difference,) = resources[edited].differences
    assert (difference.path, difference.actual) == (f"/{prop}", '"by hand"')


def test_accepted_drift_is_not_reported_again_but_other_values_are(world: World, console: Console) -> None:
    environment = running(world, console)
    edited, prop = an_editable(world)
    console.outsider.edit(world.aws_stack(), edited, **{prop: "by hand"})
    report, _ = checked(world, console, environment)
    accepted = accept_drift(actor=world.alice, environment=environment, report_id=report.pk)
    assert (accepted.accepted_by, accepted.accepted_at) == (world.alice, world.now)
    assert accept_drift(actor=world.alice, environment=environment, report_id=report.pk) == accepted
    take_baselines(console.aws_for)
    stored = Fingerprint.from_json(world.stack_row(environment).fingerprint)
    assert set(stored.drift or {}) == {f"{edited} /{prop}"}

    report, stack = checked(world, console, environment)
    assert (report.status, stack.accepted, stack.resources) == ("in_sync", 1, ())
    console.outsider.edit(world.aws_stack(), edited, **{prop: "again"})
    report, stack = checked(world, console, environment)
    assert report.status == "drifted"
    assert stack.resources[0].differences[0].actual == '"again"'


def test_a_change_through_cloudformation_is_found_by_night_and_can_be_accepted(world: World, console: Console) -> None:
    environment = running(world, console)
    console.update(world.aws_stack())
    scan_region(console.aws_for, world.account, REGION)
    report, stack = newest(environment)
    assert report.status == "waiting"
    assert any("updated through CloudFormation" in sentence for sentence in stack.outside)
    scan_region(console.aws_for, world.account, REGION)
    assert DriftReport.objects.filter(environment=environment).count() == 1
    advance(console)
    report, stack = newest(environment)
    assert (report.status, stack.is_checked) == ("drifted", True)
    scan_region(console.aws_for, world.account, REGION)
    assert newest(environment)[0] == report, "the same change is not reported again"

    accept_drift(actor=world.bob, environment=environment, report_id=report.pk)
    take_baselines(console.aws_for)
    scan_region(console.aws_for, world.account, REGION)
    assert newest(environment)[0] == report
    assert Fingerprint.from_json(world.stack_row(environment).fingerprint).is_full
    assert checked(world, console, environment)[0].status == "in_sync"


def test_a_change_that_an_event_has_announced_is_nominated_without_another_call(world: World, console: Console) -> None:
    environment = running(world, console)
    assert compare_seen() == 1
    assert not DriftReport.objects.exists()
    console.update(world.aws_stack())
    state = console.aws_for(world.account, REGION).describe_stack(world.aws_stack().stack_id)
    assert state is not None
    record_description(state, at=world.now)  # what the poller does after an event
    before = dict(console.calls)
    compare_seen()
    compare_seen()
    report, stack = newest(environment)
    assert DriftReport.objects.count() == 1
    assert (report.status, bool(stack.outside), dict(console.calls)) == ("waiting", True, before)
    console.wait(600)
    assert compare_seen() == 0


def test_an_operation_of_the_portal_is_not_compared(world: World, console: Console) -> None:
    environment = running(world, console)
    console.update(world.aws_stack())
    state = console.aws_for(world.account, REGION).describe_stack(world.aws_stack().stack_id)
    assert state is not None
    record_description(state, at=world.now)
    world.tear_down(environment)
    assert compare_seen() == 0
    assert not DriftReport.objects.exists()


def test_a_change_after_the_report_is_not_accepted_with_it(world: World, console: Console) -> None:
    environment = running(world, console)
    console.update(world.aws_stack())
    scan_region(console.aws_for, world.account, REGION)
    advance(console)
    report, _ = newest(environment)
    accept_drift(actor=world.bob, environment=environment, report_id=report.pk)
    console.update(world.aws_stack())
    take_baselines(console.aws_for)
    later, stack = newest(environment)
    assert later.pk != report.pk
    assert stack.outside
    assert later.accepted_at is None


def test_a_change_that_the_scan_saw_after_the_report_blocks_its_acceptance(world: World, console: Console) -> None:
    environment = running(world, console)
    console.update(world.aws_stack())
    scan_region(console.aws_for, world.account, REGION)
    advance(console)
    report, _ = newest(environment)
    console.update(world.aws_stack())
    scan_region(console.aws_for, world.account, REGION)
    with pytest.raises(WrongState, match="newer drift report"):
        accept_drift(actor=world.bob, environment=environment, report_id=report.pk)


def test_what_could_not_be_checked_is_never_called_in_sync(world: World, console: Console) -> None:
    environment = running(world, console)
    unreadable = next(iter(world.aws_stack().resources))
    world.cloud.undriftable.add(unreadable)
    report, stack = checked(world, console, environment)
    assert report.status == "in_sync"
    assert [(resource.logical_id, resource.why) for resource in stack.unchecked] == [
        (unreadable, "The detection says UNKNOWN.")
    ]
    world.cloud.fail_detection.append("Rate exceeded")
    report, stack = checked(world, console, environment)
    assert (report.status, stack.failure) == ("not_checked", "Rate exceeded")
    assert {resource.logical_id for resource in stack.unchecked} >= {unreadable}


@pytest.mark.parametrize(
    ("error", "status"), [(AccessDenied("no"), "not_checked"), (Throttled("Rate exceeded"), "waiting")]
)
def test_a_refusal_ends_the_check_and_a_passing_fault_does_not(
    world: World, console: Console, error: Any, status: str
) -> None:
    environment = running(world, console)
    console.refused[world.account.account_id] = error
    report, stack = checked(world, console, environment)
    assert report.status == status
    assert bool(stack.failure) == (status == "not_checked")


def test_a_stack_that_is_gone(world: World, console: Console) -> None:
    environment = running(world, console)
    console.outsider.delete_stack(world.aws_stack())
    console.wait()
    report, stack = checked(world, console, environment)
    assert (report.status, stack.is_gone) == ("gone", True)
    assert checked(world, console, environment)[0].status == "gone"


def test_at_most_two_detections_run_in_one_account_and_region(world: World, console: Console) -> None:
    environments = [running(world, console, f"orders-{number}") for number in range(AT_A_TIME + 1)]
    for environment in environments:
        check_drift(actor=world.bob, environment=environment)
    advance_detections(console.aws_for)
    advance_detections(console.aws_for)
    assert console.calls["detect_drift"] == AT_A_TIME
    assert sorted(DriftReport.objects.values_list("status", flat=True)) == ["checking", "checking", "waiting"]
    console.wait(60)
    advance(console)
    assert set(DriftReport.objects.values_list("status", flat=True)) == {"in_sync"}


def test_another_detection_of_the_stack_is_waited_for(world: World, console: Console) -> None:
    environment = running(world, console)
    console.aws_for(world.account, REGION).detect_drift(world.aws_stack().stack_id)
    check_drift(actor=world.bob, environment=environment)
    advance_detections(console.aws_for)
    assert newest(environment)[0].status == "waiting"
    console.wait(60)
    advance(console)
    assert newest(environment)[0].status == "in_sync"


def test_a_detection_without_an_end_is_given_up(world: World, console: Console) -> None:
    environment = running(world, console)
    world.cloud.detection_seconds = 1e6
    check_drift(actor=world.bob, environment=environment)
    advance_detections(console.aws_for)
    console.wait(1900)
    advance_detections(console.aws_for)
    report, stack = newest(environment)
    assert (report.status, stack.failure) == ("not_checked", "The drift detection did not end within 30 minutes.")


def test_a_teardown_in_between_is_not_mistaken_for_drift(world: World, console: Console) -> None:
    environment = running(world, console)
    check_drift(actor=world.bob, environment=environment)
    advance_detections(console.aws_for)
    world.tear_down(environment)
    world.tick(5)
    advance_detections(console.aws_for)
    report, stack = newest(environment)
    assert (report.status, stack.failure) == ("not_checked", "The environment was being changed at the time.")


def test_prod_is_checked_daily_and_dev_weekly(world: World, console: Console) -> None:
    environment = running(world, console)
    console.wait(CHECK_PROD_EVERY.total_seconds() + 60)
    assert nominate_overdue() == 0
    Environment.objects.filter(pk=environment.pk).update(size="prod")
    assert nominate_overdue() == 1
    assert nominate_overdue() == 0
    advance(console)
    Environment.objects.filter(pk=environment.pk).update(size="dev")
    console.wait(CHECK_EVERY.total_seconds() + 60)
    assert nominate_overdue() == 1


def test_a_second_question_joins_the_first(world: World, console: Console) -> None:
    environment = running(world, console)
    first = check_drift(actor=world.bob, environment=environment)
    assert check_drift(actor=world.alice, environment=environment) == first
    assert AuditEvent.objects.filter(action="drift:check").count() == 2


def test_only_members_of_the_team_check_and_accept(world: World, console: Console) -> None:
    environment = running(world, console)
    report, _ = checked(world, console, environment)
    for outsider in (world.charlie, world.olivia):
        with pytest.raises(NotAllowed):
            check_drift(actor=outsider, environment=environment)
        with pytest.raises(NotAllowed):
            accept_drift(actor=outsider, environment=environment, report_id=report.pk)
    with pytest.raises(WrongState, match="no drift to accept: the report says “as designed”"):
        accept_drift(actor=world.bob, environment=environment, report_id=report.pk)


def test_drift_is_reported_once_until_it_is_gone(world: World, console: Console) -> None:
    environment = running(world, console)
    found = AuditEvent.objects.filter(action="drift:find", environment=environment)
    edited, prop = an_editable(world)
    console.outsider.edit(world.aws_stack(), edited, **{prop: "by hand"})
    first, _ = checked(world, console, environment)
    assert found.get().detail == {"report": str(first.pk)}
    checked(world, console, environment)
    assert found.count() == 1
