"""The truth, append-only: one JSON object a line, written before the answer leaves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Ledger:
    """A file of events, or nothing but a count where there is no state directory."""

    def __init__(self, state_dir: str | os.PathLike[str] | None = None) -> None:
        self.path = None if state_dir is None else Path(state_dir) / "ledger.jsonl"
        self.length = 0
        self._file: int | None = None
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def replay(self) -> Iterator[dict[str, Any]]:
        """The events of earlier runs, oldest first; a torn last line is dropped."""
        if self.path is None or not self.path.exists():
            return
        whole = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                self.length += 1
                yield json.loads(line)
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)

    def append(self, event: str, **facts: Any) -> None:
        self.length += 1
        if self.path is None:
            return
        if self._file is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._file = os.open(self.path, flags, 0o600)
        line = json.dumps({"event": event, **facts}, ensure_ascii=True, separators=(",", ":"))
        os.write(self._file, line.encode() + b"\n")

    def set_aside(self) -> None:
        """Start an empty file; the old one keeps its events under the next free number."""
        self.close()
        self.length = 0
        if self.path is None or not self.path.exists():
            return
        number = 1
        while (aside := self.path.with_name(f"ledger-{number}.jsonl")).exists():
            number += 1
        self.path.rename(aside)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
