"""One thread for the whole process that strikes when a time is up, and sleeps until the next.

A thread for each call would have to be started before the call could go on: with sixteen
leases at work that wait is longer than the work.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class Deadline:
    """A moment of `time.monotonic`, and what happens then unless it is called off before."""

    __slots__ = ("ends_at", "strike")

    def __init__(self, ends_at: float, strike: Callable[[], None]) -> None:
        self.ends_at = ends_at
        self.strike: Callable[[], None] | None = strike

    def call_off(self) -> None:
        self.strike = None


class Watchdog:
    """A strike must be short and not raise. Safe to share between threads and after a fork."""

    def __init__(self) -> None:
        self._start_over()
        os.register_at_fork(after_in_child=self._start_over)

    def _start_over(self) -> None:
        """A forked child has neither the thread nor what its parent waits for."""
        self._watched: list[tuple[float, int, Deadline]] = []
        self._changed = threading.Condition()
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def watch(self, ends_at: float, strike: Callable[[], None]) -> Deadline:
        deadline = Deadline(ends_at, strike)
        with self._changed:
            heappush(self._watched, (ends_at, next(self._numbers), deadline))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif self._watched[0][2] is deadline:
                self._changed.notify()
        return deadline

    def _run(self) -> None:
        while True:
            strike = self._next().strike
            if strike is not None:
                strike()

    def _next(self) -> Deadline:
        """The first deadline, once it has passed. Those called off are passed over on the way."""
        with self._changed:
            while True:
                while self._watched and self._watched[0][2].strike is None:
                    heappop(self._watched)
                if not self._watched:
                    self._changed.wait()
                elif (left := self._watched[0][0] - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    return heappop(self._watched)[2]


WATCHDOG = Watchdog()
