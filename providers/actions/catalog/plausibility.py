"""When a catalog is not believed: it is held, and a person decides."""

from __future__ import annotations

from decimal import Decimal

from .differences import Difference
from .snapshots import RATE, Snapshot

MOST_UNREADABLE = 0.2
MOST_GONE = 0.2
MOST_LEAPS = 0.2
LEAP = 10  # a price ten times what it was, or a tenth of it, or to or from nothing


def why_implausible(snapshot: Snapshot, difference: Difference) -> str:
    """Why this catalog is to be held, in a sentence for staff; empty when it is believed."""
    unreadable, before = len(snapshot.unreadable), difference.offered_before
    if not snapshot.services and (before or unreadable):
        return "The catalog has no service that can be read."
    if unreadable > snapshot.seen * MOST_UNREADABLE:
        return f"{unreadable} of {snapshot.seen} rows cannot be read."
    gone = len(difference.gone)
    if gone > before * MOST_GONE:
        return f"{gone} of {before} services are gone."
    leaps = sum(
        _leapt(change.known.values[RATE], change.after[RATE]) for change in difference.changed
    )
    if leaps > before * MOST_LEAPS:
        return f"The price of {leaps} of {before} services is {LEAP} times what it was, or a tenth."
    return ""


def _leapt(before: Decimal | None, after: Decimal | None) -> bool:
    if before is None or after is None or before == after:
        return False
    return after >= before * LEAP or after * LEAP <= before
