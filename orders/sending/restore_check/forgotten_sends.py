"""Sends that this machine knows and the database does not, of an order that is about to be queued
again: given back in the very transaction that would have queued it.

A claim may be what shows to this machine that its database was put back. Whatever becomes of the
look that follows, the order must not wait to be sent in between: another machine, which has
accepted the database, would send it a second time.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from ...models import Attempt, EventKind, Order
from ...status import LIVE_OUTCOMES, NOTHING_BOUGHT, RECALLED, RESTORE_DOUBT, Outcome, Status
from .. import claims, send_journal
from ..outcome import SendOutcome
from ..writes.recording import NotNow
from ..writes.sent_lines import Send
from . import replay_journal

log = logging.getLogger(__name__)
WORDS: Final = "The database was restored, and shows it as not sent. This machine had sent it."


def journaled_sends_of(attempt: Attempt, outcome: SendOutcome) -> list[Send]:
    """What this machine has sent of the order whose attempt ends so, by which nothing was bought:
    oldest first, as far as it may have been bought; whether the database knows it or not.

    Reads the disk: to be asked before the transaction. Raises NotNow where the disk does not tell
    and the attempt itself says that the database may be another one. Otherwise nothing speaks for
    an earlier send, and the order is no worse off than before its claim.
    """
    account, form_key = attempt.provider_id, attempt.order.form_key
    try:
        known = send_journal.sends_since_accepted(account, form_key)
        replayed = replay_journal.replayed_sends(account, form_key)
    except OSError as error:
        if outcome.code == RESTORE_DOUBT:
            raise NotNow(f"the sends of {attempt} cannot be read: {error}") from error
        log.error("earlier sends of %s cannot be read: %s", attempt, error)
        return []
    return [
        send
        for send in known
        if not send.is_carried and may_have_bought(send, send.send_outcome, replayed)
    ]


def may_have_bought(
    send: Send, outcome: SendOutcome | None, replayed: Collection[replay_journal.Send]
) -> bool:
    """By itself, with this outcome, or by a replay of it."""
    if outcome is None or outcome.outcome not in NOTHING_BOUGHT:
        return True
    return (send.form_key, send.started_at.isoformat()) in replayed


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
    tries = list(order.attempts.values_list("started_at", "outcome"))
    known = {started_at for started_at, _ in tries}
    lost = next((send for send in lost_last(sends) if send.started_at not in known), None)
    if lost is None or any(outcome in LIVE_OUTCOMES for _, outcome in tries):
        return None
    recalled(order, lost.started_at, number=lost.number, now=now).save(force_insert=True)
    changes = {"sent_at": lost.started_at}
    if order.status == Status.UNCONFIRMED:
        # Its claim was taken for lost: it stays in doubt. Nobody moves it meanwhile: whoever ends a
        # doubt needs the row of its attempt, which this transaction has ended and still holds.
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
    """The row of a send that the database has forgotten, given back by this worker; not saved."""
    return Attempt.recalled(
        order,
        started_at,
        now=now,
        worker=claims.worker_name(),
        number=number,
        reason=reason,
        candidate_id=candidate_id,
    )
