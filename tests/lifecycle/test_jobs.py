"""The nudge, the reconciler and the worker's processes, on real PostgreSQL and Valkey."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlsplit
from uuid import uuid4

import django_rq
import psutil
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test import override_settings
from pytest_django import DjangoCaptureOnCommitCallbacks
from redis import Redis
from redis.exceptions import AuthenticationError
from rq import Callback, Queue
from rq.job import Job

from provisioning.jobs import reconciler
from provisioning.jobs.engine import nudge_engine
from provisioning.jobs.lanes import Lanes
from provisioning.jobs.nudge_worker import NudgeWorker, RefusedJobs
from provisioning.lifecycle.nudge import JOB, QUEUE, nudge
from provisioning.models import AuditEvent, Operation
from tests.fixtures.world import World

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[django_rq.queues.DjangoRQ]:
    for module in ("nudge_worker", "engine"):  # they would close the connection of the test
        monkeypatch.setattr(f"provisioning.jobs.{module}.close_old_connections", lambda: None)
    queue = django_rq.get_queue(QUEUE)
    queue.connection.flushdb()
    yield queue
    queue.connection.flushdb()
    queue.connection.close()


def test_a_nudge_comes_with_the_commit_and_once(
    world: World, queue: django_rq.queues.DjangoRQ, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        world.request()
        assert queue.job_ids == []
    operation = Operation.objects.get()
    assert queue.job_ids == [f"nudge-{operation.pk}"]
    with django_capture_on_commit_callbacks(execute=True):
        nudge(operation.pk)
    assert len(queue.job_ids) == 1
    job = queue.fetch_job(queue.job_ids[0])
    assert (job.func_name, job.args) == ("provisioning.jobs.engine.nudge_engine", [str(operation.pk)])


def by_hand(queue: django_rq.queues.DjangoRQ) -> Queue:
    """The queue as somebody else's client sees it."""
    return Queue(QUEUE, connection=queue.connection, serializer=queue.serializer)


def worked_off(queue: django_rq.queues.DjangoRQ) -> None:
    worker = NudgeWorker([queue], connection=queue.connection, serializer=queue.serializer)
    worker.work(burst=True, logging_level="CRITICAL")


class Surprise:
    """Charlie can write to Redis. The file shows whether his job ran."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "hacked"
        self.command = f"touch {self.path}"


@pytest.fixture
def surprise(tmp_path: Path) -> Surprise:
    return Surprise(tmp_path)


def test_the_worker_runs_no_other_function(
    world: World, queue: django_rq.queues.DjangoRQ, surprise: Surprise, caplog: pytest.LogCaptureFixture
) -> None:
    job = by_hand(queue).enqueue_call("os.system", (surprise.command,))
    worked_off(queue)
    assert not surprise.path.exists()
    assert not Job.exists(job.id, queue.connection)
    assert "names the function 'os.system'" in caplog.text


def test_refused_jobs_are_audited_once_a_minute(
    world: World, queue: django_rq.queues.DjangoRQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.jobs.nudge_worker.REFUSED_JOBS", RefusedJobs())
    for seconds, number in ((0, 3), (61, 1)):
        world.cloud.clock.advance(seconds)
        for _ in range(number):
            by_hand(queue).enqueue_call("os.system", ("true",), job_id=f"theirs-{uuid4()}")
        worked_off(queue)
    first, second = AuditEvent.objects.filter(action="job:refuse").order_by("id")
    assert (first.actor, first.detail["refused_since_last"], second.detail["refused_since_last"]) == (None, 0, 2)
    assert first.detail["reason"] == "names the function 'os.system'"
    assert first.subject.startswith("'theirs-")


def test_the_queue_of_the_demo_has_a_password_that_no_process_list_shows() -> None:
    """The tests use the demo's Valkey."""
    url = urlsplit(settings.REDIS_URL)
    assert url.password
    with Redis(host=url.hostname or "", port=url.port or 0) as stranger, pytest.raises(AuthenticationError):
        stranger.lpush("rq:queue:engine", "theirs")
    command_lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert any("valkey" in line for line in command_lines)
    assert not any(url.password in line for line in command_lines)


