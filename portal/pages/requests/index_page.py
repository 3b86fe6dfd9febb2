"""The list of requests with its filters, and the inbox of those who decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlencode

from django.db.models import Q

from portal.web.listing import PER_PAGE, Listing, RequestRow, request_listing
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.read.inbox import InboxPosition, InboxRow, inbox, position_of
from provisioning.lifecycle.states import RequestState
from provisioning.models import RequestKind, Team, User

AWAITING_ME: Final = "me"


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """The filters as they are in the URL. Empty ones do not filter. `requester` is a user name."""

    state: str = ""
    kind: str = ""
    team: str = ""
    requester: str = ""

    @classmethod
    def parse(cls, fields: Mapping[str, str]) -> RequestFilter:
        """A state or kind that does not exist is left out."""
        state, kind = fields.get("state", ""), fields.get("kind", "")
        return cls(
            state=state if state in set(RequestState) else "",
            kind=kind if kind in RequestKind.values else "",
            team=_short(fields.get("team", "")),
            requester=_short(fields.get("requester", "")),
        )

    @property
    def condition(self) -> Q:
        columns = {
            "state": self.state,
            "kind": self.kind,
            "environment__team__slug": self.team,
            "requested_by__username": self.requester,
        }
        return Q(**{column: text for column, text in columns.items() if text})

    @property
    def query(self) -> str:
        """The filter as a part of a URL."""
        return urlencode({name: text for name, text in asdict(self).items() if text})


@dataclass(frozen=True, slots=True)
class RequestsPage:
    listing: Listing[RequestRow]
    filter: RequestFilter
    states: Sequence[RequestState]
    kinds: Sequence[tuple[str, str]]
    teams: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class InboxPage:
    listing: Listing[InboxRow]
    is_first: bool


def requests_page(user: User, wanted: RequestFilter, *, cursor: str) -> RequestsPage:
    condition = visible(user, "environment__team") & wanted.condition
    teams = Team.objects.filter(visible(user, "pk")).order_by("name").values_list("slug", "name")
    return RequestsPage(
        listing=request_listing(condition, cursor=cursor),
        filter=wanted,
        states=list(RequestState),
        kinds=[(kind.value, kind.label) for kind in RequestKind],
        teams=list(teams),
    )


def inbox_page(user: User, *, cursor: str) -> InboxPage:
    after = InboxPosition.parse(cursor)
    rows = inbox(user, after=after, limit=PER_PAGE + 1)
    shown = rows[:PER_PAGE]
    following = str(position_of(shown[-1])) if len(rows) > PER_PAGE else ""
    return InboxPage(Listing(shown, following), is_first=after is None)


def _short(text: str) -> str:
    """A text that PostgreSQL accepts and that no name exceeds."""
    return text.replace("\0", "").strip()[:150]
