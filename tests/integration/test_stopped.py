"""Workers that stand still between the intention of a call and its sending.

A pause of six minutes differs from one of 31 seconds in that it outlasts the validity of a signature,
which is five minutes on AWS and 20 seconds here.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from provisioning.models import Operation
from tests.integration.conftest import Place
from tests.integration.fault_proxy import FaultProxy, fault_proxy
from tests.integration.forked_worker import STOP_WORD, Workers

pytestmark = [pytest.mark.sandbox, pytest.mark.faults, pytest.mark.timeout(400)]
CREATE = "cloudformation:CreateStack"
SIGNATURE_SECONDS = 20
MakeWorkers = Callable[..., Workers]


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with fault_proxy(place.sandbox.url) as between:
        place.account.endpoint_url = between.url
        place.account.save()
        yield between


@pytest.fixture
def make_workers(place: Place, tmp_path: Path) -> Iterator[MakeWorkers]:
    made: list[Workers] = []

    def make(**environment: str) -> Workers:
        folder = tmp_path / f"workers-{len(made)}"
        folder.mkdir()
        made.append(Workers({**place.environment(), **environment}, folder))
        return made[-1]

    yield make
    for workers in made:
        for pid in workers.alive():
            os.kill(pid, signal.SIGCONT)
        workers.close()


def _stands_still(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


def _until(place: Place, condition: Callable[[], bool], wanted: str, *, seconds: float = 120) -> None:
    place.until(condition, bool, seconds, wanted)


def _stacks(place: Place) -> list[str]:
    pages = place.client("cloudformation").get_paginator("list_stacks").paginate()
    listed = [one["StackName"] for page in pages for one in page["StackSummaries"]]
    return [name for name in listed if not name.startswith("portal-onboarding")]


def test_a_worker_that_stands_still_between_intention_and_sending_sends_nothing(
    place: Place, proxy: FaultProxy, make_workers: MakeWorkers
) -> None:
    """For 31 seconds, with leases of 30: another worker makes the stack meanwhile."""
    stopping = make_workers(ENGINE_LEASE_SECONDS="30", **{STOP_WORD: "CreateStack:sign"})
    environment = place.ask("orders")
    stopped = stopping.start()
    _until(place, lambda: _stands_still(stopped), "a worker that has stopped before it signs CreateStack")
    began = time.monotonic()
    operation = Operation.objects.get()
    assert operation.call_what.startswith(CREATE)
    assert operation.call_ended_at is None
    assert proxy.arrived[CREATE] == 0
    make_workers(ENGINE_LEASE_SECONDS="30").start()
    _until(place, lambda: time.monotonic() - began > 31, "31 seconds")
    os.kill(stopped, signal.SIGCONT)
    place.wait_for(environment, "running")
    assert proxy.arrived[CREATE] == 1
    assert _stacks(place) == [place.stack_name(environment)]
    assert stopped in stopping.alive()


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
        place.wait_for(environment, "running")
        assert proxy.arrived[CREATE] == 1
        _until(place, lambda: time.monotonic() - began > SIGNATURE_SECONDS + 2, "an old signature")
        os.kill(stopped, signal.SIGCONT)
        _until(place, lambda: proxy.arrived[CREATE] == 2, "the late request")
        assert _stacks(place) == [place.stack_name(environment)]
        environment.refresh_from_db()
        assert environment.state == "running"
        assert Operation.objects.get().state == "succeeded"
    finally:
        place.sandbox.control("POST", "signatures", {"seconds": None})
