"""The product whole: real PostgreSQL, real Valkey, the sandbox over HTTP, and worker processes that
can be killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from portal.demo.sample import onboard, onboard_team
from provisioning.aws.client import close_all
from provisioning.aws.onboarding import artefact_bucket, portal_role_arn
from provisioning.blueprint import example_inputs
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import Account, Environment, Membership, Request, Role, Team, User
from tests.fixtures.sandbox import Sandbox
from tests.integration.fault_proxy import FaultProxy, fault_proxy
from tests.integration.forked_worker import Workers
from tests.support.accounts import admit
from tests.support.plans import created_by

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-north-1"
REAL_LEASE: Mapping[str, str] = {"ENGINE_LEASE_SECONDS": "30"}
_accounts = count(200_000_000_001)


@dataclass
class Place:
    """One team with its people, one simulated account of its own, and the workers of this test."""

    sandbox: Sandbox
    account: Account
    team: Team
    bob: User
    olivia: User
    logs: Path
    redis_url: str = field(default_factory=lambda: str(settings.REDIS_URL))
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def name(self, name: str) -> str:
        """Bucket names are one namespace for all accounts, in the sandbox as on AWS."""
        return f"{name}-{self.account.account_id[-4:]}"

    @staticmethod
    def stack_name(environment: Environment, key: str = "main") -> str:
        return created_by(environment.plans.earliest("created_at")).stack(key).name

    def client(self, service: str) -> Any:
        return self.sandbox.client(service, REGION, self.account.account_id)

    def ask(self, name: str, size: str = "dev", **inputs: Any) -> Environment:
        """Bob asks; olivia approves where that is needed."""
        blueprint = catalogue().get("carbon-connect")
        filled, _ = example_inputs(blueprint, size, inputs)
        request = request_environment(
            actor=self.bob,
            team=self.team,
            name=self.name(name),
            blueprint=blueprint,
            size=size,
            inputs=filled,
            account=self.account,
            region=REGION,
        )
        self.approve(request)
        return request.environment

    def approve(self, request: Request) -> None:
        if request.state == "waiting":
            approve_request(
                actor=self.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
            )

    def start_worker(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        log = (self.logs / f"worker-{len(self.workers)}.log").open("ab")
        with log:
            worker = subprocess.Popen(
                [sys.executable, "manage.py", "worker", *arguments],
                cwd=ROOT,
                env={**os.environ, **self.environment(), **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers.append(worker)
        return worker

    def kill_workers(self) -> None:
        """SIGKILL to every process of every worker: nobody says goodbye."""
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
        self.workers.clear()

    def wait_for(self, environment: Environment, *states: str, seconds: float = 90) -> str:
        """Returns as soon as it rests in one of these; fails at once, and says why, where it failed
        instead.
        """
        enough = {*states, "create_failed", "teardown_failed"}
        state: str = self.until(lambda: self._state(environment), enough.__contains__, seconds, " or ".join(states))
        if state not in states:
            explanation = failure(environment)
            pytest.fail(
                f"It is {state}: {explanation.cause} {explanation.detail}" if explanation else f"It is {state}."
            )
        return state

    def until(self, look: Callable[[], Any], enough: Callable[[Any], bool], seconds: float, wanted: str) -> Any:
        deadline = time.monotonic() + seconds
        while not enough(found := look()):
            if time.monotonic() > deadline:
                pytest.fail(
                    f"Waited {seconds:g} s for {wanted}; it is {found}.\n{self.log_tail()}\n{self.sandbox.output()[-2000:]}"
                )
            time.sleep(0.05)
        return found

    def log_tail(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.logs.rglob("worker-*.log")))

    @staticmethod
    def _state(environment: Environment) -> str:
        environment.refresh_from_db()
        return environment.state

    def environment(self) -> Mapping[str, str]:
        at = connection.settings_dict
        options = at.get("OPTIONS", {})
        host = at.get("HOST") or options.get("host", "")
        return {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": f"postgresql://{at['USER']}@/{at['NAME']}?host={quote(str(host), safe='')}",
            "REDIS_URL": self.redis_url,
            # A killed worker's claim ends with its lease: short here, so that the next one need not wait for it.
            "ENGINE_LEASE_SECONDS": "5",
            "SANDBOX_SPEED": "0",
            "PYTHONUNBUFFERED": "1",
        }


@pytest.fixture
def place(transactional_db: None, sandbox: Sandbox, tmp_path: Path) -> Iterator[Place]:
    with new_place(sandbox, tmp_path) as here:
        yield here


@contextmanager
def new_place(sandbox: Sandbox, tmp_path: Path) -> Iterator[Place]:
    team = Team.objects.create(slug="payments", name="Payments")
    bob = User.objects.create(username="bob")
    olivia = User.objects.create(username="olivia", is_approver=True)
    Membership.objects.create(team=team, user=bob, role=Role.OPERATOR)
    account = Account.objects.create(
        name=f"sandbox-{uuid.uuid4().hex[:8]}",
        account_id=str(next(_accounts)),
        sizes=["dev", "staging", "prod"],
        regions=[REGION],
        endpoint_url=sandbox.url,
        is_sandbox=True,
    )
    account.artefact_bucket = artefact_bucket(account.account_id, REGION)
    account.role_arn = portal_role_arn(account.account_id)
    account.save()
    onboard(account)
    onboard_team(*admit(team, account))
    here = Place(sandbox=sandbox, account=account, team=team, bob=bob, olivia=olivia, logs=tmp_path)
    try:
        yield here
    finally:
        here.kill_workers()
        sandbox.clear_faults()
        sandbox.set_speed(0)
        close_all()


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    """A proxy in front of the account."""
    with proxy_of(place) as between:
        yield between


@contextmanager
def proxy_of(place: Place) -> Iterator[FaultProxy]:
    with fault_proxy(place.sandbox.url) as between:
        place.account.endpoint_url = between.url
        place.account.save()
        yield between


MakeWorkers = Callable[..., Workers]


@pytest.fixture
def make_workers(place: Place, tmp_path: Path) -> Iterator[MakeWorkers]:
    """Makes groups of workers with settings of their own, and with leases as long as the real ones.
    Those that stand still go on at the end.
    """
    made: list[Workers] = []

    def make(**environment: str) -> Workers:
        folder = tmp_path / f"workers-{len(made)}"
        folder.mkdir()
        made.append(Workers({**place.environment(), **REAL_LEASE, **environment}, folder))
        return made[-1]

    yield make
    for workers in made:
        for pid in workers.alive():
            os.kill(pid, signal.SIGCONT)
        workers.close()
