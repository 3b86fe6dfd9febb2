"""The latest reports of this process, by plan and account: the form shows one, and the request that
follows stores the same. And the latest surveys, by account and region: a plan changes with every
letter that a person types, the account does not.

Another web process may answer the next request, so the form carries the report along, signed.
Without either, the worker checks the plan again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.preflight.survey import Survey

FRESH: Final = timedelta(minutes=1)
"""A form that is rendered again within this time shows the same report."""
STORABLE: Final = timedelta(minutes=15)
"""A request stores the report that its sender saw up to this time ago."""
_AT_MOST: Final = 500

Key: TypeAlias = tuple[UUID, str]


class RecentReports:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: OrderedDict[Key, PreflightReport] = OrderedDict()

    def put(self, account_id: UUID, digest: str, report: PreflightReport) -> None:
        with self._lock:
            self._reports[account_id, digest] = report
            self._reports.move_to_end((account_id, digest))
            while len(self._reports) > _AT_MOST:
                self._reports.popitem(last=False)

    def get(self, account_id: UUID, digest: str, *, now: datetime, within: timedelta) -> PreflightReport | None:
        with self._lock:
            report = self._reports.get((account_id, digest))
        return report if report is not None and now - report.checked_at <= within else None


class RecentSurveys:
    """Keeps what AWS answered for `FRESH`. A survey in which AWS left something unanswered is not
    used again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._surveys: OrderedDict[tuple[UUID, str], tuple[datetime, Survey]] = OrderedDict()

    def get(self, account_id: UUID, region: str, *, now: datetime, make: Callable[[], Survey]) -> Survey:
        with self._lock:
            begun_at, survey = self._surveys.get((account_id, region), (None, None))
            if survey is None or begun_at is None or survey.has_failed or now - begun_at > FRESH:
                survey = make()
                self._surveys[account_id, region] = (now, survey)
                while len(self._surveys) > _AT_MOST:
                    self._surveys.popitem(last=False)
            return survey


RECENT: Final = RecentReports()
SURVEYS: Final = RecentSurveys()
