"""All that this machine knows of what it sent goes back into the database, account by account."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from core.rows.loops import one_by_one

from ...limits import doubtful_rows
from .. import send_journal
from . import acceptance, journal_gaps, recalled_requests, recalled_sends, replay_journal

log = logging.getLogger(__name__)
# With each account, in this order: a gap is told from a database that nothing was brought into.
STEPS: Final[tuple[Callable[..., object], ...]] = (
    journal_gaps.note_gap,
    recalled_sends.recall_sends,
    replay_journal.recall_replays,
    recalled_requests.recall_calls,
    doubtful_rows.hold_waiting,
)


def accounts_here(unread: list[int]) -> list[int]:
    """Where nobody can say which there are, nothing of them has been read; 0 stands for them."""
    try:
        return send_journal.accounts()
    except OSError as error:
        log.error("the journals of this machine cannot be listed: %s", error)
        unread.append(0)
        return []


def recall_everywhere(*, now: datetime) -> None:
    """Give back to the database what this machine knows of its sends, all accounts together."""
    here = accounts_here([])
    one_by_one(here, lambda one: _recall(one, now), what="accounts of this machine")


def _recall(account: int, now: datetime) -> None:
    one_by_one(STEPS, lambda step: step(account, now=now), what=f"sends to account {account}")


def accept_database(identity: str, accounts: Iterable[int], *, now: datetime) -> None:
    """Bring in what this machine knows, then take the database as it is."""
    for account in sorted(accounts):
        for step in STEPS:
            step(account, now=now)
        acceptance.note_accepted(account, identity, now=now)
