"""Where a resource handler runs: ministack's own on the event loop, handlers that use the wire
protocol on a thread.

ministack's handlers change its stores without locks and take about a millisecond, so they run on
the loop. Ours wait for responses of this very server, so they must not.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from provisioning.sandbox.private import run_reentrant, stacks

T = TypeVar("T")

THREADS = 24
ON_THREAD: set[str] = set()
"""The types whose handlers of ours make calls to this server."""

_main_loop: asyncio.AbstractEventLoop | None = None
_threads: asyncio.Semaphore | None = None
_idle: asyncio.Condition | None = None
_at_work = 0
_waits_by_design = stacks.runs_on_worker_thread  # types that wait for a signal, a callback or a child


def start(loop: asyncio.AbstractEventLoop) -> None:
    """Must run on the loop that serves requests, before the first stack."""
    global _main_loop, _threads, _idle
    _main_loop, _threads, _idle = loop, asyncio.Semaphore(THREADS), asyncio.Condition()
    stacks.put("runs_on_worker_thread", runs_on_thread)


def runs_on_thread(resource_type: str) -> bool:
    return resource_type in ON_THREAD or bool(_waits_by_design(resource_type))


async def run_handler(resource_type: str, handler: Callable[..., T], *args: object) -> T:
    """Runs a handler to its end even if the caller is cancelled meanwhile; the caller is cancelled
    afterwards.
    """
    if not runs_on_thread(resource_type):
        await asyncio.sleep(0)
        return handler(*args)
    if _waits_by_design(resource_type):
        result: T = await run_reentrant(handler, *args)
        return result
    assert _threads is not None  # noqa: S101 - start() ran
    async with _threads, _counted():
        outcome: T = await run_reentrant(handler, *args)
        return outcome


async def to_the_end(work: Awaitable[T]) -> tuple[T, bool]:
    """The result, and whether this task was cancelled meanwhile: a created resource must be
    recorded before giving up.
    """
    future = asyncio.ensure_future(work)
    cancelled = False
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            if future.cancelled():
                raise
            cancelled = True
        except Exception:  # noqa: BLE001 - result() below raises it again
            break
    return future.result(), cancelled


@asynccontextmanager
async def _counted() -> AsyncIterator[None]:
    global _at_work  # noqa: PLW0603
    _at_work += 1
    try:
        yield
    finally:
        _at_work -= 1
        if not _at_work and _idle is not None:
            async with _idle:
                _idle.notify_all()


@asynccontextmanager
async def quiet(patience: float) -> AsyncIterator[None]:
    """Returns a moment in which no handler of ours is in progress, if one comes within `patience`
    seconds: for a consistent copy.
    """
    assert _idle is not None  # noqa: S101 - start() ran
    async with _idle:
        with suppress(TimeoutError):
            await asyncio.wait_for(_idle.wait_for(lambda: not _at_work), patience)
        yield


def _loop_of_this_thread() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def on_loop(function: Callable[..., T], *args: object) -> T:
    """Called on a handler's thread: runs a function of ministack on the loop, where its stores are
    safe to use.
    """
    assert _main_loop is not None  # noqa: S101 - start() ran
    if _main_loop is _loop_of_this_thread():
        raise RuntimeError(f"{function!r} was sent to the event loop from the event loop, which would wait for itself.")
    context = contextvars.copy_context()

    async def call() -> T:
        return function(*args)

    async def in_context() -> T:
        return await asyncio.get_running_loop().create_task(call(), context=context)

    return asyncio.run_coroutine_threadsafe(in_context(), _main_loop).result()
