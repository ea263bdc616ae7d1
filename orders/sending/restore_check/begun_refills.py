"""A call has begun refills of which no row is in its hands any more: they were closed and asked for
anew, or let go once more, and claimed since. What it began is kept all the same, and nothing sent
beside it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from providers.panel_api import RefillStarted, RefusalCode, Refused, Says

from ...aftersales.batch_outcome import Answered, AnyOutcome
from ...models import EventKind, Order, Refill, RequestCall
from ...models.refill import RefillQuerySet
from ...status import REFILLS_AT_PROVIDER, REFILLS_TO_SEND, RefillStatus, Write
from ..writes.recording import NotNow
from .forgotten_sends import WORDS

# Not sent yet, in doubt, or taken for the provider's own and lost from sight
TAKES_IT = (
    Q(status__in=REFILLS_TO_SEND)
    | Q(status=RefillStatus.UNCONFIRMED)
    | Q(status__in=REFILLS_AT_PROVIDER, external_id="", followed_by="")
)


class InHands(NotNow):
    """A refill asked for since is being sent this moment: nothing of the call is brought in."""


def as_sent(call: RequestCall, now: datetime) -> dict[str, Any]:
    """What a refill is set to that was sent with this call, until its answer is written down."""
    return {
        "status": RefillStatus.UNCONFIRMED,
        "call": call,
        "sent_at": call.started_at,
        "doubted_at": now,
        "reason": WORDS,
        "code": "",
        "changed_at": now,
        "ended_at": None,
    }


def was_refused_for(mine: RefillQuerySet, *, begun: bool) -> bool:
    """It was refused to another call, and this one, which is known only now, may be why or has
    `begun` it: another machine had sent that one, and came first. Nothing is sent once refused."""
    refused = mine.filter(status=RefillStatus.REFUSED).first()
    if refused is None or begun or not refused.is_their_word:
        return refused is not None
    said = Refused(refused.reason, RefusalCode(refused.code))
    return bool(said.says & Says.REFILL_MAY_BE_WHY)


def take_begun(call: RequestCall, outcome: AnyOutcome, *, now: datetime) -> set[str]:
    """In the caller's transaction, before this outcome is written into the rows of the call. The
    open refill of each order that it has begun and none of its rows stands for takes the call;
    where it has an answer of its own, or has ended, the number is told in the order's history. The
    ids of these orders at the provider. Raises InHands."""
    if not isinstance(outcome, Answered) or call.write != Write.REFILL:
        return set()
    begun = {one: said for one, said in outcome.rows.items() if isinstance(said, RefillStarted)}
    if not begun:
        return set()
    for order_id in _stood_for(call):
        begun.pop(order_id, None)
    named = Order.objects.filter(provider=call.provider_id, external_id__in=begun)
    for order in named.order_by("pk"):
        _take(call, order, begun[order.external_id].refill_id[:64], now)
    return set(begun)


def _stood_for(call: RequestCall) -> list[str]:
    """Of which orders a row of the call is the one to be written: not where a person has closed it
    and another one was asked for since, which would be sent beside it."""
    mine = Refill.objects.filter(call=call)
    could_be_sent = TAKES_IT | Q(status=RefillStatus.SENDING)
    since = Refill.objects.filter(could_be_sent, order=OuterRef("order"))
    left = mine.exclude(Q(status=RefillStatus.WITHDRAWN) & Exists(since))
    return list(left.values_list("order__external_id", flat=True))


def _take(call: RequestCall, order: Order, number: str, now: datetime) -> None:
    # Of another call it says nothing: some providers number each refill by its order
    if number and Refill.objects.filter(order=order, external_id=number, call=call).exists():
        return
    mine = Refill.objects.open().filter(order=order)
    if mine.filter(TAKES_IT).update(requests=F("requests") + 1, **as_sent(call, now)):
        return
    if mine.exclude(status__in=REFILLS_AT_PROVIDER).exists():
        raise InHands(f"A refill of order {order} is being sent, or was a moment ago.")
    text = f"The provider took an earlier refill on{f' as {number}' if number else ''}."
    order.remember(EventKind.REFILL, now=now, text=f"Late answer to a refill: {text}")
