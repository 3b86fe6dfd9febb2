"""The loop that checks the accounts of requests that were sent without a report.

It has a thread of its own, because a check takes seconds and the reconciler must not wait for it.
"""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.db import close_old_connections, connection

from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.services.preflight import check_unchecked_requests

log = logging.getLogger(__name__)

AFTER_ERROR_SECONDS = 30.0


def start(stop: threading.Event) -> threading.Thread:
    """Starts the loop; it ends when `stop` is set, after the check in progress."""
    thread = threading.Thread(target=_run, args=(stop,), name="preflight", daemon=True)
    thread.start()
    return thread


def _run(stop: threading.Event) -> None:
    while not stop.is_set():
        stop.wait(_cycle())


def _cycle() -> float:
    """Checks one request and returns the seconds until the next."""
    close_old_connections()
    try:
        return 0.0 if check_unchecked_requests() else float(settings.ENGINE_CYCLE_SECONDS)
    except DATABASE_AWAY:
        connection.close()
        return AFTER_ERROR_SECONDS
    except Exception:  # a fault in one report must not end the loop; the next cycle tries again
        log.exception("A request could not be checked.")
        return AFTER_ERROR_SECONDS
