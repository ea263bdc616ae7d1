"""When money moved at the provider, as far as it can be known: what reconciliation counts.

A charge is taken when the provider accepts an order and we learn of it a little later. What is
given back is seen with the next status. So every movement has a first and a last possible moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from core import clocks
from providers.panel_api.order_types.table import SUBSCRIPTIONS

from .flags import raise_flag
from .models import ChargeEntry, EventKind, Order, PollSchedule
from .status import Flag

_OF_A_POLL = ("order", "looked_at", "changed_at")
_ON_THE_WAY = timedelta(seconds=clocks.PROVIDER_DEADLINE_SECONDS)  # an answer may be as old


CHARGE_TOLERANCE = Decimal("0.01")  # providers round; more than this share apart is said


def may_cost(order: Order, charge: Decimal | None) -> bool | None:
    """Whether this charge can be the order's, as providers round; None where nothing tells. One
    without a bound may be charged any amount from its least on."""
    low, high = order.estimate, order.estimate_high
    if charge is None or low is None:
        return None
    is_below = high is None or charge <= high * (1 + CHARGE_TOLERANCE)
    return bool(is_below and charge >= low * (1 - CHARGE_TOLERANCE))


class Moved(NamedTuple):
    """An order with its new charge, and the one it had before; with its refund once it has one."""

    order: Order
    before: Decimal | None


def write_moved(moved: Sequence[Moved], *, now: datetime) -> None:
    """Write down what moved with these new charges. In the transaction that writes the charges,
    before the schedules are written: they say when the old charge was last heard."""
    changed = [one.order.pk for one in moved if one.before is not None or one.order.refund]
    polls = PollSchedule.objects.filter(pk__in=changed) if changed else PollSchedule.objects.none()
    since = {
        pk: looked_at or changed_at for pk, looked_at, changed_at in polls.values_list(*_OF_A_POLL)
    }
    rows = [row for one in moved for row in _entries(one, since.get(one.order.pk), now)]
    if rows:
        ChargeEntry.objects.bulk_create(rows)


def write_first_charge(order: Order, *, now: datetime) -> None:
    """For an order that has just got its first charge otherwise than by being followed. In the
    transaction that gives it the charge."""
    write_moved([Moved(order, None)], now=now)


def tell_impossible_amount(order: Order, charge: Decimal, *, now: datetime) -> None:
    """No order can have this charge: it is for a person to see."""
    raise_flag(order, Flag.CHARGE_DIFFERS)
    order.remember(
        EventKind.FLAGGED,
        now=now,
        evidence={"charge": f"{charge:f}"},
        text=f"The provider named a charge of {charge:f} for it. No order can cost that, so it is"
        " kept without one.",
    )


def _entries(moved: Moved, since: datetime | None, now: datetime) -> Iterator[ChargeEntry]:
    """What the charge took or gave back, and what comes back beside it."""
    order, before = moved
    amount = (order.charge or Decimal(0)) - (before or Decimal(0))
    sent = order.sent_at or order.created_at
    later = max(sent, (since or sent) - _ON_THE_WAY), now
    if amount:
        yield entry(order, amount, *(_of_the_first(order, sent, now) if before is None else later))
    if order.refund:
        yield entry(order, -order.refund, *later)


def entry(order: Order, amount: Decimal, low: datetime, high: datetime) -> ChargeEntry:
    return ChargeEntry(
        order=order,
        provider_id=order.provider_id,
        amount=amount,
        at_low=min(low, high),
        at_high=high,
    )


def _of_the_first(order: Order, sent: datetime, now: datetime) -> tuple[datetime, datetime]:
    """An order of ours was taken on within a lease of its sending. What a provider started by
    itself was there at some moment between two polls at its parent; a subscription pays at any."""
    if order.parent_id is not None:
        return sent - timedelta(seconds=clocks.POLL_CEILING_SECONDS), min(sent, now)
    if order.type in SUBSCRIPTIONS:
        return sent, now
    return sent, min(now, sent + timedelta(seconds=clocks.SEND_LEASE_SECONDS))
