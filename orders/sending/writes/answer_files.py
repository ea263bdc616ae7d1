"""Answers to refills, cancels and repeats on disk, until the database has them.

As with the answers to orders (`spooling`): one file a call, whole or not there, locked by the
worker that still tries to record it. No key is in them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from django.conf import settings

from core.durable_files import is_worked_on, write_whole
from core.redaction import redact
from core.rows.loops import AWAY, one_by_one

from ...status import Write

log = logging.getLogger(__name__)
BAD: Final = ".bad"
STRANGE: Final = ".strange"
Said = dict[str, Any]


def directory() -> Path:
    return Path(settings.DATA_DIR) / "spool" / "writes"


@dataclass(slots=True)
class AnswerFile:
    """`path` None: the disk would not take it, which is said in the log and stops nothing."""

    path: Path | None

    def is_recorded(self) -> None:
        """The database has it."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@contextmanager
def kept(write: Write, token: str, said: Said) -> Iterator[AnswerFile]:
    """Have what was said on disk before the database is asked to take it."""
    path = directory() / f"{write.value}-{token}.json"
    file: TextIO | None = None
    try:
        file = write_whole(path, redact(json.dumps({"write": write.value, "said": said})))
    except OSError as error:
        log.error("the answer to a %s is not kept on disk: %s", write, error)
    try:
        yield AnswerFile(path if file else None)
    finally:
        if file is not None:
            file.close()


def left_behind(token: str) -> Said | None:
    """What was said to this call, if it was kept and nobody has recorded it."""
    for path in directory().glob(f"*-{token}.json*"):
        try:
            return _read(path)[1]
        except (KeyError, TypeError, ValueError, OSError):
            log.exception("the answer in %s cannot be read", path)
    return None


def import_left_behind(take_in: Mapping[Write, Callable[[Said], bool]]) -> int:
    """Record what nobody works on any more; how many answers that were. What cannot be read, or
    what no row takes, is set aside, and so is what is about no call of this database: `take_in`
    says False of it."""
    paths = sorted(directory().glob("*.json"))
    return one_by_one(paths, lambda path: _import_or_set_aside(path, take_in), what="writes kept")


def _import_or_set_aside(path: Path, take_in: Mapping[Write, Callable[[Said], bool]]) -> bool:
    try:
        return _import_file(path, take_in)
    except FileNotFoundError:
        return False  # recorded by its own worker meanwhile
    except AWAY:
        raise  # it waits
    except Exception:
        log.exception("the answer in %s cannot be recorded; it is set aside", path)
        path.rename(path.with_name(path.name + BAD))
    return False


def _import_file(path: Path, take_in: Mapping[Write, Callable[[Said], bool]]) -> bool:
    with path.open("r+", encoding="utf-8") as file:  # a shared disk locks only what may be written
        if is_worked_on(file):
            return False
        write, said = _read(path)
        if not take_in[write](said):
            path.rename(path.with_name(path.name + STRANGE))
            return False
        AnswerFile(path).is_recorded()
    log.warning("the answer to a %s was recorded from disk", write)
    return True


def _read(path: Path) -> tuple[Write, Said]:
    whole = json.loads(path.read_text(encoding="utf-8"))
    return Write(whole["write"]), dict(whole["said"])
