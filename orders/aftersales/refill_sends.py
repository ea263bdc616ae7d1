"""Sending refills: claim, commit, one call about up to a hundred, write down.

A refill costs the provider something and may be counted, so it is sent at most once: where the
answer is lost it stays unconfirmed, and only a person lets it be sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from django.db.models import Max, Q
from django.db.models.functions import Coalesce

from core import clocks
from core.texts import LONGEST_TEXT
from providers.actions.learning import learn
from providers.connect import batch_size
from providers.models import Provider
from providers.panel_api import Dialect, Meaning, RefillStarted, Refused, Says, meaning

from ..models import EventKind, Refill, RequestCall
from ..models.refill import RefillQuerySet
from ..status import REFILLS_TO_SEND, RefillStatus, Write
from .batch_outcome import (
    Answered,
    AnyOutcome,
    Later,
    Lost,
    Outcome,
    RowOutcome,
    as_said,
    refused_by_all,
)
from .record_rows import record_rows
from .refill_numbers import NUMBER_TWICE, given_twice, lose_sight
from .send_requests import RequestKind

MOST_REQUESTS = 30  # so often "not yet", and it is refused
RECENTLY_SECONDS = 24 * 60 * 60  # where a provider names no time
ANSWERABLE = REFILLS_TO_SEND | {RefillStatus.SENDING, RefillStatus.UNCONFIRMED}


class Refills(Protocol):
    """All this needs of a client: exactly one request a call."""

    def refill(
        self, order_ids: Sequence[str], *, before_send: Callable[[], None] | None = None
    ) -> dict[str, RefillStarted | Refused]: ...


def _due(provider: Provider, now: datetime) -> list[Refill]:
    due = Refill.objects.due_to_send(now).filter(provider=provider).select_related("order")
    return list(due.order_by("due_at", "pk")[: batch_size(provider)])


def _take(refill: Refill, call: RequestCall, now: datetime) -> bool:
    mine = Refill.objects.filter(pk=refill.pk, status=refill.status, requests=refill.requests)
    refill.status, refill.requests, refill.sent_at = RefillStatus.SENDING, refill.requests + 1, now
    refill.call = call
    lease = now + timedelta(seconds=clocks.SEND_LEASE_SECONDS)
    taken = {"status": refill.status, "requests": refill.requests, "sent_at": now, "call": call}
    return bool(mine.update(due_at=lease, changed_at=now, **taken))


def _of_call(call: RequestCall) -> list[Refill]:
    return list(Refill.objects.filter(call=call).select_related("order").order_by("pk"))


def _count_ours(call: RequestCall) -> int:
    mine = Refill.objects.filter(call=call, call__key=call.key)
    return mine.filter(status=RefillStatus.SENDING).count()


def record(
    refills: Sequence[Refill],
    outcome: Outcome[RefillStarted | Refused],
    provider: Provider,
    now: datetime,
) -> None:
    """Write down what one call said of each of these refills, as they were claimed."""
    by_order = Dialect.from_profile(provider.dialect).refill_status_by_order
    twice = {} if by_order else given_twice(outcome, provider)
    if twice:
        named = {twice.get(one.order.external_id, ""): one.order for one in refills}
        again = {number: named.get(number) for number in twice.values()}
        lose_sight(provider, again, now=now)

    def settle(one: Refill, outcome: AnyOutcome) -> None:
        is_twice = one.order.external_id in twice
        write(one, _row_outcome(one, outcome, by_order, is_twice, now), now=now)

    record_rows(refills, outcome, settle)


def _learn(outcome: Outcome[RefillStarted | Refused], provider: Provider, now: datetime) -> None:
    if isinstance(outcome, Answered) and (no := refused_by_all(outcome.rows.values())):
        learn(provider, f"It takes no refills over its API: “{no.reason}”", now=now, refills=False)


REFILLS: Final[RequestKind[Refill]] = RequestKind(
    Write.REFILL, _due, _take, _of_call, _count_ours, record, _learn
)


def write(refill: Refill, row_outcome: RowOutcome, *, now: datetime) -> bool:
    """Settle one claim. A proven answer counts although the claim was taken for lost meanwhile;
    after a person's decision it is only remembered, as are words of the provider that prove
    nothing. Safe to repeat."""
    from_where = ANSWERABLE if row_outcome.proven else {RefillStatus.SENDING}
    claimed = Refill.objects.filter(pk=refill.pk, call=refill.call_id)
    mine = claimed.filter(requests=refill.requests, status__in=sorted(from_where))
    if mine.update(status=row_outcome.to, changed_at=now, **row_outcome.changes):
        refill.order.remember(EventKind.REFILL, now=now, text=row_outcome.text)
        return True
    if row_outcome.proven and not claimed.filter(status=row_outcome.to).exists():
        text = f"Late answer to a refill: {row_outcome.text}"
        refill.order.remember(EventKind.REFILL, now=now, text=text)
    elif row_outcome.is_heard:
        _tell_late(claimed, refill, row_outcome, now)
    return False


def _tell_late(
    claimed: RefillQuerySet, refill: Refill, row_outcome: RowOutcome, now: datetime
) -> None:
    """It was taken for lost meanwhile and stays in doubt, with what was said of it."""
    in_doubt = claimed.filter(requests=refill.requests, status=RefillStatus.UNCONFIRMED)
    in_doubt.update(reason=row_outcome.changes["reason"])
    text = f"Late answer to a refill: {row_outcome.text}"[:LONGEST_TEXT]
    told = (row_outcome.text[:LONGEST_TEXT], text)
    if not refill.order.events.filter(kind=EventKind.REFILL, text__in=told).exists():
        refill.order.remember(EventKind.REFILL, now=now, text=text)


def lost(reason: str, now: datetime, *, is_heard: bool = False) -> RowOutcome:
    """Sent perhaps, answer lost. Never queued again by itself."""
    text = f"Nobody knows whether the refill was started: {reason}"
    changes = {"reason": reason[:LONGEST_TEXT], "code": "", "doubted_at": now}
    return RowOutcome(RefillStatus.UNCONFIRMED, text, changes, proven=False, is_heard=is_heard)


def _row_outcome(
    refill: Refill,
    outcome: Outcome[RefillStarted | Refused],
    by_order: bool,
    is_twice: bool,
    now: datetime,
) -> RowOutcome:
    if isinstance(outcome, Lost):
        return lost(outcome.reason, now)
    if isinstance(outcome, Later):
        return _later(refill, outcome.reason, outcome.until)
    order_id = refill.order.external_id
    said = outcome.about(order_id)
    followed_by = order_id if by_order else ""
    if isinstance(said, RefillStarted):
        number = said.refill_id[:64]
        if is_twice:
            text = f"The provider took the refill on as {number}, which it calls another one too."
            return _at_provider(text, number, "", now, code=NUMBER_TWICE, reason=number)
        text = f"The provider took the refill on{f' as {number}' if number else ''}."
        return _at_provider(text, number, followed_by or number, now)
    if meaning(said.says, "refill") is Meaning.OPEN:
        text = f"The provider has a refill of it open already: “{said.reason}”"
        return _at_provider(text, "", followed_by, now, code=said.code.value, reason=said.reason)
    return _refused(refill, said, now)


def _at_provider(
    text: str, number: str, followed_by: str, now: datetime, *, code: str = "", reason: str = ""
) -> RowOutcome:
    soon = now + timedelta(seconds=clocks.REFILL_FLOOR_SECONDS)
    changes = {
        "external_id": number,
        "followed_by": followed_by,
        "failures": 0,
        "due_at": soon,
        "code": code,
        "reason": reason[:LONGEST_TEXT],
    }
    return RowOutcome(RefillStatus.PENDING, text, changes)


def _refused(refill: Refill, said: Refused, now: datetime) -> RowOutcome:
    """Only reviewed words prove that nothing was done, and not beside a cancel under way."""
    means = meaning(said.says, "refill")
    if means is Meaning.UNCLEAR:
        return lost(as_said(said), now, is_heard=not said.is_own)
    is_there = _says_it_is_there(refill, said, now)
    if means is Meaning.TOO_MANY and not (is_there and said.says & Says.USED_UP):
        pause = timedelta(seconds=clocks.RATE_LIMIT_PAUSE_SECONDS)
        return replace(_later(refill, as_said(said), now + pause), is_heard=not said.is_own)
    if is_there:
        words = f"“{said.reason}” The one whose answer was lost may be under way."
        return lost(words, now, is_heard=True)
    reason, code = said.reason[:LONGEST_TEXT], said.code.value
    if means is Meaning.WAIT and refill.requests < MOST_REQUESTS:
        due_at = _next_time(refill, said, now)
        text = f"Not yet: “{reason}” It is requested again when that is allowed."
        changes = {"due_at": due_at, "reason": reason, "code": code}
        return RowOutcome(RefillStatus.WAITING, text, changes)
    changes = {"ended_at": now, "reason": reason, "code": code}
    return RowOutcome(RefillStatus.REFUSED, f"The provider refused the refill: “{reason}”", changes)


def _says_it_is_there(refill: Refill, said: Refused, now: datetime) -> bool:
    """Told what a send of before whose answer was lost may be the reason for: it may be under way
    or done. Of this refill itself, that is each refusal which a refill can explain; of one that has
    ended since, that one was requested not long ago, that no more are left, or that this one has to
    wait: a person asked for it beside that one, and not for one more later on, when that may be
    done. Any other refusal ends this one: nothing of it goes out again, and that one stays shown as
    closed while nobody knew."""
    others, says = refill.order.refills.exclude(pk=refill.pk), said.says
    was_lost = _was_lost_before(refill)
    if says & Says.USED_UP:
        in_doubt = others.exclude(doubted_at=None).exclude(status=RefillStatus.COMPLETED)
        return was_lost or in_doubt.filter(external_id="").exists()
    if says & Says.REQUESTED_LATELY:
        since = now - timedelta(seconds=said.spacing_seconds or RECENTLY_SECONDS)
        if others.filter(sent_at__gt=since).exclude(external_id="").exists():
            return was_lost and bool(says & (Says.NO | Says.TOO_MANY))  # which that is not why
        return refill.doubted_at is not None or others.filter(doubted_at__gt=since).exists()
    if says & Says.WAIT and not was_lost:
        return _another_may_be_why(others, said, now)
    return was_lost and bool(says & Says.REFILL_MAY_BE_WHY)


def _another_may_be_why(others: RefillQuerySet, said: Refused, now: datetime) -> bool:
    """One in doubt, as of late or closed of late, and none that is known and was sent since, by
    clock and row: a clock may have been ahead, and a journal gives old ones new rows."""
    since = now - timedelta(seconds=max(RECENTLY_SECONDS, said.wait_seconds or 0))
    unknown = others.exclude(status=RefillStatus.COMPLETED).filter(external_id="")
    unclear = unknown.exclude(doubted_at=None)
    in_doubt = unclear.filter(Q(doubted_at__gt=since) | Q(ended_at__gt=since))
    newest = in_doubt.aggregate(sent=Max(Coalesce("sent_at", "doubted_at")), row=Max("pk"))
    if newest["row"] is None:
        return False
    known = others.exclude(external_id="")
    return not known.filter(sent_at__gt=max(since, newest["sent"]), pk__gt=newest["row"]).exists()


def _was_lost_before(refill: Refill) -> bool:
    """And not only with the call that this answers: its machine may have been away with it."""
    if refill.doubted_at is None:
        return False
    is_first = refill.requests <= 1 and not refill.known_gap
    return not is_first or refill.sent_at is None or refill.doubted_at < refill.sent_at


def _later(refill: Refill, reason: str, until: datetime) -> RowOutcome:
    """Nothing was sent, or nothing was done: it does not count as a request."""
    changes = {
        "due_at": until,
        "reason": reason[:LONGEST_TEXT],
        "code": "",
        "requests": refill.requests - 1,
    }
    text = f"The refill could not be sent yet: {reason}"
    return RowOutcome(RefillStatus.QUEUED, text, changes, proven=False)


def _next_time(refill: Refill, said: Refused, now: datetime) -> datetime:
    """When the provider will hear of it again, from its own words as far as they name a time."""
    if said.wait_seconds:
        return now + timedelta(seconds=said.wait_seconds)
    if said.spacing_seconds:
        taken = refill.order.refills.exclude(pk=refill.pk).exclude(external_id="")
        last = taken.exclude(sent_at=None).order_by("-sent_at").first()
        since = last.sent_at if last and last.sent_at else now
        moment = since + timedelta(seconds=said.spacing_seconds)
        if moment > now:
            return moment
    return now + timedelta(seconds=clocks.REFILL_WAIT_SECONDS)
