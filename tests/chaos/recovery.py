"""The one place where the desk of a run is told how far it may settle doubts by itself."""

from __future__ import annotations

from collections.abc import Sequence

from .desk import Desk
from .opening import Account


def prepare_recovery(desk: Desk, accounts: Sequence[Account]) -> None:
    """Nothing yet: doubts are for a person, and an unconfirmed order is an honest end."""
