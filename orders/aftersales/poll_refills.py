"""Asking how refills are going: one call about up to a hundred, write what changed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet

from core import clocks
from core.clocks import Clock
from core.rows.loops import in_halves
from core.texts import LONGEST_TEXT
from providers.actions import calling
from providers.connect import batch_size
from providers.models import Provider
from providers.panel_api import BatchRefused, RefillProgress, Unreadable

from ..models import EventKind, OrderEvent, Refill
from ..polling.poll_batch import NOT_WRITTEN
from ..polling.poll_schedule import leave_alone, left_alone, next_check_in
from ..polling.same_refusal import RefusedQuestions, refused_alone
from ..status import OPEN_REFILLS, REFILLS_AT_PROVIDER, RefillStatus
from .refill_numbers import without_given_twice

STRIKES = 3  # so often unreadable in a row, and the history says so
ALONE = 7  # failures after which a refill is asked about alone
MOST_FAILURES = 1000  # counted; the column is a small integer
UNKNOWN_WORD, UNREADABLE = "unknown_word", "unreadable"
WHAT = "refills"

Answers = dict[str, RefillProgress | Unreadable]


class TellsRefills(Protocol):
    """All this needs of a client: exactly one request a call."""

    def refill_statuses_once(self, ids: Sequence[str]) -> Answers: ...


def poll_due_refills(
    provider: Provider, client: TellsRefills, refused: RefusedQuestions, *, clock: Clock
) -> int:
    """Ask about the due refills of this account in one call; how many it was about. `refused` is
    what was refused in the calls before.

    Raises calling.MustWait without asking, and ProviderError when the answer cannot be read.
    """
    due = due_batch(provider, clock())
    batch = without_given_twice(provider, due, now=clock())
    asked = {refill.pk for refill in batch}
    if lost := [refill.pk for refill in due if refill.pk not in asked]:
        leave_alone(WHAT, provider, lost, clock())  # where its row does not take even that
    if not batch:
        return len(due)
    ids = list(dict.fromkeys(refill.followed_by for refill in batch))
    try:
        answers = calling.ask(provider, lambda: client.refill_statuses_once(ids), clock=clock)
    except BatchRefused as error:
        if len(ids) > 1:
            _halve(provider, batch, singly=error.singly, now=clock())
            return len(batch) if _goes_on(refused, ids, error, clock()) else 0
        answers = {ids[0]: Unreadable(error.reason, error.code)}
    refusal = refused_alone(ids, answers)
    if refusal is None:
        refused.end()
    elif not _goes_on(refused, ids, refusal, clock()):
        return 0
    record(batch, answers, now=clock())
    return len(batch)


def _goes_on(
    refused: RefusedQuestions, ids: Sequence[str], refusal: BatchRefused, now: datetime
) -> bool:
    """Halves come next; but all that is due is put off where it is about the account."""
    if refused.are_about_ids(ids, refusal):
        return True
    later = now + timedelta(seconds=clocks.SAME_REFUSAL_PAUSE_SECONDS)
    due = Refill.objects.filter(provider=refused.provider).due_to_ask(now)
    _change(refused.provider, list(due.values_list("pk", flat=True)), now, due_at=later)
    return False


def _change(provider: Provider, keys: Sequence[int], now: datetime, **columns: Any) -> None:
    """All of these; what cannot be changed is left alone."""

    def change(some: Sequence[int]) -> None:
        with transaction.atomic():
            Refill.objects.filter(pk__in=some).update(**columns)

    if broken := in_halves(keys, change, what="refills to ask about later", most=len(keys)):
        leave_alone(WHAT, provider, broken, now)


def due_batch(provider: Provider, now: datetime) -> list[Refill]:
    """The next refills for one call, oldest due first.

    After a batch that was refused whole, its refills come in halves until the one that spoils
    it stands alone.
    """
    most = batch_size(provider)
    due = Refill.objects.filter(provider=provider).due_to_ask(now)
    due = due.exclude(pk__in=left_alone(WHAT, provider, now))
    rows = list(due.order_by("due_at", "pk")[:most])
    cap = most >> min(rows[0].failures, ALONE) if rows else 0
    return [row for row in rows if row.failures == rows[0].failures][: max(cap, 1)]


def _halve(provider: Provider, batch: Sequence[Refill], *, singly: bool, now: datetime) -> None:
    """Later in batches of at most half of this one: the largest shifted by the failures."""
    most = batch_size(provider)
    half = 1 if singly else (len(batch) + 1) // 2
    failures = next((steps for steps in range(ALONE) if most >> steps <= half), ALONE)
    _change(provider, [refill.pk for refill in batch], now, failures=failures, due_at=now)


def record(batch: Sequence[Refill], answers: Answers, *, now: datetime) -> None:
    """Write what the provider said. One unreadable row does not touch the others, nor does one
    whose answer cannot be written down: it counts as unreadable, and is asked about less often;
    where not even that can be written, it is left alone."""
    rows = sorted(batch, key=attrgetter("pk"))  # as `lose_sight`, or both wait

    def write(some: Sequence[Refill]) -> None:
        _record(some, answers, now)

    if broken := in_halves(rows, write, what="answers about refills", most=len(rows)):
        answers = dict.fromkeys((refill.followed_by for refill in broken), NOT_WRITTEN)
        left = in_halves(broken, write, what="refills whose answer is broken", most=len(broken))
        if left:
            leave_alone(WHAT, left[0].provider, [refill.pk for refill in left], now)


def _record(batch: Sequence[Refill], answers: Answers, now: datetime) -> None:
    """All of them or, where one is broken, none."""
    jitter = random.uniform(0.9, 1.1)  # noqa: S311  (it keeps no secret)
    nothing = Unreadable("No row.", missing=True)
    events: list[OrderEvent] = []
    with transaction.atomic():
        for refill in batch:
            said = answers.get(refill.followed_by, nothing)
            if isinstance(said, Unreadable):
                changes, text = _unreadable(refill, said, now)
            else:
                changes, text = _progress(refill, said, now, jitter)
            if _as_asked(refill).update(**changes) and text:
                events.append(
                    OrderEvent(order_id=refill.order_id, at=now, kind=EventKind.REFILL, text=text)
                )
        OrderEvent.objects.bulk_create(events)


def _as_asked(refill: Refill) -> QuerySet[Refill]:
    """Not what somebody else has asked about since: this answer is older than theirs."""
    same = {"status": refill.status, "followed_by": refill.followed_by, "due_at": refill.due_at}
    return Refill.objects.filter(pk=refill.pk, **same)


def _progress(
    refill: Refill, said: RefillProgress, now: datetime, jitter: float
) -> tuple[dict[str, Any], str]:
    """The columns and the words for the history; a word nobody knows changes no state."""
    raw = said.raw_status[:80]
    changes: dict[str, Any] = {"failures": 0, "raw_status": raw, "code": "", "reason": ""}
    if said.status is None:
        changes |= {"code": UNKNOWN_WORD, "due_at": _ask_again_at(refill.changed_at, now, jitter)}
        text = f"The refill has a status word we do not know: “{raw}”."
        return changes, "" if refill.raw_status == raw else text
    status = RefillStatus(said.status.value)
    if status == refill.status:
        return changes | {"due_at": _ask_again_at(refill.changed_at, now, jitter)}, ""
    changes |= {"status": status, "changed_at": now, "due_at": _ask_again_at(now, now, jitter)}
    if status not in OPEN_REFILLS:
        changes["ended_at"] = now
    return changes, f"The refill is {status.label.lower()}."


def _unreadable(refill: Refill, said: Unreadable, now: datetime) -> tuple[dict[str, Any], str]:
    """Ask again, alone and less often; after three strikes in a row say so."""
    strikes = max(refill.failures - ALONE, 0) + 1
    steps = clocks.BREAKER_SECONDS
    changes: dict[str, Any] = {
        "failures": min(ALONE + strikes, MOST_FAILURES),
        "due_at": now + timedelta(seconds=steps[min(strikes, len(steps)) - 1]),
    }
    if strikes < STRIKES:
        return changes, ""
    changes |= {"code": UNREADABLE, "reason": said.reason[:LONGEST_TEXT]}
    text = f"Three times in a row nothing could be learned of the refill: {said.reason}"
    return changes, text if strikes == STRIKES else ""


def _ask_again_at(changed_at: datetime, now: datetime, jitter: float) -> datetime:
    floor = timedelta(seconds=clocks.REFILL_FLOOR_SECONDS)
    return now + max(next_check_in(now - changed_at), floor) * jitter


def accounts_to_ask(now: datetime) -> list[int]:
    """Accounts with refills to ask about, but none that was moved, before its catalog is read; open
    refills alone are looked through."""
    there = Refill.objects.filter(status__in=sorted(REFILLS_AT_PROVIDER)).due_to_ask(now)
    there = there.exclude(provider__key_ciphertext="").filter(provider__moved_at=None)
    found = there.values_list("provider_id", flat=True)
    return sorted(set(found.order_by().distinct()))