@pytest.mark.parametrize("callback", ["on_success", "on_failure"])
def test_the_worker_calls_nothing_afterwards(
    world: World, queue: django_rq.queues.DjangoRQ, callback: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.request()
    operation = Operation.objects.get()
    by_hand(queue).enqueue_call(JOB, (str(operation.pk),), **{callback: Callback("os.getcwd")})
    worked_off(queue)
    assert "names a function to be called afterwards" in caplog.text


@pytest.mark.parametrize("arguments", [(str(uuid4()),), ("x",), (), ("x", "y"), (1,)])
def test_the_worker_refuses_a_nudge_of_no_operation(
    world: World, queue: django_rq.queues.DjangoRQ, arguments: tuple[object, ...], caplog: pytest.LogCaptureFixture
) -> None:
    by_hand(queue).enqueue_call(JOB, arguments)
    worked_off(queue)
    assert "names no operation of this portal" in caplog.text


def test_the_worker_runs_a_nudge(
    world: World, queue: django_rq.queues.DjangoRQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.request()
    monkeypatch.setattr("provisioning.jobs.engine.Engine", lambda: world.engine)
    by_hand(queue).enqueue_call(JOB, (str(Operation.objects.get().pk),))
    worked_off(queue)
    assert Operation.objects.get().state == "building"


def test_what_is_rolled_back_nudges_nobody(world: World, queue: django_rq.queues.DjangoRQ) -> None:
    with transaction.atomic():
        world.request()
        transaction.set_rollback(True)
    assert queue.job_ids == []
    assert not Operation.objects.exists()


def test_a_redis_that_is_away_harms_nothing(
    world: World, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    away = {QUEUE: settings.RQ_QUEUES[QUEUE] | {"URL": NOWHERE}}
    with override_settings(RQ_QUEUES=away), django_capture_on_commit_callbacks(execute=True):
        environment = world.request().environment
    assert world.until_rest(environment).state == "running"


def test_the_job_does_what_is_due(transactional_db: None, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.request()
    monkeypatch.setattr("provisioning.jobs.engine.Engine", lambda: world.engine)
    assert nudge_engine(str(Operation.objects.get().pk)) == 2
    assert Operation.objects.get().state == "building"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(OperationalError("the server closed the connection"), "database is away"), (ValueError("oops"), "oops")],
    ids=["database", "bug"],
)
def test_the_reconciler_outlives_every_error_of_a_cycle(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, sentence: str
) -> None:
    stop, cycles = threading.Event(), 0

    class Broken(Lanes):
        def begin(self) -> int:
            nonlocal cycles
            cycles += 1
            if cycles == 3:
                stop.set()
            raise error

    monkeypatch.setattr(reconciler, "WITHOUT_DATABASE_SECONDS", 0.01)
    monkeypatch.setattr(reconciler, "close_old_connections", lambda: None)
    monkeypatch.setattr(reconciler, "connection", Mock())  # it would close that of the test
    reconciler.run_forever(stop, lanes=Broken(stop))
    assert cycles == 3
    assert sentence in caplog.text


def test_a_nudge_is_dropped_while_the_database_is_away(
    world: World, queue: django_rq.queues.DjangoRQ, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Before its check as well as in its step; the process goes on with the next one."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("the database system is shutting down")

    world.request()
    operation = str(Operation.objects.get().pk)
    for module in ("nudge_worker", "engine"):
        monkeypatch.setattr(f"provisioning.jobs.{module}.connection", Mock())
    for broken in ("provisioning.jobs.nudge_worker.refusal", "provisioning.jobs.engine.Engine.claim"):
        with monkeypatch.context() as patch:
            patch.setattr(broken, away)
            for name in ("first", "second"):
                by_hand(queue).enqueue_call(JOB, (operation,), job_id=f"{name}-{broken.rpartition('.')[2]}")
            worked_off(queue)
    assert queue.job_ids == []
    assert queue.failed_job_registry.count == 0
    assert queue.started_job_registry.count == 0
    assert caplog.text.count("A nudge was dropped, because the database is away") == 4
    assert Operation.objects.get().state == "queued"


# The processes


@contextmanager
def worker(**environment: str) -> Iterator[subprocess.Popen[str]]:
    database = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    child = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "DATABASE_URL": database, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def children_of(pid: int) -> dict[str, int]:
    """The worker's parts by name."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (path / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if parent == pid and "--part" in command:
            found[command[command.index("--part") + 1]] = int(path.name)
    return found


def wait_for(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return value


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def both(process: subprocess.Popen[str]) -> dict[str, int] | None:
    parts = children_of(process.pid)
    return parts if set(parts) == {"reconciler", "rq"} else None


def trouble_of(operation: Operation) -> str:
    return str(Operation.objects.get(pk=operation.pk).step_data.get("trouble", ""))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
class TestWorker:
    def test_it_ends_cleanly(self, transactional_db: None) -> None:
        with worker() as process:
            parts = wait_for(lambda: both(process))
            time.sleep(2)
            process.terminate()
            assert process.wait(timeout=60) == 0
            assert not any(alive(pid) for pid in parts.values())

    def test_its_children_end_when_it_is_killed(self, transactional_db: None) -> None:
        with worker() as process:
            parts = wait_for(lambda: both(process))
            time.sleep(3)
            process.kill()
            wait_for(lambda: not any(alive(pid) for pid in parts.values()), seconds=8)

    def test_a_child_that_dies_is_started_again(self, transactional_db: None) -> None:
        with worker() as process:
            parts = wait_for(lambda: both(process))
            os.kill(parts["reconciler"], signal.SIGKILL)
            wait_for(lambda: children_of(process.pid).get("reconciler", parts["reconciler"]) != parts["reconciler"])

    def test_without_redis_the_reconciler_goes_on(self, transactional_db: None, world: World) -> None:
        world.account.endpoint_url, world.account.is_sandbox = "http://127.0.0.1:1", True
        world.account.save()
        operation = world.last_operation(world.request().environment)
        with worker(REDIS_URL=NOWHERE):
            # The account checks of the same worker may have used up the rate of calls before.
            wait_for(lambda: "could not be reached" in trouble_of(operation))

    def test_a_nudge_is_taken_from_the_queue(self, transactional_db: None, queue: django_rq.queues.DjangoRQ) -> None:
        nudge(uuid4())
        assert len(queue.job_ids) == 1
        with worker():
            wait_for(lambda: queue.job_ids == [] and queue.started_job_registry.count == 0)
        assert queue.failed_job_registry.count == 0
