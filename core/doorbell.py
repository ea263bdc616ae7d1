"""Ringing without waiting: a broker that accepts and then says nothing holds no click and no run.

The row is the queue. A bell only saves the seconds until the sweep comes round, so it may be lost,
doubled or late. Bells are rung by one thread of each process; the same bell waits there once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from celery import current_app

from core.clocks import BELL_EXPIRES_SECONDS, BELL_WAITS_SECONDS

MOST_WAITING = 1000
SAID_EVERY_SECONDS = 60.0

Bell = tuple[str, tuple[tuple[str, int], ...]]  # the name of the task and its ids
log = logging.getLogger(__name__)


def send(name: str, ids: dict[str, int]) -> None:
    """Hand the bell to the broker; takes as long as the broker takes."""
    current_app.send_task(name, kwargs=ids, retry=False, expires=BELL_EXPIRES_SECONDS)


class Doorbell:
    """Bells that wait for the broker: bounded, and dropped once the sweep has rung instead."""

    def __init__(self, deliver: Callable[[str, dict[str, int]], None] = send) -> None:
        self._deliver = deliver
        self._waiting: OrderedDict[Bell, float] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._said_at = float("-inf")

    def ring(self, name: str, **ids: int) -> None:
        """Returns at once, whatever the broker does, and although no thread can be started."""
        bell = (name, tuple(sorted(ids.items())))
        with self._changed:
            if len(self._waiting) >= MOST_WAITING and bell not in self._waiting:
                return
            self._waiting.setdefault(bell, time.monotonic())
            self._start()
            self._changed.notify()

    def _start(self) -> None:
        """A thread does not live on in a forked process, so each process starts its own; and one
        that has died is followed by another."""
        if self._thread is not None and self._thread.is_alive():
            return
        thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # as many as the machine allows: the next bell tries again
            log.warning("the doorbell cannot start its thread; the sweeps will ring")
            return
        self._thread = thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                (name, ids), rung_at = self._waiting.popitem(last=False)
            if time.monotonic() - rung_at <= BELL_WAITS_SECONDS:
                self._try(name, dict(ids))

    def _try(self, name: str, ids: dict[str, int]) -> None:
        try:
            self._deliver(name, ids)
        except Exception as error:  # whatever it is, the next bell is rung all the same
            if time.monotonic() - self._said_at > SAID_EVERY_SECONDS:
                self._said_at = time.monotonic()
                log.warning(
                    "the doorbell is out of order (%s); the sweeps will ring", type(error).__name__
                )


_doorbell = Doorbell()


def ring(name: str, **ids: int) -> None:
    """Have the task `name` heard soon. Call it after the commit of what it is to find."""
    _doorbell.ring(name, **ids)
