"""Files of the spool: what was heard is on disk before the database is asked to take it.

One file an answer, whole or not there, locked by the worker that still tries to record it. A file
that nobody holds any more is taken in by whoever finds it; taking it in twice is harmless.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError

from core.durable_files import files_in, write_whole
from core.rows.loops import one_by_one

from .recording import NotNow

log = logging.getLogger(__name__)
BAD: Final = ".bad"
UNMATCHED: Final = ".unmatched"
UNREADABLE: Final = (AttributeError, KeyError, TypeError, ValueError, OSError)
OF_THE_DATABASE: Final = (DatabaseError, InterfaceError)
OF_THE_ROW: Final = (IntegrityError, DataError)  # in another life of it, too
T = TypeVar("T")


@dataclass(slots=True)
class AnswerFile:
    """`path` None: the disk would not take it, which is said in the log and stops nothing."""

    path: Path | None

    def is_recorded(self) -> None:
        """The database has it. What the disk keeps all the same is taken in again, in vain."""
        try:
            if self.path is not None:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            log.error("%s is recorded and cannot be removed: %s", self.path, error)


@contextmanager
def on_disk(path: Path, text: str, *, what: Any) -> Iterator[AnswerFile]:
    """Keep an answer, locked, while its worker records it."""
    file: TextIO | None = None
    try:
        file = write_whole(path, text)
    except OSError as error:
        log.error("the answer to %s is not kept on disk: %s", what, error)
    try:
        yield AnswerFile(path if file else None)
    finally:
        if file is not None:
            file.close()


def answers_in(directory: Path) -> list[Path]:
    """That nobody has taken in or set aside. Raises OSError."""
    return [path for path in files_in(directory) if path.suffix == ".json"]


def import_each(directory: Path, take_in: Callable[[Path, TextIO], bool], *, what: str) -> int:
    """Take in what lies there; how many answers that were. What cannot be read, or what no row
    takes, is set aside under another name. Raises OSError where the directory cannot be read."""
    return one_by_one(
        answers_in(directory), lambda path: _import_or_set_aside(path, take_in), what=what
    )


def _import_or_set_aside(path: Path, take_in: Callable[[Path, TextIO], bool]) -> bool:
    try:
        with _opened(path) as file:
            return take_in(path, file)
    except FileNotFoundError:
        return False  # recorded by its own worker meanwhile
    except NotNow as error:
        log.info("the answer in %s is left to a later run: %s", path, error)
        return False
    except Exception as error:
        if isinstance(error, OF_THE_DATABASE) and not isinstance(error, OF_THE_ROW):
            raise  # it waits
        log.exception("the answer in %s cannot be recorded; it is set aside", path)
        path.rename(path.with_name(path.name + BAD))
    return False


def _opened(path: Path) -> TextIO:
    """To be locked: a shared disk locks only what is writable, one of this machine anything."""
    try:
        return path.open("r+", encoding="utf-8")
    except FileNotFoundError:
        raise
    except OSError:
        return path.open(encoding="utf-8")


def set_aside_unmatched(path: Path) -> None:
    """It is about no send of this database, perhaps of another life of it."""
    path.rename(path.with_name(path.name + UNMATCHED))


def first_of(directory: Path, key: str, read: Callable[[Path], T | None]) -> T | None:
    """What was heard of this call, if it was kept and nobody has recorded it. Of a directory that
    cannot be read nothing was heard, so far: what is taken in later says it."""
    try:
        paths = [path for path in files_in(directory) if f"-{key}.json" in path.name]
    except OSError as error:
        log.error("answers on disk cannot be listed: %s", error)
        return None
    for path in paths:
        try:
            if (answer := read(path)) is not None:
                return answer
        except UNREADABLE:
            log.exception("the answer in %s cannot be read", path)
    return None
