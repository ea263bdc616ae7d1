"""What this machine has sent, kept outside the database: one file an account, a line a fact.

A line is on disk before the first byte of a send leaves, and a second one says how it ended. The
newest line is the high-water mark of the account: a database that does not know it is not the one
we left. The lines before it say which orders of such a database were sent after all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from django.conf import settings

from core.durable_files import files_in

from ..draft import digest_of
from ..models import Attempt
from .outcome import SendOutcome
from .writes.journal_file import DATABASE_ACCEPTED, JournalFile, Line
from .writes.sent_lines import ENDED, SENT, Send, form_key_of, read_sends

log = logging.getLogger(__name__)
CARRIED: Final = "carried"
PAYLOAD_SHOWN: Final = ("service", "link", "quantity", "username", "runs")
LONGEST: Final = 2048  # of a link; releases up to 0.2.0 kept 300 characters


class SentRow(Protocol):
    """A row that stands for one send: an attempt, or a call about refills or cancels."""

    pk: int
    provider_id: int
    started_at: datetime

    @property
    def idempotency_key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class HighWaterMark:
    """The newest send of an account by this machine, made `at`. `attempt` is the number of its
    row; 0: none yet in this database."""

    provider_id: int
    attempt: int
    idempotency_key: str
    started_at: datetime
    at: datetime
    database: str
    acknowledged_at: datetime | None = None  # of the line that accepts the database: by whose word

    @property
    def name(self) -> tuple[str, datetime]:
        return self.idempotency_key, self.started_at

    def is_of(self, row: SentRow | None) -> bool:
        """This row is the send in the journal. Numbers and keys may be given out again by a
        database that was taken back to an earlier day; the moment of the claim is not."""
        if row is None:
            return not self.attempt
        return (row.idempotency_key, row.started_at) == self.name


def directory() -> Path:
    return Path(settings.DATA_DIR) / "sent"


def accounts() -> list[int]:
    """Those for which this machine has ever sent something. Raises OSError."""
    names = [path.name for path in files_in(directory())]
    stems = {name.partition(".")[0] for name in names if ".jsonl" in name}
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def high_water_mark(provider_id: int) -> HighWaterMark | None:
    """None: this machine never sent anything there."""
    return newest_of(_file(provider_id), provider_id)


def newest_of(file: JournalFile, provider_id: int) -> HighWaterMark | None:
    """The one in this file, or in the one before it. At its end nearly always; what was
    answered to a call about many orders may be longer than that."""
    return file.newest(lambda lines: _newest_in(lines, provider_id))


def _newest_in(lines: Iterable[Line], provider_id: int) -> HighWaterMark | None:
    marks = [mark for line in lines if (mark := _read_line(provider_id, line))]
    since = max((n for n, (what, _) in enumerate(marks) if what == DATABASE_ACCEPTED), default=0)
    known = [mark for _, mark in marks[since:]]
    newest = max(known, key=lambda mark: mark.attempt, default=None)
    same = (mark.at for mark in known if newest and mark.name == newest.name)
    return newest and replace(newest, at=min(same))


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where what a journal keeps begins. `is_older_known`: all before `mark` was in the database
    of that moment; otherwise it is the first send this machine has ever written down."""

    mark: HighWaterMark
    is_older_known: bool


def beginning(provider_id: int) -> Beginning | None:
    """None: this machine never sent anything there."""
    return beginning_of(_file(provider_id), provider_id)


def beginning_of(file: JournalFile, provider_id: int) -> Beginning | None:
    """The line that accepted a database last, else the oldest line there is."""
    found: tuple[str, HighWaterMark] | None = None
    for line in file.all_lines():
        read = _read_line(provider_id, line)
        if read and (found is None or read[0] == DATABASE_ACCEPTED):
            found = read
    return found and Beginning(found[1], is_older_known=found[0] != SENT)


def note_send(attempt: Attempt, database: str) -> None:
    """On disk when this returns. Raises OSError when it cannot be."""
    payload = {
        name: str(attempt.wire[name])[:LONGEST] for name in PAYLOAD_SHOWN if name in attempt.wire
    }
    file = _file(attempt.provider_id)
    others = Attempt.objects.filter(provider_id=attempt.provider_id, pk__lt=attempt.pk)
    file.begin(
        new=lambda: carried(high_water_mark_of(others.order_by("-pk").first(), database)),
        anew=lambda: carried(newest_of(file, attempt.provider_id)),
    )
    told = {"payload": payload, "digest": digest_of(attempt.order.payload)}
    file.write(SENT, wait=True, database=database, **told, **name_of(attempt))


