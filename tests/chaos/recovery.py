"""The one place where the desk of a run is told how far it may settle doubts by itself."""

from __future__ import annotations

from collections.abc import Sequence

from .desk import Desk
from .entry import SHORT_CLOCKS
from .nemesis import PAUSES
from .opening import Account
from .sandboxes import LATE_SECONDS

# So long after its claim an order may still appear at the provider: its worker is frozen before
# the fence or just after it, sends as late as it may, and the provider takes its time. A grace
# for "not placed" must be longer, with room for a machine that is slow.
LATEST_APPEARANCE_SECONDS = SHORT_CLOCKS["SEND_WINDOW_SECONDS"] + PAUSES[1] + LATE_SECONDS


def prepare_recovery(desk: Desk, accounts: Sequence[Account]) -> None:
    """Nothing is allowed: doubts are for a person, and an unconfirmed order is an honest end."""
