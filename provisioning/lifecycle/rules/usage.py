"""What a team has and has asked for lately: the figures that quotas and rates are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from django.db.models import Count, F, IntegerField, Q, Value
from django.db.models.fields.json import KeyTextTransform

from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.states import NO_LONGER_THERE, OPEN_REQUESTS
from provisioning.models import Environment, Request, RequestKind, Team, User

RATE_PERIOD: Final = timedelta(hours=1)
Places: TypeAlias = Mapping[tuple[str, UUID], int]
"""A number by size and account."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`living` are the team's environments that have not ended, from their request on. `arriving` are
    those of another size that an open change will bring to a size, so that each takes two places
    until its change has ended. `by_team` and `by_person` are the requests of the last hour; a recovery
    is not counted.
    """

    living: Places = field(default_factory=dict)
    by_team: Places = field(default_factory=dict)
    by_person: Places = field(default_factory=dict)
    arriving: Places = field(default_factory=dict)

    def environments_within(self, scope: Scope) -> int:
        """How many environments take a place in the scope. A change of size never leaves a scope of
        all sizes.
        """
        return within(scope, self.living) + (within(scope, self.arriving) if scope.size else 0)


def within(scope: Scope, places: Places) -> int:
    """How many of `places`, which are of one team or person, are within the scope."""
    return sum(
        number
        for (size, account_id), number in places.items()
        if scope.size in ("", size) and (scope.account is None or scope.account.pk == account_id)
    )


def usage_of(team: Team, *, actor: User | None, at: datetime, besides: UUID | None = None) -> Usage:
    """Read the figures with one query. `besides` is an environment that is not counted.

    Without an `actor`, only the team's requests are counted.
    """
    living = (
        Environment.objects.filter(team=team)
        .exclude(state__in=NO_LONGER_THERE)
        .exclude(pk__in=[besides] if besides is not None else [])
        .order_by()
        .values("size", "account_id")
        .annotate(living=Count("pk"), of_team=_zero(), of_person=_zero(), arriving=_zero())
    )
    arriving = (
        Request.objects.filter(environment__team=team, kind=RequestKind.CHANGE, state__in=OPEN_REQUESTS)
        .exclude(environment__in=[besides] if besides is not None else [])
        .annotate(target=KeyTextTransform("size", "plan__content"))
        .exclude(target=F("environment__size"))
        .order_by()
        .values(size=F("target"), account_id=F("environment__account_id"))
        .annotate(living=_zero(), of_team=_zero(), of_person=_zero(), arriving=Count("pk"))
    )
    is_of_team = Q(environment__team=team)
    is_of_person = Q(requested_by=actor) if actor is not None else Q(pk__in=())
    recent = (
        Request.objects.filter(is_of_team | is_of_person, requested_at__gt=at - RATE_PERIOD)
        .exclude(kind=RequestKind.RECOVER)
        .order_by()
        .values(size=F("environment__size"), account_id=F("environment__account_id"))
        .annotate(
            living=_zero(),
            of_team=Count("pk", filter=is_of_team),
            of_person=Count("pk", filter=is_of_person),
            arriving=_zero(),
        )
    )
    columns = ("size", "account_id", "living", "of_team", "of_person", "arriving")
    rows: Any = living.values_list(*columns).union(
        recent.values_list(*columns), arriving.values_list(*columns), all=True
    )
    figures: tuple[dict[tuple[str, UUID], int], ...] = ({}, {}, {}, {})
    for size, account_id, *numbers in rows:
        for figure, number in zip(figures, numbers, strict=True):
            if number:
                figure[size, account_id] = figure.get((size, account_id), 0) + number
    return Usage(*figures)


def _zero() -> Value:
    return Value(0, IntegerField())
