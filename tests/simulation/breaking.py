"""Breaks one safety rule of the engine at a time, to see that the simulation and the tests notice.

Each rule is removed as a careless change would remove it. `BREAK=rule pytest -p
tests.simulation.broken PATH` shows which named tests fail without a rule, and `--without RULE` which
seeds of the simulation do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from django.db import transaction

from provisioning.aws import aws_type
from provisioning.lifecycle import claims, clock, intentions
from provisioning.lifecycle.intentions import StepPermit
from provisioning.lifecycle.leases import Lease, Leases
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import STEPS, base, empty, inspect_stack, interruptions
from provisioning.lifecycle.steps.base import Context, Outcome


@dataclass(frozen=True, slots=True)
class Rule:
    """`removed` runs what is inside without the rule. `trouble` are the kinds of trouble that show
    it in the simulation; without any, only `tests` can.
    """

    removed: Callable[[], AbstractContextManager[None]]
    trouble: tuple[str, ...]
    tests: tuple[str, ...]


def _without(text: str, *parts: str) -> str:
    for part in parts:
        if part not in text:
            raise ValueError(f"{part!r} is no longer part of the statement: adapt tests/simulation/breaking.py.")
        text = text.replace(part, "")
    return text


class _Anything(str):
    """A digest that differs from none."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


@contextmanager
def _no_fence() -> Iterator[None]:
    """Workers that have lost their lease send as if they had it."""
    unfenced = _without(
        intentions._BEGIN, "AND o.fence = %(fence)s ", f"AND o.lease_until > {clock.SQL} ", "AND o.state = %(state)s"
    )
    with (
        patch.object(intentions, "_BEGIN", unfenced),
        patch.object(Lease, "is_lost", property(lambda _lease: False)),
        patch.object(StepPermit, "check", lambda _permit: None),
    ):
        yield


@contextmanager
def _no_deadline() -> Iterator[None]:
    """A call leaves however long ago it was recorded, and nobody waits for an open one."""
    unbounded = _without(claims._CLAIM, _OPEN_CALL)
    with patch.object(StepPermit, "check", lambda _permit: None), patch.object(claims, "_CLAIM", unbounded):
        yield


@contextmanager
def _no_digest() -> Iterator[None]:
    """Neither a step nor a call compares the plan with what was approved."""
    unchecked = _without(intentions._BEGIN, " AND o.approved_digest = %(digest)s AND r.approved_digest = %(digest)s")
    with (
        patch.object(intentions, "_BEGIN", unchecked),
        patch.object(base, "digest_of", lambda _document: _Anything()),
        patch.object(inspect_stack, "refusal", lambda _context: None),
        patch.object(interruptions, "refusal", lambda _context: None),
    ):
        yield


@contextmanager
def _no_cleaner() -> Iterator[None]:
    """Buckets and vaults are not emptied before they are deleted."""
    with patch.object(empty, "_rows_to_empty", lambda _context: []):
        yield


@contextmanager
def _no_listing() -> Iterator[None]:
    """A teardown trusts the ledger as it is, without asking AWS what exists."""

    def trust(context: Context) -> Outcome:
        return inspect_stack.inspect_stack(context)

    with patch.dict(STEPS, {OperationState.LISTING: trust}):
        yield


@contextmanager
def _no_retained_set() -> Iterator[None]:
    """What the template and the plan retain is emptied like everything else."""

    def all_rows(context: Context) -> list[Any]:
        stacks = [stack.pk for stack in context.stacks if stack.role == context.operation.stack]
        return [row for row in existing_resources(stacks) if aws_type(row.type).emptying]

    with patch.object(empty, "_rows_to_empty", all_rows), patch.object(Context, "allow", _allow_all):
        yield


def _allow_all(context: Context, operation: str = "", **_arguments: str) -> None:
    context.allowed.append(intentions.Allowed("", "", ""))
    if operation:
        context.allowed.append(intentions.Allowed(operation, "", ""))


@contextmanager
def _no_on_commit() -> Iterator[None]:
    """A worker is woken before the transaction has committed what it is to do."""
    with patch.object(transaction, "on_commit", lambda enqueue, robust=False: enqueue()):
        yield


@contextmanager
def _no_renewal() -> Iterator[None]:
    """Leases run out while their steps run."""
    with patch.object(Leases, "renew", lambda _leases: None):
        yield


_OPEN_CALL: Final = f"""
    AND (o.call_deadline IS NULL OR o.call_ended_at IS NOT NULL
         OR o.call_deadline + make_interval(secs => %(grace)s) <= {clock.SQL})"""
_FAULTS: Final = "tests/lifecycle/faults"

RULES: Final[Mapping[str, Rule]] = {
    "fence": Rule(_no_fence, ("pauses", "slow calls"), (f"{_FAULTS}/test_zombies.py",)),
    "deadline": Rule(
        _no_deadline, ("pauses", "late effects"), (f"{_FAULTS}/test_zombies.py", f"{_FAULTS}/test_intentions.py")
    ),
    "digest": Rule(
        _no_digest, ("tampering",), (f"{_FAULTS}/test_approved_plan.py", "tests/lifecycle/test_approval.py")
    ),
    "cleaner": Rule(_no_cleaner, ("slow tags",), ("tests/lifecycle/test_teardown.py",)),
    "listing": Rule(_no_listing, ("deaths in calls", "late effects"), ("tests/lifecycle/test_teardown_listing.py",)),
    "retained": Rule(
        _no_retained_set,
        ("slow tags",),
        ("tests/lifecycle/test_teardown_listing.py", "tests/lifecycle/test_teardown.py"),
    ),
    "on-commit": Rule(_no_on_commit, (), ("tests/lifecycle/test_jobs.py",)),
    "renewal": Rule(
        _no_renewal, (), (f"{_FAULTS}/test_zombies.py", f"{_FAULTS}/test_deaths.py", f"{_FAULTS}/test_intentions.py")
    ),
}
