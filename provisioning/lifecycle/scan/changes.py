"""Compares the stacks of running environments with their fingerprints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from provisioning.aws import StackState
from provisioning.lifecycle import clock
from provisioning.lifecycle.drift.nominations import nominate
from provisioning.lifecycle.fingerprint import Fingerprint, cheap_fingerprint, difference, fingerprint_in, status_class
from provisioning.lifecycle.poller.sights import record_description
from provisioning.lifecycle.scan.baseline import GONE, at_rest, newest_stacks
from provisioning.lifecycle.scan.open_calls import in_flight
from provisioning.models import Account, Environment, Stack

SEEN_WITHIN: Final = timedelta(minutes=5)
"""A few times the interval at which `compare_seen` runs."""


def compare_stacks(account: Account, region: str, states: Sequence[StackState], *, at: datetime) -> None:
    """Record what AWS says about every stack at rest, and nominate the environments whose stacks
    were changed or deleted outside the portal.
    """
    described = {state.stack_id: state for state in states}
    rows = newest_stacks().filter(at_rest(), environment__account=account, region=region)
    stacks = list(rows.select_related("environment").order_by("created_at", "id"))
    moving = in_flight({stack.environment_id for stack in stacks}, at=at)
    changed: dict[Environment, dict[str, tuple[str, ...]]] = defaultdict(dict)
    gone: dict[Environment, set[str]] = defaultdict(set)
    for stack in stacks:
        if stack.environment_id in moving:
            continue
        state = described.get(stack.stack_id)
        if state is None:
            changed[stack.environment][stack.role] = (GONE,)
            gone[stack.environment].add(stack.role)
            continue
        record_description(state, at=at)
        if sentences := changes_of(stack, state):
            changed[stack.environment][stack.role] = sentences
    for environment, why in changed.items():
        nominate(environment, why, gone=gone[environment], at=at)


def compare_seen() -> int:
    """Nominate environments whose stacks the poller has just seen changed, as after an event about an
    operation that is not the portal's. Reads only the database. Returns how many were compared.
    """
    at = clock.now()
    rows = newest_stacks().filter(at_rest(), polled_at__gt=at - SEEN_WITHIN, fingerprint_at__isnull=False)
    stacks = list(rows.select_related("environment").order_by("created_at", "id"))
    moving = in_flight({stack.environment_id for stack in stacks}, at=at)
    for stack in stacks:
        seen = fingerprint_in(stack.details)
        if stack.environment_id in moving or seen is None or not stack.fingerprint or seen.status == "in progress":
            continue
        if sentences := difference(Fingerprint.from_json(stack.fingerprint), seen):
            nominate(stack.environment, {stack.role: sentences}, at=at)
    return len(stacks)


def changes_of(stack: Stack, state: StackState) -> tuple[str, ...]:
    """What was changed through CloudFormation since the portal left the stack, in sentences.

    Empty while a change is in progress (the poller watches it), and for a stack without a baseline.
    """
    if not stack.fingerprint or status_class(state.status) == "in progress":
        return ()
    return difference(Fingerprint.from_json(stack.fingerprint), cheap_fingerprint(state))
