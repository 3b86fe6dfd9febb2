"""The operation that runs on each stack, so that a deletion or a cancellation can stop it first."""

from __future__ import annotations

import asyncio
import functools
import sys
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from provisioning.sandbox.stacks import records

T = TypeVar("T")
P = ParamSpec("P")

_operations: dict[str, asyncio.Task[Any]] = {}
_cancellable: dict[str, asyncio.Task[Any]] = {}


class UpdateCancelledError(Exception):
    """CancelUpdateStack was called for the update."""


async def take_over(stack_id: str) -> None:
    """Stops the operation on the stack, waits for its end, and registers the calling task as the
    current operation.
    """
    me = asyncio.current_task()
    other = _operations.get(stack_id)
    if other is not None and other is not me and not other.done():
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)
    if me is not None:
        _operations[stack_id] = me


def done(stack_id: str) -> None:
    if _operations.get(stack_id) is asyncio.current_task():
        del _operations[stack_id]


async def cancellable(stack_id: str, work: Coroutine[Any, Any, T]) -> T:
    """Runs work that `cancel_update` may stop; it then raises UpdateCancelledError."""
    task = asyncio.create_task(work)
    _cancellable[stack_id] = task
    try:
        return await task
    except asyncio.CancelledError:
        me = asyncio.current_task()
        if me is not None and me.cancelling():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        raise UpdateCancelledError from None
    finally:
        _cancellable.pop(stack_id, None)


def cancel_update(stack_id: str) -> bool:
    """Stops the update of the stack, if there is one."""
    task = _cancellable.get(stack_id)
    return bool(task and task.cancel())


def count() -> int:
    return sum(not task.done() for task in _operations.values())


def ends_truthfully(operation: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, Coroutine[Any, Any, None]]:
    """Marks the stack as failed if an operation (its second argument is the stack's id) raises, so
    that it is not in progress forever.
    """

    @functools.wraps(operation)
    async def run(*args: P.args, **kwargs: P.kwargs) -> None:
        stack_id = str(args[1])
        try:
            await operation(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - an error of the sandbox: shown on stderr and on the stack
            traceback.print_exc(file=sys.stderr)
            stack = records.find(stack_id)
            if stack is not None:
                verb = stack["StackStatus"].removesuffix("_COMPLETE_CLEANUP_IN_PROGRESS").removesuffix("_IN_PROGRESS")
                records.set_status(stack, f"{verb}_FAILED", f"Internal failure of the sandbox: {error!r}")
        finally:
            done(stack_id)

    return run
