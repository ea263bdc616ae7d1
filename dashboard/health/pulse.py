"""A worker's sign of life: a thread of its own beside the work, measured by the work that is done.

A message in the worker's own queue would stand behind runs of twenty seconds and expire, so that
the busiest worker looks deaf. And a thread alone would beat on in a worker that hears nothing.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from django.db import DatabaseError, InterfaceError, close_old_connections

from core.clocks import (
    HEARTBEAT_EVERY_SECONDS,
    HEARTBEAT_STALE_SECONDS,
    LONGEST_TASK_SECONDS,
    database_now,
)

from ..models import Heartbeat

log = logging.getLogger(__name__)


class Work:
    """What this process hears and does. `threads` is how many tasks it can do at a time."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._running: dict[str, float] = {}
        self._moved_at = time.monotonic()

    def heard(self, **kwargs: object) -> None:
        """A bell came in, also one that had expired."""
        self._moved_at = time.monotonic()

    def began(self, task_id: str = "", **kwargs: object) -> None:
        with self._lock:
            self._running[task_id] = self._moved_at = time.monotonic()

    def ended(self, task_id: str = "", **kwargs: object) -> None:
        with self._lock:
            self._running.pop(task_id, None)
            self._moved_at = time.monotonic()

    def goes_on(self, now: float | None = None) -> bool:
        """It heard, began or ended something lately, or all its threads have work in hand."""
        moment = time.monotonic() if now is None else now
        if moment - self._moved_at <= HEARTBEAT_STALE_SECONDS:
            return True
        with self._lock:
            is_full = len(self._running) >= self._threads
            newest = max(self._running.values(), default=0.0)
        return is_full and moment - newest <= LONGEST_TASK_SECONDS


class Pulse:
    """Writes down every few seconds that the queues of this worker are served, while they are."""

    def __init__(self, work: Work, queues: Iterable[str]) -> None:
        self._work, self._queues = work, tuple(queues)
        path = os.environ.get("DESK_PULSE_FILE", "")
        self._file = Path(path) if path else None

    def start(self) -> None:
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def _beat(self) -> None:
        while True:
            self.beat_once()
            time.sleep(HEARTBEAT_EVERY_SECONDS)

    def beat_once(self) -> None:
        """The file first: it tells `manage.py up` that we live also while the database is busy."""
        if not self._work.goes_on():
            log.error("This worker has heard nothing and ended nothing for a while.")
            return
        try:
            if self._file is not None:
                self._file.touch()
            close_old_connections()
            now = database_now()
            for queue in self._queues:
                Heartbeat.objects.note(queue, now)
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("The sign of life could not be written: %s", type(error).__name__)
