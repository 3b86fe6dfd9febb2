"""What RQ runs: a nudge, and nothing else. Whatever it is told, it looks at everything that is due."""

from django.db import close_old_connections

from provisioning.lifecycle.reconciler import run_due

# A nudge goes on while its steps follow each other at once; the reconciler has the rest.
ROUNDS = 10


def nudge_engine(operation_id: str) -> int:
    """`operation_id` names the job, so that there is at most one for each operation."""
    del operation_id
    close_old_connections()
    try:
        return sum(run_due() for _ in range(ROUNDS))
    finally:
        close_old_connections()
