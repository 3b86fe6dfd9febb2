"""The requests that wait for a person's decision, those that expire first at the top.

One query reads a page, through the index of pending requests, so that it costs the same however many
requests there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, IntegerField, OuterRef, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Concat, NullIf, Trim

from provisioning.lifecycle.access import decidable, standing_votes
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.read.sizes import size_in_words
from provisioning.models import Request, User

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""The place of a request of an early version, which does not expire."""
_HIGH_FINDINGS: Final = """jsonb_array_length(jsonb_path_query_array(
    provisioning_plan.proof, '$.findings[*] ? (@.severity == "high")'))"""


@dataclass(frozen=True, slots=True)
class InboxPosition:
    """The last row of a page. Its text is safe in a URL."""

    expires_at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.expires_at:%Y%m%dT%H%M%S.%f}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> InboxPosition | None:
        """Return None for a text that is no position; the list then starts at the top."""
        at, _, pk = text.partition("-")
        try:
            return cls(datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), UUID(pk))
        except ValueError:
            return None

    @property
    def following(self) -> Q:
        if self.expires_at == _NEVER:
            return Q(expires_at=None, id__gt=self.id)
        later = Q(expires_at__gt=self.expires_at) | Q(expires_at=self.expires_at, id__gt=self.id)
        return later | Q(expires_at=None)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """`high_findings` counts those of the security checks, `voters` names who has approved the plan.
    `expires_at` is None for a request that does not expire.
    """

    id: UUID
    kind: str
    requested_at: datetime
    expires_at: datetime | None
    is_dangerous: bool
    question_asked_at: datetime | None
    environment: str
    size: str
    team: str
    blueprint: str
    requester: str
    high_findings: int
    voters: list[str]

    @property
    def title(self) -> str:
        return f"{kind_of(self.kind).words.verb} {self.environment}"


_COLUMNS: Final = (
    "id", "kind", "requested_at", "expires_at", "is_dangerous", "question_asked_at", "environment__name",
    "shown_size", "environment__team__name", "environment__blueprint_version__title", "requester",
    "high_findings", "voters",
)  # fmt: skip


def inbox(user: User, *, after: InboxPosition | None = None, limit: int) -> list[InboxRow]:
    """Return requests that the user can decide on now. One query, and one more for a delegate."""
    rows = Request.objects.filter(decidable(user))
    if after is not None:
        rows = rows.filter(after.following)
    votes = standing_votes().filter(request=OuterRef("pk")).order_by("at", "id")
    rows = rows.annotate(
        requester=_name_of("requested_by"),
        shown_size=size_in_words(),
        # `plan` joins the table that the expression names.
        plan_digest=F("plan__digest"),
        high_findings=RawSQL(_HIGH_FINDINGS, (), output_field=IntegerField()),  # noqa: S611 - a constant
        voters=ArraySubquery(votes.values_list(_name_of("voter"))),
    )
    in_order = rows.order_by(F("expires_at").asc(nulls_last=True), "id")
    return [InboxRow(*values) for values in in_order.values_list(*_COLUMNS)[:limit]]


def position_of(row: InboxRow) -> InboxPosition:
    return InboxPosition(row.expires_at or _NEVER, row.id)


def _name_of(person: str) -> Coalesce:
    """The full name, or the user name of a person without one."""
    full = Trim(Concat(f"{person}__first_name", Value(" "), f"{person}__last_name"))
    return Coalesce(NullIf(full, Value("")), F(f"{person}__username"))
