"""The web process as it is deployed, with 100,000 environments and a million audit rows: requests per
second and CPU time per request, next to a bare django-ninja application on the same server.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
from django.conf import settings
from django.test import Client

from portal.demo.services import free_port
from provisioning.lifecycle.services.tokens import Scope, create_personal_token
from provisioning.models import Environment, User
from tests.bench import audit, pages

ROOT: Final = Path(__file__).parents[2]
CONNECTIONS: Final = 4
"""As many as two cores serve without a queue, so that a request's time is its work."""
WARM_UP_REQUESTS: Final = 50
SECONDS: Final = 10.0
PROCESSES: Final = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU time in milliseconds per request: of the web processes, and of PostgreSQL."""

    requests_per_second: float
    web_ms: float
    database_ms: float
    bytes_of_answer: int

    @property
    def cpu_ms(self) -> float:
        return self.web_ms + self.database_ms

    def line(self, name: str, bare: Measured | None = None) -> str:
        ratio = f", {self.cpu_ms / bare.cpu_ms:.1f} × bare django-ninja" if bare else ""
        return (
            f"web: {name}: {self.requests_per_second:.0f} requests/s, {self.cpu_ms:.1f} CPU-ms per request "
            f"({self.web_ms:.1f} web, {self.database_ms:.1f} PostgreSQL){ratio}, {self.bytes_of_answer:,} bytes"
        )


def lines() -> Iterator[str]:
    member, approver, environment = pages.populate()
    audit.fill_and_seal()
    yield f"web: {Environment.objects.count():,} environments, {audit.ROWS:,} audit rows, {CONNECTIONS} connections, {PROCESSES} processes"
    one = f"/api/v1/environments/{environment.pk}"
    with _served("tests.bench.bare_site:application") as port:
        bare_list = _load(port, "/api/v1/environments", {})
        yield bare_list.line("bare django-ninja, list of 50")
        bare_one = _load(port, one, {})
        yield bare_one.line("bare django-ninja, one environment")
    with _served("portal.asgi:application") as port:
        token = {"Authorization": f"Bearer {_token(member)}"}
        for name, path, bare in (
            ("list of 50 environments, JSON", "/api/v1/environments", bare_list),
            ("one environment, JSON", one, bare_one),
            ("list of 50 requests, JSON", "/api/v1/requests", bare_list),
        ):
            yield _load(port, path, token).line(name, bare)
        session = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={_session(approver)}"}
        for name, path in (
            ("inbox of an approver, page", "/requests/"),
            ("list of environments, page", "/environments/"),
        ):
            yield _load(port, path, session).line(name, bare_list)


def _token(user: User) -> str:
    return create_personal_token(actor=user, name="bench", scopes=[Scope.READ], days=1).text


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


@contextmanager
def _served(application: str) -> Iterator[int]:
    port = free_port(18400)
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{settings.DATABASES['default']['NAME']}").geturl()
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment |= {"DATABASE_URL": url, "API_CALLS_PER_MINUTE": "10000000"}
    options = ["--interface", "asginl", "--no-ws", "--port", str(port), "--workers", str(PROCESSES)]
    command = [sys.executable, "-m", "granian", *options, "--log-level", "error", application]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=30).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The web process has ended.")


def _load(port: int, path: str, headers: Mapping[str, str]) -> Measured:
    """Send requests over a few connections at the same time, each after the answer to the one before."""

    def work(seconds: float, at_least: int = 0) -> tuple[int, int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        ends_at, count, size = time.monotonic() + seconds, 0, 0
        while time.monotonic() < ends_at or count < at_least:
            connection.request("GET", path, headers={"Host": "localhost", **headers})
            answer = connection.getresponse()
            size = len(answer.read())
            if answer.status != http.HTTPStatus.OK:
                raise RuntimeError(f"{path} was answered with {answer.status}.")
            count += 1
        connection.close()
        return count, size

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda _: work(0, WARM_UP_REQUESTS), range(CONNECTIONS)))
        before, started = _cpu_seconds(port), time.perf_counter()
        counted = list(pool.map(lambda _: work(SECONDS), range(CONNECTIONS)))
        seconds, after = time.perf_counter() - started, _cpu_seconds(port)
    requests = sum(count for count, _ in counted)
    web, database = ((after[part] - before[part]) * 1000 / requests for part in ("web", "postgres"))
    return Measured(requests / seconds, web, database, counted[0][1])


def _cpu_seconds(port: int) -> dict[str, float]:
    """CPU seconds of the processes that serve this port, and of this run's PostgreSQL."""
    used = {"web": 0.0, "postgres": 0.0}
    for process in psutil.process_iter(["name", "cmdline"]):
        command = process.info["cmdline"] or []
        if "granian" in command and str(port) in command:
            used["web"] += _seconds_of_all(process)
        elif process.info["name"] == "postgres" and any(os.environ["TMPDIR"] in word for word in command):
            used["postgres"] += _seconds_of_all(process)
    return used


def _seconds_of_all(parent: psutil.Process) -> float:
    return _own_seconds(parent) + sum(_own_seconds(child) for child in parent.children(recursive=True))


def _own_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(
        times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    )
