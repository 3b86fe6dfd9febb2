"""A worker that is killed at each call it makes, once before the call arrives and once before its
answer does: a creation and a change still end as they should, and make everything once.

A worker that is killed can send nothing more, and the proxy drops what it had sent. So these tests
end its lease and the deadline of its last call at once, instead of waiting for them as the next
worker would; `test_stopped` waits.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.steps.interruptions import QUARANTINE_AT
from provisioning.models import Environment, Operation, Request, Worker
from tests.integration.conftest import Place
from tests.integration.fault_proxy import Boundary, FaultProxy, fault_proxy
from tests.integration.forked_worker import Workers

pytestmark = [pytest.mark.sandbox, pytest.mark.faults, pytest.mark.timeout(900)]
LONG_AGO = timedelta(hours=1)
FAILED = ("create_failed", "change_failed", "needs_repair", "teardown_failed")
CHANGED = {"api_image": "public.ecr.aws/docker/library/python:3.12-slim"}


class Killer:
    """Kills the worker once at each boundary that it comes to.

    A step that has cost a worker is let through: after two it would run in a process of its own, and
    after five it would end. `postponed` has the boundaries that are left for the next environment.
    """

    def __init__(self, place: Place, workers: Workers) -> None:
        self._place = place
        self._workers = workers
        self._lock = threading.Lock()
        self._is_armed = False
        self.killed_at: set[Boundary] = set()
        self.postponed: set[Boundary] = set()

    def let_pass(self, boundary: Boundary) -> bool:
        with self._lock:
            if not self._is_armed or boundary in self.killed_at:
                return True
            if boundary.moment == "answer" and not boundary.changes_something:
                return True  # what was only read is read again
            if _deaths() >= QUARANTINE_AT - 1:
                self.postponed.add(boundary)
                return True
            self.killed_at.add(boundary)
            self._workers.kill()
            return False

    def run(self, environment: Environment, *states: str, request: Request | None = None, seconds: float = 300) -> None:
        """Starts a new worker after each death, until the environment rests in one of the states, and
        the request is done.
        """
        self._is_armed = True
        self.postponed.clear()

        def look() -> str:
            state = self._look(environment)
            if request is not None and state in states:
                request.refresh_from_db()
                self._place.approve(request)
                return state if request.state not in ("planning", "waiting", "approved") else "in progress"
            return state

        state = self._place.until(look, {*states, *FAILED}.__contains__, seconds, " or ".join(states))
        self._is_armed = False
        self.postponed -= self.killed_at
        assert state in states, f"{state} after {self.killed_at}: {failure(environment)}"

    def undisturbed(self, name: str) -> Environment:
        """An environment whose creation is left in peace."""
        environment = self._place.ask(name)
        self._place.until(lambda: self._look(environment), {"running", *FAILED}.__contains__, 120, "running")
        assert environment.state == "running"
        return environment

    def _look(self, environment: Environment) -> str:
        if not self._workers.alive():
            _bury()
            self._workers.start()
        environment.refresh_from_db()
        return environment.state


def _deaths() -> int:
    """How many workers the step has cost that is running now. Called in a thread of the proxy."""
    try:
        return max(Operation.objects.filter(ended_at=None).values_list("deaths", flat=True), default=0)
    finally:
        connection.close()


def _bury() -> None:
    """What the dead worker held can be taken over now: its last call had its effect by now, or never
    will. The engine adds its grace of five seconds.
    """
    now = timezone.now()
    Worker.objects.filter(ended_at=None).update(heartbeat_at=now - LONG_AGO)
    Operation.objects.filter(ended_at=None).update(lease_until=now, due_at=now)
    Operation.objects.filter(ended_at=None, call_ended_at=None, call_deadline__gt=now).update(call_deadline=now)


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with fault_proxy(place.sandbox.url) as between:
        place.account.endpoint_url = between.url
        place.account.save()
        yield between


@pytest.fixture
def killer(place: Place, proxy: FaultProxy, tmp_path: Path) -> Iterator[Killer]:
    workers = Workers(place.environment(), tmp_path)
    killer = Killer(place, workers)
    proxy.let_pass = killer.let_pass
    yield killer
    workers.close()


def _stacks(place: Place) -> list[str]:
    pages = place.client("cloudformation").get_paginator("list_stacks").paginate()
    listed = [one for page in pages for one in page["StackSummaries"]]
    return [one["StackName"] for one in listed if not one["StackName"].startswith("portal-onboarding")]


def _change(place: Place, environment: Environment) -> Request:
    blueprint = catalogue().get("carbon-connect")
    inputs = environment.plans.latest("created_at").content["inputs"]
    return request_change(
        actor=place.bob, environment=environment, blueprint=blueprint, size="dev", inputs={**inputs, **CHANGED}
    )


def test_a_creation_survives_a_kill_at_every_call(place: Place, killer: Killer) -> None:
    names: list[str] = []
    while not names or killer.postponed:
        environment = place.ask(f"orders{len(names)}")
        killer.run(environment, "running")
        names.append(place.stack_name(environment))
    assert _both_moments("cloudformation:CreateStack") | _both_moments("s3:PUT") <= killer.killed_at
    assert sorted(_stacks(place)) == sorted(names)
    assert set(Operation.objects.values_list("state", flat=True)) == {"succeeded"}


def test_a_change_survives_a_kill_at_every_call(place: Place, killer: Killer) -> None:
    environments: list[Environment] = []
    while not environments or killer.postponed:
        environment = killer.undisturbed(f"changed{len(environments)}")
        before = place.client("cloudformation").describe_stacks(StackName=place.stack_name(environment))["Stacks"][0]
        request = _change(place, environment)
        killer.run(environment, "running", request=request)
        environments.append(environment)
        after = place.client("cloudformation").describe_stacks(StackName=place.stack_name(environment))["Stacks"][0]
        assert (after["StackId"], after["StackStatus"]) == (before["StackId"], "UPDATE_COMPLETE")
        begun = [
            event
            for event in place.sandbox.events(after["StackId"], account=place.account.account_id)
            if event["PhysicalResourceId"] == after["StackId"] and event["ResourceStatus"] == "UPDATE_IN_PROGRESS"
        ]
        assert len(begun) == 1
    executed = _both_moments("cloudformation:CreateChangeSet") | _both_moments("cloudformation:ExecuteChangeSet")
    assert executed <= killer.killed_at


def _both_moments(call: str) -> set[Boundary]:
    return {Boundary(call, "request"), Boundary(call, "answer")}
