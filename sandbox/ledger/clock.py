"""Virtual time: runs at a chosen speed, can be pushed ahead, never goes back."""

from __future__ import annotations

import time


class Clock:
    """Seconds since 1970 as the provider sees them; `speed` virtual seconds per real one.

    A speed of 0 stops the clock: then only `advance` moves it.
    """

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        self.speed = speed
        self._virtual = time.time() if start is None else start
        self._real = time.monotonic()

    def now(self) -> float:
        return self._virtual + (time.monotonic() - self._real) * self.speed

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("the clock does not go back")
        self._virtual += seconds

    def set_speed(self, speed: float) -> None:
        if speed < 0:
            raise ValueError("the clock does not go back")
        self._virtual, self._real = self.now(), time.monotonic()
        self.speed = speed

    def shift(self, seconds: float) -> None:
        """Take up the time of an earlier run, which may be ahead of real time or behind it."""
        self._virtual += seconds
