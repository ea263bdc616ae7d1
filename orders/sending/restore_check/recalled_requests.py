"""Refills and cancels that a database does not know as sent, although this machine had sent them.

A refill becomes unconfirmed and a cancel given up, unless its answer is on disk: then it gets that
answer. Neither is ever sent again by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from core.failpoints import failpoint
from core.rows.constraints import raise_unless_broken
from core.rows.durable import durable_transaction
from core.rows.loops import one_by_one
from providers.models import Provider

from ...aftersales.batch_outcome import (
    Answered,
    AnyOutcome,
    Later,
    has_begun,
    is_undone,
    may_be_open,
    may_be_refused_for_another,
    outcome_from_json,
)
from ...aftersales.cancel_sends import CANCELS, tell_late
from ...aftersales.refill_sends import REFILLS
from ...aftersales.send_requests import RequestKind
from ...models import CancelRequest, EventKind, Order, Refill, RequestCall
from ...models.event import IS_RECALLED
from ...models.refill import RefillQuerySet
from ...polling.poll_schedule import poll_soon
from ...status import REFILLS_TO_SEND, RESTORE_DOUBT, UNCLEAR, CancelStatus, RefillStatus, Write
from ..claims import worker_name
from ..halts import one_at_a_time
from ..writes import answer_files
from ..writes.recording import NotNow
from . import request_journal
from .begun_refills import InHands, as_sent, take_begun, was_refused_for
from .forgotten_sends import WORDS
from .hold_orders import hold_orders
from .recalled_cancels import take_cancel
from .recalled_sends import NotRecalled
from .request_journal import JournaledCall, Named

log = logging.getLogger(__name__)
FASTER: Final = ("orders_requestcall.key",)  # somebody else was, and took the whole call
CHUNK: Final = 200
NOT_SENT_REFILLS: Final = (RefillStatus.QUEUED, RefillStatus.WAITING, RefillStatus.SENDING)


def take_in_kept(said: dict[str, Any], *, now: datetime) -> bool:
    """What a call was answered with, from the disk. False: the call is not known here. Raises
    NotNow where it has to wait."""
    call = RequestCall.objects.select_related("provider").filter(key=said["call"]).first()
    if call is None:  # of another life of this database: `recall_calls` looks for it
        return False
    outcome = outcome_from_json(said["outcome"])
    forgotten = calls_before(call, outcome)
    with durable_transaction():
        one_at_a_time(call.provider)
        if not call.note_recorded(now=now):
            return True  # its machine died before the file was gone
        bring_in(call, forgotten, now=now)
        _record(call, outcome, now)
    return True


def recall_calls(provider_id: int, *, now: datetime) -> int:
    """Bring in what this machine has asked of one account and the database does not know; how many
    requests that was. Safe to repeat. Raises NotRecalled once all have had their turn, if any of
    them was broken, or meets a refill in a worker's hands."""
    unknown = list(_unknown(request_journal.calls_kept(provider_id)))
    if unknown and not Provider.objects.filter(pk=provider_id).exists():
        log.error("%s calls were sent at account %s, which is gone", len(unknown), provider_id)
        return 0
    recalled, groups = list[int](), request_journal.about_the_same(unknown)

    def recall(group: list[JournaledCall]) -> None:
        if (requests := _recall(provider_id, group, now)) is not None:
            recalled.append(requests)

    one_by_one(groups, recall, what="calls of this machine")
    if left := len(groups) - len(recalled):
        raise NotRecalled(f"{left} calls to account {provider_id} cannot be brought in yet.")
    return sum(recalled)


def _unknown(journaled: Sequence[JournaledCall]) -> Iterator[JournaledCall]:
    """Those of which the database has no row."""
    for start in range(0, len(journaled), CHUNK):
        chunk = journaled[start : start + CHUNK]
        rows = RequestCall.objects.filter(key__in=[then.idempotency_key for then in chunk])
        known = {key.hex for key in rows.values_list("key", flat=True)}
        yield from (then for then in chunk if then.idempotency_key not in known)


