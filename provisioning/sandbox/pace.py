"""Time as the sandbox has it: AWS's seconds, divided by a speed that may change while things wait."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """Speed 1 is AWS's own, 60 is sixty times faster, 0 doesn't wait at all."""

    def __init__(self, speed: float = 0) -> None:
        self._speed = speed
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        return self._speed

    def set_speed(self, speed: float) -> None:
        if speed < 0:
            raise ValueError(f"The speed is {speed:g}; it has to be 0 (no waiting) or more.")
        self._speed = speed
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait(self, aws_seconds: float) -> None:
        """Returns when so many of AWS's seconds have passed; what is left follows a change of speed."""
        left = aws_seconds
        while left > 0 and self._speed > 0:
            speed, started = self._speed, time.monotonic()
            try:
                await asyncio.wait_for(self._changed.wait(), left / speed)
            except TimeoutError:
                return
            left -= (time.monotonic() - started) * speed


PACE = Pace()
