"""What holds after every step, whatever has happened (RELIABILITY.md: I1 to I7)."""

from __future__ import annotations

from decimal import Decimal

from orders.models import Attempt, Order
from orders.status import (
    LIVE_OUTCOMES,
    THERE,
    HoldReason,
    Outcome,
    Status,
)

from .desk import Desk

PERHAPS_THERE = frozenset({Status.SENDING, Status.UNCONFIRMED, Status.GIVEN_UP})


def check(desk: Desk) -> None:
    """AssertionError for the first promise that is broken."""
    orders = {order.link: order for order in Order.objects.all()}
    nothing_is_lost(desk, orders)
    nothing_is_bought_twice(desk, orders)
    what_is_said_is_true(desk, orders)
    all_money_is_accounted_for(desk, orders)
    doubts_are_shown()
    assert not desk.left_unlawfully, (
        "a byte left although something said no before the pre-send check"
    )


def nothing_is_lost(desk: Desk, orders: dict[str, Order]) -> None:
    known = {order.pk for order in orders.values()}
    assert set(desk.orders.values()) <= known, "an order its sender was told of is gone"


def nothing_is_bought_twice(desk: Desk, orders: dict[str, Order]) -> None:
    for link in orders:
        assert len(desk.upstream.of_link(link)) <= 1, "one order was bought twice"


def what_is_said_is_true(desk: Desk, orders: dict[str, Order]) -> None:
    for link, order in orders.items():
        there = desk.upstream.of_link(link)
        if order.status in THERE:
            assert there, f"{order} is {order.status} and the provider does not have it"
            assert order.external_id == there[0].order_id, f"{order} has another order's id"
        elif order.status == Status.HELD and order.hold_reason == HoldReason.RESTORED:
            assert order.reason or order.events.exists(), f"nothing is said of why {order} is held"
        elif order.status not in PERHAPS_THERE:
            assert not there, f"{order} is {order.status} and the provider has it"


def all_money_is_accounted_for(desk: Desk, orders: dict[str, Order]) -> None:
    upstream = sum((taken.charge for taken in desk.upstream.ledger.values()), Decimal(0))
    known = Decimal(0)
    for link, order in orders.items():
        for taken in desk.upstream.of_link(link):
            charged = order.status in THERE and order.charge is not None
            known += order.charge if charged and order.charge is not None else taken.charge
    assert upstream == known, f"{upstream} were charged, {known} are known"


def doubts_are_shown() -> None:
    live = Attempt.objects.filter(outcome__in=LIVE_OUTCOMES)
    in_flight = live.filter(outcome=Outcome.IN_FLIGHT)
    assert in_flight.count() <= 1, "two sends of one account are in flight"
    for order in Order.objects.filter(status=Status.UNCONFIRMED):
        lost = order.attempts.filter(outcome=Outcome.UNKNOWN)
        assert lost.count() == 1, f"{order} is unconfirmed without one lost answer"
        assert lost.get().reason, f"nothing is said of why {order} is unconfirmed"
    resting = Order.objects.filter(status__in=[Status.QUEUED, Status.HELD, Status.NOT_PLACED])
    assert not live.filter(order__in=resting).exists(), "an order may be sent beside a live attempt"


def no_claim_is_left(desk: Desk) -> None:
    """After the reaper: nothing stays in sending past its lease."""
    late = Attempt.objects.filter(outcome=Outcome.IN_FLIGHT, lease_until__lt=desk.now)
    assert not late.exists(), "a claim has outlived its lease and its reaper"
