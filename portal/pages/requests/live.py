"""What an open page of a request asks for, so that it shows what others do.

The page names what it shows: the version of the environment's pages, which every vote, comment and
change of state raises, and the digest of the plan. As long as both are the same, the answer is
empty and takes one query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from portal.web.lookups import NO_SUCH_REQUEST
from provisioning.errors import NotFound
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.states import RequestState
from provisioning.models import Request, User

_SECONDS: Final = {RequestState.PLANNING: 2, RequestState.WAITING: 5}
"""How often the page asks in each state in which others may still do something on it."""

REPLACED_PARTS: Final = ("request-head", "request-notices", "request-decision", "request-words", "request-history")
"""The ids of the parts that are replaced. The plan is none of them: it remains as it was read."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What the page shows. `seconds` is 0 if nothing more can happen on it."""

    version: int
    digest: str
    seconds: int

    @classmethod
    def of(cls, request: Request) -> Poll:
        seconds = _SECONDS.get(RequestState(request.state), 0)
        return cls(request.environment.version, request.plan.digest, seconds)

    @property
    def parts(self) -> str:
        """The parts to pick out of an answer. The news are announced: their element is kept."""
        return ",".join([*(f"#{part}" for part in REPLACED_PARTS), "#request-news:innerHTML"])


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored now."""

    version: int
    digest: str
    state: str

    def is_shown_by(self, *, version: str) -> bool:
        """Whether a page of this version shows everything. The steps of the planning are not shown."""
        return version == str(self.version) or self.state == RequestState.PLANNING


def standing_of(user: User, pk: UUID) -> Standing:
    """One query. Raises NotFound."""
    rows = Request.objects.filter(visible(user, "environment__team"), pk=pk)
    row = rows.values_list("environment__version", "plan__digest", "state").first()
    if row is None:
        raise NotFound(NO_SUCH_REQUEST)
    return Standing(*row)
