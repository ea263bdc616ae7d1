"""Sending requests to cancel: claim, commit, one call about up to a hundred, write down.

Asking twice is asking once, so a request whose answer was lost may be sent again, a few times,
and each time only after the order's own status was read anew: that alone says what became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.db import IntegrityError, transaction

from core import clocks
from core.rows.constraints import raise_unless_broken
from core.texts import LONGEST_TEXT
from providers.actions.learning import learn
from providers.connect import batch_size
from providers.models import Provider
from providers.panel_api import CancelAccepted, Meaning, Refused, Says, meaning

from ..models import CancelRequest, EventKind, Order, RequestCall
from ..models.cancel import CancelQuerySet
from ..polling.poll_schedule import poll_soon
from ..status import OPEN_CANCELS, UNCLEAR, CancelStatus, Write
from .batch_outcome import (
    Answered,
    AnyOutcome,
    Later,
    Lost,
    Outcome,
    RowOutcome,
    as_said,
    has_taken,
    refused_by_all,
)
from .record_rows import all_but_broken, record_rows
from .send_requests import RequestKind

log = logging.getLogger(__name__)
MOST_REQUESTS = 3  # sent so often without a clear answer, it is given up
CAME_LATE = "An answer to the cancel came late."
ONE_OPEN = "one_open_cancel_request_per_order"
ANSWERABLE = frozenset({CancelStatus.SENDING, CancelStatus.QUEUED})


class Cancels(Protocol):
    """All this needs of a client: exactly one request a call."""

    def cancel(
        self, order_ids: Sequence[str], *, before_send: Callable[[], None] | None = None
    ) -> dict[str, CancelAccepted | Refused]: ...


def _due(provider: Provider, now: datetime) -> list[CancelRequest]:
    due = CancelRequest.objects.due_to_send(now).filter(provider=provider)
    return list(due.select_related("order").order_by("due_at", "pk")[: batch_size(provider)])


def _take(request: CancelRequest, call: RequestCall, now: datetime) -> bool:
    mine = CancelRequest.objects.filter(
        pk=request.pk, status=CancelStatus.QUEUED, requests=request.requests
    )
    request.requests, request.call = request.requests + 1, call
    lease = now + timedelta(seconds=clocks.SEND_LEASE_SECONDS)
    taken = {"status": CancelStatus.SENDING, "requests": request.requests, "call": call}
    return bool(mine.update(sent_at=now, due_at=lease, **taken))


def _of_call(call: RequestCall) -> list[CancelRequest]:
    return list(CancelRequest.objects.filter(call=call).select_related("order").order_by("pk"))


def _count_ours(call: RequestCall) -> int:
    mine = CancelRequest.objects.filter(call=call, call__key=call.key)
    return mine.filter(status=CancelStatus.SENDING).count()


def record(
    requests: Sequence[CancelRequest],
    outcome: Outcome[CancelAccepted | Refused],
    provider: Provider,
    now: datetime,
) -> None:
    """Write down what one call said of each of these requests, as they were claimed.

    Their orders are asked about next: only their status says what became of them.
    """

    def settle(one: CancelRequest, outcome: AnyOutcome) -> None:
        write(one, _row_outcome(one, outcome, now), now=now)

    record_rows(requests, outcome, settle)
    asked = [] if isinstance(outcome, Later) else [one.order_id for one in requests]
    if requests and (call := requests[0].call):
        asked += tell_late(call, outcome, now, requests)
    poll_soon(asked, now)


def _learn(outcome: Outcome[CancelAccepted | Refused], provider: Provider, now: datetime) -> None:
    if isinstance(outcome, Answered) and (no := refused_by_all(outcome.rows.values())):
        learn(provider, f"It takes no cancels over its API: “{no.reason}”", now=now, cancels=False)


CANCELS: Final[RequestKind[CancelRequest]] = RequestKind(
    Write.CANCEL, _due, _take, _of_call, _count_ours, record, _learn
)


def write(request: CancelRequest, row_outcome: RowOutcome, *, now: datetime) -> bool:
    """Settle one claim. A proven answer counts although the claim was taken for lost meanwhile."""
    from_where = ANSWERABLE if row_outcome.proven else {CancelStatus.SENDING}
    mine = CancelRequest.objects.filter(
        pk=request.pk,
        call=request.call_id,
        requests=request.requests,
    )
    changes = {"status": row_outcome.to, **row_outcome.changes}
    if not mine.filter(status__in=sorted(from_where)).update(**changes):
        if row_outcome.is_heard and not row_outcome.proven:
            _tell_heard(mine, request, row_outcome, now)
        return row_outcome.proven and _take_late(mine, request, row_outcome, now)
    request.order.remember(EventKind.CANCEL, now=now, text=row_outcome.text)
    return True


def _tell_heard(
    mine: CancelQuerySet, request: CancelRequest, row_outcome: RowOutcome, now: datetime
) -> None:
    """Words of the provider that prove nothing, to one that was taken for lost meanwhile: it stays
    unclear, with these words. Of one that is a later call's by now `tell_late` tells."""
    waits = (CancelStatus.QUEUED, CancelStatus.REFUSED)
    unclear = mine.filter(code=UNCLEAR, status__in=waits)
    unclear.update(reason=row_outcome.changes["reason"])
    text = f"{CAME_LATE} {row_outcome.text}"[:LONGEST_TEXT]
    told = request.order.events.filter(
        kind=EventKind.CANCEL, text__in=(row_outcome.text[:LONGEST_TEXT], text)
    )
    if mine.exists() and not told.exists():
        request.order.remember(EventKind.CANCEL, now=now, text=text)


