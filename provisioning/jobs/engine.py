"""The only job that RQ runs.

It runs whatever is due in the database, not what its arguments name.
"""

from django.db import close_old_connections

from provisioning.lifecycle.reconciler import run_due

# A nudge continues while further steps are due at once. The reconciler takes the rest.
ROUNDS = 10


def nudge_engine(operation_id: str) -> int:
    """Run what is due; returns the number of steps.

    `operation_id` only identifies the job, so that it is queued once.
    """
    del operation_id
    close_old_connections()
    try:
        return sum(run_due() for _ in range(ROUNDS))
    finally:
        close_old_connections()
