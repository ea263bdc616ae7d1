"""Refills and cancels that a database does not know as sent, although this machine had sent them.

A refill becomes unconfirmed and a cancel given up, unless its answer is on disk: then it gets that
answer. Neither is ever sent again by itself.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import F, Q

from core.rows.constraints import raise_unless_broken
from core.rows.durable import durable_transaction
from core.rows.loops import one_by_one
from providers.models import Provider
from providers.panel_api import RefusalCode, Refused

from ...aftersales.batch_outcome import Answered, AnyOutcome, Later, outcome_from_json
from ...aftersales.cancel_sends import CANCELS, poll_soon
from ...aftersales.refill_sends import REFILLS
from ...models import CancelRequest, EventKind, Order, Refill, RequestCall
from ...status import REFILLS_TO_SEND, UNCLEAR, CancelStatus, RefillStatus, Write
from ..claims import worker_name
from ..writes import answer_files
from . import request_journal
from .recalled_sends import NotRecalled
from .request_journal import JournaledCall, Named

log = logging.getLogger(__name__)
FASTER: Final = ("orders_requestcall.key",)  # somebody else was, and took the whole call
WORDS: Final = "The database was restored, and shows it as not sent. This machine had sent it."
NOT_SENT_REFILLS: Final = (RefillStatus.QUEUED, RefillStatus.WAITING, RefillStatus.SENDING)
NOT_SENT_CANCELS: Final = (CancelStatus.QUEUED, CancelStatus.SENDING)


def take_in_kept(said: dict[str, Any], *, now: datetime) -> bool:
    """What a call was answered with, from the disk. False: the call is not known here."""
    call = RequestCall.objects.select_related("provider").filter(key=said["call"]).first()
    if call is None:  # of another life of this database: `recall_calls` looks for it
        return False
    outcome = outcome_from_json(said["outcome"])
    with durable_transaction():
        _record(call, outcome, now)
    return True


def recall_calls(provider_id: int, *, now: datetime) -> int:
    """Bring in what this machine has asked of one account and the database does not know; how many
    requests that was. Safe to repeat. Raises NotRecalled once all have had their turn, if any of
    them was broken, or meets a refill in a worker's hands."""
    journaled = request_journal.calls_since_accepted(provider_id)
    journaled_keys = [call.idempotency_key for call in journaled]
    keys = RequestCall.objects.filter(key__in=journaled_keys).values_list("key", flat=True)
    known = {key.hex for key in keys}
    unknown = [then for then in journaled if then.idempotency_key not in known]
    if unknown and not Provider.objects.filter(pk=provider_id).exists():
        log.error("%s calls were sent at account %s, which is gone", len(unknown), provider_id)
        return 0
    recalled = list[int]()

    def recall(then: JournaledCall) -> None:
        if (requests := _recall(provider_id, then, now)) is not None:
            recalled.append(requests)

    one_by_one(unknown, recall, what="calls of this machine")
    if left := len(unknown) - len(recalled):
        raise NotRecalled(f"{left} calls to account {provider_id} cannot be brought in yet.")
    return sum(recalled)


class _InHands(Exception):
    """A refill asked for since is being sent this moment: nothing of the call is brought in."""


def _recall(provider_id: int, then: JournaledCall, now: datetime) -> int | None:
    """How many requests were brought in; None: the next look has to."""
    outcome = then.outcome or _left_behind(then.idempotency_key)
    if isinstance(outcome, Later):
        return 0  # nothing was done
    try:
        with durable_transaction():
            call = RequestCall.objects.create(
                key=then.idempotency_key,
                provider_id=provider_id,
                write=then.write,
                worker=worker_name(),
                started_at=then.started_at,
            )
            taken = [name for name in then.requests if _take_as_sent(call, name, outcome, now)]
            if isinstance(outcome, Answered):
                _record(call, outcome, now)
            _give_up_cancels(call, now)
    except _InHands:
        return None
    except IntegrityError as error:
        raise_unless_broken(error, *FASTER)
        log.info("call %s was taken back into the database by another worker", then.idempotency_key)
        return 0
    return len(taken)


