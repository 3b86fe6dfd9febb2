"""The loop that finds dropped work.

It needs only PostgreSQL, and waits for it as long as necessary.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections, connection

from provisioning.blueprint import Catalogue
from provisioning.jobs.lanes import Lanes
from provisioning.jobs.suspects import SuspectsProcess
from provisioning.lifecycle import clock
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.version_registry import SEEN_AGAIN_AFTER, register_versions

log = logging.getLogger(__name__)

WITHOUT_DATABASE_SECONDS = 2.0
STEPS_END_WITHIN_SECONDS = 2.0
AFTER_FAILED_REGISTRATION = timedelta(minutes=1)


def run_forever(stop: threading.Event, *, lanes: Lanes | None = None, suspects: SuspectsProcess | None = None) -> None:
    """Run cycles until `stop` is set. Then give the steps in progress a moment to end."""
    lanes = lanes or Lanes(stop)
    registration = Registration()
    while not stop.is_set():
        lanes.woken.wait(_cycle(lanes, registration, suspects))
        lanes.woken.clear()
    lanes.close(seconds=STEPS_END_WITHIN_SECONDS)


@dataclass(slots=True)
class Registration:
    """Registers the versions of the catalogue: at the start, when a file of it has changed, and
    once an hour.

    Not in every cycle, so that a worker with an older folder does not keep overwriting a newer
    draft. An error is logged and stops no operation; the next attempt follows a minute later.
    """

    catalogue: Catalogue | None = None
    at: datetime | None = None
    failed_at: datetime | None = None

    def run(self) -> None:
        now = clock.now()
        if self.failed_at is not None and now < self.failed_at + AFTER_FAILED_REGISTRATION:
            return
        try:
            self._register(now)
            self.failed_at = None
        except DATABASE_AWAY:
            raise
        except Exception:
            log.exception("The versions of the blueprints could not be registered.")
            self.failed_at = now

    def _register(self, now: datetime) -> None:
        offered = catalogue()
        if offered is self.catalogue and self.at is not None and now < self.at + SEEN_AGAIN_AFTER:
            return
        for sentence in register_versions(offered.blueprints.values()).values():
            log.warning("%s", sentence)
        self.catalogue, self.at = offered, now


def _cycle(lanes: Lanes, registration: Registration, suspects: SuspectsProcess | None) -> float:
    """Run one cycle and return the seconds until the next."""
    close_old_connections()
    try:
        registration.run()
        lanes.begin()
        if suspects is not None:
            suspects.start_if_needed()
    except DATABASE_AWAY as error:
        log.warning(
            "The database is away; the next attempt is in %g s: %s", WITHOUT_DATABASE_SECONDS, str(error).strip()
        )
        connection.close()
        return WITHOUT_DATABASE_SECONDS
    except Exception:  # nothing in a cycle may end the loop
        log.exception("A cycle of the reconciler failed")
        return WITHOUT_DATABASE_SECONDS
    return float(settings.ENGINE_CYCLE_SECONDS)
