"""The work that is due at intervals, each task in a thread of its own.

Every worker process with a reconciler runs these threads; a lease sees to it that one of them does
the work. A task waits for AWS or for the database without holding up another.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import close_old_connections, connection

from provisioning.lifecycle import clock
from provisioning.lifecycle.api_calls import forget_calls
from provisioning.lifecycle.audit_chain import log_anchor
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.change_cleanup import clean_up_changes
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.drift.detection import advance_detections, nominate_overdue
from provisioning.lifecycle.engine import PROCESS_LEASES
from provisioning.lifecycle.leases import Leases
from provisioning.lifecycle.periodic import Work, add_tasks, run_if_due
from provisioning.lifecycle.reconciler import expire_waiting
from provisioning.lifecycle.scan.baseline import take_baselines
from provisioning.lifecycle.scan.changes import compare_seen
from provisioning.lifecycle.scan.regions import add_regions, scan_due
from provisioning.lifecycle.services.handover import expire_due_offers
from provisioning.lifecycle.services.preflight import check_unchecked_requests
from provisioning.models import Worker
from provisioning.notify.cleanup import forget_deliveries
from provisioning.notify.delivery import deliver_messages
from provisioning.notify.expiry import note_expiring
from provisioning.notify.fan_out import spread_events
from provisioning.notify.webhooks.delivery import deliver_webhooks

log = logging.getLogger(__name__)

AFTER_ERROR_SECONDS: Final = 5.0
FORGOTTEN_AFTER: Final = timedelta(days=7)


def forget_workers() -> int:
    """Delete the rows of workers that stopped long ago; no operation has one of them as holder."""
    Worker.objects.filter(heartbeat_at__lt=clock.now() - FORGOTTEN_AFTER).delete()
    return 0


def _add_regions() -> int:
    add_regions()
    return 0


def _compare_seen() -> int:
    compare_seen()
    return 0


TASKS: Final[Sequence[Work]] = (
    Work("expire requests", timedelta(seconds=10), expire_waiting),
    Work("expire offers", timedelta(minutes=1), expire_due_offers),
    Work("check accounts of requests", timedelta(seconds=2), check_unchecked_requests),
    Work("take baselines", timedelta(minutes=1), lambda: take_baselines(aws_for_account)),
    Work("clean up after changes", timedelta(minutes=1), lambda: clean_up_changes(aws_for_account)),
    Work("add regions to scan", timedelta(hours=1), _add_regions),
    Work("scan regions", timedelta(minutes=1), lambda: scan_due(aws_for_account)),
    Work("compare stacks that were seen", timedelta(minutes=1), _compare_seen),
    Work("detect drift", timedelta(seconds=15), lambda: advance_detections(aws_for_account)),
    Work("nominate for drift detection", timedelta(hours=1), nominate_overdue),
    Work("log the audit anchor", timedelta(days=1), log_anchor),
    Work("write messages and webhooks", timedelta(seconds=2), spread_events),
    Work("send messages", timedelta(seconds=5), deliver_messages),
    Work("send webhooks", timedelta(seconds=2), deliver_webhooks),
    Work("warn of requests that expire", timedelta(minutes=10), note_expiring),
    Work("forget deliveries", timedelta(hours=1), forget_deliveries),
    Work("forget calls of the API", timedelta(hours=1), forget_calls),
    Work("forget workers", timedelta(hours=1), forget_workers),
)


def start(stop: threading.Event, *, leases: Leases = PROCESS_LEASES, tasks: Sequence[Work] = TASKS) -> None:
    """Start a thread for each task. They end when `stop` is set, after the part in progress."""
    for task in tasks:
        threading.Thread(target=_run, args=(task, leases, stop), name=task.name, daemon=True).start()


def _run(task: Work, leases: Leases, stop: threading.Event) -> None:
    is_known = False
    while not stop.is_set():
        close_old_connections()
        wait = min(task.every.total_seconds(), 60.0)
        try:
            if not is_known:
                add_tasks([task])
                is_known = True
            if run_if_due(task, leases):
                wait = float(settings.ENGINE_CYCLE_SECONDS)
        except DATABASE_AWAY:
            wait = AFTER_ERROR_SECONDS
            connection.close()
        except Exception:  # the thread must not end
            log.exception("The periodic task %s could not be started", task.name)
            wait = AFTER_ERROR_SECONDS
            connection.close()
        stop.wait(wait)
    connection.close()
