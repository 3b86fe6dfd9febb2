"""The stacks that CloudFormation may be working on for an open operation.

No step marks a stack: an open operation in one of the states of `IN_FLIGHT`, at a stack with an id,
is in flight. So a crash between two writes can neither lose a mark nor leave one behind.

A stack that somebody else changes is followed too, once a list or an event has shown it, so that
its row says in the end what has become of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from provisioning.lifecycle.states import OperationState

IN_FLIGHT: Final = frozenset(
    {
        OperationState.BUILDING,
        OperationState.CANCELLING,
        OperationState.CLEARING,
        OperationState.DELETING,
        OperationState.ROLLING_BACK,
        OperationState.UPDATING,
    }
)
"""The states in which an operation waits for CloudFormation's work on a stack."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A stack that is in flight. `changed_at` is when its operation changed it last, at the latest;
    both are None if the change is not the portal's. `viewed`: somebody is looking at its environment.
    """

    stack_pk: UUID
    stack_id: str
    status: str
    polled_at: datetime | None
    unseen_since: datetime | None
    last_event_id: str
    environment_id: UUID
    operation_id: UUID | None
    changed_at: datetime | None
    viewed: bool

    @property
    def is_known(self) -> bool:
        """Whether the row's status is from after the operation's last change."""
        return self.polled_at is not None and (self.changed_at is None or self.polled_at > self.changed_at)


# The newest row of each stack counts: older ones belong to failed attempts. The index of the environment's account and
# the one of open operations carry the first part, `stack_in_progress` the second. As an array,
# the environments of the account are looked up one by one, where the planner would read all stacks.
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
WHERE environment.id = ANY(ARRAY(SELECT id FROM provisioning_environment WHERE account_id = %(account)s))
    AND stack.region = %(region)s
ORDER BY stack.environment_id, stack.role, stack.created_at DESC, stack.id DESC
"""
_CHANGING: Final = """
SELECT stack.id, stack.stack_id, stack.status, stack.polled_at, stack.unseen_since, stack.last_event_id,
    stack.environment_id, NULL, NULL, coalesce(environment.viewed_until > %(now)s, false)
FROM (
    SELECT id FROM provisioning_stack
    WHERE region = %(region)s AND status LIKE '%%\\_IN\\_PROGRESS' AND status <> 'REVIEW_IN_PROGRESS'
    UNION
    SELECT id FROM provisioning_stack WHERE region = %(region)s AND unseen_since IS NOT NULL
) changing
JOIN provisioning_stack stack ON stack.id = changing.id
JOIN provisioning_environment environment ON environment.id = stack.environment_id
WHERE environment.account_id = %(account)s AND stack.stack_id <> '' AND environment.state NOT IN ('gone', 'withdrawn')
"""


def awaited_in(account_id: UUID, region: str, *, now: datetime) -> list[Awaited]:
    """The stacks in flight in one account and region."""
    states = [str(state) for state in IN_FLIGHT]
    where: dict[str, Any] = {"account": account_id, "region": region, "states": states, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_AWAITED, where)
        awaited = [Awaited(*row) for row in cursor.fetchall()]
        cursor.execute(_CHANGING, where)
        known = {stack.stack_pk for stack in awaited}
        return awaited + [
            stack for stack in (Awaited(*row) for row in cursor.fetchall()) if stack.stack_pk not in known
        ]
