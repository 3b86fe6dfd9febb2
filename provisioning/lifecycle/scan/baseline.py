"""Takes the baseline of every running environment's stacks: the ledger and the fingerprint.

A stack has a baseline if `fingerprint_at` is set. The end of an operation that has changed the stack
clears it (`drift/after_change.py`), and so the next run takes a new one. Stacks of earlier versions have none yet,
and get theirs the same way. Safe to repeat, and to run twice at the same time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from provisioning.aws import AwsError, NotFound
from provisioning.lifecycle import clock
from provisioning.lifecycle.drift.accepted import accepted_hashes
from provisioning.lifecycle.drift.nominations import nominate
from provisioning.lifecycle.engine import AwsFor
from provisioning.lifecycle.fingerprint import (
    Fingerprint,
    StackReading,
    cheap_fingerprint,
    details_of,
    difference,
    read_stack,
    status_class,
)
from provisioning.lifecycle.ledger import write_resources
from provisioning.lifecycle.states import EnvironmentState
from provisioning.lifecycle.transitions import bump
from provisioning.models import Account, Environment, Operation, Stack

log = logging.getLogger(__name__)

STACKS_OF_AN_ACCOUNT: Final = 5
"""How many stacks of one account and region a run reads, with four calls each. The rate limiter
paces the calls; this bounds how long the run takes.
"""
GONE: Final = "The stack is gone: it was deleted outside the portal."


def take_baselines(aws_for: AwsFor) -> int:
    """Read stacks that have no baseline yet. Returns how many got one.

    An account that cannot be read delays no other account.
    """
    taken = 0
    for (account, region), stacks in _by_region(_without_baseline()):
        aws = aws_for(account, region)
        for stack in stacks[:STACKS_OF_AN_ACCOUNT]:
            try:
                taken += _take(stack, read_stack(aws, stack.stack_id))
            except NotFound:
                taken += _stack_is_gone(stack)
            except AwsError as error:
                log.warning("No baseline of the stacks in %s, %s: %s", account, region, error)
                break
    return taken


def newest_stacks() -> QuerySet[Stack]:
    """The stack that counts for each role of each environment: the newest that was begun."""
    newer = Stack.objects.filter(
        environment=OuterRef("environment"), role=OuterRef("role"), created_at__gt=OuterRef("created_at")
    )
    return Stack.objects.exclude(stack_id="").filter(~Exists(newer))


def at_rest() -> Q:
    """The stacks of running environments without an open operation."""
    is_open = Exists(Operation.objects.filter(environment=OuterRef("environment"), ended_at=None))
    return Q(environment__state=EnvironmentState.RUNNING) & ~Q(is_open)


def _without_baseline() -> QuerySet[Stack]:
    rows = newest_stacks().filter(at_rest(), fingerprint_at=None)
    return rows.select_related("environment__account").order_by("created_at", "id")


def _by_region(stacks: Iterable[Stack]) -> Iterator[tuple[tuple[Account, str], list[Stack]]]:
    groups: dict[tuple[Account, str], list[Stack]] = defaultdict(list)
    for stack in stacks:
        groups[stack.environment.account, stack.region].append(stack)
    yield from groups.items()


def _take(stack: Stack, reading: StackReading) -> bool:
    """Write a reading, unless the environment has moved on since. A stack in progress is read again
    when it has settled.
    """
    if status_class(reading.state.status) == "in progress":
        return False
    at = clock.now()
    with transaction.atomic():
        if (row := _still_without(stack)) is None:
            return False
        write_resources(row, reading.resources, at=at)
        row.details, row.status = details_of(reading.state), reading.state.status
        row.status_reason, row.polled_at = reading.state.status_reason, at
        row.fingerprint_at = at
        if changed := _changes_since_acceptance(row, reading):
            nominate(row.environment, {row.role: changed}, at=at)
        else:
            row.fingerprint = _fingerprint(row, reading).as_json()
        row.save()
        bump(row.environment_id)
    return True


def _changes_since_acceptance(row: Stack, reading: StackReading) -> tuple[str, ...]:
    """What was changed after somebody accepted the stack as it was then; empty for a stack whose
    fingerprint nobody has accepted.
    """
    if not row.fingerprint:
        return ()
    return difference(Fingerprint.from_json(row.fingerprint), cheap_fingerprint(reading.state))


def _fingerprint(row: Stack, reading: StackReading) -> Fingerprint:
    """The full fingerprint, with the accepted drift of the stack's own resources."""
    names = {resource.logical_id for resource in reading.resources}
    accepted = accepted_hashes(row.environment_id)
    drift = {key: value for key, value in sorted(accepted.items()) if key.split(" ", maxsplit=1)[0] in names}
    return replace(reading.fingerprint(), drift=drift)


def _stack_is_gone(stack: Stack) -> bool:
    """Note that a running environment has no stack, so that people see it, and nobody reads it
    again before the nightly scan.
    """
    at: datetime = clock.now()
    with transaction.atomic():
        if (row := _still_without(stack)) is None:
            return False
        Stack.objects.filter(pk=row.pk).update(fingerprint={}, fingerprint_at=at)
        nominate(row.environment, {row.role: (GONE,)}, gone={row.role}, at=at)
    return True


def _still_without(stack: Stack) -> Stack | None:
    """The row, locked with its environment, if it still needs a baseline."""
    Environment.objects.select_for_update().get(pk=stack.environment_id)
    rows = newest_stacks().filter(at_rest(), pk=stack.pk, fingerprint_at=None)
    return rows.select_related("environment").first()
