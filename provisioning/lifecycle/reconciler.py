"""One cycle: claim due operations in a batch, and run one step of each. The poller reads the stacks
that they wait for.
"""

from __future__ import annotations

import logging
from typing import Final

from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.services.requests import expire_request
from provisioning.lifecycle.states import RequestState
from provisioning.models import Request

log = logging.getLogger(__name__)

BATCH: Final = 20


def run_due(engine: Engine | None = None, *, limit: int = BATCH) -> int:
    """Run one step of up to `limit` due operations, one after the other. Each is claimed when its
    turn comes, so that none waits with a lease that runs out.

    Returns how many were claimed; 0 means that nothing is due.
    """
    engine = engine or Engine()
    for number in range(limit):
        claimed = engine.claim(limit=1)
        if not claimed:
            return number
        engine.step(claimed[0])
    return limit


def expire_waiting(*, limit: int = 500) -> int:
    """Expire pending requests that nobody decided on in time. Returns how many.

    Each row by itself: one that cannot be moved is logged and does not hold up the others.
    """
    at, expired = clock.now(), 0
    late = Request.objects.filter(state=RequestState.WAITING, expires_at__lte=at).order_by("expires_at", "id")
    for request in late.select_related("environment")[:limit]:
        try:
            expire_request(request=request, at=at)
            expired += 1
        except WrongState:
            pass  # somebody has decided in the meantime, or another worker was faster
        except DATABASE_AWAY:
            raise
        except Exception:
            log.exception("The request %s could not be expired", request.pk)
    return expired
