"""Calls of AWS for which a person waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from provisioning.lifecycle.database import in_thread

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return the result of `call`, which runs in a thread of its own.

    Raises TimeoutError after `seconds`; the call then ends by itself, and its result is dropped.
    """
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bounded")
    future = executor.submit(in_thread(call))
    executor.shutdown(wait=False)
    wait([future], timeout=seconds)
    if not future.done():
        raise TimeoutError(f"AWS has not answered within {seconds:g} s.")
    return future.result()