def high_water_mark_of(row: SentRow | None, database: str) -> HighWaterMark | None:
    """As this database has it."""
    if row is None:
        return None
    began = row.started_at
    return HighWaterMark(
        row.provider_id, row.pk, row.idempotency_key, began, at=began, database=database
    )


def carried(mark: HighWaterMark | None) -> dict[str, Any] | None:
    """The line with which a new file begins."""
    if mark is None:
        return None
    return {
        "what": CARRIED,
        **_name(mark.attempt, mark.idempotency_key, mark.started_at),
        "at": mark.at.isoformat(),
        "database": mark.database,
    }


def note_end(attempt: Attempt, send_outcome: SendOutcome) -> None:
    """How it ended, as far as the disk takes it: the database has it already."""
    said = send_outcome.to_json() | {"evidence": None}
    try:
        _file(attempt.provider_id).write(ENDED, wait=False, send_outcome=said, **name_of(attempt))
    except OSError as error:
        log.error("the end of attempt %s is not noted on disk: %s", attempt.pk, error)


def note_accepted(
    provider_id: int,
    database: str,
    *,
    now: datetime,
    seen: datetime | None = None,
    missing: Iterable[Send] = (),
) -> None:
    """From here on this database is the one we know, with the attempts it has. What it is `missing`
    is carried on in the same line, which is on disk as a whole or not at all."""
    newest = Attempt.objects.filter(provider_id=provider_id).order_by("-pk").first()
    lines = [line for send in missing for line in send.lines()]
    accept_in(_file(provider_id), newest, database, now=now, seen=seen, missing=lines)


def accept_in(
    file: JournalFile,
    newest: SentRow | None,
    database: str,
    *,
    now: datetime,
    seen: datetime | None,
    **more: Any,
) -> None:
    """Take what this database has for what we know; on disk when it returns. `seen`: when a person
    has acknowledged it."""
    said = name_of(newest) if newest else _name(0, "", now)
    said |= {"at": now.isoformat(), "acknowledged_at": seen and seen.isoformat(), **more}
    file.write(DATABASE_ACCEPTED, wait=True, database=database, **said)


def note_read(mark: HighWaterMark, *, now: datetime) -> None:
    """It was made before now, whatever the clock said that wrote it. On disk when this returns."""
    note_read_in(_file(mark.provider_id), mark, now=now)


def note_read_in(file: JournalFile, mark: HighWaterMark, *, now: datetime) -> None:
    if line := carried(replace(mark, at=now)):
        file.write(wait=True, **line)


def sends_since_accepted(provider_id: int, form_key: UUID | None = None) -> list[Send]:
    """What was sent to this account since its database was last accepted, oldest first; with
    `form_key` only for that order. Raises OSError where the disk cannot be read."""
    about = None if form_key is None else {form_key.hex.encode()}
    sends = read_sends(provider_id, _file(provider_id).all_lines(about))
    known = [send for send in sends if form_key in (None, send.form_key)]
    return sorted(known, key=lambda send: send.started_at)


def attempt_of(kept: dict[str, Any]) -> Attempt | None:
    """The row of this send, whatever its number is by now."""
    form_key = form_key_of(kept["token"])
    known = Attempt.objects.filter(order__form_key=form_key)
    same = known.filter(started_at=datetime.fromisoformat(kept["started_at"]))
    return same.select_related("order", "provider").first()


def name_of(row: SentRow) -> dict[str, Any]:
    """What tells this send from every other one, in every life of the database."""
    return _name(row.pk, row.idempotency_key, row.started_at)


def _name(number: int, idempotency_key: str, started_at: datetime) -> dict[str, Any]:
    return {"attempt": number, "token": idempotency_key, "started_at": started_at.isoformat()}


def _read_line(provider_id: int, line: dict[str, Any]) -> tuple[str, HighWaterMark] | None:
    if line.get("what") not in (SENT, DATABASE_ACCEPTED, CARRIED):
        return None
    try:
        began = datetime.fromisoformat(line["started_at"])
        at = datetime.fromisoformat(line.get("at", line["started_at"]))
        number, key = int(line["attempt"]), str(line["token"])
        seen = line.get("acknowledged_at")
        seen = datetime.fromisoformat(seen) if seen else None
        mark = HighWaterMark(provider_id, number, key, began, at, str(line["database"]), seen)
    except (KeyError, TypeError, ValueError):
        return None
    return line["what"], mark


def _file(provider_id: int) -> JournalFile:
    return JournalFile(directory() / f"{provider_id}.jsonl")
