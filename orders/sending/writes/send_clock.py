"""The clocks of one write: the database's, which all share, and our own, which nobody sets."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import clocks
from core.clocks import Clock
from core.rows.durable import DATABASE_AWAY

TOO_OLD = "The claim had grown too old before the connection stood."
CLOCK_SET = "A clock was set, or this machine stood still, just before sending."


@dataclass(slots=True)
class SendClock:
    """Made before the claim: whoever stands still right after it has not gained any time.

    Called, it tells the database's time; while the database is away, the moment of the claim and
    what our own clock has counted since.
    """

    clock: Clock
    claimed_at: datetime = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self.claimed_at = self.clock()

    def __call__(self) -> datetime:
        try:
            return self.clock()
        except DATABASE_AWAY:
            return self.claimed_at + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """Seconds since before the claim by our own clock, which a suspended machine stops."""
        return time.monotonic() - self._began

    def why_stale(self) -> str:
        """Why the claim may not be acted on any more, by either clock; empty while it may.

        A lease is counted by the database's clock, so where the two disagree nobody knows how much
        of it is left. Raises when the database is away.
        """
        ours = self.elapsed()
        if ours > clocks.SEND_WINDOW_SECONDS:
            return TOO_OLD
        theirs = (self.clock() - self.claimed_at).total_seconds()
        if abs(theirs - ours) > clocks.CLOCKS_AGREE_SECONDS:
            return TOO_OLD if theirs > clocks.SEND_WINDOW_SECONDS else CLOCK_SET
        return ""
