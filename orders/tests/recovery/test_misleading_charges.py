"""A price that stood still does not always make the charge.

Of two lost orders, one of which costs twice as much, one is there with the charge of the other.
Linked to it, the other would stand for it, and the one that is there would be bought again.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.models import F

from orders.models import Attempt, Order
from orders.recovery.search.prices.price_wait import LAG
from orders.status import Flag, Resolution
from providers.models import CatalogRun, RunState

from .bench import Bench
from .test_known_prices import IN_DOUBT, TWICE, close, look, lose_two, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def lose_the_cheaper(bench: Bench) -> tuple[Order, Order]:
    """It is not there; the dearer is."""
    least = 100 * max(1, -(-(bench.service.min or 100) // 100))
    first, second = bench.place(quantity=least), bench.place(quantity=2 * least)
    bench.lose(taken=False, order=first)
    bench.lift_halt()
    bench.lose(taken=True, order=second)
    return first, second


def halve_charge(bench: Bench, status: str) -> None:
    newest = bench.box.ledger()[-1]
    half = {"charge": str(Decimal(str(newest["charge"])) / 2), "remains": newest["quantity"] // 2}
    bench.box.force(newest["id"], status=status, **half)


def assert_never_linked_to_another(bench: Bench, first: Order, second: Order) -> None:
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT
    close(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT


def test_a_charge_may_have_been_lowered_where_the_word_beside_it_is_unknown(bench):
    first, second = lose_the_cheaper(bench)
    halve_charge(bench, "Stopped half way")
    assert_never_linked_to_another(bench, first, second)


def test_what_is_paid_run_by_run_has_no_charge_yet(bench):
    """A drip-feed of two runs has been charged for the first."""
    first, second = lose_the_cheaper(bench)
    Order.objects.filter(pk=second.pk).update(payload={**second.payload, "runs": "2"})
    halve_charge(bench, "In progress")
    assert_never_linked_to_another(bench, first, second)


def test_small_orders_may_be_charged_a_least_amount_that_large_ones_do_not_show(bench):
    """Every order that was charged by the list was dearer than the least that is charged."""
    for price in ("estimate", "estimate_high", "charge"):
        Order.objects.exclude(charge=None).update(**{price: F(price) * 10})
    first, second = lose_two(bench, moved=TWICE)
    bench.box.edit_service(int(bench.service.external_id), rate=str(bench.service.rate))
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT


def test_a_charge_that_nobody_takes_as_a_sight_may_still_show_that_the_price_moved(bench):
    """A person has linked an order that left at the same time, at the price of then."""
    first, second = lose_two(bench, moved=TWICE)
    bench.lift_halt()
    third = bench.send()
    bench.follow()
    Attempt.objects.filter(order=third).update(resolution=Resolution.PERSON)
    bench.box.edit_service(int(bench.service.external_id), rate=str(bench.service.rate))
    assert_never_linked_to_another(bench, first, second)


def test_an_approved_catalog_that_could_not_be_written_was_not_believed_either(bench):
    first, second = lose_two(bench, moved=TWICE)
    failed = {"held_because": "Many prices moved.", "ended_at": bench.now}
    CatalogRun.objects.create(
        provider=bench.provider, state=RunState.FAILED, started_at=bench.now, **failed
    )
    bench.box.edit_service(int(bench.service.external_id), rate=str(bench.service.rate))
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT


@pytest.mark.parametrize(
    "how",
    [{"payload": {"runs": "2"}}, {"raw_status": "Teilweise", "flag": Flag.CHARGE_DIFFERS}],
    ids=["runs", "unknown word"],
)
def test_a_later_order_that_may_be_charged_less_than_it_costs_tells_no_price(bench, how):
    """The price is twice that of before, and half of it makes this charge look as listed."""
    first, second = lose_two(bench, moved=TWICE)
    look(bench)
    later = bench.send()
    bench.follow()
    half = Order.objects.get(pk=later.pk).charge / 2
    Order.objects.filter(pk=later.pk).update(charge=half, **how)
    for after in (1, LAG + 1):
        bench.recover(after=after)
    assert status_of(first, second) == IN_DOUBT
