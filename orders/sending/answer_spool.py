"""Answers to orders in the spool: what a provider said outlives the worker that heard it and the
database. The files hold no key.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings

from core import clocks
from core.durable_files import files_in, is_worked_on
from core.redaction import redact
from core.texts import readable

from ..models import Attempt, UnreadAnswer
from ..status import Resolution
from . import halts, record_outcome, send_journal
from .outcome import AttemptGone, SendOutcome, id_known_already
from .record_outcome import RaceLost
from .reused_id import IdTaken
from .writes import answer_files, spool_files
from .writes.spool_files import AnswerFile

log = logging.getLogger(__name__)
VERSION = 1


def directory() -> Path:
    return Path(settings.DATA_DIR) / "spool"


@dataclass(slots=True)
class KeptAnswer:
    """An answer while its worker records it."""

    attempt: Attempt
    send_outcome: SendOutcome
    file: AnswerFile

    def is_recorded(self) -> None:
        """The database has it."""
        send_journal.note_end(self.attempt, self.send_outcome)
        self.file.is_recorded()


@contextmanager
def kept(attempt: Attempt, send_outcome: SendOutcome) -> Iterator[KeptAnswer]:
    written = _written(attempt, send_outcome)
    path, text = directory() / f"{attempt.pk}-{written['token']}.json", _safe(written)
    with spool_files.on_disk(path, text, what=f"attempt {attempt.pk}") as file:
        yield KeptAnswer(attempt, send_outcome, file)


def _written(attempt: Attempt, send_outcome: SendOutcome) -> dict[str, Any]:
    return {
        "version": VERSION,
        **send_journal.name_of(attempt),
        "lease_until": attempt.lease_until.isoformat(),
        "worker": attempt.worker,
        "send_outcome": send_outcome.to_json(),
    }


def import_spool(*, now: datetime) -> int:
    """Record what workers of this machine left behind; how many answers that were.

    Left behind is what nobody holds any more, and what somebody has held past the lease. What
    cannot be read, and what no row takes, is set aside under another name and shown.
    """
    recorded = spool_files.import_each(
        directory(), lambda path, file: _import_unless_raced(path, file, now), what="spool"
    )
    _show_bad_files(now)
    return recorded


def _import_unless_raced(path: Path, file: TextIO, now: datetime) -> bool:
    try:
        return _import_file(path, file, now)
    except (AttemptGone, RaceLost):
        return False  # the next run takes it


def _safe(written: dict[str, Any]) -> str:
    """Without a key wherever a provider's words stand. The changes are our own figures and
    moments: digits that happen to be some key's must stay in an amount."""
    changes = written["send_outcome"].pop("changes")
    safe: dict[str, Any] = json.loads(redact(json.dumps(written)))
    safe["send_outcome"]["changes"] = changes
    return json.dumps(safe)


def _import_file(path: Path, file: TextIO, now: datetime) -> bool:
    held = is_worked_on(file)
    kept_then = json.load(file)
    lease_until = datetime.fromisoformat(kept_then["lease_until"])
    if held and now <= lease_until + timedelta(seconds=clocks.SEND_LEASE_SECONDS):
        return False
    send_outcome = SendOutcome.kept_in(kept_then)
    attempt = send_journal.attempt_of(kept_then)
    if attempt is None:  # of another life of this database: `recall_sends` looks for it
        spool_files.set_aside_unmatched(path)
        return False
    record_late(attempt, send_outcome, now=now)
    KeptAnswer(attempt, send_outcome, AnswerFile(path)).is_recorded()
    log.warning("an answer kept on disk ended attempt %s: %s", attempt.pk, send_outcome.outcome)
    return True


def left_behind(key: str, started_at: datetime) -> SendOutcome | None:
    """The answer to this send, if it was kept and nobody has recorded it."""
    return spool_files.first_of(directory(), key, lambda path: _read_of(path, started_at))


def _read_of(path: Path, started_at: datetime) -> SendOutcome | None:
    kept_then = json.loads(path.read_text(encoding="utf-8"))
    if datetime.fromisoformat(kept_then["started_at"]) != started_at:
        return None
    return SendOutcome.kept_in(kept_then)


def record_late(attempt: Attempt, send_outcome: SendOutcome, *, now: datetime) -> None:
    """Record what was kept. Safe to repeat: what has been decided stays as it is."""
    record = partial(record_outcome.record, attempt, now=now, by=Resolution.SPOOL)
    try:
        record(send_outcome)
    except IdTaken:
        record(id_known_already(send_outcome), reused=send_outcome.external_id)
    halts.lift_if_resolved(attempt.provider, now=now)


def _show_bad_files(now: datetime) -> None:
    """Rows that last as long as their files are found, for the overview. Raises OSError where
    nobody can say which there are: then the rows stay."""
    bad = [
        UnreadAnswer(name=readable(path.name)[:200], host=socket.gethostname()[:80], seen_at=now)
        for folder in (directory(), answer_files.directory())
        for path in files_in(folder)
        if path.suffix == spool_files.BAD
    ]
    if bad:
        UnreadAnswer.objects.bulk_create(
            bad, update_conflicts=True, unique_fields=["name"], update_fields=["host", "seen_at"]
        )
    long_gone = now - timedelta(seconds=clocks.UNREAD_ANSWER_SECONDS)
    UnreadAnswer.objects.filter(seen_at__lt=long_gone).delete()