def calls_before(call: RequestCall, outcome: AnyOutcome) -> list[JournaledCall]:
    """Calls of this machine that the database lacks, about orders whose requests this one would put
    back to be sent, or end as if nothing was done. Reads the disk: to be asked before the
    transaction. Raises NotNow, as `forgotten_sends.journaled_sends_of`."""
    orders = [row.order for row in _kind_of(call).of_call(call)]
    undone = {one.form_key for one in orders if is_undone(outcome, one.external_id)}
    forgotten = list(_unknown(_calls_about(call, undone, outcome) if undone else []))
    for then in forgotten:
        then.outcome = then.outcome or _left_behind(then.idempotency_key)
    return forgotten


def _calls_about(
    call: RequestCall, form_keys: Iterable[UUID], outcome: AnyOutcome
) -> list[JournaledCall]:
    try:
        return request_journal.calls_kept(call.provider_id, form_keys)
    except OSError as error:
        if isinstance(outcome, Later) and outcome.code == RESTORE_DOUBT:
            raise NotNow(f"the calls before {call} cannot be read: {error}") from error
        log.error("calls before %s cannot be read: %s", call, error)
        return []


def bring_in(call: RequestCall, forgotten: Sequence[JournaledCall], *, now: datetime) -> None:
    """Before these requests are put back, and in the transaction that does so: else another
    machine, which has accepted the database, could send them a second time. Raises NotNow."""
    if not forgotten:
        return
    hold_orders(forgotten, [row.order_id for row in _kind_of(call).of_call(call)])
    for then in forgotten:
        _recall_once(call.provider_id, then, now, ours=call)


def _recall(provider_id: int, group: Sequence[JournaledCall], now: datetime) -> int | None:
    """How many requests were brought in; None: the next look has to."""
    for then in group:
        then.outcome = then.outcome or _left_behind(then.idempotency_key)
    try:
        with durable_transaction():
            one_at_a_time(Provider.objects.get(pk=provider_id))  # before any refill, as `_record`
            hold_orders(group)
            requests = sum(_recall_once(provider_id, then, now) for then in group)
    except InHands:
        return None
    failpoint("recall.done")
    return requests


def _recall_once(
    provider_id: int, then: JournaledCall, now: datetime, *, ours: RequestCall | None = None
) -> int:
    """In the caller's transaction. What is in the hands of `ours` is taken from it."""
    outcome = then.outcome
    if isinstance(outcome, Later):
        return 0  # nothing was done
    try:
        with transaction.atomic():
            call = RequestCall.objects.create(
                key=UUID(then.idempotency_key),
                provider_id=provider_id,
                write=then.write,
                worker=worker_name(),
                started_at=then.started_at,
                recalled_at=now,
            )
    except IntegrityError as error:
        raise_unless_broken(error, *FASTER)
        log.info("call %s was taken back into the database by another worker", then.idempotency_key)
        return 0
    failpoint("recall.call")
    taken = [name for name in then.requests if _take_as_sent(call, name, outcome, now, ours)]
    failpoint("recall.taken")
    if isinstance(outcome, Answered):
        call.note_recorded(now=now)
        _record(call, outcome, now)
    _give_up_cancels(call, now)
    failpoint("recall.recorded")
    return len(taken)


def _left_behind(key: str) -> AnyOutcome | None:
    return answer_files.left_behind(key, lambda said: outcome_from_json(said["outcome"]))


def _kind_of(call: RequestCall) -> RequestKind[Any]:
    return REFILLS if call.write == Write.REFILL else CANCELS


def _record(call: RequestCall, outcome: AnyOutcome, now: datetime) -> None:
    kind = _kind_of(call)
    take_begun(call, outcome, now=now)
    rows = kind.of_call(call)
    kind.record(rows, outcome, call.provider, now)
    if call.write == Write.CANCEL and not rows:  # else it has told of the others as well
        poll_soon(tell_late(call, outcome, now), now)


