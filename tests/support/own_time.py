"""The processor's seconds of one piece of work, whatever else the machine and this test run do meanwhile."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Taken:
    seconds: float = 0.0


@contextmanager
def own_time() -> Iterator[Taken]:
    """`seconds` once it has ended: of this thread only, and without a look through all that earlier tests have left."""
    taken = Taken()
    gc.collect()
    gc.freeze()
    started = time.thread_time()
    try:
        yield taken
    finally:
        taken.seconds = time.thread_time() - started
        gc.unfreeze()
