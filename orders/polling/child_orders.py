"""Drip-feeds and subscriptions: the orders that the provider starts for them are orders of ours.

A child has the provider's id, a schedule of its own and its parent's account, service and person.
It was never sent by us, so it has no attempt. An id that is an order of ours already is never
written over: the parent is flagged instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from core import clocks
from core.rows.bulk import write_columns
from providers.same_ids import plain_id, spellings

from ..models import EventKind, Order, OrderEvent, PollSchedule
from ..status import ENDED_THERE, REPLACEABLE_FLAGS, Flag, Status

Family = tuple[int, tuple[str, ...]]  # a parent's number, its children's ids in their order
AT_ONCE = 500  # in one statement
SHOWN_IN_HISTORY = 20
OF_THE_WHOLE = ("runs", "interval")  # parameters that no single run has

Item = TypeVar("Item")


def add_children(families: Sequence[Family], *, now: datetime) -> int:
    """Create the orders that these parents of one account have started and we did not know.

    Call it inside the transaction that writes the parents' own progress. Ten parents cost the
    queries of one. Returns how many orders there are new.
    """
    parents = Order.objects.in_bulk([pk for pk, _ in families])
    provider_id = next(iter(parents.values())).provider_id
    known = _known(provider_id, [one for _, ids in families for one in ids])
    children: list[Order] = []
    events: list[OrderEvent] = []
    for pk, ids in families:
        parent = parents[pk]
        started = [one for one in ids if one not in known and one != parent.external_id]
        known |= dict.fromkeys(started, pk)
        children += [_child(parent, one, now) for one in started]
        events += _told(parent, started, now)
        events += _flagged(parent, [one for one in ids if known.get(one, pk) != pk], now)
    OrderEvent.objects.bulk_create(events)
    _count_parts(families, parents, known)
    _enter(children, now)
    return len(children)


def delivered_by_parts(parents: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The units that the orders started for these have delivered: as far as is known, and with all
    of those whose end nobody has read yet."""
    known, at_most = Counter[Any](), Counter[Any]()
    rows = Order.objects.filter(parent__in=parents, units__isnull=False)
    for pk, status, units, remains in rows.values_list("parent", "status", "units", "remains"):
        if remains is None or not 0 <= remains <= (units or 0):
            remains = 0 if status == Status.COMPLETED else units or 0
        known[pk] += (units or 0) - remains
        at_most[pk] += (units or 0) - (remains if status in ENDED_THERE else 0)
    return {pk: (known[pk], at_most[pk]) for pk in known}


def _known(provider_id: int, ids: list[str]) -> dict[str, int | None]:
    """Which of these ids are orders of ours already, and whose children they are."""
    known: dict[str, int | None] = {}
    for some in _in_pieces(ids):
        rows = Order.objects.filter(provider=provider_id, external_id__in=some)
        known |= dict(rows.values_list("external_id", "parent_id"))
    for some in _in_pieces([one for one in ids if one not in known]):
        rows = Order.objects.filter(provider=provider_id, external_id__in=spellings(some))
        plain = {plain_id(one): pk for one, pk in rows.values_list("external_id", "parent_id")}
        known |= {one: plain[plain_id(one)] for one in some if plain_id(one) in plain}
    return known


def _child(parent: Order, external_id: str, now: datetime) -> Order:
    """One run of a drip-feed has its share; what a subscribed post gets is not told."""
    runs = str(parent.payload.get("runs", ""))
    is_run = runs.isdecimal() and int(runs) > 0
    payload = {name: text for name, text in parent.payload.items() if name not in OF_THE_WHOLE}
    return Order(
        parent=parent,
        external_id=external_id,
        status=Status.PENDING,
        provider_id=parent.provider_id,
        service_id=parent.service_id,
        placed_by_id=parent.placed_by_id,
        batch_id=parent.batch_id,
        reference=parent.reference,
        type=parent.type,
        link=parent.link,
        link_key=parent.link_key,
        rate=parent.rate,
        payload=payload if is_run else {},
        units=(parent.units // int(runs) or None) if is_run and parent.units else None,
        send_after=now,
        sent_at=now,
        created_at=now,
        changed_at=now,
    )


def _told(parent: Order, started: list[str], now: datetime) -> Iterator[OrderEvent]:
    """The line in the parent's history."""
    if started:
        words = "1 order was" if len(started) == 1 else f"{len(started):,} orders were"
        yield OrderEvent(
            order=parent,
            at=now,
            kind=EventKind.PROGRESS,
            text=f"{words} started for it.",
            evidence={"orders": started[:SHOWN_IN_HISTORY]},
        )


def _flagged(parent: Order, taken: list[str], now: datetime) -> Iterator[OrderEvent]:
    """Mark a parent that claims orders of ours which are not its own, once."""
    taken = [one for one in taken if one != parent.external_id]
    unmarked = Order.objects.filter(pk=parent.pk, flag__in=REPLACEABLE_FLAGS)
    if taken and unmarked.update(flag=Flag.CHILD_TAKEN):
        yield OrderEvent(
            order=parent,
            at=now,
            kind=EventKind.FLAGGED,
            text=f"{Flag.CHILD_TAKEN.label}.",
            evidence={"orders": taken[:SHOWN_IN_HISTORY]},
        )


def _count_parts(
    families: Sequence[Family], parents: dict[int, Order], known: dict[str, int | None]
) -> None:
    """How many runs or posts have begun; a shorter list later does not undo them."""
    counts = [(sum(known.get(one) == pk for one in ids), pk) for pk, ids in families]
    grown = [(count, pk) for count, pk in counts if count > (parents[pk].parts_done or 0)]
    write_columns(Order, ("parts_done",), grown)


def _enter(children: list[Order], now: datetime) -> None:
    """Write the children down with their schedules and the beginning of their history.

    An id that a send has been answered with in this very moment stays that order's.
    """
    for some in _in_pieces(children):
        Order.objects.bulk_create(some, ignore_conflicts=True)
        ours = Order.objects.filter(form_key__in=[child.form_key for child in some])
        rows = list(ours.values_list("pk", "provider_id", "external_id", "parent_id"))
        due = now + timedelta(seconds=clocks.FIRST_CHECK_SECONDS)
        PollSchedule.objects.bulk_create(
            PollSchedule(
                order_id=pk, provider_id=provider, external_id=one, next_at=due, changed_at=now
            )
            for pk, provider, one, _ in rows
        )
        OrderEvent.objects.bulk_create(
            OrderEvent(
                order_id=pk,
                at=now,
                kind=EventKind.MOVED,
                after=Status.PENDING,
                text=f"Started by the provider for order #{parent}.",
            )
            for pk, _, _, parent in rows
        )


def _in_pieces(many: list[Item]) -> Iterator[list[Item]]:
    for start in range(0, len(many), AT_ONCE):
        yield many[start : start + AT_ONCE]
