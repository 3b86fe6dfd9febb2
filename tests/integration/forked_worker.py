"""Forks workers from a process that has loaded everything, so that a test can afford many deaths.

Run as a program: each line of its input is the log of a worker to be started; it answers with the
worker's process id. Each worker is a real process in a process group of its own.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.fault_proxy import RECEIVED, Boundary

ROOT = Path(__file__).resolve().parents[2]
STOP_WORD = "TEST_STOP_AT"
"""Environment: the operation of botocore at which the first worker stops, and the moment: `sign` or `send`."""
ASK_AT = "TEST_ASK_AT"
"""Environment: the port of the proxy that each worker asks when it has the answer to a call that
changes something.
"""


@dataclass
class Workers:
    """The workers of one test, and the process that they are forked from."""

    environment: Mapping[str, str]
    logs: Path
    pids: list[int] = field(default_factory=list)
    _parent: subprocess.Popen[str] | None = None

    def start(self) -> int:
        if self._parent is None:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.forked_worker"],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{self.logs / f'worker-{len(self.pids)}.log'}\n")
        self._parent.stdin.flush()
        self.pids.append(int(self._parent.stdout.readline()))
        return self.pids[-1]

    def alive(self) -> list[int]:
        return [pid for pid in self.pids if _exists(pid)]

    def kill(self) -> None:
        """SIGKILL to every process of every worker."""
        for pid in self.alive():
            os.killpg(pid, signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        if self._parent is not None:
            self._parent.communicate()


def _exists(pid: int) -> bool:
    """The parent does not wait for its children, so a dead one is gone at once."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    import django  # noqa: PLC0415

    django.setup()
    from provisioning.aws import client  # noqa: F401, PLC0415
    from provisioning.jobs import parts  # noqa: F401, PLC0415
    from provisioning.management.commands import worker  # noqa: F401, PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    number = 0
    while log := sys.stdin.readline().strip():
        pid = os.fork()
        if not pid:
            _be_worker(log, first=not number)
        number += 1
        print(pid, flush=True)  # noqa: T201 - the answer


def _be_worker(log: str, *, first: bool) -> None:
    from django.core.management import call_command  # noqa: PLC0415

    _be_another_worker()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    sys.orig_argv = [sys.executable, "manage.py", "worker", "--part", "reconciler"]
    if first and os.environ.get(STOP_WORD):
        _stop_at(*os.environ[STOP_WORD].split(":"))
    if port := os.environ.get(ASK_AT):
        _ask_before_going_on(int(port))
    try:
        call_command("worker", part="reconciler")
    finally:
        os._exit(0)


def _be_another_worker() -> None:
    """The parent has made the leases of its process, with its own id."""
    from provisioning.lifecycle.engine import PROCESS_LEASES  # noqa: PLC0415

    PROCESS_LEASES.worker_id = uuid.uuid4()
    PROCESS_LEASES.name = f"forked:{os.getpid()}"


def _ask_before_going_on(port: int) -> None:
    from botocore.client import BaseClient  # noqa: PLC0415

    make_api_call = BaseClient._make_api_call

    def asking(self: Any, operation: str, arguments: Any) -> Any:
        try:
            return make_api_call(self, operation, arguments)
        finally:
            boundary = Boundary(f"{self.meta.service_model.service_name}:{operation}", "received")
            if boundary.changes_something:
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request("POST", f"{RECEIVED}{boundary.call}")
                connection.getresponse().read()
                connection.close()

    BaseClient._make_api_call = asking  # type: ignore[method-assign]


def _stop_at(operation: str, moment: str) -> None:
    """Stops this process once, in botocore: when a request is about to be signed, or to leave."""
    from botocore.httpsession import URLLib3Session  # noqa: PLC0415
    from botocore.signers import RequestSigner  # noqa: PLC0415

    pending = [True]

    def stop_before(owner: type[Any], name: str, concerns: Any) -> None:
        method = getattr(owner, name)

        def stopping(self: Any, first: Any, *more: Any, **named: Any) -> Any:
            if pending and concerns(first):
                pending.clear()
                # To this very thread: another one might take a signal to the process a moment later.
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            return method(self, first, *more, **named)

        setattr(owner, name, stopping)

    if moment == "sign":
        stop_before(RequestSigner, "sign", lambda name: name == operation)
    else:
        stop_before(URLLib3Session, "send", lambda request: f"Action={operation}&".encode() in _body(request))


def _body(request: Any) -> bytes:
    body = request.body or b""
    return body if isinstance(body, bytes) else str(body).encode() if isinstance(body, str) else b""


if __name__ == "__main__":
    main()
