"""The figures of the engine: ten thousand stacks in flight on one worker, one busy account, steps,
and recovery after a kill.

The worker is the real one (`manage.py worker --part reconciler`), with PostgreSQL and Valkey; AWS is
`tests.bench.aws_server`. Time is not compressed: CPU shares are those of the worker's process.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from provisioning.blueprint import example_inputs, load_catalogue
from provisioning.lifecycle import clock
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.poller.sights import seen_at
from provisioning.lifecycle.reconciler import run_due
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import (
    Account,
    AllowedDestination,
    EventQueue,
    Membership,
    Operation,
    PolledRegion,
    Stack,
    StackEvent,
    StackResource,
    Team,
    Transition,
    User,
)
from tests.support.accounts import admit
from tests.support.crowd import multiply

ROOT: Final = Path(__file__).resolve().parents[2]
REGION: Final = "eu-north-1"
ACCOUNTS: Final = 100
IN_FLIGHT: Final = 10_000
LIFE_SECONDS: Final = 1200
SETTLE_SECONDS: Final = 65
"""The most until every region has been listed and its queue was read: only then is the window measured."""
WINDOW_SECONDS: Final = 40
KILLED: Final = 20
STEPS: Final = 300


@dataclass(frozen=True)
class Server:
    url: str

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.url) as answer:
            stats: dict[str, Any] = json.load(answer)
            return stats

    def order(self, **order: object) -> None:
        request = urllib.request.Request(f"{self.url}/control", json.dumps(order).encode(), method="POST")
        urllib.request.urlopen(request).close()


@contextmanager
def scene(*, accounts: int, count: int, events: bool, idle: int = 0) -> Iterator[tuple[Server, list[Stack]]]:
    """A server and as many rows of environments that are being created in its accounts."""
    arguments = [str(number) for number in (accounts, count, int(events), idle)]
    command = [sys.executable, "-m", "tests.bench.aws_server", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    server = Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
    try:
        yield server, _populate(server, accounts, count)
    finally:
        process.kill()
        process.wait()
        _clear()


def _populate(server: Server, accounts: int, count: int) -> list[Stack]:
    team, _ = Team.objects.get_or_create(slug="crowd", defaults={"name": "Crowd"})
    user, _ = User.objects.get_or_create(username="crowd")
    Membership.objects.get_or_create(team=team, user=user)
    AllowedDestination.objects.get_or_create(
        network="127.0.0.0/8",
        defaults={"ports": [urlsplit(server.url).port], "allows_http": True, "created_at": clock.now()},
    )
    rows = [
        Account.objects.create(
            name=f"crowd-{number}",
            account_id=f"{400000000000 + number}",
            regions=[REGION],
            sizes=["dev"],
            endpoint_url=server.url,
            role_arn="",
        )
        for number in range(accounts)
    ]
    admit(team, rows[0])
    blueprint = load_catalogue(ROOT / "tests" / "lifecycle" / "blueprints").blueprints["small"]
    request = request_environment(
        actor=user,
        team=team,
        name=f"original-{uuid.uuid4().hex[:6]}",
        blueprint=blueprint,
        size="dev",
        inputs=example_inputs(blueprint, "dev", {})[0],
        account=rows[0],
        region=REGION,
        request_id=uuid.uuid4(),
    )
    while Operation.objects.filter(request=request).exclude(state="building").exists():
        run_due()
    server.order(original=str(request.environment.pk))
    return multiply(request.environment, accounts=rows, count=count, at=clock.now())


def _clear() -> None:
    """Remove the rows of a scene, so that the next one begins with an empty database."""
    tables = [model._meta.db_table for model in (StackEvent, StackResource, Stack, Operation, Transition, PolledRegion)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # the audit log is append-only
        cursor.execute(f"TRUNCATE {', '.join(tables)}, provisioning_environment, provisioning_account CASCADE")


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"DATABASE_URL": _test_database(), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "manage.py", "worker", "--part", "reconciler", "--settings", "tests.settings"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _test_database() -> str:
    """The address of this run's test database, for a process of its own."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{settings.DATABASES['default']['NAME']}").geturl()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def ages(stacks: list[Stack]) -> list[float]:
    """The age of what a page would show of each stack that is in progress, in seconds."""
    regions = {row.account_id: row for row in PolledRegion.objects.all()}
    rows = Stack.objects.filter(pk__in=[stack.pk for stack in stacks], environment__state="creating")
    now = clock.now()
    return [
        (now - (seen_at(row, regions.get(row.environment.account_id)) or row.created_at)).total_seconds()
        for row in rows.select_related("environment")
    ]


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def in_flight(*, events: bool, chatter: float) -> Iterator[str]:
    """Ten thousand in flight: first while nothing ends, then with ends as of twenty-minute stacks."""
    with scene(accounts=ACCOUNTS, count=IN_FLIGHT, events=events) as (server, stacks), worker() as process:
        if events:
            server.order(open_queues=True, events_per_second=chatter)
        yield _settle(events=events)
        name = f"10,000 in flight, {'events' if events else 'no events'}, {chatter:g} resource events/s"
        yield from _window(f"{name}, watching", server, stacks, process)
        server.order(ends_per_second=IN_FLIGHT / LIFE_SECONDS)
        yield from _window(f"{name}, 8.3 ends/s", server, stacks, process)


