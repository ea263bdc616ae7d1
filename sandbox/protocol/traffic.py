"""What came in: calls per action, connections, and how many calls were under way at once."""

from __future__ import annotations

from collections import Counter
from typing import Any

EVERY = "*"


class Traffic:
    """A call is under way from the moment it is read until its answer begins to leave."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.connections = 0
        self.under_way: Counter[str] = Counter()
        self.peaks: Counter[str] = Counter()

    def begin(self, action: str) -> None:
        self.calls[action] += 1
        for name in (action, EVERY):
            self.under_way[name] += 1
            self.peaks[name] = max(self.peaks[name], self.under_way[name])

    def end(self, action: str) -> None:
        self.under_way[action] -= 1
        self.under_way[EVERY] -= 1

    def as_json(self) -> dict[str, Any]:
        return {
            "calls": dict(self.calls),
            "connections": self.connections,
            "in_flight": self.under_way[EVERY],
            "peak_concurrency": self.peaks[EVERY],
            "peaks": {name: peak for name, peak in self.peaks.items() if name != EVERY},
        }
