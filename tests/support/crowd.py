"""Many environments whose stacks are being created, as rows only: copies of one that really is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from provisioning.lifecycle.poller.regions import wake_region
from provisioning.models import Account, Environment, Operation, Request, Stack

_ID = "md5(%(original)s || '{0}' || n)::uuid"
_STACK_ID = """'arn:aws:cloudformation:' || region || ':' || (%(account_numbers)s::text[])[n %% %(accounts)s + 1]
    || ':stack/crowd-' || n || '/' || lpad(to_hex(n), 32, '0')"""


def multiply(original: Environment, *, accounts: Sequence[Account], count: int, at: datetime) -> list[Stack]:
    """Copy an environment whose operation is BUILDING, `count` times over the accounts in turn.

    The stacks of the copies have ids of their own, and no status yet.
    """
    operation = Operation.objects.get(environment=original, ended_at=None)
    stack = Stack.objects.filter(environment=original).latest("created_at")
    environment_id = _ID.format("environment")
    request_id, operation_id = _ID.format("request"), _ID.format("operation")
    arguments = {
        "original": str(original.pk),
        "count": count,
        "account_ids": [account.pk for account in accounts],
        "account_numbers": [account.account_id for account in accounts],
        "accounts": len(accounts),
        "at": at,
        "due_at": at + timedelta(seconds=60),
    }
    account_id = "(%(account_ids)s::uuid[])[n %% %(accounts)s + 1]"
    generation = "lpad(to_hex(n), 5, '0')"
    changes = {"id": environment_id, "account_id": account_id, "name": "'crowd-' || n", "generation": generation}
    _copy(original, changes, arguments)
    _copy(operation.request, {"id": request_id, "environment_id": environment_id}, arguments)
    changes = {"environment_id": environment_id, "request_id": request_id, "state_changed_at": "%(at)s::timestamptz"}
    token = f"'op-' || replace(({operation_id})::text, '-', '')"
    _copy(operation, {"id": operation_id, "token": token, "due_at": "%(due_at)s::timestamptz", **changes}, arguments)
    changes = {"id": _ID.format("stack"), "environment_id": environment_id, "stack_id": _STACK_ID, "status": "''"}
    _copy(stack, {**changes, "polled_at": "NULL::timestamptz"}, arguments)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for account in accounts:
        wake_region(account.pk, stack.region, at=at, in_flight=True)
    copies = (
        Stack.objects.exclude(environment=original)
        .filter(stack_id__contains=":stack/crowd-")
        .only("pk", "stack_id", "environment_id")
    )
    return sorted(copies, key=lambda row: int(row.stack_id.split("/")[-1], 16))


def _copy(
    row: Environment | Request | Operation | Stack, changes: Mapping[str, str], arguments: Mapping[str, Any]
) -> None:
    columns = [str(field.column) for field in type(row)._meta.concrete_fields]
    values = ", ".join(changes.get(column, f'"{column}"') for column in columns)
    table, names = type(row)._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    query = f"""INSERT INTO {table} ({names}) SELECT {values}
        FROM {table}, generate_series(0, %(count)s::int - 1) n WHERE id = %(row)s"""  # noqa: S608 - names of columns
    with connection.cursor() as cursor:
        cursor.execute(query, {**arguments, "row": row.pk})
