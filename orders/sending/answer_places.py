"""Where answers lie on disk: each directory tells the database of itself, for when it is away.

Whoever finds a file takes it in, so one directory for several machines needs nothing more. Of one
that a machine has to itself only its row tells, once nobody there is running any more.
"""

from __future__ import annotations

import contextlib
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat
from django.db.models.lookups import IsNull

from core import clocks
from core.durable_files import write_whole

from ..models import AnswerPlace, Attempt, Refill
from ..oldest_work import Late
from ..status import Outcome, RefillStatus
from . import answer_spool
from .writes import answer_files
from .writes.spool_files import answers_in

NAME: Final = ".place"
# An answer is taken in at the latest when its worker has been silent for two leases.
TAKEN_IN: Final = timedelta(seconds=4 * clocks.SEND_LEASE_SECONDS)


def report(*, now: datetime) -> None:
    """What lies in the directory of this process, in the database."""
    waiting = waiting_here()
    mine = {
        "host": socket.gethostname()[:80],
        "seen_at": now,
        "waiting": len(waiting),
        "oldest_at": min(waiting, default=None),
    }
    AnswerPlace.objects.update_or_create(key=_made_key(), defaults=mine)


def waiting_here() -> list[datetime]:
    """When each answer that nobody has taken in yet was written. Raises OSError."""
    return [
        moment
        for directory in (answer_spool.directory(), answer_files.directory())
        for path in answers_in(directory)
        if (moment := _written_at(path)) is not None
    ]


def late_elsewhere(now: datetime) -> QuerySet[AnswerPlace]:
    """Other directories whose answers nobody takes in, and those nobody has come by for a while
    although an answer to what is in doubt may lie there: `since` when, and `what` it is."""
    away = Q(seen_at__lte=now - Late.MACHINE.limit)
    stands = Q(oldest_at__lte=now - Late.SPOOL.limit)
    others = AnswerPlace.objects.filter(away & _may_hold_answers() | ~away & stands)
    if mine := _key():
        others = others.exclude(key=mine)
    return others.annotate(
        since=Case(When(away, then="seen_at"), default="oldest_at"),
        what=Case(When(away, then=Value(Late.MACHINE.value)), default=Value(Late.SPOOL.value)),
    )


def _may_hold_answers() -> Q:
    here = Concat(OuterRef("host"), Value(":"))
    since = OuterRef("seen_at") - TAKEN_IN
    unresolved = IsNull(F("resolved_by_id") + 0, True)  # as `accounts_to_recover` asks
    lost = Attempt.objects.filter(
        unresolved, outcome=Outcome.UNKNOWN, worker__startswith=here, started_at__gte=since
    )
    asked = Refill.objects.filter(
        status=RefillStatus.UNCONFIRMED, call__worker__startswith=here, sent_at__gte=since
    )
    return Q(waiting__gt=0) | Q(Exists(lost)) | Q(Exists(asked))


def _key() -> UUID | None:
    """None: no worker has ever used this directory."""
    try:
        return UUID((answer_spool.directory() / NAME).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None


def _made_key() -> UUID:
    """Whole or not there; of two that make it at once, one wins."""
    if known := _key():
        return known
    path, new = answer_spool.directory() / NAME, uuid4()
    mine = path.with_name(f"{NAME}-{new.hex}")
    write_whole(mine, str(new)).close()
    with contextlib.suppress(FileExistsError):
        os.link(mine, path)
    mine.unlink()
    return _key() or new


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:  # taken in meanwhile
        return None