def _take_late(
    mine: CancelQuerySet, request: CancelRequest, row_outcome: RowOutcome, now: datetime
) -> bool:
    """The answer to a cancel that was given up: it is unclear no more. It is not sent again for it,
    nor opened beside one that was asked for since."""
    given_up = mine.filter(status=CancelStatus.REFUSED, code=UNCLEAR)
    since = CancelRequest.objects.open().filter(order=request.order_id)
    changes = {"status": row_outcome.to, "ended_at": None, **row_outcome.changes}
    words = row_outcome.text
    if row_outcome.to == CancelStatus.QUEUED:
        words = f"Not yet: “{row_outcome.changes['reason']}” It was given up: nobody asks again."
    if row_outcome.to == CancelStatus.QUEUED or (row_outcome.to in OPEN_CANCELS and since.exists()):
        changes = {"reason": words[:LONGEST_TEXT]}
    if not given_up.update(**changes):
        return False
    request.order.remember(EventKind.CANCEL, now=now, text=f"{CAME_LATE} {words}")
    return True


def tell_late(
    call: RequestCall, outcome: AnyOutcome, now: datetime, claimed: Sequence[CancelRequest] = ()
) -> list[int]:
    """In the history of each order that this call was answered about and whose cancel is a later
    call's by now, or one's that a journal told of. Those that it had `claimed` and that were given
    up in other hands are unclear no more where this call has the provider's word for it. Returns
    those orders, to be asked about next: also one of which nothing can be written. Where it can be
    of none, that keeps no answer from what is still this call's."""
    if not isinstance(outcome, Answered):
        return []
    held = CancelRequest.objects.filter(call=call).values("order")
    answered = Order.objects.filter(provider=call.provider_id, external_id__in=list(outcome.rows))
    orders = list(answered.exclude(pk__in=held).order_by("pk"))
    lost_to_others = CancelRequest.objects.filter(pk__in=[request.pk for request in claimed])

    def tell(order: Order) -> None:
        said = outcome.about(order.external_id)
        if isinstance(said, CancelAccepted):
            text = f"{CAME_LATE} The provider took the request to cancel."
        else:
            text = f"{CAME_LATE} {said.reason if said.is_own else f'“{said.reason}”'}"
        seen = {"call": call.idempotency_key}
        if not order.events.filter(kind=EventKind.CANCEL, evidence__call=seen["call"]).exists():
            if has_taken(outcome, order.external_id):
                _end_doubt(lost_to_others.filter(order=order), said)
            order.remember(EventKind.CANCEL, now=now, text=text, evidence=seen)

    may_all_fail = bool(orders) and held.exists()
    what = "late answers to cancels"
    for order in all_but_broken(orders, tell, what=what, may_all_fail=may_all_fail):
        log.error(
            "no history tells what was said of %s: %s", order, outcome.about(order.external_id)
        )
    return [order.pk for order in orders]


def _end_doubt(mine: CancelQuerySet, taken: CancelAccepted | Refused) -> None:
    """None is opened beside one that was asked for since. It stays the other call's, whose own
    answer may still come: it changes nothing of what is accepted. Told that there is nothing to
    take, it keeps those words, as one of this call: the page does not say that it was taken."""
    changes: dict[str, Any] = {"external_id": "", "reason": "", "code": "", "ended_at": None}
    if isinstance(taken, CancelAccepted):
        changes["external_id"] = taken.request_id[:64]
    else:
        changes |= {"reason": taken.reason[:LONGEST_TEXT], "code": taken.code.value}
    given_up = mine.filter(status=CancelStatus.REFUSED, code=UNCLEAR)
    try:
        with transaction.atomic():
            given_up.update(status=CancelStatus.ACCEPTED, **changes)
    except IntegrityError as error:
        raise_unless_broken(error, ONE_OPEN)


