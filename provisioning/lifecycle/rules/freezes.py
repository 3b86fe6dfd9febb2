"""Change freezes: a time during which no operation of some kinds begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from provisioning.lifecycle.rules.settings import Freeze, FreezeKind
from provisioning.models import RuleKind

_FROZEN_AS: Final[Mapping[RuleKind, FreezeKind]] = {
    RuleKind.CREATE: "create",
    RuleKind.CHANGE: "change",
    RuleKind.DANGEROUS_CHANGE: "change",
    RuleKind.PUT_BACK: "change",
    RuleKind.TEARDOWN: "teardown",
}
"""A recovery is always possible, because it repairs, and an adoption changes nothing in AWS."""
WORDS: Final[Mapping[FreezeKind, str]] = {"create": "creation", "change": "change", "teardown": "teardown"}


def freezes_that_stop(
    freezes: tuple[Freeze, ...], *, kind: RuleKind, at: datetime, team_slug: str, name: str
) -> Iterator[Freeze]:
    """The freezes because of which an operation of this kind cannot begin at this time."""
    frozen_as = _FROZEN_AS.get(kind)
    for freeze in freezes:
        is_excepted = team_slug in freeze.exceptions or f"{team_slug}/{name}" in freeze.exceptions
        if frozen_as in freeze.kinds and freeze.starts_at <= at < freeze.ends_at and not is_excepted:
            yield freeze


def sentence_of(freeze: Freeze, kind: RuleKind) -> str:
    """Why nothing of this kind begins now: "Change freeze “Year end”: no change begins until …"."""
    what = WORDS[_FROZEN_AS[kind]]
    return f"Change freeze “{freeze.name}”: no {what} begins until {local(freeze.ends_at, freeze)}. {freeze.reason}"


def local(at: datetime, freeze: Freeze) -> str:
    """A time of the freeze in its own time zone: `2026-12-20 18:00 Europe/Stockholm`."""
    return f"{at.astimezone(ZoneInfo(freeze.time_zone)):%Y-%m-%d %H:%M} {freeze.time_zone}"
