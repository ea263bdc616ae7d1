"""Rate limits per key, in real time: calls a minute, and the space between two adds."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RateLimits:
    """No limits as made.

    `per_minute` maps an action, or "*" for all together, to calls per `window` real seconds.
    `style` is "http" (429 with Retry-After) or "text" (HTTP 200 with an error text).
    """

    per_minute: dict[str, int] = field(default_factory=dict)
    add_spacing: float = 0.0
    window: float = 60.0
    style: str = "http"

    def __post_init__(self) -> None:
        if self.style not in ("http", "text"):
            raise ValueError("style is 'http' or 'text'")

    def as_json(self) -> dict[str, Any]:
        return {
            "per_minute": self.per_minute,
            "add_spacing": self.add_spacing,
            "window": self.window,
            "style": self.style,
        }


class Halt:
    """Counts calls against the limits; a refused call does not count."""

    def __init__(self, limits: RateLimits | None = None) -> None:
        self.limits = limits or RateLimits()
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._last_add: dict[str, float] = {}

    def wait_needed(self, account: str, action: str) -> float:
        """0 lets the call pass and counts it; else the seconds until it would pass."""
        now, limits = time.monotonic(), self.limits
        wait = 0.0
        if action == "add" and account in self._last_add:
            wait = max(wait, self._last_add[account] + limits.add_spacing - now)
        logs = []
        for scope in (action, "*"):
            if scope not in limits.per_minute:
                continue
            log = self._calls.setdefault((account, scope), deque())
            while log and log[0] <= now - limits.window:
                log.popleft()
            if len(log) >= limits.per_minute[scope]:
                oldest = log[0] if log else now
                wait = max(wait, oldest + limits.window - now)
            logs.append(log)
        if wait > 0:
            return wait
        for log in logs:
            log.append(now)
        if action == "add":
            self._last_add[account] = now
        return 0.0
