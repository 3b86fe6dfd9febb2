"""Who is looking at an environment. Only then are its stack events read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from provisioning.lifecycle.kinds.registry import moving_states
from provisioning.lifecycle.poller.regions import wake_region
from provisioning.models import Environment, Stack

VIEWED_FOR: Final = timedelta(seconds=15)
"""How long a page that polls every few seconds counts as open after its last poll."""
NOTED_EVERY: Final = timedelta(seconds=10)


def note_viewer(environment_id: UUID, *, at: datetime) -> None:
    """Somebody has the page of this environment open. Written at most every ten seconds, and only
    while the environment moves. The regions of its stacks are visited at once then.
    """
    late = Q(viewed_until=None) | Q(viewed_until__lt=at + VIEWED_FOR - NOTED_EVERY)
    moving = Environment.objects.filter(late, pk=environment_id, state__in=moving_states())
    if moving.update(viewed_until=at + VIEWED_FOR):
        stacks = Stack.objects.filter(environment=environment_id).exclude(stack_id="")
        for account_id, region in set(stacks.values_list("environment__account_id", "region")):
            wake_region(account_id, region, at=at, in_flight=False)
