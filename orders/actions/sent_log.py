"""What this machine has sent, kept outside the database: one file an account, a line a fact.

A line is on disk before the first byte of a send leaves, and a second one says how it ended. The
newest line is the high-water mark of the account: a database that does not know it is not the one
we left. The lines before it say which orders of such a database were sent after all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from core.durable_files import append_line
from core.redaction import redact

from ..models import Attempt
from .settlement import Settlement

log = logging.getLogger(__name__)
SENT, ENDED, ADOPTED, CARRIED = "sent", "ended", "adopted", "carried"
TAIL = 16 * 1024  # bytes, many lines: the mark is among them
LARGEST = 4 * 1024 * 1024  # then a new file is begun and the one before the last forgotten
WISH_SHOWN: Final = ("service", "link", "quantity", "username")


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest send of an account by this machine, made `at`. `attempt` 0: none yet in this
    database."""

    provider_id: int
    attempt: int
    token: str
    started_at: datetime
    at: datetime
    database: str

    def is_of(self, attempt: Attempt | None) -> bool:
        """This row is the send that was marked. Numbers and tokens may be given out again by a
        database that was taken back to an earlier day; the moment of the claim is not."""
        if attempt is None:
            return not self.attempt
        return (attempt.token, attempt.started_at) == (self.token, self.started_at)


@dataclass(slots=True)
class Send:
    """One send as the file tells it. `settlement` None: how it ended is not known here."""

    provider_id: int
    token: str
    started_at: datetime
    wish: dict[str, str]
    settlement: Settlement | None = None

    @property
    def submission(self) -> UUID:
        return _submission(self.token)

    @property
    def number(self) -> int:
        return int(self.token.rpartition("-")[2])


def directory() -> Path:
    return Path(settings.DATA_DIR) / "sent"


def accounts() -> list[int]:
    """Those for which this machine has ever sent something."""
    stems = {path.name.partition(".")[0] for path in directory().glob("*.jsonl*")}
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def newest_mark(provider_id: int) -> Mark | None:
    """None: this machine never sent anything there."""
    for path in (_file(provider_id), _older(provider_id)):
        marks = [mark for line in _tail(path) if (mark := _mark(provider_id, line))]
        since = max((n for n, (what, _) in enumerate(marks) if what == ADOPTED), default=0)
        if marks:
            return max((mark for _, mark in marks[since:]), key=lambda mark: mark.attempt)
    return None


def note_send(attempt: Attempt, database: str) -> None:
    """On disk when this returns. Raises OSError when it cannot be."""
    wish = {name: str(attempt.wire[name])[:300] for name in WISH_SHOWN if name in attempt.wire}
    _begin_new_file_if_large(attempt.provider_id)
    _write(attempt.provider_id, SENT, wait=True, database=database, wish=wish, **_name(attempt))


def note_end(attempt: Attempt, settlement: Settlement) -> None:
    """How it ended, as far as the disk takes it: the database has it already."""
    said = settlement.to_json() | {"evidence": None}
    try:
        _write(attempt.provider_id, ENDED, wait=False, settlement=said, **_name(attempt))
    except OSError as error:
        log.error("the end of attempt %s is not noted on disk: %s", attempt.pk, error)


def note_adopted(provider_id: int, database: str, *, now: datetime) -> None:
    """From here on this database is the one we know, with the attempts it has."""
    newest = Attempt.objects.filter(provider_id=provider_id).order_by("-pk").first()
    nobody = {"attempt": 0, "token": "", "started_at": now.isoformat()}
    name = _name(newest) if newest else nobody
    _write(provider_id, ADOPTED, wait=True, database=database, at=now.isoformat(), **name)


def sends_since_adopted(provider_id: int) -> list[Send]:
    """What was sent to this account since its database was last adopted, oldest first."""
    sends = dict[tuple[str, str], Send]()
    for path in (_older(provider_id), _file(provider_id)):
        for line in _lines(path):
            try:
                _take_in(sends, provider_id, line)
            except (KeyError, TypeError, ValueError):
                log.warning("a line in %s cannot be read", path)
    return sorted(sends.values(), key=lambda send: send.started_at)


def attempt_of(kept: dict[str, Any]) -> Attempt | None:
    """The row of this send, whatever its number is by now."""
    submission = _submission(kept["token"])
    known = Attempt.objects.filter(order__submission=submission)
    same = known.filter(started_at=datetime.fromisoformat(kept["started_at"]))
    return same.select_related("order", "provider").first()


def _submission(token: str) -> UUID:
    """Raises ValueError for what is no token of ours."""
    return UUID(hex=token.rpartition("-")[0])


def _take_in(sends: dict[tuple[str, str], Send], provider_id: int, line: dict[str, Any]) -> None:
    what = line["what"]
    if what == ADOPTED:
        sends.clear()
        return
    key = (line["token"], line["started_at"])
    if what == SENT:
        began = datetime.fromisoformat(line["started_at"])
        send = Send(provider_id, line["token"], began, line["wish"])
        if send.submission and send.number:
            sends[key] = send
    elif what == ENDED and key in sends:
        sends[key].settlement = Settlement.from_json(line["settlement"])


def _name(attempt: Attempt) -> dict[str, Any]:
    started_at = attempt.started_at.isoformat()
    return {"attempt": attempt.pk, "token": attempt.token, "started_at": started_at}


def _mark(provider_id: int, line: dict[str, Any]) -> tuple[str, Mark] | None:
    if line.get("what") not in (SENT, ADOPTED, CARRIED):
        return None
    try:
        began = datetime.fromisoformat(line["started_at"])
        at = datetime.fromisoformat(line.get("at", line["started_at"]))
        number, token = int(line["attempt"]), str(line["token"])
        mark = Mark(provider_id, number, token, began, at, str(line["database"]))
    except (KeyError, TypeError, ValueError):
        return None
    return line["what"], mark


def _begin_new_file_if_large(provider_id: int) -> None:
    path = _file(provider_id)
    if not path.exists() or path.stat().st_size < LARGEST:
        return
    mark = newest_mark(provider_id)
    path.replace(_older(provider_id))
    if mark is not None:
        _write(
            provider_id, CARRIED, wait=True, attempt=mark.attempt, token=mark.token,
            started_at=mark.started_at.isoformat(), at=mark.at.isoformat(), database=mark.database,
        )  # fmt: skip


def _write(provider_id: int, what: str, *, wait: bool, **said: Any) -> None:
    line = redact(json.dumps({"what": what, **said}))
    append_line(_file(provider_id), line, wait_for_disk=wait)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open("rb") as file:
            yield from _readable(file)


def _tail(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            yield from _readable(file)


def _readable(lines: Any) -> Iterator[dict[str, Any]]:
    """A line that a crash cut off is none: it was never waited for, so nothing was sent."""
    for line in lines:
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            yield read


def _file(provider_id: int) -> Path:
    return directory() / f"{provider_id}.jsonl"


def _older(provider_id: int) -> Path:
    return directory() / f"{provider_id}.jsonl.old"
