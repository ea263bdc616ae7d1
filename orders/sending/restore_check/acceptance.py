"""The line by which a machine accepts a database that was put back, and what it carries on in it.

The same backup may be put back a second time, and knows nothing of what was found after the first:
neither that a person has looked, nor which sends had no order in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from core.failpoints import failpoint

from ...models import Attempt, ReconcileRun, RequestCall
from .. import send_journal
from ..send_journal import HighWaterMark, sends_since_accepted
from ..writes.sent_lines import Send
from . import recalled_sends, replay_journal, request_journal
from .forgotten_sends import may_have_bought


def note_accepted(account: int, identity: str, *, now: datetime) -> None:
    """From here on this database is the one we know. On disk when this returns."""
    failpoint("accept.begun")
    runs = ReconcileRun.objects.filter(database=identity).exclude(acknowledged_at=None)
    seen = runs.order_by("-acknowledged_at").values_list("acknowledged_at", flat=True).first()
    missing = list(_missing(account))
    send_journal.note_accepted(account, identity, now=now, seen=seen, missing=missing)
    failpoint("accept.sends")
    request_journal.note_accepted(account, identity, now=now, seen=seen)
    failpoint("accept.noted")


def is_forgotten(mark: HighWaterMark) -> bool:
    """The database does not know that a person has accepted it: it was put back once more."""
    seen = mark.acknowledged_at
    return seen is not None and not ReconcileRun.objects.filter(acknowledged_at=seen).exists()


def newest_in_words(mark: HighWaterMark, model: type[Attempt] | type[RequestCall]) -> str:
    """What a database that lacks this one has instead."""
    rows = model._default_manager.filter(provider_id=mark.provider_id)
    newest = rows.order_by("-pk").values_list("pk", "started_at").first()
    if newest is None:
        return "there is none of this account"
    return f"the newest is {newest[0]} of {newest[1]:%Y-%m-%d %H:%M:%S}"


def _missing(account: int) -> Iterator[Send]:
    """Sends that may have bought, and of which the backup had no row: none still, or one that was
    given back."""
    replayed = replay_journal.replayed_sends(account)
    for send, row in recalled_sends.with_rows(sends_since_accepted(account)):
        if row is not None and row.recalled_at is None:
            continue
        send.send_outcome = recalled_sends.outcome_of(send)
        if may_have_bought(send, send.send_outcome, replayed):
            yield send
