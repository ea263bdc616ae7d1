"""What a child says: all of it in a file of its own, what matters on the console."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Collection
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

LEVEL = re.compile(r"\[?\d{4}-\d\d-\d\d[^a-zA-Z]*(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
FILE_BYTES, FILES = 5_000_000, 4


def say(text: str) -> None:
    """One line on the console; a console that is gone is no reason to stop."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = None  # print() to None is silent


class Journal:
    """Of one child, across its restarts. `secrets` are taken out of every line."""

    def __init__(
        self, name: str, directory: Path, *, loud: bool = False, secrets: Collection[str] = ()
    ) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self.name, self.loud, self.secrets = name, loud, tuple(secrets)
        self.tail: deque[str] = deque(maxlen=15)
        self._file = RotatingFileHandler(
            directory / f"{name}.log", maxBytes=FILE_BYTES, backupCount=FILES - 1, delay=True
        )
        self._showing = self._in_traceback = False

    def follow(self, stream: IO[bytes]) -> threading.Thread:
        """Read until the child and all it started have closed the stream."""
        thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        thread.start()
        return thread

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for raw in stream:
                self.write(raw.decode(errors="replace").rstrip())

    def write(self, line: str) -> None:
        for secret in self.secrets:
            line = line.replace(secret, "[key]")
        self.tail.append(line)
        self._file.emit(logging.makeLogRecord({"msg": line}))
        if self._matters(line):
            say(f"{self.name:>8} | {line}")

    def _matters(self, line: str) -> bool:
        """Warnings and worse, with the traceback that follows them down to its last line."""
        if level := LEVEL.match(line):
            self._showing = level[1] in ("WARNING", "ERROR", "CRITICAL")
        elif not self._in_traceback and not line.startswith("Traceback"):
            self._showing = False
        self._in_traceback = line.startswith(("Traceback", " "))
        return self.loud or self._showing
