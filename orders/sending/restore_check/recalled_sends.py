"""Orders that a restored database shows as not sent, although they were.

Whatever may have reached a provider becomes unconfirmed, so that it can never be sent again by
itself; where its answer is known on disk, it gets that answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import IntegrityError

from core.failpoints import failpoint
from core.models import User
from core.rows.constraints import raise_unless_broken
from core.rows.durable import durable_transaction
from core.rows.loops import one_by_one

from ...flags import raise_flag
from ...models import Attempt, EventKind, Order
from ...status import (
    LIVE_OUTCOMES,
    NOT_SENT,
    REOPENED_BY_PROOF,
    Flag,
    Outcome,
    Status,
)
from .. import answer_spool
from ..outcome import SendOutcome
from ..send_journal import sends_since_accepted
from ..writes.sent_lines import Send
from . import replay_journal
from .forgotten_sends import WORDS, lost_last, may_have_bought, recalled
from .list_unmatched import tell_unmatched

log = logging.getLogger(__name__)
CHUNK = 200
OPEN: Final = (Outcome.IN_FLIGHT, Outcome.UNKNOWN)
MAY_BE_TAKEN: Final = NOT_SENT | {Status.NOT_PLACED}
MOST_RACES: Final = 5  # lost in a row before it is left to the next look
_NOT_ANOTHER: Final = (
    "one_live_attempt_per_order",
    "one_send_in_flight_per_provider",
    "attempt_number_once",
)
ORDERED_AGAIN: Final = (
    "If it was ordered again since, both may be bought: look before that is sent."
)


class NotRecalled(Exception):
    """Some sends could not be brought in: their database must not be taken as it is."""


def recall_sends(provider_id: int, *, now: datetime) -> int:
    """Bring in what this machine knows of its sends to one account and the database does not.

    Safe to repeat. Orders that are lost altogether are listed for a person. Raises NotRecalled
    once all have had their turn, if any of them was broken, or its order is in a worker's hands.
    """
    left = list[Send]()

    replayed = replay_journal.replayed_sends(provider_id)

    def recall(found: tuple[Send, Attempt | None]) -> bool:
        left.append(found[0])
        recalled = _recall(*found, replayed, now=now)
        if recalled is not None:
            left.pop()
        return bool(recalled)

    sends = _unknown_or_open(lost_last(sends_since_accepted(provider_id)))
    recalled = one_by_one(sends, recall, what="sends of this machine")
    if left:
        raise NotRecalled(f"{len(left)} sends to account {provider_id} cannot be brought in yet.")
    return recalled


def _recall(
    send: Send,
    attempt: Attempt | None,
    replayed: Collection[replay_journal.Send],
    *,
    now: datetime,
) -> bool | None:
    """Whether anything was brought in; None: the next look has to."""
    send_outcome = outcome_of(send)
    if attempt is not None:
        if send_outcome is not None:
            answer_spool.record_late(attempt, send_outcome, now=now)
        return False
    is_refused = not may_have_bought(send, send_outcome, replayed)
    if is_refused and send_outcome is not None and send_outcome.outcome == Outcome.NOT_SENT:
        return False
    order = Order.objects.select_related("provider").filter(form_key=send.form_key).first()
    if is_refused and (order is None or order.status not in MAY_BE_TAKEN | {Status.SENDING}):
        return False
    if order is not None and order.status == Status.SENDING:
        return None  # in somebody's hands this moment; the next look finds it where it then is
    taken = order and take_as_sent(
        order,
        started_at=send.started_at,
        number=send.number,
        reason=WORDS,
        now=now,
        where=MAY_BE_TAKEN if is_refused else REOPENED_BY_PROOF,
        flags_ended=not is_refused,
    )
    if order is not None and not taken and _is_left_to_the_next_look(send, order):
        return None
    if taken and send_outcome is not None:
        answer_spool.record_late(taken, send_outcome, now=now)
    if not taken and not is_refused:
        tell_unmatched(send, send_outcome.external_id if send_outcome else "", order, now=now)
        if order is None and Order.objects.filter(form_key=send.form_key).exists():
            return None  # placed at this moment: no claim sends it, and the next look takes it over
    return True


def outcome_of(send: Send) -> SendOutcome | None:
    """As the journal has it, or an answer that nobody has taken in."""
    key, at = send.idempotency_key, send.started_at
    return send.send_outcome or answer_spool.left_behind(key, at)


def _is_left_to_the_next_look(send: Send, order: Order) -> bool:
    """A worker took the order while we looked, to send it or for this very send; or it was moved
    whenever we would have."""
    if order.status == Status.SENDING or _attempt_of(send):
        return True
    live = order.attempts.filter(outcome__in=LIVE_OUTCOMES)
    return order.status in REOPENED_BY_PROOF and not live.exists()


def take_as_sent(
    order: Order,
    *,
    started_at: datetime,
    reason: str,
    now: datetime,
    number: int = 0,
    actor: User | None = None,
    candidate_id: str = "",
    where: Collection[Status] = REOPENED_BY_PROOF,
    flags_ended: bool = False,
) -> Attempt | None:
    """Make an order that counts as not sent unconfirmed, also where it is held, released or
    withdrawn at this moment. None: it does not count so; the order then reads as the database has
    it.

    No id proves anything of it, as `Attempt.recalled` says. `where` is where it may stand;
    `flags_ended` has a person look at one that was ended: it may have been ordered again since.
    """
    sent = partial(
        recalled,
        order,
        started_at,
        now=now,
        number=number,
        reason=reason,
        candidate_id=candidate_id,
    )
    for _ in range(MOST_RACES):
        if order.status not in where:
            return None
        try:
            ended = order.status if flags_ended and order.status not in NOT_SENT else ""
            return _take_once(order, sent, now, actor, ended)
        except _Moved:
            order.refresh_from_db()
        except IntegrityError as error:
            raise_unless_broken(error, *_NOT_ANOTHER)
            order.refresh_from_db()
            return None
    return None


def _take_once(
    order: Order, make: Callable[[], Attempt], now: datetime, actor: User | None, ended: str
) -> Attempt:
    """All of it, or nothing: raises _Moved. The order first and then its new attempt, as a claim
    does it: else each would wait for what the other has."""
    sent = make()
    to, words, left_at = Status.UNCONFIRMED, sent.reason, sent.started_at
    with durable_transaction():
        if not order.move(to, now=now, actor=actor, text=words, reason=words, sent_at=left_at):
            raise _Moved
        failpoint("recall.moved")
        sent.save(force_insert=True)
        failpoint("recall.written")
        if ended:
            raise_flag(order, Flag.LATE_ANSWER)
            text = f"It counted as “{Status(ended).label}”. {ORDERED_AGAIN}"
            order.remember(EventKind.FLAGGED, now=now, text=text)
    failpoint("recall.committed")
    return sent


class _Moved(Exception):
    """Somebody else moved the order first: nothing of this is kept."""


def _unknown_or_open(sends: Sequence[Send]) -> Iterator[tuple[Send, Attempt | None]]:
    """Sends without an attempt, and those whose attempt has no answer; oldest first. Every one is
    looked up each time: one that was in somebody's hands, or broke, may be older than many that
    were given back. What has no attempt is looked up once more when its turn comes: with the answer
    to an earlier try of its order it may have been given back."""
    for start in range(0, len(sends), CHUNK):
        chunk = sends[start : start + CHUNK]
        recorded = _recorded(chunk)
        rest = [send for send in chunk if _name(send) not in recorded]
        rows = _attempts_of(rest) if rest else {}
        yield from ((send, rows.get(_name(send)) or _attempt_of(send)) for send in rest)


def with_rows(sends: Sequence[Send]) -> Iterator[tuple[Send, Attempt | None]]:
    for start in range(0, len(sends), CHUNK):
        chunk = sends[start : start + CHUNK]
        rows = _attempts_of(chunk)
        yield from ((send, rows.get(_name(send))) for send in chunk)


def _recorded(sends: Iterable[Send]) -> set[tuple[UUID, datetime]]:
    rows = Attempt.objects.filter(order__form_key__in=[send.form_key for send in sends])
    return set(rows.exclude(outcome__in=OPEN).values_list("order__form_key", "started_at"))


def _name(send: Send) -> tuple[UUID, datetime]:
    return send.form_key, send.started_at


def _attempt_of(send: Send) -> Attempt | None:
    return _attempts_of([send]).get(_name(send))


def _attempts_of(sends: Iterable[Send]) -> dict[tuple[UUID, datetime], Attempt]:
    form_keys = [send.form_key for send in sends]
    rows = Attempt.objects.filter(order__form_key__in=form_keys)
    rows = rows.select_related("order", "provider")
    return {(row.order.form_key, row.started_at): row for row in rows}
