"""Reads the stacks of an environment into the ledger, so that the preview of a teardown is fresh.

No AWS call is made within a transaction. An environment with an open operation is left alone: the
operation reads its stacks itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from provisioning.aws import STACK_STATUSES, AwsError
from provisioning.aws.interface import Aws, StackResource, StackState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_see
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.deletion_policies import deletion_policies
from provisioning.lifecycle.ledger import write_resources
from provisioning.lifecycle.ownership import has_tags_of, was_created_by
from provisioning.lifecycle.poller.sights import record_description
from provisioning.models import Account, Environment, Operation, Stack, User

FRESH: Final = timedelta(minutes=1)

Connect = Callable[[Account, str], Aws]


@dataclass(frozen=True, slots=True)
class _Listed:
    row: Stack
    state: StackState
    resources: Sequence[StackResource]
    policies: dict[str, str]


def ledger_is_fresh(environment: Environment, *, now: datetime) -> bool:
    """Whether every stack was listed within the last minute. True without stacks."""
    listed = [stack.listed_at for stack in _newest_stacks(environment)]
    return all(at is not None and now - at <= FRESH for at in listed)


def refresh_ledger(*, actor: User, environment: Environment, connect: Connect = aws_for_account) -> str:
    """List the stacks that exist. Returns why AWS could not be read, as a sentence; empty if it
    could.

    Raises NotAllowed for users who may not see the environment.
    """
    check_may_see(actor, environment.team)
    if _has_open_operation(environment):
        return ""
    at = clock.now()  # before the calls: what was read is at least as new
    try:
        listed = [
            item
            for row in _newest_stacks(environment)
            if (item := _listed(connect(environment.account, row.region), environment, row)) is not None
        ]
    except AwsError as error:
        return f"AWS could not be read: {error} {error.advice}"
    with transaction.atomic():
        Environment.objects.select_for_update().get(pk=environment.pk)
        if not _has_open_operation(environment):
            for item in listed:
                _write(item, at=at)
    return ""


def _newest_stacks(environment: Environment) -> list[Stack]:
    """The newest row of each stack; earlier ones are of attempts whose stacks are gone."""
    rows = Stack.objects.filter(environment=environment).order_by("created_at", "id")
    return list({row.role: row for row in rows}.values())


def _has_open_operation(environment: Environment) -> bool:
    return Operation.objects.filter(environment=environment, ended_at=None).exists()


def _listed(aws: Aws, environment: Environment, row: Stack) -> _Listed | None:
    """The stack by its id; else by its name, if it is the environment's."""
    state = aws.describe_stack(row.stack_id or row.name)
    if state is None:
        return None
    if not row.stack_id:
        events = aws.stack_events(state.stack_id, after_event_id=None)
        if not (has_tags_of(environment, state) and was_created_by(environment, events)):
            return None
    status = STACK_STATUSES.get(state.status)
    if status is None or status.in_progress:
        return None  # the list is complete only when nothing is in progress
    resources = aws.stack_resources(state.stack_id)
    policies = deletion_policies(aws.stack_template(state.stack_id), [resource.logical_id for resource in resources])
    return _Listed(row, state, resources, policies)


def _write(item: _Listed, *, at: datetime) -> None:
    found = Stack.objects.filter(pk=item.row.pk, stack_id__in=("", item.state.stack_id))
    if found.update(stack_id=item.state.stack_id, policies=item.policies, listed_at=at):
        write_resources(item.row, item.resources, at=at)
        record_description(item.state, at=at)
