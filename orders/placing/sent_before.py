"""What a form had sent before the database was put back, where its order is missing since.

Its form key comes back all the same: with a kept form, a line that was checked, a confirmation that
is sent again. It was bought once, and is not bought again under the same key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from core.models import User

from ..draft import OrderDraft, digest_of
from ..flags import raise_live_attempt
from ..links import link_key
from ..models import Attempt, EventKind, Order, UnmatchedOrder
from ..status import Status

WORDS: Final = (
    "It had been sent before the database was put back, and its order was missing here since."
)
CUT: Final = 300  # as much of a link as journals of before keep
SENT_TOO: Final = "It had been sent once more before the database was put back"


def unmatched_sends(draft: OrderDraft) -> list[UnmatchedOrder]:
    """Those of its form key, also what a person has said to be another order: what the provider
    took comes first, as it says most."""
    mine = UnmatchedOrder.objects.filter(form_key=draft.form_key)
    rows = mine.exclude(sent_at=None).order_by("sent_at", "pk")
    return sorted(rows, key=lambda row: not row.external_id)


def listed_since(order: Order) -> list[UnmatchedOrder]:
    """Sends of an order that waits, listed after it was placed or at that very moment: a machine
    lists what it has sent where it reads no order, and reads none before it is committed."""
    mine = UnmatchedOrder.objects.filter(order=None, form_key=order.form_key)
    taken = order.attempts.values("started_at")  # these have thrown it into doubt before
    rows = mine.exclude(sent_at=None).exclude(sent_at__in=taken).order_by("sent_at", "pk")
    return sorted(rows, key=lambda row: not row.external_id)


def objection(draft: OrderDraft, sends: Sequence[UnmatchedOrder]) -> str:
    """Why this is not the order that was sent under its form key, in words: then nobody knows what
    it would be. The send stays listed."""
    other = next((send for send in sends if not _is_of(send, draft)), None)
    if other is None:
        return ""
    what = [
        f"service {other.service_id}" if other.service_id else "",
        other.link[:200],
        f"quantity {other.quantity}" if other.quantity else "",
        f"as order {other.external_id} there" if other.external_id else "",
    ]
    return (
        "This form was sent before the database was put back, with other values: "
        f"{', '.join(filter(None, what)) or 'what it was is not known'}. "
        "See the page Restored database, and place what is still wanted in a new form."
    )


def take_over(
    order: Order, sends: Sequence[UnmatchedOrder], *, now: datetime, actor: User | None
) -> None:
    """In the transaction that writes this order, or would claim it: it is in doubt, and does not
    wait to be sent."""
    tries = dict[datetime, UnmatchedOrder]()
    for one in sends:
        if one.sent_at is not None:
            tries.setdefault(one.sent_at, one)  # it may be listed behind two halts
    if not tries:
        return
    (sent_at, send), *others = tries.items()
    attempt = Attempt.recalled(
        order,
        sent_at,
        now=now,
        number=_number_of(send),
        reason=WORDS,
        candidate_id=send.external_id,
    )
    to = Status.UNCONFIRMED
    if not order.move(to, now=now, actor=actor, text=WORDS, reason=WORDS, sent_at=sent_at):
        return  # somebody else has it: what follows is theirs
    attempt.save(force_insert=True)
    for moment, other in others:
        _tell_too(order, other, moment, now)
    listed = [one.pk for one in sends]
    UnmatchedOrder.objects.filter(pk__in=listed, order=None).update(order=order)


def _tell_too(order: Order, send: UnmatchedOrder, moment: datetime, now: datetime) -> None:
    there = f"and was taken as {send.external_id}" if send.external_id else "and may be there twice"
    seen = {"sent_at": moment.isoformat()}
    if send.external_id:
        seen["candidate_id"] = send.external_id
    raise_live_attempt(order, now=now)
    order.remember(EventKind.FLAGGED, now=now, text=f"{SENT_TOO}, {there}.", evidence=seen)


def amount_of(wire: Mapping[str, str]) -> str:
    """How much a send was for, as it is listed: a quantity, with its runs where there are any."""
    quantity, runs = wire.get("quantity", ""), wire.get("runs", "")
    return (f"{quantity} × {runs}" if quantity and runs else quantity)[:20]


def _is_of(send: UnmatchedOrder, draft: OrderDraft) -> bool:
    wire = draft.payload.wire()
    link = draft.link[:CUT] if len(send.link) == CUT else draft.link
    return send.account == draft.service.provider_id and all(
        (
            send.service_id in ("", wire.get("service")),
            not send.link or link_key(send.link) == link_key(link),
            not send.quantity or send.quantity == (amount_of(wire) or send.quantity),
            send.digest in ("", digest_of(wire)),
        )
    )


def _number_of(send: UnmatchedOrder) -> int:
    number = send.token.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0
