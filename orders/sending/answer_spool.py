"""Answers on disk: what a provider said outlives the worker that heard it and the database.

One file an attempt, whole or not there, locked by the worker that still tries to write its answer
down. A file that nobody holds any more is settled by whoever finds it; settling twice is harmless.
The files hold no key.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.db import IntegrityError

from core import clocks
from core.durable_files import is_worked_on, write_whole
from core.redaction import redact
from core.rows.constraints import broken_constraint
from core.rows.loops import AWAY, one_by_one
from core.texts import readable

from ..models import Attempt, UnreadAnswer
from ..status import Resolution
from . import claims, halts, record_outcome, send_journal
from .outcome import SendOutcome, id_known_already
from .record_outcome import RaceLost

log = logging.getLogger(__name__)
VERSION = 1
BAD = ".bad"
STRANGE = ".strange"


def directory() -> Path:
    return Path(settings.DATA_DIR) / "spool"


@dataclass(slots=True)
class KeptAnswer:
    """An answer while its worker settles it. `path` None: the disk would not take it."""

    attempt: Attempt
    send_outcome: SendOutcome
    path: Path | None

    def is_written_down(self) -> None:
        """The database has it."""
        send_journal.note_end(self.attempt, self.send_outcome)
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@contextmanager
def kept(attempt: Attempt, send_outcome: SendOutcome) -> Iterator[KeptAnswer]:
    """Have the answer on disk before the database is asked to take it. A disk that is full or
    may not be written is said in the log, and stops nothing."""
    path = directory() / f"{attempt.pk}-{attempt.token}.json"
    file: TextIO | None = None
    try:
        file = write_whole(path, _safe(_written(attempt, send_outcome)))
    except OSError as error:
        log.error("the answer to attempt %s is not kept on disk: %s", attempt.pk, error)
    try:
        yield KeptAnswer(attempt, send_outcome, path if file else None)
    finally:
        if file is not None:
            file.close()


def _written(attempt: Attempt, send_outcome: SendOutcome) -> dict[str, Any]:
    return {
        "version": VERSION,
        "attempt": attempt.pk,
        "token": attempt.token,
        "started_at": attempt.started_at.isoformat(),
        "lease_until": attempt.lease_until.isoformat(),
        "worker": claims.worker_name(),
        "send_outcome": send_outcome.to_json(),
    }


def import_spool(*, now: datetime) -> int:
    """Settle what workers of this machine left behind; how many answers that were.

    Left behind is what nobody holds any more, and what somebody has held past the lease. What
    cannot be read, and what no row takes, is set aside under another name and shown.
    """
    paths = sorted(directory().glob("*.json"))
    settled = one_by_one(paths, lambda path: _import_or_set_aside(path, now), what="spool")
    _show_bad_files(now)
    return settled


def _import_or_set_aside(path: Path, now: datetime) -> bool:
    try:
        return _import_file(path, now)
    except FileNotFoundError:
        return False  # settled by its own worker meanwhile
    except AWAY:
        raise
    except RaceLost:
        return False  # the next look
    except Exception:
        log.exception("the answer in %s cannot be settled; it is set aside", path)
        path.rename(path.with_name(path.name + BAD))
    return False


def _safe(written: dict[str, Any]) -> str:
    """Without a key wherever a provider's words stand. The changes are our own figures and
    moments: digits that happen to be some key's must stay in an amount."""
    changes = written["send_outcome"].pop("changes")
    safe: dict[str, Any] = json.loads(redact(json.dumps(written)))
    safe["send_outcome"]["changes"] = changes
    return json.dumps(safe)


def _import_file(path: Path, now: datetime) -> bool:
    with path.open("r+", encoding="utf-8") as file:  # a shared disk locks only what may be written
        held = is_worked_on(file)
        kept_then = json.load(file)
        lease_until = datetime.fromisoformat(kept_then["lease_until"])
        if held and now <= lease_until + timedelta(seconds=clocks.SEND_LEASE_SECONDS):
            return False
        send_outcome = SendOutcome.kept_in(kept_then)
        attempt = send_journal.attempt_of(kept_then)
        if attempt is None:  # of another life of this database: `recall_sends` looks for it
            path.rename(path.with_name(path.name + STRANGE))
            return False
        settle_late(attempt, send_outcome, now=now)
        KeptAnswer(attempt, send_outcome, path).is_written_down()
    log.warning("an answer kept on disk settled attempt %s: %s", attempt.pk, send_outcome.outcome)
    return True


def left_behind(token: str, started_at: datetime) -> SendOutcome | None:
    """The answer to this send, if it was kept and nobody has settled it."""
    for path in directory().glob(f"*-{token}.json*"):
        try:
            kept_then = json.loads(path.read_text(encoding="utf-8"))
            if datetime.fromisoformat(kept_then["started_at"]) == started_at:
                return SendOutcome.kept_in(kept_then)
        except (KeyError, TypeError, ValueError, AttributeError, OSError):
            log.exception("the answer in %s cannot be read", path)
    return None


def settle_late(attempt: Attempt, send_outcome: SendOutcome, *, now: datetime) -> None:
    """Settle by what was kept. Safe to repeat: what has been decided stays as it is."""
    try:
        record_outcome.record(attempt, send_outcome, now=now, by=Resolution.SPOOL)
    except IntegrityError as error:
        if broken_constraint(error) != "external_id_once_per_provider":
            raise
        record_outcome.record(attempt, id_known_already(send_outcome), now=now, by=Resolution.SPOOL)
    halts.reopen_if_settled(attempt.provider, now=now)


def _show_bad_files(now: datetime) -> None:
    """Rows that last as long as their files are found, for the overview."""
    bad = [
        UnreadAnswer(name=readable(path.name)[:200], host=socket.gethostname()[:80], seen_at=now)
        for path in directory().rglob(f"*{BAD}")
    ]
    if bad:
        UnreadAnswer.objects.bulk_create(
            bad, update_conflicts=True, unique_fields=["name"], update_fields=["host", "seen_at"]
        )
    long_gone = now - timedelta(seconds=clocks.UNREAD_ANSWER_SECONDS)
    UnreadAnswer.objects.filter(seen_at__lt=long_gone).delete()
