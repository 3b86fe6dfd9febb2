"""Periodic work runs once for all workers, and nothing in it stops a loop or another row (D8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError

from provisioning.lifecycle.leases import LEASE, Leases
from provisioning.lifecycle.periodic import Work, add_tasks, run_if_due
from provisioning.lifecycle.reconciler import expire_waiting
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.models import Environment, PeriodicTask, Request
from tests.fixtures.world import World

MINUTE = timedelta(minutes=1)


def work(done: list[str], *, fails: Exception | None = None, returns: int = 0) -> Work:
    def run() -> int:
        done.append("ran")
        if fails is not None:
            raise fails
        return returns

    return Work("count sheep", MINUTE, run)


def test_a_task_runs_once_for_all_workers_and_again_after_its_interval(world: World) -> None:
    done: list[str] = []
    task, workers = work(done), [world.new_worker().leases for _ in range(3)]
    add_tasks([task])
    add_tasks([task])
    for _ in range(2):
        assert [run_if_due(task, leases) for leases in workers] == [True, False, False]
        world.cloud.clock.advance(59)
        assert not run_if_due(task, workers[1])
        world.cloud.clock.advance(1)
    assert len(done) == 2


def test_a_task_with_more_to_do_is_due_at_once(world: World) -> None:
    done: list[str] = []
    task, leases = work(done, returns=3), world.new_worker().leases
    add_tasks([task])
    assert run_if_due(task, leases)
    assert run_if_due(task, leases)


def test_a_task_that_fails_is_tried_again_and_says_why(world: World, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    task, leases = work(done, fails=ValueError("a wolf")), world.new_worker().leases
    add_tasks([task])
    assert run_if_due(task, leases)
    row = PeriodicTask.objects.get()
    assert (row.last_error, row.lease_until) == ("ValueError: a wolf", None)
    assert "a wolf" in caplog.text
    world.cloud.clock.advance(60)
    assert run_if_due(work(done), leases)
    assert PeriodicTask.objects.get().last_error == ""


def lose_the_database(leases: Leases, done: list[str]) -> None:
    """A worker claims the task and cannot finish it."""
    task = work(done, fails=OperationalError("away"))
    add_tasks([task])
    with pytest.raises(OperationalError):
        run_if_due(task, leases)


def test_a_task_whose_worker_is_alive_is_taken_over_after_its_lease(world: World) -> None:
    done: list[str] = []
    holder, other = world.new_worker().leases, world.new_worker().leases
    lose_the_database(holder, done)
    for _ in range(int(work(done).lease.total_seconds()) - 1):
        world.cloud.clock.advance(1)
        holder.beat()
        assert not run_if_due(work(done), other)
    world.cloud.clock.advance(1)
    holder.beat()
    assert run_if_due(work(done), other)


def test_a_task_whose_worker_died_is_taken_over_once_its_heartbeat_is_old(world: World) -> None:
    done: list[str] = []
    holder, other = world.new_worker().leases, world.new_worker().leases
    holder.beat()
    lose_the_database(holder, done)
    world.cloud.clock.advance(LEASE.total_seconds() - 1)
    assert not run_if_due(work(done), other)
    world.cloud.clock.advance(1)
    assert run_if_due(work(done), other)


def test_a_task_whose_worker_has_ended_is_taken_over_at_once(world: World) -> None:
    done: list[str] = []
    holder, other = world.new_worker().leases, world.new_worker().leases
    holder.beat()
    lose_the_database(holder, done)
    assert not run_if_due(work(done), other)
    holder.end()
    assert run_if_due(work(done), other)


def test_a_worker_that_lost_the_database_runs_its_task_again_at_once(world: World) -> None:
    done: list[str] = []
    holder = world.new_worker().leases
    lose_the_database(holder, done)
    assert run_if_due(work(done), holder)
    assert PeriodicTask.objects.get().lease_until is None


def late(world: World, name: str) -> Request:
    request = world.request(name, size="prod")
    Request.objects.filter(pk=request.pk).update(expires_at=world.now)
    return request


def test_a_late_request_that_cannot_be_moved_holds_up_no_other(world: World, caplog: pytest.LogCaptureFixture) -> None:
    stuck, other = late(world, "orders"), late(world, "invoices")
    Environment.objects.filter(pk=stuck.environment_id).update(state="running")  # nobody knows why
    for _ in range(3):
        world.run()
    assert Request.objects.get(pk=stuck.pk).state == "waiting"
    assert Request.objects.get(pk=other.pk).state == "expired"
    assert str(stuck.pk) in caplog.text


def test_two_workers_expire_a_late_request_once(world: World) -> None:
    """The second one reads the row before the first has moved it."""
    request = late(world, "orders")
    stale = Request.objects.select_related("environment").get(pk=request.pk)
    assert expire_waiting() == 1
    assert expire_waiting() == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.models.query.QuerySet.__getitem__", lambda _self, _slice: [stale])
        assert expire_waiting() == 0
    assert Request.objects.get(pk=request.pk).state == "expired"


def test_a_request_that_was_approved_in_time_is_not_expired(world: World) -> None:
    request = world.request(size="prod")
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.cloud.clock.advance(30 * 24 * 3600)
    assert expire_waiting() == 0