def _left_behind(key: str) -> AnyOutcome | None:
    said = answer_files.left_behind(key)
    return outcome_from_json(said["outcome"]) if said else None


def _record(call: RequestCall, outcome: AnyOutcome, now: datetime) -> None:
    if call.write == Write.REFILL:
        REFILLS.record(REFILLS.of_call(call), outcome, call.provider, now)
    else:
        CANCELS.record(CANCELS.of_call(call), outcome, call.provider, now)


def _take_as_sent(
    call: RequestCall, name: Named, outcome: AnyOutcome | None, now: datetime
) -> bool:
    """This request is known as sent from now on. False: it needs nothing."""
    order = Order.objects.filter(form_key=name.form_key).first()
    if order is None:
        log.error("a %s of an order that is not known here was sent: %s", call.write, name)
        return False
    if call.write == Write.REFILL:
        taken = _take_refill(call, order, name, now, may_be_open=_may_be_open(outcome, name))
    else:
        taken = _take_cancel(call, order, name, now)
    if not taken:
        return False
    kind = EventKind.REFILL if call.write == Write.REFILL else EventKind.CANCEL
    order.remember(kind, now=now, text=WORDS)
    return True


def _may_be_open(outcome: AnyOutcome | None, name: Named) -> bool:
    """The provider may have this refill under way: only a refusal in known words says not."""
    said = outcome.rows.get(name.order_id) if isinstance(outcome, Answered) else None
    unclear = (RefusalCode.UNLISTED, RefusalCode.ALREADY_OPEN)
    return not isinstance(said, Refused) or said.code in unclear


def _take_refill(
    call: RequestCall, order: Order, name: Named, now: datetime, *, may_be_open: bool
) -> bool:
    mine = Refill.objects.filter(order=order, requested_at=name.requested_at)
    sent: dict[str, Any] = {
        "status": RefillStatus.UNCONFIRMED,
        "call": call,
        "sent_at": call.started_at,
        "reason": WORDS,
        "changed_at": now,
        "ended_at": None,
    }
    if mine.filter(status__in=NOT_SENT_REFILLS).update(requests=F("requests") + 1, **sent):
        return True
    if mine.exclude(status=RefillStatus.WITHDRAWN).exists():
        return False
    since = Refill.objects.open().filter(order=order)  # somebody has asked for one anew
    if since.exists():
        if may_be_open:  # it would be the second
            since.filter(status__in=REFILLS_TO_SEND).update(requests=F("requests") + 1, **sent)
            if since.filter(status=RefillStatus.SENDING).exists():
                raise _InHands  # queued again, it would be sent beside this one
        return True
    if mine.exists():  # taken back, as one that had not been sent
        return bool(may_be_open and mine.update(requests=F("requests") + 1, **sent))
    Refill.objects.create(
        order=order,
        provider_id=call.provider_id,
        requested_at=name.requested_at,
        due_at=now,
        requests=1,
        **sent,
    )
    return True


def _take_cancel(call: RequestCall, order: Order, name: Named, now: datetime) -> bool:
    """In the call's hands, until it is answered or given up in this same transaction. One that has
    no row here gets none: the order's history tells of it."""
    mine = CancelRequest.objects.filter(order=order, requested_at=name.requested_at)
    poll_soon([order.pk], now)  # only its status says what became of it
    if not mine.exists():
        return True
    waiting = mine.filter(status__in=NOT_SENT_CANCELS)
    taken = {"status": CancelStatus.SENDING, "call": call, "sent_at": call.started_at}
    return bool(waiting.update(requests=F("requests") + 1, reason="", **taken))


def _give_up_cancels(call: RequestCall, now: datetime) -> None:
    unclear = Q(status=CancelStatus.SENDING) | Q(status=CancelStatus.QUEUED, code=UNCLEAR)
    CancelRequest.objects.filter(unclear, call=call).update(
        status=CancelStatus.REFUSED, ended_at=now, reason=WORDS, code=UNCLEAR
    )
