"""Sends that this machine knows and the database does not, of an order that is about to be queued
again: given back in the very transaction that would have queued it.

A claim may be what shows to this machine that its database was put back. Whatever becomes of the
look that follows, the order must not wait to be sent in between: another machine, which has
accepted the database, would send it a second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.texts import LONGEST_TEXT

from ...models import Attempt, EventKind, Order
from ...status import LIVE_OUTCOMES, NOTHING_BOUGHT, RECALLED, Outcome, Status
from .. import claims, send_journal
from ..outcome import SendOutcome
from ..send_journal import Send
from . import replay_journal

WORDS: Final = "The database was restored, and shows it as not sent. This machine had sent it."


def sends_before(attempt: Attempt) -> list[Send]:
    """What this machine had sent of the order that this attempt would queue again, oldest first,
    as far as it may have been bought. Reads the disk: to be asked before the transaction."""
    form_key, known = attempt.order.form_key, send_journal.sends_since_accepted(attempt.provider_id)
    return [
        send
        for send in known
        if send.form_key == form_key and may_have_bought(send, send.send_outcome)
    ]


def may_have_bought(send: Send, outcome: SendOutcome | None) -> bool:
    """By itself, with this outcome, or by a replay of it."""
    if outcome is None or outcome.outcome not in NOTHING_BOUGHT:
        return True
    return replay_journal.was_replayed(send)


def lost_last(sends: Sequence[Send]) -> list[Send]:
    """As they are, but what became of an order is known where one send of it was taken: those whose
    answer is lost come after that, and do not put it in doubt."""
    taken = {send.form_key for send in sends if _ended_as(send, Outcome.ACCEPTED)}
    return sorted(
        sends, key=lambda send: send.form_key in taken and _ended_as(send, None, Outcome.UNKNOWN)
    )


def _ended_as(send: Send, *outcomes: Outcome | None) -> bool:
    return (send.send_outcome and send.send_outcome.outcome) in outcomes


def bring_in(order: Order, sends: Sequence[Send], *, now: datetime) -> SendOutcome | None:
    """Give back the first of these that the database lacks, in the transaction that ends the
    attempt; what the order follows instead. None: it lacks none, or the order is elsewhere.

    How that send ended is left to the next look, which finds it and its answer."""
    if order.status not in (Status.SENDING, Status.UNCONFIRMED):
        return None
    tries = list(order.attempts.all())
    known = {one.started_at for one in tries}
    lost = next((send for send in lost_last(sends) if send.started_at not in known), None)
    if lost is None or any(one.outcome in LIVE_OUTCOMES for one in tries):
        return None
    recalled(order, lost.started_at, number=lost.number, now=now).save(force_insert=True)
    changes = {"sent_at": lost.started_at}
    if order.status == Status.UNCONFIRMED:  # its claim was taken for lost: it stays in doubt
        Order.objects.filter(pk=order.pk).update(reason=WORDS, changed_at=now, **changes)
        order.remember(EventKind.EVIDENCE, now=now, text=WORDS)
    return SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, WORDS, RECALLED, changes=changes)


def recalled(
    order: Order,
    started_at: datetime,
    *,
    now: datetime,
    number: int = 0,
    reason: str = WORDS,
    candidate_id: str = "",
) -> Attempt:
    """The row of a send that the database has forgotten, not saved yet.

    It counts as looked for: where the provider's ids stood when it was sent is not known from the
    numbers of our rows, so nothing may be proven from them.
    """
    return Attempt(
        order=order,
        number=_free_number(order, number),
        provider=order.provider,
        provider_version=order.provider.version,
        wire=order.payload,
        worker=claims.worker_name(),
        started_at=started_at,
        lease_until=started_at,
        recorded_at=now,
        searched_at=now,
        outcome=Outcome.UNKNOWN,
        code=RECALLED,
        unknown_at=started_at,
        reason=reason[:LONGEST_TEXT],
        evidence={"candidate_id": candidate_id} if candidate_id else {},
    )


def _free_number(order: Order, wanted: int) -> int:
    taken = set(order.attempts.values_list("number", flat=True))
    return wanted if wanted and wanted not in taken else max(taken, default=0) + 1
