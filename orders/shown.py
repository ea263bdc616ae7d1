"""What a page showed of a row, as a word that comes back with its buttons.

A tab may be hours old. Who confirms something there has seen what was known then, so the word has
to be the one of now; otherwise they look once more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Max

from core import shown_fields

from .link_queue import ahead_of
from .models import Attempt, EventKind, Halt, JournalGap, Order, OrderEvent, Refill
from .status import HaltKind, HoldReason, Status

CHANGED = shown_fields.CHANGED
_TOLD = ("number", "outcome", "code", "reason", "external_id", "evidence", "late")


class NotAsShown(Exception):
    """More is known than somebody was shown who decides by it. Nothing was written."""


def is_another(order: Order, of: str) -> bool:
    """Whether a button was drawn for another order, which had this number before the database was
    put back. `of` is the form key that its address carries."""
    return bool(of) and of != order.form_key.hex


def of_order(order: Order, attempts: Iterable[Attempt] | None = None) -> str:
    """Which order it is, where it stands, what it is flagged for, and all that is known of its
    sends; `attempts` where they are read. Of what may be it at the provider the ids alone, and each
    once it was seen: how far a stranger's order is moves with every search."""
    rows = order.attempts.all() if attempts is None else attempts
    told = [
        [*(getattr(row, name) for name in _TOLD), sorted(row.ever_seen)]
        for row in sorted(rows, key=_number)
    ]
    where = [of_flag(order), order.status, order.hold_reason, told]
    text = json.dumps(where, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def refuse_unless_shown(order: Order, word: str | None) -> None:
    """In the transaction that writes what somebody decided by a page, before it does: until it ends
    nobody adds to what is known of the order. Raises NotAsShown where `of_order` is another word by
    now; None is no page's."""
    if word is None:
        return
    list(order.attempts.select_for_update().order_by("pk").values_list("pk"))
    if of_order(_locked(order)) != word:
        raise NotAsShown


def refuse_unless_flag_shown(order: Order, word: str | None) -> None:
    """As `refuse_unless_shown`, of what was told with its flag."""
    if word is not None and of_flag(_locked(order)) != word:
        raise NotAsShown


def _locked(order: Order) -> Order:
    """So that no line comes to its history meanwhile either: the lock on its key is needed."""
    return Order.objects.select_for_update().get(pk=order.pk)


def of_flag(order: Order) -> str:
    """What was told with its flag: the same one may be raised once more, for something else."""
    raised = (
        order.events.filter(kind=EventKind.FLAGGED).order_by("-pk").values_list("pk", flat=True)
    )
    return f"{order.form_key.hex}-{order.flag}-{raised.first() or 0}"


def of_hold(order: Order) -> str:
    """What a held order waits for; of one that waits for its link, behind which order: released,
    it is sent beside that one. Of one that may have been sent, over which gap: released, it counts
    as looked up for all that were found before."""
    if order.status != Status.HELD:
        return order.status
    if order.hold_reason == HoldReason.RESTORED:
        return word_of_hold(order.hold_reason, gaps_of([order]).get(order.pk))
    ahead = ahead_of(order) if order.hold_reason == HoldReason.LINK_BUSY else None
    return word_of_hold(order.hold_reason, ahead.pk if ahead else None)


def word_of_hold(reason: str, of: int | None) -> str:
    return reason if of is None else f"{reason}-{of}"


def gaps_of(orders: Iterable[Order]) -> dict[int, int]:
    """Which gap of the journal each of these is held for: the newest of its account, by the moment
    at which it was found. A database that is put back gives its number to another."""
    accounts = {order.pk: order.provider_id for order in orders}
    gaps = JournalGap.objects.filter(provider__in=set(accounts.values()))
    newest = dict(gaps.order_by("pk").values_list("provider", "found_at"))
    return {
        pk: int(newest[account].timestamp() * 1_000_000)
        for pk, account in accounts.items()
        if account in newest
    }


class Restores(NamedTuple):
    """Up to which the desk knows that its database was put back: a word, and when that was found;
    empty where it never was."""

    word: str
    found_at: datetime | None


def restores() -> Restores:
    """The newest stop for it and the newest gap of a journal, by their numbers and by their
    moments: a database that is put back gives its numbers to others, and its clock may be put back
    with it."""
    found = Halt.objects.filter(kind=HaltKind.RESTORED).aggregate(
        halt=Max("pk"),
        placed_at=Max("placed_at"),
        gap=Max("journal_gaps__pk"),
        gap_found_at=Max("journal_gaps__found_at"),
    )
    moments = [one for one in (found["placed_at"], found["gap_found_at"]) if one is not None]
    if not moments:
        return Restores("", None)
    newest = max(moments)
    numbers = f"{found['halt']}.{found['gap'] or 0}"
    return Restores(f"{numbers}.{int(newest.timestamp() * 1_000_000)}", newest)


def newest_line(order_id: int, kind: EventKind) -> int | None:
    """After which line of its history about refills, or cancels, another one is asked for. Each
    that is asked for, sent, answered, doubted or ended by a person has one there; its row may be
    missing, or stand as it did."""
    lines = OrderEvent.objects.filter(order=order_id, kind=kind)
    newest: int | None = lines.aggregate(newest=Max("pk"))["newest"]
    return newest


def of_newest_refill(order: Order) -> str:
    """After what was heard of its refills another one is asked for, and whether the database was
    put back since: one that was asked for before may be missing."""
    line = newest_line(order.pk, EventKind.REFILL)  # before the row is read
    return word_of_refill(line, order.refills.order_by("-pk").first(), since_restores())


def word_of_refill(line: int | None, refill: Refill | None, restored: str) -> str:
    """The line alone knows of a late answer; the row, and how often it was sent, of one that was
    made without a line."""
    if line is None and refill is None:
        return f"none{restored}"
    row = f"{refill.pk}.{refill.requests}" if refill else "none"
    return f"{line or 0}.{row}{restored}"


def of_newest_cancel(order: Order) -> str:
    """As `of_newest_refill`, of its cancels."""
    return f"{newest_line(order.pk, EventKind.CANCEL) or 'none'}{since_restores()}"


def since_restores() -> str:
    """What the buttons of refills and cancels carry behind the word of their row: up to which
    restore their page knew. What it shows as lost or never asked for may have been sent since, and
    have been forgotten. Empty where the database never was put back."""
    word = restores().word
    return f"-{word}" if word else ""


def _number(attempt: Attempt) -> int:
    return attempt.number
