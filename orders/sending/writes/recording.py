"""Recording what was heard, although the database may be away or the connection broken."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from django.db import IntegrityError

from core.rows.durable import DATABASE_AWAY, drop_broken_connection

log = logging.getLogger(__name__)
TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds
# Between the tries, each twice the one before: 16.2 s in all, well inside the lease.
PAUSES = tuple(min(FIRST_PAUSE * 2**tried, LONGEST_PAUSE) for tried in range(TRIES - 1))


class NotNow(Exception):
    """What was heard cannot be written down yet, though the database is there and nothing is
    broken. Whoever records it tries again; a file that keeps it stays where it is."""


TRY_AGAIN = (*DATABASE_AWAY, NotNow)


def record(write: Callable[[], object], *, what: str) -> bool:
    """Do `write`, safe to repeat, until the database takes it. False: it stays away.

    Raises IntegrityError, which trying again would not fix.
    """
    for _ in tries(what):
        try:
            write()
            return True
        except IntegrityError:
            raise
        except TRY_AGAIN:
            continue
    log.error("%s could not be recorded", what)
    return False


def tries(what: str) -> Iterator[int]:
    """The numbers of the tries, each after the first on a connection that was looked at, later and
    later."""
    yield 0
    for tried, pause in enumerate(PAUSES, 1):
        log.warning("%s could not be recorded yet (try %s)", what, tried)
        time.sleep(pause)
        drop_broken_connection()
        yield tried
    drop_broken_connection()


def record_if_possible(write: Callable[[], object], *, what: str) -> None:
    """For what is good to know and no more: on a connection that works, once. What it reads from
    the disk may not be readable."""
    try:
        drop_broken_connection()
        write()
    except DATABASE_AWAY:
        log.warning("%s could not be noted: the database is away", what)
    except OSError as error:
        log.error("%s could not be noted: %s", what, error)
