"""Many environments whose stacks are being created, as rows only: copies of one that really is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from provisioning.design.names import generation_of
from provisioning.lifecycle.poller.regions import wake_region
from provisioning.models import Account, Environment, Operation, Request, Stack


def stack_id_of(account: Account, region: str, number: int) -> str:
    return f"arn:aws:cloudformation:{region}:{account.account_id}:stack/crowd-{number}/{number:032x}"


def multiply(original: Environment, *, accounts: Sequence[Account], count: int, at: datetime) -> list[Stack]:
    """Copy an environment whose operation is BUILDING, `count` times over the accounts in turn.

    The stacks of the copies have ids of their own, and no status yet.
    """
    operation = Operation.objects.get(environment=original, ended_at=None)
    request, stack = operation.request, Stack.objects.filter(environment=original).latest("created_at")
    environments, requests, operations, stacks = [], [], [], []
    for number in range(count):
        account = accounts[number % len(accounts)]
        environment_id, request_id, operation_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        changes = {"account_id": account.pk, "name": f"crowd-{number}", "generation": generation_of(environment_id)}
        environments.append(_copy(original, pk=environment_id, **changes))
        requests.append(_copy(request, pk=request_id, environment_id=environment_id))
        rows = {"environment_id": environment_id, "request_id": request_id, "token": f"op-{operation_id.hex}"}
        due_at = at + timedelta(seconds=60)
        operations.append(_copy(operation, pk=operation_id, due_at=due_at, state_changed_at=at, **rows))
        stack_id = stack_id_of(account, stack.region, number)
        stacks.append(_copy(stack, pk=uuid.uuid4(), environment_id=environment_id, stack_id=stack_id, status=""))
    for model, rows_of_model in (
        (Environment, environments),
        (Request, requests),
        (Operation, operations),
        (Stack, stacks),
    ):
        model.objects.bulk_create(rows_of_model, batch_size=500)  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for account in accounts:
        wake_region(account.pk, stack.region, at=at, in_flight=True)
    return stacks


def _copy(row: Environment | Request | Operation | Stack, **changes: object) -> object:
    fields = {field.attname: getattr(row, field.attname) for field in type(row)._meta.concrete_fields}
    pk = changes.pop("pk")
    return type(row)(**fields | {"id": pk} | changes)
