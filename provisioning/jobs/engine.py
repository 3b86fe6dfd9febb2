"""The only job that RQ runs: the next steps of one operation, which its argument names.

A nudge only saves the second until the reconciler would find the operation. What else is due is the
reconciler's, so that an account that hangs holds up no nudge for another one.
"""

from uuid import UUID

from django.db import close_old_connections

from provisioning.jobs.lanes import UNSUSPICIOUS
from provisioning.lifecycle.engine import Engine

# A nudge continues while further steps are due at once. The reconciler takes the rest.
ROUNDS = 10


def nudge_engine(operation_id: str) -> int:
    """Run what is due of this operation; returns the number of steps."""
    close_old_connections()
    engine = Engine()
    try:
        for number in range(ROUNDS):
            claimed = engine.claim(limit=1, operation_id=UUID(operation_id), deaths=UNSUSPICIOUS)
            if not claimed:
                return number
            engine.step(claimed[0])
        return ROUNDS
    finally:
        close_old_connections()