def _take_as_sent(
    call: RequestCall,
    name: Named,
    outcome: AnyOutcome | None,
    now: datetime,
    ours: RequestCall | None,
) -> bool:
    """This request is known as sent from now on. False: it needs nothing."""
    order = Order.objects.filter(form_key=name.form_key).first()
    if order is None:
        log.error("a %s of an order that is not known here was sent: %s", call.write, name)
        return False
    if call.write == Write.REFILL:
        taken = _take_refill(call, order, name, now, outcome=outcome, ours=ours)
    else:
        taken = take_cancel(call, order, name, now, outcome=outcome, ours=ours)
    if not taken:
        return False
    kind = EventKind.REFILL if call.write == Write.REFILL else EventKind.CANCEL
    order.remember(kind, now=now, text=WORDS, evidence={IS_RECALLED: call.key.hex})
    return True


def _take_refill(
    call: RequestCall,
    order: Order,
    name: Named,
    now: datetime,
    *,
    outcome: AnyOutcome | None,
    ours: RequestCall | None,
) -> bool:
    is_perhaps_open = may_be_open(outcome, name.order_id)
    mine = Refill.objects.filter(order=order, requested_at=name.requested_at)
    sent, before = as_sent(call, now), Value(int(name.in_doubt))  # a send that may be known nowhere
    times = {"requests": Greatest(F("requests"), before) + 1}
    if mine.filter(status__in=NOT_SENT_REFILLS).update(**times, **sent):
        return True
    stands = mine.values_list("status", flat=True).first()
    if stands in NOT_SENT_REFILLS:
        raise InHands  # somebody has let it go again since the line above
    begun = has_begun(outcome, name.order_id)
    if stands == RefillStatus.UNCONFIRMED:
        return is_perhaps_open and _take_sent_again(mine, sent, begun=begun)
    if name.in_doubt and may_be_refused_for_another(outcome, name.order_id):
        is_perhaps_open = True  # by the send before it, which may be known nowhere
    refused = is_perhaps_open and was_refused_for(mine, begun=begun)
    if not refused and stands not in (None, RefillStatus.WITHDRAWN):
        return False
    since = Refill.objects.open().filter(order=order)  # somebody has asked for one anew
    if since.exists():
        if is_perhaps_open:  # it would be the second
            _take_asked_since(since, sent, ours)
        return True
    if stands is not None:  # refused, or taken back as one that had not been sent
        return bool(is_perhaps_open and mine.update(**times, **sent))
    new: dict[str, Any] = {"requested_at": name.requested_at, "due_at": now, **sent}
    new["requests"] = 1 + name.in_doubt
    Refill.objects.create(order=order, provider_id=call.provider_id, **new)
    return True


def _take_sent_again(mine: RefillQuerySet, sent: dict[str, Any], *, begun: bool) -> bool:
    """In doubt since an earlier call, and let go once more by a person: this call is the newest.
    One that has `begun` it ends the doubt, whichever claim came after it."""
    before = Q(sent_at=None) | Q(sent_at__lt=sent["sent_at"])
    earlier = mine if begun else mine.filter(before)
    if not earlier.exists():
        return False
    if not earlier.filter(status=sent["status"]).update(requests=F("requests") + 1, **sent):
        raise InHands  # let go again this moment
    return True


def _take_asked_since(
    since: RefillQuerySet, sent: dict[str, Any], ours: RequestCall | None
) -> None:
    """The refill asked for since stands for the one that was sent. One that nobody has sent yet and
    that is not taken here is in a worker's hands, or was a moment ago: queued again, it would be
    sent beside this one."""
    free = Q(status__in=REFILLS_TO_SEND)
    if ours is not None:
        free |= Q(status=RefillStatus.SENDING, call=ours)
    if since.filter(free).update(requests=F("requests") + 1, **sent):
        return
    if not since.exclude(status__in=NOT_SENT_REFILLS).exists():
        raise InHands


def _give_up_cancels(call: RequestCall, now: datetime) -> None:
    unclear = Q(status=CancelStatus.SENDING) | Q(status=CancelStatus.QUEUED, code=UNCLEAR)
    CancelRequest.objects.filter(unclear, call=call).update(
        status=CancelStatus.REFUSED, ended_at=now, reason=WORDS, code=UNCLEAR
    )
