"""A scheduler that writes down that it is alive. Its timetable is code; it keeps no file."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from celery.beat import Scheduler
from django.db import DatabaseError, close_old_connections

from core.clocks import HEARTBEAT_EVERY_SECONDS, database_now

from ..models import BEAT, Heartbeat

LONG_AGO = timedelta(days=1)
log = logging.getLogger(__name__)


class WatchedScheduler(Scheduler):
    """Rings on while the database is away: the bells are still heard by whoever can."""

    _noted_at = float("-inf")

    def setup_schedule(self) -> None:
        """Everything is due at the start: nobody knows how long beat was away."""
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = self.app.now() - LONG_AGO

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() - self._noted_at >= HEARTBEAT_EVERY_SECONDS:
            self._noted_at = time.monotonic()
            self._note()
        wait: float = super().tick(*args, **kwargs)
        return min(wait, HEARTBEAT_EVERY_SECONDS)

    def _note(self) -> None:
        close_old_connections()
        try:
            Heartbeat.objects.note(BEAT, database_now())
        except DatabaseError:
            log.exception("Beat could not write down that it is alive.")
