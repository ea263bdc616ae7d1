"""What happened when: one JSON object a line, whose first line is enough to run it again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .plan import Terms


class Blow(NamedTuple):
    """Something the nemesis does: `at` seconds after the start, to whom, and how."""

    at: float
    kind: str
    target: str = ""
    amount: float = 0.0


class History:
    """In the words of Jepsen: `invoke`, then `ok`, `fail`, or `info` where nobody knows."""

    def __init__(self, path: Path, terms: Terms) -> None:
        self._file = path.open("w")
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.note("run", **terms.as_json())

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def note(self, what: str, **facts: Any) -> None:
        line = json.dumps({"t": round(self.seconds, 3), "type": what, **facts}, default=str)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()


def read_terms(path: Path) -> Terms:
    """What the recorded run was told."""
    return Terms.from_json(next(_lines(path)))


def read_blows(path: Path) -> list[Blow]:
    """What the nemesis did in the recorded run, and when."""
    return [
        Blow(line["planned"], line["kind"], line["target"], line["amount"])
        for line in _lines(path)
        if line["type"] == "nemesis"
    ]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        for line in file:
            yield json.loads(line)
