"""What must be so between an order and its sends, looked at again and again.

Unconfirmed: one attempt is unknown, and no other is live. At the provider: one attempt was
accepted, with the order's id (what a provider started for another order was never sent, and has
none), and it is asked about. Waiting, not placed, withdrawn or rejected: no attempt is live. Every
step of ours keeps this in one transaction; rows of an older release, a restored backup or a hand
may break it, and then no page and no search gets at the order.

What its attempts prove is put right. Of the rest a person is told, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import chain

from django.db import IntegrityError
from django.db.models import Exists, Max, OuterRef, Q

from core import clocks
from core.rows.constraints import raise_unless_broken
from core.rows.durable import durable_transaction
from core.rows.loops import one_by_one
from providers.panel_api import RefusalCode

from .. import charges
from ..flags import raise_flag
from ..models import Attempt, EventKind, Order, OrderQuerySet, PollSchedule
from ..status import (
    AT_PROVIDER,
    LIVE_OUTCOMES,
    REOPENED_BY_PROOF,
    THERE,
    Doubt,
    Flag,
    Outcome,
    Status,
)
from . import halts
from .record_outcome import RaceLost, schedule_polls, step
from .reopen import believe_what_contradicts, contradicted
from .replays import CANDIDATE, with_names_of
from .reused_id import note_reused_id
from .send_orders import may_be_sent_again

AT_ONCE = 200  # looked at closely in one sweep
WINDOW = 2000  # orders of which each sweep walks a part, so that all have been seen in time
MAY_BE_UNKNOWN = (Status.UNCONFIRMED, Status.GIVEN_UP)
TOLD_IN_WORDS = "Its status and its sends contradict each other"  # by releases before codes
AFTER_PROOF = "What is known of its sends was put right"


def check_orders(*, now: datetime) -> int:
    """Look at every order in doubt and at one part of all orders; how many were put right.

    Nothing while the database may be one that was taken back: its attempts may not be all.
    """
    if halts.may_be_another_database(now):
        return 0
    suspects = dict.fromkeys(chain(_in_doubt(), _of_this_part(now)))
    return one_by_one(suspects, lambda pk: check_order(pk, now=now), what="orders out of step")


def check_order(order_id: int, *, now: datetime) -> bool:
    """True: this order was put right. Checked anew, as it is at this moment."""
    try:
        with durable_transaction():
            return _check_row(Order.objects.select_related("provider").get(pk=order_id), now)
    except RaceLost:
        return False  # somebody is at it; the next sweep looks again
    except IntegrityError as error:
        raise_unless_broken(error, "external_id_once_per_provider")
        return _tell_reused(order_id, now)


def _in_doubt() -> Iterator[int]:
    """Few at any time, and found by their indexes."""
    unknown = Attempt.objects.filter(order=OuterRef("pk"), outcome=Outcome.UNKNOWN)
    unconfirmed = Order.objects.filter(status=Status.UNCONFIRMED).exclude(Exists(unknown))
    in_flight = Attempt.objects.filter(order=OuterRef("pk"), outcome=Outcome.IN_FLIGHT)
    sending = Order.objects.filter(status=Status.SENDING).exclude(Exists(in_flight))
    for orders in (unconfirmed, sending):
        yield from orders.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    lost = Attempt.objects.filter(outcome=Outcome.UNKNOWN).exclude(order__status__in=MAY_BE_UNKNOWN)
    in_turn = lost.order_by("provider_id", "pk")  # as their index has them
    yield from in_turn.values_list("order", flat=True)[:AT_ONCE]


def _of_this_part(now: datetime) -> Iterator[int]:
    """One window of all orders, another with each sweep; which one is told by the clock."""
    newest = Order.objects.aggregate(newest=Max("pk"))["newest"] or 0
    turn = int(now.timestamp()) // clocks.INVARIANTS_EVERY_SECONDS
    first = turn % (newest // WINDOW + 1) * WINDOW
    part = Order.objects.filter(pk__gte=first, pk__lt=first + WINDOW)
    live = Attempt.objects.filter(order=OuterRef("pk"), outcome__in=LIVE_OUTCOMES)
    resting = part.filter(Exists(live), status__in=sorted(REOPENED_BY_PROOF))
    yield from resting.values_list("pk", flat=True)
    out_of_step = _without_its_send(part) | _not_asked_about(part) | _given_up_in_vain(part)
    yield from out_of_step.values_list("pk", flat=True)


def _without_its_send(orders: OrderQuerySet) -> OrderQuerySet:
    sent = Attempt.objects.filter(
        order=OuterRef("pk"), outcome=Outcome.ACCEPTED, external_id=OuterRef("external_id")
    )
    return orders.filter(status__in=sorted(AT_PROVIDER), parent=None).exclude(Exists(sent))


def _not_asked_about(orders: OrderQuerySet) -> OrderQuerySet:
    """At the provider, without a schedule by which this very order is asked about."""
    schedule = PollSchedule.objects.filter(
        order=OuterRef("pk"), provider=OuterRef("provider"), external_id=OuterRef("external_id")
    )
    there = orders.filter(status__in=sorted(AT_PROVIDER)).exclude(external_id="")
    return there.exclude(Exists(schedule))


def _given_up_in_vain(orders: OrderQuerySet) -> OrderQuerySet:
    """Given up without a lost answer: it cannot be linked, and may be there under a known id."""
    unknown = Attempt.objects.filter(order=OuterRef("pk"), outcome=Outcome.UNKNOWN)
    return orders.filter(status=Status.GIVEN_UP).exclude(Exists(unknown))


def _check_row(order: Order, now: datetime) -> bool:
    attempts = list(order.attempts.order_by("-number"))
    live = next((one for one in attempts if one.outcome in LIVE_OUTCOMES), None)
    if order.status in THERE:
        mine = Order.objects.filter(pk=order.pk)
        if _without_its_send(mine).exists():
            _tell(order, now)
        return _ask_about(order, now)
    if live is not None and live.outcome == Outcome.IN_FLIGHT:
        return False  # its worker's, or the reaper's
    if live is not None and live.outcome == Outcome.ACCEPTED:
        return _link(order, live, now) if live.external_id else _tell(order, now)
    if live is not None:
        return order.status not in MAY_BE_UNKNOWN and _doubt(order, live, now)
    if order.status not in (Status.UNCONFIRMED, Status.SENDING):
        return order.status == Status.GIVEN_UP and _tell(order, now)
    if not attempts:
        return _tell(order, now)
    taken = contradicted(order)
    return _end(order, attempts[0], now) if taken is None else _offer(order, taken, now)


def _ask_about(order: Order, now: datetime) -> bool:
    """Checked on the row as nobody can move it now: an answer may have ended it this moment."""
    locked = Order.objects.filter(pk=order.pk).select_for_update(of=("self",))
    if _not_asked_about(locked).first() is None:
        return False
    PollSchedule.objects.filter(order=order).delete()
    schedule_polls(order, now=now)
    text = f"{AFTER_PROOF}: the provider has it, and it was not asked about."
    order.remember(EventKind.EVIDENCE, now=now, text=text)
    return True


def _offer(order: Order, taken: Attempt, now: datetime) -> bool:
    """A late answer said that the provider took it, or an id there could be it, and nobody has
    decided that: a person does."""
    if not believe_what_contradicts(taken, order, now=now):
        raise RaceLost(f"Order {order} was moved by somebody else.")
    return True


def _link(order: Order, accepted: Attempt, now: datetime) -> bool:
    """The provider's own answer named it, and the order did not follow."""
    number = accepted.external_id
    text = f"{AFTER_PROOF}: attempt {accepted.number} was accepted as {number}."
    if order.status in REOPENED_BY_PROOF:
        raise_flag(order, Flag.LATE_ANSWER)
        step(order, Status.UNCONFIRMED, now, text=text)
    step(order, Status.PENDING, now, text=text, external_id=number, reason="")
    charges.write_first_charge(order, now=now)
    schedule_polls(order, now=now)
    return True


