"""The only job that RQ runs: the next steps of one operation, which its argument names.

A nudge only saves the second until the reconciler would find the operation. What else is due is the
reconciler's, so that an account that hangs holds up no nudge for another one.
"""

import logging
from typing import Final
from uuid import UUID

from django.db import close_old_connections, connection

from provisioning.jobs.lanes import UNSUSPICIOUS
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.engine import Engine

# A nudge continues while further steps are due at once. The reconciler takes the rest.
ROUNDS = 10
AWAY: Final = "A nudge was dropped, because the database is away; the reconciler will find its operation: %s"

log = logging.getLogger(__name__)


def nudge_engine(operation_id: str) -> int:
    """Run what is due of this operation; returns the number of steps."""
    close_old_connections()
    engine, number = Engine(), 0
    try:
        for number in range(ROUNDS):
            claimed = engine.claim(limit=1, operation_id=UUID(operation_id), deaths=UNSUSPICIOUS)
            if not claimed:
                return number
            engine.step(claimed[0])
    except DATABASE_AWAY as error:
        log.warning(AWAY, str(error).strip())
        connection.close()
        return number
    else:
        return ROUNDS
    finally:
        close_old_connections()