def lost(
    request: CancelRequest,
    reason: str,
    now: datetime,
    *,
    until: datetime | None = None,
    is_heard: bool = False,
) -> RowOutcome:
    """Asked for perhaps. Again after a look at the order's status, but not for ever."""
    if request.requests >= MOST_REQUESTS:
        text = f"No clear answer to the cancel in {request.requests} tries: {reason}"
        changes = {"ended_at": now, "reason": reason[:LONGEST_TEXT], "code": UNCLEAR}
        return RowOutcome(CancelStatus.REFUSED, text, changes, proven=False, is_heard=is_heard)
    soonest = now + timedelta(seconds=clocks.CANCEL_RECHECK_SECONDS)
    due_at = max(until, soonest) if until else soonest
    changes = {"due_at": due_at, "sent_at": now, "reason": reason[:LONGEST_TEXT], "code": UNCLEAR}
    text = f"Nobody knows whether the cancel was taken: {reason} The order's status is read first."
    return RowOutcome(CancelStatus.QUEUED, text, changes, proven=False, is_heard=is_heard)


def _row_outcome(
    request: CancelRequest, outcome: Outcome[CancelAccepted | Refused], now: datetime
) -> RowOutcome:
    if isinstance(outcome, Lost):
        return lost(request, outcome.reason, now, until=outcome.until)
    if isinstance(outcome, Later):
        return _later(request, outcome.reason, outcome.until)
    said = outcome.about(request.order.external_id)
    if isinstance(said, CancelAccepted):
        text = "The provider took the request to cancel. Its status will say what comes of it."
        changes = {"external_id": said.request_id[:64], "reason": "", "code": ""}
        return RowOutcome(CancelStatus.ACCEPTED, text, changes)
    return _refused(request, said, now)


def _refused(request: CancelRequest, said: Refused, now: datetime) -> RowOutcome:
    reason, code = said.reason[:LONGEST_TEXT], said.code.value
    means = meaning(said.says, "cancel")
    if means is Meaning.UNCLEAR:
        return lost(request, as_said(said), now, is_heard=not said.is_own)
    if means is Meaning.OPEN:
        text = f"The provider has been asked to cancel it already: “{reason}”"
        return RowOutcome(CancelStatus.ACCEPTED, text, {"reason": reason, "code": code})
    if means is Meaning.CANCELED:
        text = f"The provider has nothing left to cancel: “{reason}” Its status will say why."
        return RowOutcome(CancelStatus.ACCEPTED, text, {"reason": reason, "code": code})
    if means is Meaning.TOO_MANY:
        pause = timedelta(seconds=clocks.RATE_LIMIT_PAUSE_SECONDS)
        return replace(_later(request, as_said(said), now + pause), is_heard=not said.is_own)
    wait = said.wait_seconds or said.spacing_seconds or clocks.REFILL_WAIT_SECONDS
    until = now + timedelta(seconds=wait) if means is Meaning.WAIT else None
    if said.says & Says.CANCEL_MAY_BE_WHY and request.may_be_taken_before():
        words = f"“{reason}” The one whose answer was lost may have been taken."
        return lost(request, words, now, until=until, is_heard=True)
    if until and request.requests < MOST_REQUESTS:
        changes = {"due_at": until, "reason": reason, "code": code}
        return RowOutcome(CancelStatus.QUEUED, f"Not yet: “{reason}” It is asked again.", changes)
    changes = {"ended_at": now, "reason": reason, "code": code}
    return RowOutcome(CancelStatus.REFUSED, f"The provider will not cancel it: “{reason}”", changes)


def _later(request: CancelRequest, reason: str, until: datetime) -> RowOutcome:
    """Nothing was sent, or nothing was done: it does not count as a request."""
    changes = {
        "due_at": until,
        "reason": reason[:LONGEST_TEXT],
        "requests": request.requests - 1,
        "code": UNCLEAR if request.code == UNCLEAR else "",
        "sent_at": request.sent_at,
    }
    text = f"The cancel could not be sent yet: {reason}"
    return RowOutcome(CancelStatus.QUEUED, text, changes, proven=False)
