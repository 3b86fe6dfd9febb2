"""How a worker process ends, also in the middle of a step."""

from __future__ import annotations

import logging
import os
import threading
from typing import Never

from provisioning.lifecycle.claims import let_go
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.engine import PROCESS_LEASES
from provisioning.lifecycle.poller.regions import let_go_regions

log = logging.getLogger(__name__)

LETTING_GO_SECONDS = 1.0


def leave(code: int) -> Never:
    """End the process at once. Its leases end with it, so that another worker continues without
    waiting for them, and so that nobody takes its end for a crash. Those on periodic tasks end with
    the worker's row.

    A thread of its own has a database connection of its own; that of a step may be in use.
    """
    thread = threading.Thread(target=_let_go, daemon=True)
    thread.start()
    thread.join(LETTING_GO_SECONDS)
    os._exit(code)


def _let_go() -> None:
    try:
        let_go(PROCESS_LEASES)
        let_go_regions(PROCESS_LEASES.worker_id)
    except DATABASE_AWAY as error:
        log.warning("The leases of this worker run out by themselves: %s", str(error).strip())