def _doubt(order: Order, lost: Attempt, now: datetime) -> bool:
    """It may have been bought, so it must not be bought again."""
    text = f"{AFTER_PROOF}: the answer to attempt {lost.number} is lost."
    step(order, Status.UNCONFIRMED, now, text=text, reason=lost.reason)
    return True


def _end(order: Order, newest: Attempt, now: datetime) -> bool:
    """Every attempt is proven to have bought nothing. Where it may be tried again, a person asks
    for that."""
    final = newest.outcome == Outcome.REJECTED and not any(
        code == newest.code and may_be_sent_again(code) for code in RefusalCode
    )
    to = Status.REJECTED if final else Status.NOT_PLACED
    word = Outcome(newest.outcome).label.lower()
    text = f"{AFTER_PROOF}: attempt {newest.number} ended as {word}."
    if order.status == Status.SENDING:
        step(order, Status.UNCONFIRMED, now, text=text)
    step(order, to, now, text=text, reason=newest.reason)
    return True


def _tell(order: Order, now: datetime) -> bool:
    """For a person, once: what they have looked at and left does not come back."""
    said = Q(evidence__flag=Flag.OUT_OF_STEP) | Q(text=TOLD_IN_WORDS)
    told = order.events.filter(said, kind=EventKind.FLAGGED)
    if not told.exists() and raise_flag(order, Flag.OUT_OF_STEP):
        seen = order.attempts.order_by("number").values("number", "outcome", "external_id")
        order.remember(
            EventKind.FLAGGED,
            now=now,
            evidence={
                "flag": Flag.OUT_OF_STEP.value,
                "status": order.status,
                "attempts": list(seen),
            },
        )
    return False


def _tell_reused(order_id: int, now: datetime) -> bool:
    """The accepted id is another order's: nothing tells whose it is, so it is only a candidate."""
    with suppress(RaceLost), durable_transaction():
        order = Order.objects.get(pk=order_id)
        accepted = order.attempts.filter(outcome=Outcome.ACCEPTED).select_related("order").first()
        if accepted is None:
            return False
        number, known = accepted.external_id, accepted.evidence
        note_reused_id(accepted, number, now=now)
        Attempt.objects.filter(pk=accepted.pk, outcome=Outcome.ACCEPTED).update(
            outcome=Outcome.UNKNOWN,
            code=Doubt.CONTRADICTS,
            external_id="",
            unknown_at=accepted.unknown_at or now,
            searched_at=now,
            evidence=with_names_of(known, {**known, CANDIDATE: number}),
        )
        if order.status in REOPENED_BY_PROOF:
            step(order, Status.UNCONFIRMED, now, text=f"{AFTER_PROOF}: it may be {number}.")
    return False
