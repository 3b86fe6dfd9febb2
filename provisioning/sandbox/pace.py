"""Time in the sandbox: AWS's seconds, divided by a speed that may change while something waits."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """Speed 1 is as slow as AWS, 60 is sixty times faster, 0 does not wait at all."""

    def __init__(self, speed: float = 0) -> None:
        self._speed = speed
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        return self._speed

    def set_speed(self, speed: float) -> None:
        if speed < 0:
            raise ValueError(f"The speed is {speed:g}; it must be 0 (no waiting) or more.")
        self._speed = speed
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, aws_seconds: float) -> None:
        """Returns after this many of AWS's seconds; the remaining time follows a change of speed."""
        left = aws_seconds
        while left > 0 and self._speed > 0:
            speed, started = self._speed, time.monotonic()
            try:
                await asyncio.wait_for(self._changed.wait(), left / speed)
            except TimeoutError:
                return
            left -= (time.monotonic() - started) * speed


PACE = Pace()
