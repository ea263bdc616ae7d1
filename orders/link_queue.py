"""The line before a link: one order after the other where a provider takes only one at a time.

The rule of this desk: a link is busy at an account while an order of ours for it is open there,
whatever its service (`OrderQuerySet.on_link`). The line is told from the orders themselves, by
number, each time it is looked at. `blocked_by` only says to staff whom an order waits for, so no
circle of such pointers can ever hold anything up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from core import clocks
from core.models import User
from core.rows.loops import one_by_one
from providers.panel_api import RefusalCode

from .models import EventKind, Order, OrderQuerySet
from .models.order_queries import IDLE
from .status import OPEN, HoldReason, Status

RELEASED_AT_ONCE = 500  # the next sweep goes on
PLACE = ("provider_id", "link_key")
Place = tuple[int, str]
FREE_AGAIN = "Its link is free again."


def last_in_line(provider_id: int, link_key: str) -> Order | None:
    """Whom a new order for this link would wait for; None while the link is free."""
    line = Order.objects.on_link(provider_id, link_key)
    waiting = Order.objects.waiting_for_link().filter(pk__in=line.values("pk"))
    return waiting.order_by("-pk").first() or _newest(line.keeping_link_busy())


def ahead_of(order: Order) -> Order | None:
    """Whom this order waits for, as things stand; None when it is its turn."""
    line = Order.objects.on_link(order.provider_id, order.link_key).exclude(pk=order.pk)
    before = line.waiting_for_link().filter(pk__lt=order.pk).order_by("-pk").first()
    return before or _newest(line.keeping_link_busy())


def numbers_ahead(waiting: Iterable[Order]) -> dict[int, int]:
    """`ahead_of` for many that wait for their links: its number by theirs."""
    orders = list(waiting)
    of_links = Order.objects.filter(link_key__in={order.link_key for order in orders})
    line, busy = defaultdict[Place, list[int]](list), dict[Place, int]()
    for *place, pk in of_links.waiting_for_link().order_by("pk").values_list(*PLACE, "pk"):
        line[tuple(place)].append(pk)
    newest_last = of_links.keeping_link_busy().order_by(F("parent").desc(nulls_last=True), "pk")
    for *place, pk in newest_last.values_list(*PLACE, "pk"):
        busy[tuple(place)] = pk
    found = dict[int, int | None]()
    for order in orders:
        where = (order.provider_id, order.link_key)
        before = bisect_left(line[where], order.pk)
        found[order.pk] = line[where][before - 1] if before else busy.get(where)
    return {pk: ahead for pk, ahead in found.items() if ahead is not None}


def hold_behind(order: Order, *, now: datetime, actor: User | None = None) -> bool:
    """Let a queued order wait for its link. False: the link is free, or it was sent meanwhile."""
    blocker = ahead_of(order)
    if blocker is None or order.status != Status.QUEUED:
        return False
    return order.move(
        Status.HELD,
        now=now,
        actor=actor,
        hold_reason=HoldReason.LINK_BUSY,
        blocked_by=blocker,
        text=f"Behind order {blocker}.",
    )


def release_free(*, now: datetime, behind: list[int] | None = None) -> list[Order]:
    """Queue the first of each line whose link has become free; the orders that were queued.

    `behind` looks only at those that wait for one of these orders, which have just ended.
    """
    waiting = Order.objects.waiting_for_link()
    if behind is not None:
        waiting = waiting.filter(blocked_by__in=behind)
    released = list[Order]()

    def release(order: Order) -> None:
        if order.move(Status.QUEUED, now=now, send_after=now, text=FREE_AGAIN):
            released.append(order)

    first_in_line = _whose_turn_it_is(waiting, now).order_by("pk")[:RELEASED_AT_ONCE]
    one_by_one(first_in_line, release, what="free links")
    _point_at_the_next(waiting)
    return released


def refused_as_busy(order: Order, *, now: datetime) -> tuple[Order | None, datetime]:
    """The provider says that the link is busy: whom to wait for, and when to try again at the
    earliest. Where we know of nobody, ever more rarely."""
    blocker = ahead_of(order)
    if blocker is not None:
        return blocker, now
    steps = clocks.LINK_BUSY_RETRY_SECONDS
    refused = order.attempts.filter(code=RefusalCode.LINK_BUSY).count()
    return None, now + timedelta(seconds=steps[min(refused, len(steps) - 1)])


def whose_link_is_free(now: datetime) -> OrderQuerySet:
    """The first of each line before a link that nothing keeps busy."""
    return _whose_turn_it_is(Order.objects.waiting_for_link(), now)


def whose_start_has_come(now: datetime) -> OrderQuerySet:
    return Order.objects.held_for(HoldReason.SCHEDULED).filter(starts_at__lte=now)


def start_scheduled(*, now: datetime) -> int:
    """Orders whose time has come are queued, or stand in line when they were placed to."""
    first = whose_start_has_come(now).order_by("starts_at", "pk")[:RELEASED_AT_ONCE]
    return one_by_one(first, lambda order: _start(order, now), what="scheduled starts")


def _start(order: Order, now: datetime) -> bool:
    blocker = ahead_of(order) if order.blocked_by_id else None
    if blocker is not None:
        return _stand_in_line(order, blocker, now)
    return order.move(Status.QUEUED, now=now, send_after=now, text="Its time has come.")


def _newest(orders: OrderQuerySet) -> Order | None:
    """Rather an order that staff placed than one that a provider started for it."""
    return orders.order_by(F("parent").asc(nulls_first=True), "-pk").first()


def _whose_turn_it_is(waiting: OrderQuerySet, now: datetime) -> OrderQuerySet:
    same_link = Order.objects.on_link(OuterRef("provider_id"), OuterRef("link_key"))
    waits_before = Q(status=Status.HELD, hold_reason=HoldReason.LINK_BUSY, pk__lt=OuterRef("pk"))
    # One question with an "or", so that the link leads the way and no other index does.
    in_the_way = same_link.exclude(pk=OuterRef("pk")).filter(~IDLE | waits_before)
    return waiting.filter(~Exists(in_the_way), send_after__lte=now)


def _point_at_the_next(waiting: OrderQuerySet) -> None:
    """Say anew whom those wait for that still wait although the one they waited for has ended."""
    stale = waiting.filter(~Q(blocked_by__status__in=OPEN), blocked_by__isnull=False)

    def point(order: Order) -> None:
        Order.objects.waiting_for_link().filter(pk=order.pk).update(blocked_by=ahead_of(order))

    one_by_one(stale.order_by("pk")[:RELEASED_AT_ONCE], point, what="lines before links")


def _stand_in_line(order: Order, blocker: Order, now: datetime) -> bool:
    """From waiting for a time to waiting for a link."""
    mine = Order.objects.filter(pk=order.pk, status=Status.HELD, hold_reason=HoldReason.SCHEDULED)
    words = f"Its time has come; it waits behind order {blocker}."
    with transaction.atomic():
        if not mine.update(hold_reason=HoldReason.LINK_BUSY, blocked_by=blocker, changed_at=now):
            return False
        order.remember(EventKind.EVIDENCE, now=now, text=words)
    return True
