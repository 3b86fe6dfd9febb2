"""One cycle: claim due operations in a batch, read each account and region once, and run one step
of each operation.

The number of AWS calls does not grow with the number of stacks in progress: from three watched
stacks of one account and region on, one list reads them all.
"""

from __future__ import annotations

import logging
from collections import defaultdict
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
"""From this many watched stacks on, one ListStacks call is cheaper than one DescribeStacks call for
each.
"""
# ListStacks returns deleted stacks for ninety days. They are described by id instead, once each.
_LISTED: Final = tuple(name for name in STACK_STATUSES if name != "DELETE_COMPLETE")


class RegionStacks:
    """The stacks of one account and region during one cycle: listed once if enough are watched,
    else described.
    """

    def __init__(self, aws: interface.Aws, *, watched: int) -> None:
        self._aws = aws
        self._listed: dict[str, interface.StackState] | None = None
        self._error: AwsError | None = None
        if watched >= LIST_FROM:
            try:
                self._listed = {stack.stack_id: stack for stack in self._aws.list_stacks(statuses=_LISTED)}
            except AwsError as error:
                self._error = error

    def look(self, stack_id: str) -> interface.StackState | None:
        """The stack's state, None if it does not exist.

        Raises the list's error to every operation that relies on it.
        """
        if self._error is not None:
            raise self._error
        if self._listed is not None and stack_id in self._listed:
            return self._listed[stack_id]
        return self._aws.describe_stack(stack_id)


def run_due(engine: Engine | None = None, *, limit: int = BATCH) -> int:
    """Run one step of up to `limit` due operations.

    Returns how many were claimed; 0 means that nothing is due.
    """
    engine = engine or Engine()
    claimed = engine.claim(limit=limit)
    # By account, and by the region of the stack that each operation is at.
    groups: dict[tuple[object, str], list[Operation]] = defaultdict(list)
    for operation in claimed:
        groups[operation.environment.account_id, operation.region].append(operation)
    for (_, region), operations in groups.items():
        account = operations[0].environment.account
        watched = [operation.environment_id for operation in operations if operation.state in WATCHING]
        submitted = 0
        if len(watched) >= LIST_FROM:
            submitted = Stack.objects.filter(environment__in=watched, region=region).exclude(stack_id="").count()
        try:
            look = RegionStacks(engine.aws_for(account, region), watched=submitted).look
        except AwsError:
            look = None  # the account is unreachable: each operation finds that out and reports it
        for operation in operations:
            engine.step(operation, look=look)
    return len(claimed)


def expire_waiting(*, limit: int = 50) -> int:
    """Expire pending requests that nobody decided on in time. Returns how many."""
    at = clock.now()
    late = Request.objects.filter(state=RequestState.WAITING, expires_at__lte=at).select_related("environment")[:limit]
    for request in late:
        expire_request(request=request, at=at)
    return len(late)
