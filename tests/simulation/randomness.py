"""Lets a seed decide what the product draws at random: ids, tokens and jitter."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def drawn_from(seed: int) -> Iterator[random.Random]:
    """`uuid4` and `secrets` ask `os.urandom`; jitter asks `random`'s own generator."""
    real, state, drawn = os.urandom, random.getstate(), random.Random(seed)
    random.seed(seed)
    os.urandom = drawn.randbytes
    try:
        yield random.Random(seed)
    finally:
        os.urandom = real
        random.setstate(state)
