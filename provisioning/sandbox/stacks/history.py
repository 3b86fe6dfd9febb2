"""The operations on each stack, newest first, with the ids that AWS gives them.

Every event carries the id of its operation, which DescribeEvents groups by. A failed operation's
rollback is an operation of its own.
"""

from __future__ import annotations

import contextvars
from typing import Any

from provisioning.sandbox.private import new_uuid

Stack = dict[str, Any]
Operation = dict[str, str]
KEPT = 10
"""AWS does not say how many operations LastOperations has."""
_current: contextvars.ContextVar[Operation | None] = contextvars.ContextVar("operation", default=None)


def begin(kind: str) -> str:
    """Starts an operation for this request or task, and the tasks that it starts. Returns its id.

    The stack gets it with its next event: a new stack has no record yet.
    """
    operation_id = str(new_uuid())
    _current.set({"OperationType": kind, "OperationId": operation_id})
    return operation_id


def note(stack: Stack) -> Operation:
    """Returns the operation that an event belongs to, and puts it on the stack."""
    operations: list[Operation] = stack.setdefault("_operations", [])
    operation = _current.get()
    if operation is None:  # resumed after a restart
        return operations[0] if operations else {}
    if all(one["OperationId"] != operation["OperationId"] for one in operations):
        operations.insert(0, operation)
        del operations[KEPT:]
    return operation


def last_operations(stack: Stack) -> list[Operation]:
    operations: list[Operation] = stack.get("_operations", [])
    return operations
