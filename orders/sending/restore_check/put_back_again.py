"""A backup that was made while the stop after a restore stood is put back: the stop is in it, and
so are what was counted then and a run that has ended. All of that is of the restore before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from core.texts import LONGEST_TEXT

from ...models import Halt
from ...status import UNDER_WAY, HaltKind, JobState
from ..halts import THROUGH, newest_row
from ..send_journal import HighWaterMark

log = logging.getLogger(__name__)
AGAIN: Final = "The database was put back once more, to a day on which this stop stood."


def renew_if_put_back(marks: Iterable[HighWaterMark], *, now: datetime) -> bool:
    """Where this machine has sent something, or accepted a database, after the stop was placed that
    stands here: it had been over. A moment after `now` is of a clock that was ahead, and says
    nothing yet; what waits over a gap is held all the same."""
    stop = Halt.objects.standing().filter(kind=HaltKind.RESTORED).first()
    if stop is None:
        return False
    moments = {at for mark in marks for at in (mark.started_at, mark.acknowledged_at) if at}
    return any(stop.placed_at < at <= now for at in moments) and _renew(stop, now)


def renew(*, now: datetime) -> bool:
    """Somebody says so. False: no such stop stands."""
    stop = Halt.objects.standing().filter(kind=HaltKind.RESTORED).first()
    return stop is not None and _renew(stop, now)


def _renew(stop: Halt, now: datetime) -> bool:
    """As if it were placed now: what waits is counted anew, pages that were drawn before ask once
    more, and nobody accepts the database by a run of before. What is listed behind it stays. False:
    somebody else has done that, or it is over."""
    before = stop.reason.removeprefix(AGAIN).strip()
    with transaction.atomic():
        mine = Halt.objects.standing().filter(pk=stop.pk, placed_at=stop.placed_at)
        numbers = {column: newest_row(model) for column, model in THROUGH.items()}
        words = f"{AGAIN} {before}".strip()[:LONGEST_TEXT]
        if not mine.update(placed_at=now, reason=words, **numbers):
            return False
        runs = stop.runs.filter(acknowledged_at=None, state__in=[*UNDER_WAY, JobState.DONE])
        runs.update(state=JobState.STOPPED, ended_at=now)
    log.critical("the database was put back while stop %s stood", stop.pk)
    return True
