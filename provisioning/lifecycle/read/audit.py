"""Searches the audit log, a page at a time, for pages and the API.

Every filter has an index that ends with the time and the id, so a page of rows is read in order
from it, however large the log is. Words are searched through a full-text index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from provisioning.errors import NotFound
from provisioning.lifecycle.access import AuditScope
from provisioning.lifecycle.audit_chain import rows_with_ids
from provisioning.lifecycle.verify_audit_export import Row
from provisioning.models import AuditEvent, Environment, User

PER_PAGE: Final = 50
NO_SUCH_EVENT: Final = "This event does not exist, or it belongs to a team that you do not own."
EXPORTED_AT_MOST: Final = 100_000
# Exactly the expression of the index `audit_words`, or PostgreSQL would not use it.
_HAS_WORDS: Final = """(
    to_tsvector('simple', provisioning_auditevent.subject || ' ' || provisioning_auditevent.actor_name || ' '
        || provisioning_auditevent.action || ' ' || provisioning_auditevent.acting_as)
    || to_tsvector('simple', provisioning_auditevent.detail)
) @@ websearch_to_tsquery('simple', %s)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Empty fields do not filter. `who` is a user name, `environment` a name, or the id of an
    environment, `about` the id of a subject, and both days are included, in UTC.
    """

    words: str = ""
    who: str = ""
    team: str = ""
    environment: str = ""
    action: str = ""
    about: str = ""
    address: str = ""
    first_day: date | None = None
    last_day: date | None = None

    @property
    def is_empty(self) -> bool:
        return self == AuditFilter()

    def as_detail(self) -> dict[str, str]:
        """The fields that filter, for the event of an export."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: str(value) for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page. Its text is safe in a URL."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at:%Y%m%dT%H%M%S.%f}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """Return None for a text that is no position; the list then starts at the top."""
        at, _, pk = text.partition("-")
        try:
            return cls(datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), int(pk))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class AuditRow:
    id: int
    at: datetime
    action: str
    actor_name: str
    acting_as: str
    via: str
    address: str
    subject_kind: str
    subject: str
    team: str | None
    environment_id: UUID | None
    environment: str | None
    detail: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


_COLUMNS: Final = (
    "id", "at", "action", "actor_name", "acting_as", "via", "address", "subject_kind", "subject",
    "team__name", "environment_id", "environment__name", "detail", "before", "after",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditListing:
    """`older` is the text of the position from which the next page goes on; empty on the last one."""

    rows: list[AuditRow]
    older: str


def audit_listing(scope: AuditScope, wanted: AuditFilter, *, cursor: str = "", limit: int = PER_PAGE) -> AuditListing:
    """Return one page, newest first."""
    events = matching(scope, wanted)
    if (position := Position.parse(cursor)) is not None:
        events = events.filter(Q(at__lt=position.at) | Q(at=position.at, id__lt=position.id), at__lte=position.at)
    rows = [AuditRow(*values) for values in events.order_by("-at", "-id").values_list(*_COLUMNS)[: limit + 1]]
    if len(rows) <= limit:
        return AuditListing(rows, "")
    return AuditListing(rows[:limit], str(Position(rows[limit - 1].at, rows[limit - 1].id)))


def audit_row(scope: AuditScope, pk: int) -> AuditRow:
    """Return one event. Raises NotFound if it is not within the scope."""
    values = AuditEvent.objects.filter(scope.condition, pk=pk).values_list(*_COLUMNS).first()
    if values is None:
        raise NotFound(NO_SUCH_EVENT)
    return AuditRow(*values)


def matching(scope: AuditScope, wanted: AuditFilter) -> QuerySet[AuditEvent]:
    events = AuditEvent.objects.filter(scope.condition)
    if wanted.team:
        events = events.filter(team__in=[team for team in scope.teams if team.slug == wanted.team])
    if wanted.who:
        events = events.filter(actor__in=list(User.objects.filter(username=wanted.who).values_list("pk", flat=True)))
    if wanted.environment:
        events = events.filter(environment__in=_environments(wanted.environment))
    for field in ("action", "address"):
        if value := getattr(wanted, field):
            events = events.filter(**{field: value})
    if wanted.about:
        events = events.filter(subject_id=wanted.about)
    if wanted.first_day is not None:
        events = events.filter(at__gte=_midnight(wanted.first_day))
    if wanted.last_day is not None and wanted.last_day < date.max:  # no day follows the last one of the calendar
        events = events.filter(at__lt=_midnight(wanted.last_day + timedelta(days=1)))
    if wanted.words:
        events = events.filter(RawSQL(_HAS_WORDS, [wanted.words], output_field=BooleanField()))  # noqa: S611 - of constants
    return events


def exported_rows(scope: AuditScope, wanted: AuditFilter) -> Iterator[Row]:
    """Yield the newest matching rows, at most `EXPORTED_AT_MOST`, in the order of their positions."""
    newest = matching(scope, wanted).order_by("-at", "-id").values_list("id", flat=True)[:EXPORTED_AT_MOST]
    return rows_with_ids(list(newest))


def _environments(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return list(Environment.objects.filter(name=text).values_list("pk", flat=True))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
