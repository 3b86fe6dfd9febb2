"""Workers that stand still between the intention of a call and its sending, and a sandbox that does
not answer for seven minutes.

A pause of six minutes differs from one of 31 seconds in that it outlasts the validity of a signature,
which is five minutes on AWS and 20 seconds here. All other times are the real ones.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from provisioning.lifecycle.leases import LEASE
from provisioning.models import Environment, Operation, Request
from tests.integration.conftest import MakeWorkers, Place
from tests.integration.fault_proxy import FaultProxy
from tests.integration.forked_worker import STOP_WORD
from tests.integration.stories import ask_for_change, ask_for_teardown, is_done, updates_of
from tests.integration.truth import assert_true

pytestmark = [pytest.mark.sandbox, pytest.mark.faults, pytest.mark.timeout(1800)]
SIGNATURE_SECONDS = 20
FROZEN_SECONDS = 7 * 60


def _stands_still(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


def _until(place: Place, condition: Callable[[], bool], wanted: str, *, seconds: float = 400) -> None:
    place.until(condition, bool, seconds, wanted)


def _running(place: Place, make_workers: MakeWorkers, name: str) -> Environment:
    """An environment that was created by a worker that is gone."""
    environment = place.ask(name)
    workers = make_workers()
    workers.start()
    place.wait_for(environment, "running", seconds=400)
    workers.kill()
    return environment


def _begin(place: Place, make_workers: MakeWorkers, operation: str) -> tuple[Environment, Request]:
    if operation == "CreateStack":
        environment = place.ask("orders")
        return environment, environment.requests.get()
    environment = _running(place, make_workers, "orders")
    ask = ask_for_change if operation == "ExecuteChangeSet" else ask_for_teardown
    return environment, ask(place, environment)


@pytest.mark.parametrize("moment", ["sign", "send"])
@pytest.mark.parametrize("operation", ["CreateStack", "ExecuteChangeSet", "DeleteStack"])
def test_a_worker_that_stands_still_between_intention_and_sending_does_nothing_twice(
    place: Place, proxy: FaultProxy, make_workers: MakeWorkers, operation: str, moment: str
) -> None:
    """For 31 seconds, with leases of 30: another worker does the work meanwhile. A worker that stops
    before it signs sends nothing more. One that stops later, after its own last check, sends the call
    again, and AWS makes nothing of it.
    """
    assert LEASE.total_seconds() == 30
    call = f"cloudformation:{operation}"
    environment, request = _begin(place, make_workers, operation)
    stopping = make_workers(**{STOP_WORD: f"{operation}:{moment}"})
    stopped = stopping.start()
    _until(place, lambda: is_done(place, request) or _stands_still(stopped), f"a worker that stops at {operation}")
    began = time.monotonic()
    stopped_at = Operation.objects.get(ended_at=None)
    assert stopped_at.call_what.startswith(call)
    assert stopped_at.call_ended_at is None
    assert proxy.arrived[call] == 0
    make_workers().start()
    _until(place, lambda: time.monotonic() - began > 31, "31 seconds")
    if moment == "send":
        _until(place, lambda: proxy.arrived[call] == 1, "the call of the other worker")
    os.kill(stopped, signal.SIGCONT)
    if moment == "send":
        _until(place, lambda: proxy.arrived[call] == 2, "the late call")
    _until(place, lambda: is_done(place, request), "the end of the operation")
    assert proxy.arrived[call] == (1 if moment == "sign" else 2)
    assert stopped in stopping.alive()
    if operation == "ExecuteChangeSet":
        assert updates_of(place, environment) == 1
    assert_true(place, environment)


def test_a_request_that_leaves_after_its_signature_has_expired_changes_nothing(
    place: Place, proxy: FaultProxy, make_workers: MakeWorkers
) -> None:
    """The last moment in which a worker can be stopped: after its own last check. What AWS refuses
    then is why nothing late can take effect after five minutes.
    """
    place.sandbox.control("POST", "signatures", {"seconds": SIGNATURE_SECONDS})
    try:
        stopping = make_workers(**{STOP_WORD: "CreateStack:send"})
        environment = place.ask("orders")
        stopped = stopping.start()
        _until(place, lambda: _stands_still(stopped), "a worker that has stopped with a signed CreateStack")
        began = time.monotonic()
        make_workers().start()
        place.wait_for(environment, "running", seconds=400)
        assert proxy.arrived["cloudformation:CreateStack"] == 1
        _until(place, lambda: time.monotonic() - began > SIGNATURE_SECONDS + 2, "an old signature")
        os.kill(stopped, signal.SIGCONT)
        _until(place, lambda: proxy.arrived["cloudformation:CreateStack"] == 2, "the late request")
        assert_true(place, environment)
    finally:
        place.sandbox.control("POST", "signatures", {"seconds": None})


def test_operations_outlast_an_aws_that_does_not_answer_for_seven_minutes(
    place: Place, make_workers: MakeWorkers
) -> None:
    """With two workers: a creation, a change and a teardown under way, and a creation that begins in
    between. None of them ends, and no worker counts as dead.
    """
    changed, removed = (_running(place, make_workers, name) for name in ("shop", "mail"))
    place.sandbox.set_speed(60)
    requests = [place.ask("orders").requests.get(), ask_for_change(place, changed), ask_for_teardown(place, removed)]
    workers = make_workers()
    for _ in range(2):
        workers.start()

    def is_under_way() -> bool:
        is_done(place, requests[1])  # olivia approves the change
        return {"building", "updating", "deleting"} <= _states()

    _until(place, is_under_way, "a creation, a change and a teardown under way")
    os.kill(place.sandbox.process_id(), signal.SIGSTOP)
    try:
        requests.append(place.ask("late").requests.get())
        began = time.monotonic()
        while time.monotonic() - began < FROZEN_SECONDS:
            time.sleep(5)
            operations = Operation.objects.filter(request__in=requests)
            assert len(workers.alive()) == 2
            assert max(operations.filter(ended_at=None).values_list("deaths", flat=True)) == 0
            assert operations.exclude(kind="plan").filter(ended_at=None).count() == len(requests)
    finally:
        os.kill(place.sandbox.process_id(), signal.SIGCONT)
    place.sandbox.set_speed(0)
    _until(
        place,
        lambda: sum(is_done(place, request) for request in requests) == len(requests),
        "the end of all",
        seconds=600,
    )
    assert len(workers.alive()) == 2
    assert updates_of(place, changed) == 1
    assert_true(place, *(request.environment for request in requests))


def _states() -> set[str]:
    return set(Operation.objects.filter(ended_at=None).values_list("state", flat=True))
