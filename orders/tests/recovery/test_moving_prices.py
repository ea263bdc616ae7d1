"""A price that moves between the placing of an order, its send and the search for it.

Up to the tolerance an order leaves at another price than it was placed at, and at any that the desk
has not read; what it was charged then must not make it look like somebody else's order, or like
another one of ours.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core import clocks
from orders.models import Order
from orders.recovery.search.id_range import fits
from orders.recovery.search.list_rows import Likeness, likeness
from orders.recovery.search.prices.moved_prices import factors_for
from orders.status import Status
from providers.models import Service
from providers.panel_api import OrderState, Progress, RecentOrder
from tests.builders import make_order, make_service

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS
HOUR = timedelta(hours=1)
DEARER = Decimal("1.04")  # within the tolerance of five percent


def move_price(bench: Bench, factor: Decimal, *, is_known: bool = True) -> None:
    service = Service.objects.get(pk=bench.service.pk)
    rate = (service.rate or Decimal(1)) * factor
    bench.box.edit_service(int(service.external_id), rate=str(rate))
    if is_known:
        Service.objects.filter(pk=service.pk).update(rate=rate)


def charged(amount: str) -> Progress:
    return Progress(OrderState.PENDING, "Pending", charge=Decimal(amount))


@pytest.mark.parametrize("factor", [DEARER, Decimal("0.7")], ids=["dearer", "cheaper"])
def test_a_lost_order_is_found_although_its_price_moved_since_it_was_placed(box, factor):
    bench = Bench(box).calibrated()
    order = bench.place(quantity=10 * (bench.service.min or 100))
    move_price(bench, factor)
    lost = bench.lose(taken=True, order=order)
    assert bench.recover(after=FIRST).found == 1
    assert Order.objects.get(pk=lost.pk).external_id == bench.upstream()[-1]
    assert bench.rules().stopped_because == ""


@pytest.mark.parametrize("is_known", [True, False], ids=["before", "after"])
def test_an_order_that_became_dearer_is_not_taken_for_another_of_that_price(box, is_known):
    """The first was taken at the price of now, which is what the second was to cost: linked to it,
    the first would count as not there and be bought again. The desk reads the new price before
    the send or after it."""
    bench = Bench(box).calibrated()
    least = 100 * max(1, -(-(bench.service.min or 100) // 100))
    first, second = bench.place(quantity=least), bench.place(quantity=least * 104 // 100)
    move_price(bench, DEARER, is_known=is_known)
    bench.lose(taken=True, order=first)
    bench.lift_halt()
    bench.lose(taken=False, order=second)
    if not is_known:
        Service.objects.update(rate=(bench.service.rate or Decimal(1)) * DEARER)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    bench.service.refresh_from_db()
    bench.send()
    bench.recover()
    first, second = (Order.objects.get(pk=one.pk) for one in (first, second))
    assert second.status in (Status.UNCONFIRMED, Status.NOT_PLACED)
    assert first.status in (Status.UNCONFIRMED, Status.PENDING)


@pytest.mark.parametrize("factor", [Decimal("1.3"), Decimal("2")], ids=["third", "double"])
def test_a_price_that_moved_unread_makes_no_lost_order_look_like_another(box, factor):
    """By its charge the first is the second to the letter: a person has to tell which it is."""
    bench = Bench(box).calibrated()
    least = 100 * max(1, -(-(bench.service.min or 100) // 100))
    first, second = bench.place(quantity=least), bench.place(quantity=int(least * factor))
    move_price(bench, factor, is_known=False)
    bench.lose(taken=True, order=first)
    bench.lift_halt()
    bench.lose(taken=False, order=second)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    bench.send()
    bench.recover()
    first, second = (Order.objects.get(pk=one.pk) for one in (first, second))
    assert (first.status, second.status) == (Status.UNCONFIRMED, Status.UNCONFIRMED)
    told = second.events.filter(text__contains=f"may also be order {first}")
    assert told.filter(text__contains="price").exists()


@pytest.mark.parametrize("why", ["a clock was set", "it counts as not there"])
def test_what_may_be_one_that_is_not_searched_for_had_its_price_moved_is_no_others(box, why):
    """The first was taken at twice its price, and nothing is known around it, or a person was wrong
    about it."""
    bench = Bench(box).calibrated()
    least = 100 * max(1, -(-(bench.service.min or 100) // 100))
    first, second = bench.place(quantity=least), bench.place(quantity=2 * least)
    move_price(bench, Decimal(2), is_known=False)
    if why == "a clock was set":
        bench.now += HOUR
    bench.lose(taken=True, order=first)
    if why == "a clock was set":
        bench.now -= HOUR
    else:
        bench.say_not_there(first)
    bench.lift_halt()
    bench.lose(taken=False, order=second)
    bench.lift_halt()
    bench.send()
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    assert Order.objects.get(pk=second.pk).status == Status.UNCONFIRMED
    assert second.events.filter(text__contains=f"may also be order {first}, if a price").exists()


def test_two_that_are_both_there_are_told_apart_by_what_they_cost(box):
    """No one price makes each of them the other."""
    bench = Bench(box).calibrated()
    least = bench.service.min or 100
    first, second = bench.place(quantity=least), bench.place(quantity=least * 2)
    bench.lose(taken=True, order=first)
    bench.lift_halt()
    bench.lose(taken=True, order=second)
    assert bench.recover(after=FIRST).found == 2
    found = [Order.objects.get(pk=one.pk).external_id for one in (first, second)]
    assert found == bench.upstream()[-2:]


@pytest.mark.parametrize(
    ("link", "found"),
    [("https://lumen.example/d", Likeness.MAY_BE), ("https://other.example/x", Likeness.IS_NOT)],
)
def test_a_row_of_a_list_for_our_link_at_another_price_may_be_ours(link, found):
    order = make_order(
        link="https://lumen.example/d", estimate=Decimal(1), estimate_high=Decimal(1)
    )
    assert likeness(order, RecentOrder("1", charged("1.30"), link, None, "")) is found


@pytest.mark.parametrize(
    ("charge", "status", "least", "most"),
    [
        ("1.30", OrderState.PENDING, "1.23", "1.38"),
        ("0.50", OrderState.PENDING, "0.47", "0.54"),
        ("1.30", OrderState.PARTIAL, "1.23", None),
    ],
)
def test_by_what_a_price_must_have_moved_for_a_charge(charge, status, least, most):
    order = make_order(estimate=Decimal(1), estimate_high=Decimal(1))
    factors = factors_for(order, Progress(status, status, charge=Decimal(charge)))
    assert factors is not None and factors.least.quantize(Decimal("0.01")) == Decimal(least)
    known = None if factors.most is None else factors.most.quantize(Decimal("0.01"))
    assert known == (None if most is None else Decimal(most))


def test_no_price_makes_a_charge_one_of_an_order_of_which_no_cost_is_known():
    assert factors_for(make_order(estimate=None, estimate_high=None), charged("1.30")) is None


@pytest.mark.parametrize(
    ("charge", "is_it"),
    [
        ("0.94", True),
        ("1.00", True),
        ("1.31", True),
        ("1.37", True),
        ("0.90", False),
        ("1.40", False),
    ],
)
def test_a_charge_between_the_prices_it_is_known_to_have_had_is_no_contradiction(charge, is_it):
    service = make_service(rate=Decimal("1"))
    order = make_order(service=service, units=1000)
    Service.objects.filter(pk=service.pk).update(rate=Decimal("1.31"))
    order = Order.objects.get(pk=order.pk)
    assert fits(order, charged(charge)) is is_it


def test_a_charge_above_the_least_fits_an_order_without_a_highest_cost():
    order = make_order(estimate=Decimal("1"), estimate_high=None)
    assert fits(order, charged("7"))
    assert fits(order, charged("0.5")) is False
