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
SET_SECONDS = 1.0  # what is corrected little by little is none
log = logging.getLogger(__name__)


class WatchedScheduler(Scheduler):
    """Rings on while the database is away: the bells are still heard by whoever can."""

    _noted_at = float("-inf")
    _apart: float | None = None  # the clock of the machine from one that nobody sets

    def setup_schedule(self) -> None:
        """Everything is due at the start: nobody knows how long beat was away."""
        super().setup_schedule()
        self._want_everything()

    def _want_everything(self) -> None:
        for entry in self.schedule.values():
            entry.last_run_at = self.app.now() - LONG_AGO
        self._heap = None  # of moments: made anew with the next tick

    def _notice_set_clock(self) -> None:
        """Celery plans by a clock that can be set: set back by an hour it would ring for nothing
        until the clock has come to where it was."""
        before, self._apart = self._apart, self.app.now().timestamp() - time.monotonic()
        if before is not None and abs(self._apart - before) > SET_SECONDS:
            log.warning("The clock of this machine was set: everything is rung for at once.")
            self._want_everything()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        self._notice_set_clock()
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
