"""The stacks that CloudFormation may be working on for an open operation.

No step marks a stack: an open operation in one of the states of `IN_FLIGHT`, at a stack with an id,
is in flight. So a crash between two writes can neither lose a mark nor leave one behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from provisioning.lifecycle.states import OperationState

IN_FLIGHT: Final = frozenset(
    {OperationState.BUILDING, OperationState.ROLLING_BACK, OperationState.DELETING, OperationState.CLEARING}
)
"""The states in which an operation waits for CloudFormation's work on a stack."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A stack that an operation waits for. `changed_at` is when the operation changed it last, at
    the latest; `viewed` whether somebody is looking at its environment.
    """

    stack_pk: UUID
    stack_id: str
    status: str
    polled_at: datetime | None
    unseen_since: datetime | None
    last_event_id: str
    environment_id: UUID
    operation_id: UUID
    changed_at: datetime
    viewed: bool


# The newest row of each stack counts: older ones belong to failed attempts. The indexes of the environment's account
# and of the operation's environment carry it.
_AWAITED: Final = """
SELECT DISTINCT ON (stack.environment_id, stack.role)
    stack.id, stack.stack_id, stack.status, stack.polled_at, stack.unseen_since, stack.last_event_id,
    stack.environment_id, operation.id,
    greatest(operation.state_changed_at, operation.call_ended_at, operation.calls_open_until,
             CASE WHEN operation.call_ended_at IS NULL THEN operation.call_deadline END),
    coalesce(environment.viewed_until > %(now)s, false)
FROM provisioning_environment environment
JOIN provisioning_operation operation
  ON operation.environment_id = environment.id AND operation.ended_at IS NULL AND operation.state = ANY(%(states)s)
JOIN provisioning_stack stack
  ON stack.environment_id = environment.id AND stack.role = operation.stack AND stack.stack_id <> ''
WHERE environment.account_id = %(account)s AND stack.region = %(region)s
ORDER BY stack.environment_id, stack.role, stack.created_at DESC, stack.id DESC
"""


def awaited_in(account_id: UUID, region: str, *, now: datetime) -> Sequence[Awaited]:
    """The stacks in flight in one account and region."""
    states = [str(state) for state in IN_FLIGHT]
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, {"account": account_id, "region": region, "states": states, "now": now})
        return [Awaited(*row) for row in cursor.fetchall()]
