"""One cycle: take what is due in batches, look at each account and region once, and take one step of each operation.

The number of jobs and of AWS calls does not grow with the number of stacks in flight: three or more stacks of one account and
region that are watched are read with one list.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from provisioning.aws import STACK_STATUSES, AwsError, interface
from provisioning.lifecycle import clock
from provisioning.lifecycle.engine import WATCHING, Engine
from provisioning.lifecycle.services.requests import expire_request
from provisioning.lifecycle.states import RequestState
from provisioning.models import Operation, Request, Stack

log = logging.getLogger(__name__)

BATCH: Final = 20
LIST_FROM: Final = 3
"""From this many watched stacks on, one list is cheaper than looking at each."""
# ListStacks names deleted stacks for ninety days: they are asked for by id instead, once each.
_LISTED: Final = tuple(name for name in STACK_STATUSES if name != "DELETE_COMPLETE")


class Sight:
    """What one account and region shows in this cycle."""

    def __init__(self, aws: interface.Aws, *, watched: int) -> None:
        self._aws = aws
        self._listed: dict[str, interface.StackState] | None = None
        self._error: AwsError | None = None
        if watched >= LIST_FROM:
            self._list()

    def _list(self) -> None:
        try:
            self._listed = {stack.stack_id: stack for stack in self._aws.list_stacks(statuses=_LISTED)}
        except AwsError as error:
            self._error = error

    def look(self, stack_id: str) -> interface.StackState | None:
        """Raises what the list raised: then everybody who relies on it comes back later."""
        if self._error is not None:
            raise self._error
        if self._listed is not None and stack_id in self._listed:
            return self._listed[stack_id]
        return self._aws.describe_stack(stack_id)


def run_due(engine: Engine | None = None, *, limit: int = BATCH) -> int:
    """Take one step of up to `limit` operations that are due. Returns how many were claimed: 0 means that nothing is."""
    engine = engine or Engine()
    claimed = engine.claim(limit=limit)
    for group in _by_place(claimed):
        _run_group(engine, group)
    return len(claimed)


def _by_place(operations: Iterable[Operation]) -> list[list[Operation]]:
    """By account, and by the region of the stack that each operation is at now."""
    groups: dict[tuple[object, str], list[Operation]] = defaultdict(list)
    for operation in operations:
        groups[operation.environment.account_id, operation.region].append(operation)
    return list(groups.values())


def _run_group(engine: Engine, operations: Sequence[Operation]) -> None:
    account, region = operations[0].environment.account, operations[0].region
    watched = [operation.environment_id for operation in operations if operation.state in WATCHING]
    handed_over = 0
    if len(watched) >= LIST_FROM:
        handed_over = Stack.objects.filter(environment__in=watched, region=region).exclude(stack_id="").count()
    try:
        look = Sight(engine.aws_for(account, region), watched=handed_over).look
    except AwsError:
        look = None  # the account cannot be reached: each operation finds the same, and says so
    for operation in operations:
        engine.step(operation, look=look)


def expire_waiting(*, limit: int = 50) -> int:
    """End requests that nobody decided on in time."""
    at = clock.now()
    late = Request.objects.filter(state=RequestState.WAITING, expires_at__lte=at).select_related("environment")[:limit]
    for request in late:
        expire_request(request=request, at=at)
    return len(late)
