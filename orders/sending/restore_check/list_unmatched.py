"""What was bought and no order of a restored database can take: told of and listed for a person."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from core.failpoints import failpoint
from core.rows.durable import durable_transaction
from providers.models import Provider
from providers.same_ids import plain_id

from ...flags import raise_flag, raise_live_attempt
from ...models import EventKind, Halt, Order, UnmatchedOrder
from ...placing.sent_before import amount_of
from ...status import Flag, HaltKind
from .. import halts, reopen
from ..writes.sent_lines import Send

log = logging.getLogger(__name__)
NO_ROW: Final = (
    "A machine that was away while the database was accepted had sent an order that it lacks."
)


def tell_unmatched(send: Send, external_id: str, order: Order | None, *, now: datetime) -> None:
    """Bought, and here there is no order that could take it."""
    if order is not None and external_id and plain_id(order.external_id) == plain_id(external_id):
        return  # a person has linked it since
    log.error("sent to account %s and not known here: %s", send.provider_id, send)
    if order is not None:
        _flag(send, order, external_id, now)
    if halt := _halt_to_list_under(send, order, now):
        _list_as_unmatched(halt, send, external_id, order)
        failpoint("recall.listed")


def _flag(send: Send, order: Order, external_id: str, now: datetime) -> None:
    """Told once: what this machine alone knows is forgotten when the database is accepted."""
    words = f"It had been sent before the database was put back, and was taken as {external_id}."
    if not external_id:
        at = f"{send.started_at:%Y-%m-%d %H:%M:%S} UTC"
        words = (
            f"It had been sent at {at} before the database was put back; nobody knows what became "
            "of it."
        )
    seen: dict[str, object] = {"sent_at": send.started_at.isoformat()}  # two may leave in a second
    if external_id:
        seen = {"candidate_id": external_id, "recalled": True}
    with durable_transaction():
        if order.events.telling(EventKind.FLAGGED, seen).exists():
            return
        if external_id:
            _flag_number(order, external_id, words, seen, now)
        else:
            raise_live_attempt(order, now=now)
            order.remember(EventKind.FLAGGED, now=now, text=words, evidence=seen)


def _flag_number(
    order: Order, external_id: str, words: str, seen: dict[str, object], now: datetime
) -> None:
    """The attempt, which stands already, first and then its order, as everybody takes those."""
    reopen.note_taken_since(order, external_id)
    raise_flag(order, Flag.BOUGHT_TWICE if order.external_id else Flag.LIVE_ATTEMPT)
    order.remember(EventKind.FLAGGED, now=now, text=words, evidence=seen)


def _halt_to_list_under(send: Send, order: Order | None, now: datetime) -> Halt | None:
    """Where the database was accepted without this machine, nobody has been told of an order that
    has no row here: sending stops once more, until somebody has."""
    listed = UnmatchedOrder.objects.filter(form_key=send.form_key, account=send.provider_id)
    listed = listed.filter(token=send.idempotency_key, sent_at=send.started_at)
    if order is None and not listed.exists():
        halts.place_halt(HaltKind.RESTORED, now=now, reason=NO_ROW)
    elif order is None:
        return None  # told of behind an earlier halt, with what a person has said of it since
    return Halt.objects.standing().filter(kind=HaltKind.RESTORED).first()


def _list_as_unmatched(halt: Halt, send: Send, external_id: str, order: Order | None) -> None:
    known = UnmatchedOrder(
        halt=halt,
        account=send.provider_id,
        token=send.idempotency_key,
        external_id=external_id,
        provider=Provider.objects.filter(pk=send.provider_id).first(),
        sent_at=send.started_at,
        service_id=send.payload.get("service", "")[:64],
        link=send.payload.get("link") or send.payload.get("username", ""),
        quantity=amount_of(send.payload),
        digest=send.digest,
        order=order,
    )
    UnmatchedOrder.objects.list_send(known)
