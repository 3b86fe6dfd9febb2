"""Runs the demo until Ctrl-C: PostgreSQL, Valkey, the sandbox, the web server and a worker.

All data is in one folder, and the next start continues with it. This process does not use Django;
its children do.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired
from typing import IO

from portal.demo.services import EmbeddedPostgres, EmbeddedValkey, free_port
from provisioning.processes import Child, ProcessManager
from provisioning.sandbox.launch import sandbox_command, sandbox_environment

START_SECONDS = 600.0
"""A process that ends is noticed at once; one that a busy machine delays takes minutes."""
PREPARE_SECONDS = 600.0
"""The first start migrates the database and onboards the simulated accounts. A busy machine takes minutes."""
STOP_SECONDS = 8.0
SAMPLE = "sample-change"
SANDBOX_PORT = 4566


class DemoError(Exception):
    """The demo cannot start, or a process of it has ended. The message says which and shows the end
    of its log.
    """


@dataclass(slots=True)
class Demo:
    """The demo's processes.

    `speed` says how many times faster than AWS the sandbox is: with 60, ten minutes take ten
    seconds. `port` is the preferred port of the web server.
    """

    root: Path
    state: Path
    port: int
    speed: float
    say: Callable[[str], None]
    processes: ProcessManager = field(init=False)
    postgres: EmbeddedPostgres = field(init=False)
    valkey: EmbeddedValkey = field(init=False)
    sandbox_address: str = ""
    _lock: IO[str] | None = None

    def __post_init__(self) -> None:
        self.processes = ProcessManager(logs=self.state / "logs", directory=self.root, stop_seconds=STOP_SECONDS)
        self.postgres = EmbeddedPostgres(self.state / "postgres")
        self.valkey = EmbeddedValkey(self.state / "valkey")

    def run(self) -> None:
        """Run until Ctrl-C or SIGTERM. Raises DemoError."""
        started = time.monotonic()
        self._take_lock()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
        try:
            self.say("Starting … The first start takes up to a minute, on a busy machine longer.")
            address = self._start()
            self.say(self._welcome(address, time.monotonic() - started))
            while (child := self.processes.tend()) is None or self._is_done(child):
                time.sleep(0.5)
            raise DemoError(f"The {child.name} process has ended.\n{child.tail()}")
        except KeyboardInterrupt:
            self.say("\nStopping …")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.processes.stop()
            self.valkey.stop()
            if self.postgres.url:
                self.postgres.stop()
        self.say(f"Stopped. All data is in {self.state}, and the next start continues with it.")

    def _is_done(self, child: Child) -> bool:
        """Forget the process that requests the sample change, when it has ended well."""
        return child.name == SAMPLE and self.processes.wait(child, timeout=STOP_SECONDS) == 0

    def _take_lock(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        self._lock = (self.state / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(
                f"A demo already runs on {self.state}. Stop it, or choose another folder with --state."
            ) from error

    def _start(self) -> str:
        sandbox_port, web_port = self._ports()
        sandbox = self.processes.start(
            "sandbox", sandbox_command(sandbox_port, self.speed, self.state / "sandbox"), sandbox_environment()
        )
        with ThreadPoolExecutor() as pool:
            database, redis = pool.submit(self.postgres.start), pool.submit(self.valkey.start)
            environment = {
                **self._environment(web_port),
                "DATABASE_URL": database.result(),
                "REDIS_URL": redis.result(),
                "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
                "SANDBOX_SPEED": str(max(round(self.speed), 1) if self.speed else 0),
            }
        self._wait_for(f"http://127.0.0.1:{sandbox_port}/_sandbox/status", sandbox)
        manage = [sys.executable, "manage.py"]
        prepare = self.processes.start("prepare", [*manage, "prepare_demo"], environment)
        try:
            code = self.processes.wait(prepare, timeout=PREPARE_SECONDS)
        except TimeoutExpired:
            raise DemoError(
                f"Preparing the database takes longer than {PREPARE_SECONDS:g} s. Start again: it continues from there.\n"
                f"{prepare.tail()}"
            ) from None
        if code:
            raise DemoError(
                f"The demo could not be prepared. Once the cause is removed, start again: it continues from there.\n{prepare.tail()}"
            )
        granian = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "asginl",
            "--no-ws",
            "--host",
            "127.0.0.1",
            "--port",
            str(web_port),
        ]
        web = self.processes.start("web", [*granian, "portal.asgi:application"], environment)
        self.processes.start("worker", [*manage, "worker"], environment)
        self.processes.start(SAMPLE, [*manage, "prepare_demo", "--change"], environment)
        address = f"http://127.0.0.1:{web_port}/"
        self._wait_for(f"{address}healthz", web)
        return address

    def _ports(self) -> tuple[int, int]:
        """Return the ports of the sandbox and of the web server: those of the last start if they are
        free, so that bookmarks stay valid.
        """
        path = self.state / "ports.json"
        try:
            last: dict[str, int] = json.loads(path.read_text())
        except (OSError, ValueError):
            last = {}
        again = [last["web"]] if last.get("wanted") == self.port else []
        sandbox = free_port(*([last["sandbox"]] if last else []), SANDBOX_PORT)
        web = free_port(*again, self.port)
        path.write_text(json.dumps({"wanted": self.port, "web": web, "sandbox": sandbox}))
        self.sandbox_address = f"http://127.0.0.1:{sandbox}"
        return sandbox, web

    def _environment(self, web_port: int) -> dict[str, str]:
        secret = self._secrets()
        return {
            "SECRET_KEY": secret["secret_key"],
            "DEMO_PASSWORD": secret["password"],
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "CSRF_TRUSTED_ORIGINS": f"http://127.0.0.1:{web_port},http://localhost:{web_port}",
            "DEBUG": "false",
            "BEHIND_TLS": "false",
            "STATIC_FROM_SOURCE": "true",
            "STATE_DIR": str(self.state),
            "PYTHONUNBUFFERED": "1",
        }

    def _secrets(self) -> dict[str, str]:
        """Return the secret key and the sample users' password. The first start creates them,
        readable by the owner only.
        """
        path = self.state / "secrets.json"
        if not path.exists():
            created = {"secret_key": secrets.token_urlsafe(50), "password": secrets.token_urlsafe(9)}
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(created, file)
        stored: dict[str, str] = json.loads(path.read_text())
        return stored

    def _wait_for(self, url: str, child: Child) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if child.has_ended:
                raise DemoError(f"The {child.name} process did not start.\n{child.tail()}")
            try:
                with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address on loopback
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise DemoError(f"The {child.name} process does not answer at {url}.\n{child.tail()}")

    def _welcome(self, address: str, seconds: float) -> str:
        password = self._secrets()["password"]
        return (
            f"\n  The portal runs at {address}  (started in {seconds:.0f} s)\n\n"
            "  Sign in as   alice    owns the Payments team\n"
            "               bob      is a member of it, and vera may only look\n"
            "               olivia   approves production\n"
            "               charlie  belongs to another team\n"
            "               nora     audits: reads everything and changes nothing\n"
            "               ada      administers the portal: accounts, teams and people\n"
            f"  password     {password}\n\n"
            f"  AWS is simulated at {self.sandbox_address}, {self.speed:g} times faster than the real one.\n"
            "  To see a failure, inject one there, then request an environment:\n"
            f"  curl -X POST {self.sandbox_address}/_sandbox/faults "
            """-d '{"target": "AWS::RDS::DBInstance", "reason": "Insufficient capacity in the zone"}'\n\n"""
            "  Ctrl-C stops everything.\n"
        )