def _settle(*, events: bool) -> str:
    """Wait until the worker has seen all regions, and until it relies on their queues."""
    begun, places = time.monotonic(), PolledRegion.objects.exclude(listed_at=None)
    if events:
        places = places.filter(queue=EventQueue.ACTIVE)
    while (settled := places.count()) < ACCOUNTS and time.monotonic() - begun < SETTLE_SECONDS:
        time.sleep(0.5)
    return f"   ({settled} of {ACCOUNTS} regions were seen {time.monotonic() - begun:.0f} s after the worker's start)"


def _window(name: str, server: Server, stacks: list[Stack], process: subprocess.Popen[bytes]) -> Iterator[str]:
    sample = stacks[:: max(1, len(stacks) // 1000)]
    server.order(reset=True)
    ended = server.stats()["ended"]
    begun, cpu, seen = time.monotonic(), cpu_seconds(process.pid), list[float]()
    while time.monotonic() - begun < WINDOW_SECONDS:
        time.sleep(5)
        seen += ages(sample)
    seconds = time.monotonic() - begun
    stats = server.stats()
    used = (cpu_seconds(process.pid) - cpu) / seconds
    calls = {key: value for key, value in stats["calls"].items() if not key.startswith("sqs:")}
    queue = sum(value for key, value in stats["calls"].items() if key.startswith("sqs:"))
    ends = stats["ended"] - ended
    per_life = f", {sum(calls.values()) / ends:.2f} calls per end" if ends else ""
    yield (
        f"{name:<62} CPU {100 * used:5.1f} %  memory {memory_mb(process.pid):.0f} MB  "
        f"age p50 {percentile(seen, 0.5):.1f} s p99 {percentile(seen, 0.99):.1f} s max {max(seen, default=0):.1f} s  "
        f"CloudFormation {sum(calls.values()) / seconds:.2f}/s {calls}  SQS {queue / seconds:.1f}/s  "
        f"throttled {sum(stats['throttled'].values())}, ended {ends}{per_life}"
    )


def busy_account() -> Iterator[str]:
    """A thousand in flight in one account with two thousand idle stacks, without events."""
    with scene(accounts=1, count=1000, events=False, idle=2000) as (server, stacks), worker() as process:
        time.sleep(20)
        server.order(ends_per_second=1000 / LIFE_SECONDS)
        yield from _window("1,000 in flight in one account, 2,000 idle, 0.83 ends/s", server, stacks, process)


def steps() -> Iterator[str]:
    """Steps of watching operations, one after the other, in this process."""
    with scene(accounts=10, count=1000, events=False) as (_server, stacks):
        now = clock.now()
        Stack.objects.filter(pk__in=[stack.pk for stack in stacks]).update(
            status="CREATE_IN_PROGRESS", polled_at=now + timedelta(seconds=1)
        )
        PolledRegion.objects.update(listed_at=now + timedelta(seconds=1), due_at=now + timedelta(hours=1))
        Operation.objects.update(due_at=now)
        done, begun, cpu = 0, time.monotonic(), time.process_time()
        engine = Engine()
        while done < STEPS and (count := run_due(engine)) > 0:
            done += count
        seconds, used = time.monotonic() - begun, time.process_time() - cpu
        yield f"Steps that watch: {done / seconds:.0f} per second, {1000 * used / done:.1f} CPU-ms each ({done} steps)"


_CLAIM_AND_DIE: Final = """
import os, signal, django
django.setup()
from django.conf import settings
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.claims import begin_step
for operation in Engine().claim(limit={limit}):
    begin_step(operation)
os.kill(os.getpid(), signal.SIGKILL)
"""


def recovery() -> Iterator[str]:
    """A worker is killed in the middle of twenty steps. When does another one write them?"""
    with scene(accounts=10, count=1000, events=False) as (_server, _stacks):
        now = clock.now()
        chosen = list(Operation.objects.order_by("id").values_list("pk", flat=True)[:KILLED])
        Operation.objects.update(due_at=now + timedelta(hours=1))
        Operation.objects.filter(pk__in=chosen).update(due_at=now)
        environment = os.environ | {"DATABASE_URL": _test_database(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
        code = _CLAIM_AND_DIE.format(limit=KILLED)
        died = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
        assert died.returncode == -signal.SIGKILL, died.returncode
        killed_at, gaps = time.monotonic(), dict[uuid.UUID, float]()
        with worker():
            while len(gaps) < KILLED and time.monotonic() - killed_at < 120:
                time.sleep(0.2)
                rows = Operation.objects.filter(pk__in=chosen, lease_until=None, step_began_at=None)
                for pk in rows.values_list("pk", flat=True):
                    gaps.setdefault(pk, time.monotonic() - killed_at)
        values = list(gaps.values())
        yield (
            f"Recovery after a kill: {len(values)} of {KILLED}, p50 {statistics.median(values):.1f} s, "
            f"p99 {percentile(values, 0.99):.1f} s (leases of {settings.ENGINE_LEASE_SECONDS:g} s; no call was open)"
        )


SECTIONS: Final = {
    "events": lambda: in_flight(events=True, chatter=0),
    "resource-events": lambda: in_flight(events=True, chatter=IN_FLIGHT * 60 / LIFE_SECONDS),
    "no-events": lambda: in_flight(events=False, chatter=0),
    "busy": busy_account,
    "steps": steps,
    "recovery": recovery,
}
"""The parts of the engine's figures, by the name under which `python -m tests.bench` runs them."""
