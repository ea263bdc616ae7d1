"""One file of the send journal: a line a fact, on disk before what it tells of may happen."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from core.durable_files import append_line, locked
from core.redaction import redact

TAIL: Final = 64 * 1024  # bytes, many lines: the mark is nearly always among them
LARGEST: Final = 4 * 1024 * 1024  # then a new file is begun and the one before the last forgotten
DATABASE_ACCEPTED: Final = "adopted"
_ACCEPTS: Final = f'"{DATABASE_ACCEPTED}"'.encode()
_KEY: Final = re.compile(rb'"([0-9a-f]{32})')
Line = dict[str, Any]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class JournalFile:
    path: Path

    def older(self) -> JournalFile:
        """The one before it, no longer written to."""
        return JournalFile(self.path.with_name(f"{self.path.name}.old"))

    def write(self, what: str, *, wait: bool, **said: Any) -> None:
        """Raises OSError when the disk does not take it. `wait`: it is on disk on return."""
        append_line(self.path, redact(json.dumps({"what": what, **said})), wait_for_disk=wait)

    def begin(self, *, new: Callable[[], Line | None], anew: Callable[[], Line | None]) -> None:
        """Before a line is written: see to it that the file tells what it does not have."""
        self.begin_if_new(new)
        self.begin_anew_if_large(anew)

    def begin_if_new(self, first: Callable[[], Line | None]) -> None:
        """Begin a journal with what was known before it, so that it tells what it does not have."""
        if self.path.exists() or self.older().path.exists():
            return
        if line := first():
            append_line(self.path, redact(json.dumps(line)), wait_for_disk=True)

    def begin_anew_if_large(self, first: Callable[[], Line | None]) -> None:
        """Set a large file aside; `first` is asked before for the line the new one begins with.

        Processes of one machine share it: two that find it large must not set it aside twice,
        which would forget all that the first one had kept.
        """
        if not self._is_large():
            return
        with locked(self.path.with_name(f"{self.path.name}.lock")):
            if not self._is_large():
                return
            line = first()
            self.path.replace(self.older().path)
            if line is not None:
                append_line(self.path, redact(json.dumps(line)), wait_for_disk=True)

    def _is_large(self) -> bool:
        return self.path.exists() and self.path.stat().st_size >= LARGEST

    def newest(self, find: Callable[[Iterable[Line]], Found | None]) -> Found | None:
        """What `find` finds in the newest lines, nearly always, else in all of the file, else in
        the file before it."""
        for one in (self, self.older()):
            if one.path.exists() and (found := find(one.tail()) or find(list(one.lines()))):
                return found
        return None

    def lines(self) -> Iterator[Line]:
        """Of this file, oldest first."""
        return _readable(self.path, 0)

    def all_lines(self, about: AbstractSet[bytes] | None = None) -> Iterator[Line]:
        """Oldest first, those of the file before it too.

        `about`: only lines that name one of these keys, 32 hexadecimal digits each, or that accept
        a database. The others are not decoded, which is what takes the time; it may grow meanwhile.
        """
        with ExitStack() as files:
            # Both before the first line is read, and this one first: set aside in between, it would
            # be missed, and so it is at most found twice.
            newer = _opened(self.path, files)
            older = _opened(self.older().path, files)
            if older and newer and os.path.sameopenfile(older.fileno(), newer.fileno()):
                older = None
            for file in filter(None, (older, newer)):
                yield from _decoded(file, about)

    def tail(self) -> list[Line]:
        """The newest lines, oldest first."""
        return list(_readable(self.path, TAIL))


def _readable(path: Path, tail: int) -> Iterator[Line]:
    with ExitStack() as files:
        if file := _opened(path, files):
            if tail:
                file.seek(max(0, file.seek(0, os.SEEK_END) - tail))
            yield from _decoded(file, None)


def _opened(path: Path, files: ExitStack) -> BinaryIO | None:
    """None: there is none, or it has just been set aside."""
    try:
        return files.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None


def _decoded(lines: Iterable[bytes], about: AbstractSet[bytes] | None) -> Iterator[Line]:
    """A line that a crash cut off is none: it was never waited for, so nothing was sent."""
    for line in lines:
        if about is not None and _ACCEPTS not in line and about.isdisjoint(_KEY.findall(line)):
            continue
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            yield read
