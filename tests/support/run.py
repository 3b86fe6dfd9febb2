"""One test run: its folder, its PostgreSQL and Valkey, and the guard that ends what the run leaves
behind.

The first process of a run starts the servers. xdist's workers and the commands that tests start
inherit the run's environment and join it. TMPDIR is the run's folder, so that all files and
processes of the run can be found: the guard, a small process of its own, waits until the first
process has ended, even by SIGKILL, and then ends all the others.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = "PORTAL_TEST_RUN"
_ROOT = Path(__file__).resolve().parents[2]


def join_run() -> None:
    """Set DATABASE_URL and REDIS_URL to this run's servers. Each worker of xdist uses a Valkey
    database of its own.
    """
    if RUN not in os.environ:
        _start_run()
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    server, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{server}/{worker}"


def _start_run() -> None:
    folder = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    os.environ[RUN] = os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)
    subprocess.run(
        [sys.executable, "-m", "tests.support.guard", str(os.getpid()), str(folder)],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        start_new_session=True,  # Ctrl-C and a closed terminal must not reach the guard
    )
    # PostgreSQL's library asks for the folder of temporary files when it is imported.
    from portal.demo.services import EmbeddedPostgres, EmbeddedValkey  # noqa: PLC0415

    os.environ["DATABASE_URL"] = EmbeddedPostgres(folder / "postgres", durable=False).start()
    os.environ["REDIS_URL"] = EmbeddedValkey(folder / "valkey").start()
