"""What one person spends in a day: counted on the day an order leaves, one at a time.

A running sum says yes at once, however many orders the day has. Before a no, and for whoever only
looks, the orders themselves are added.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, IntegerField, Q, QuerySet, Value

from core.models import User
from core.regional.desk_days import desk_day
from providers.models import Service

from ..models import EventKind, Order, OrderQuerySet, SpendChange, SpendDay, SpendLimit
from ..models.spend import countable, due_by_currency, first_day_kept, most_known, recount
from ..status import COSTS_NOTHING, MAY_HAVE_COST, HoldReason, Status
from ..terms import Terms, at_rate


def limit_of(person: User | None, currency: str) -> SpendLimit | None:
    role = person.role.value if person and person.role else ""
    return SpendLimit.objects.filter(role=role, currency=currency).first()


def take_turn(person: User, currency: str, day: date) -> Decimal:
    """What this person spends that day; until the end of the transaction nobody else adds to it
    against a limit."""
    row, is_new = SpendDay.objects.get_or_create(person=person, currency=currency, day=day)
    SpendDay.objects.filter(pk=row.pk).update(turns=F("turns") + 1)
    if is_new:  # of a currency that an account has just been given there may be orders
        SpendDay.objects.filter(pk=row.pk).update(total=_without_changes(row))
    row.refresh_from_db()  # as it is now that nobody else has it
    total: Decimal = row.total
    changes = dict(_changes(row).values_list("pk", "amount"))
    if changes:
        total += sum(changes.values())
        SpendDay.objects.filter(pk=row.pk).update(total=total)
        SpendChange.objects.filter(pk__in=changes).delete()
    return total


def _changes(row: SpendDay) -> QuerySet[SpendChange]:
    return SpendChange.objects.filter(person=row.person_id, currency=row.currency, day=row.day)


def _counted_on(row: SpendDay) -> OrderQuerySet:
    return Order.objects.filter(
        placed_by=row.person_id, provider__currency=row.currency, spend_day=row.day, parent=None
    )


def _without_changes(row: SpendDay) -> Decimal:
    """What its orders count for, less the changes that are still to be added to the sum. Read in
    one statement: orders change meanwhile, each together with the change that it adds."""
    one, other = Value(1, IntegerField()), Value(-1, IntegerField())
    counted = _counted_on(row).order_by().values_list(one, "spend_counted")
    waiting = _changes(row).order_by().values_list(other, "amount")
    both = counted.union(waiting, all=True)
    return sum((sign * (amount or Decimal(0)) for sign, amount in both), Decimal(0))


def orders_of(person: User, day: date) -> OrderQuerySet:
    """What this person has leave on that day, sent or not, as far as it may cost something. A
    drip-feed's runs are paid with their parent."""
    mine = Order.objects.filter(placed_by=person, spend_day=day, parent=None)
    return mine.exclude(status__in=sorted(COSTS_NOTHING))


def highest_estimate(order: Order, service: Service) -> Decimal | None:
    """The most it may cost: as it was agreed to, or at the price of now where that is more."""
    cost = most_known(order)
    now = at_rate(cost, order.rate, Terms.known(service).rate, units=order.units)
    return cost if cost is None or now is None else max(cost, now)


def is_over(order: Order, service: Service, now: datetime) -> bool:
    """Whether its person's limits do not let it leave now.

    Of orders that are to leave today the ones placed first go; one that was to leave on another
    day, or that cost nothing for a while and may have been made up for, comes after all of them.
    All come after what has left: it may have cost more than it was to, and this one too. One whose
    cost nobody knows passes the limits on amounts.
    """
    person, currency = order.placed_by, service.provider.currency
    limits = limit_of(person, currency)
    if person is None or limits is None:
        return False
    cost = highest_estimate(order, service)
    if order.has_no_bound:
        return limits.per_order is not None or limits.per_day is not None
    if limits.per_order is not None and cost is not None and cost > limits.per_order:
        return True
    if limits.per_day is None or cost is None:
        return False
    today = desk_day(now)
    total = take_turn(person, currency, today)
    if order.spend_day == today:
        counted = Order.objects.filter(pk=order.pk).values_list("spend_counted", flat=True)
        total -= counted.get() or 0
    if total + cost <= limits.per_day:
        return False  # whatever of it goes before this one
    held_too = Q(status=Status.HELD, hold_reason=HoldReason.SPEND_LIMIT)
    others = orders_of(person, today).exclude(held_too).exclude(pk=order.pk)
    if order.spend_day == today and not _was_queued_again(order):
        others = others.filter(Q(pk__lt=order.pk) | Q(status__in=sorted(MAY_HAVE_COST)))
    spent = due_by_currency(others).get(currency, Decimal(0))
    too_much: bool = spent + cost > limits.per_day
    return too_much


def _was_queued_again(order: Order) -> bool:
    """While it counted as not placed its money was free for others."""
    moved = order.events.filter(kind=EventKind.MOVED, before=Status.NOT_PLACED)
    return moved.filter(after=Status.QUEUED).exists()


def check_days(*, now: datetime) -> int:
    """Put sums right that are not what their orders add up to; how many were not."""
    kept = {"day__gte": first_day_kept(now)}
    SpendChange.objects.exclude(**kept).delete()
    days = set(SpendDay.objects.filter(**kept).values_list("person", "currency", "day"))
    days |= set(SpendChange.objects.filter(**kept).values_list("person", "currency", "day"))
    return sum(_check_day(*day, now=now) for day in sorted(days))


def _check_day(person_id: int, currency: str, day: date, *, now: datetime) -> bool:
    """True: this sum was wrong."""
    with transaction.atomic():
        kept = take_turn(User.objects.get(pk=person_id), currency, day)
        row = SpendDay.objects.get(person=person_id, currency=currency, day=day)
        wrong = [one.pk for one in countable(_counted_on(row), now) if one.due != one.counted]
        if wrong:
            locked = Order.objects.filter(pk__in=wrong).order_by("pk")
            list(locked.select_for_update(no_key=True).values_list("pk"))
            recount(Order.objects.filter(pk__in=wrong), now=now)
        true = _without_changes(row)
        if true != kept:
            SpendDay.objects.filter(pk=row.pk).update(total=true)
        return bool(wrong) or true != kept
