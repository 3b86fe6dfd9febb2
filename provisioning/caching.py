"""A small cache inside one process: bounded, safe for threads, and with one computation per key at
a time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Holds up to `max_size` values and drops the least recently used one.

    `store_if` says which values may be stored; the others are computed again each time.
    """

    def __init__(self, *, max_size: int, store_if: Callable[[Value], bool] = lambda _value: True) -> None:
        self._max_size = max_size
        self._store_if = store_if
        self._lock = threading.Lock()
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._running: dict[Key, threading.Event] = {}

    def get_or_compute(self, key: Key, compute: Callable[[], Value]) -> Value:
        """Return the value of `key`, from `compute` if it is not stored.

        While one thread computes a key, the others that want it wait, and different keys do not
        wait for each other. An error of `compute` goes to its caller alone; a waiting thread then
        computes the value itself. `compute` must not ask for the same key.
        """
        while True:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key]
                running = self._running.get(key)
                if running is None:
                    finished = self._running[key] = threading.Event()
                    break
            running.wait()
        try:
            value = compute()
            if self._store_if(value):
                with self._lock:
                    self._values[key] = value
                    while len(self._values) > self._max_size:
                        self._values.popitem(last=False)
            return value
        finally:
            with self._lock:
                del self._running[key]
            finished.set()

    def clear(self) -> list[Value]:
        """Drop all values and return them, so that the caller can close what needs closing."""
        with self._lock:
            values = list(self._values.values())
            self._values.clear()
            return values
