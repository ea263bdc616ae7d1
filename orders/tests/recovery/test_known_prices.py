"""A doubt about prices ends by what is known of them, and by nothing less.

Of two lost orders the cheaper was taken and the dearer was not. At half the price the number would
be the dearer's; and at twice the price the cheaper has the charge of the dearer.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from core import clocks
from orders.models import Attempt, Order
from orders.recovery.search.prices.price_wait import LAG
from orders.recovery.search.recovery_run import RecoveryRun
from orders.sending.sweep_due import accounts_to_recover
from orders.status import Doubt, Resolution, Status
from providers.actions.catalog.mirror_catalog import mirror_run
from providers.connect import client_for
from providers.models import CatalogRun, ChangeKind, RunState, Service, ServiceChange
from tests.builders import make_provider, make_service

from .bench import GRACE, Bench
from .test_moving_prices import move_price

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS
TWICE = Decimal(2)


def lose_two(bench: Bench, *, moved: Decimal | None = None) -> tuple[Order, Order]:
    """One of so many pieces, which the provider has taken, and one of twice as many. How much
    remains to be done tells them apart only where it is too much for one of them."""
    least = 100 * max(1, -(-(bench.service.min or 100) // 100))
    first, second = bench.place(quantity=least), bench.place(quantity=2 * least)
    if moved is not None:
        move_price(bench, moved, is_known=False)
    bench.lose(taken=True, order=first)
    bench.lift_halt()
    bench.lose(taken=False, order=second)
    return first, second


def look(bench: Bench) -> None:
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)


def status_of(*orders: Order) -> tuple[str, ...]:
    return tuple(Order.objects.get(pk=one.pk).status for one in orders)


def close(bench: Bench) -> None:
    """Orders that are sent later close the range."""
    bench.service.refresh_from_db()
    later = bench.send()
    bench.follow()
    bench.recover(after=1)
    assert later.status == Status.PENDING


def why(order: Order, other: Order) -> str:
    """What staff are told of the number that this order and the other may have."""
    told = order.events.filter(text__contains=f"may also be order {other}")
    return str(told.values_list("text", flat=True).last())


IN_DOUBT = (Status.UNCONFIRMED, Status.UNCONFIRMED)


def test_a_catalog_read_long_after_it_was_seen_tells_whose_a_number_is(bench):
    first, second = lose_two(bench)
    look(bench)
    assert status_of(first, second) == IN_DOUBT
    assert accounts_to_recover(bench.now) == []
    bench.wait(LAG)
    assert accounts_to_recover(bench.now) == [bench.provider.pk]
    assert bench.recover(after=1).found == 1
    assert status_of(first, second) == (Status.PENDING, Status.UNCONFIRMED)
    assert accounts_to_recover(bench.now) == []
    close(bench)
    assert status_of(first, second) == (Status.PENDING, Status.NOT_PLACED)
    calls = Attempt.objects.filter(order__in=[first, second]).values_list("calls", flat=True)
    assert max(calls) <= 4


def test_an_order_charged_by_the_list_on_either_side_tells_it_without_a_catalog(bench):
    first, second = lose_two(bench)
    look(bench)
    close(bench)
    bench.recover(after=LAG)
    assert status_of(first, second) == (Status.PENDING, Status.NOT_PLACED)
    assert not CatalogRun.objects.exists()


def test_a_catalog_that_may_be_older_than_the_number_tells_nothing(bench):
    first, second = lose_two(bench, moved=TWICE)
    bench.recover(after=FIRST)
    bench.box.edit_service(int(bench.service.external_id), rate=str(bench.service.rate))
    mirror_run(bench.provider, client_for, clock=bench.clock)
    for after in (SECOND, GRACE):
        bench.recover(after=after)
    assert status_of(first, second) == IN_DOUBT


def test_a_price_that_the_catalog_tells_later_gives_the_number_to_no_other(bench):
    first, second = lose_two(bench, moved=TWICE)
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT
    close(bench)
    assert status_of(first, second) == IN_DOUBT


def test_a_price_that_was_seen_to_go_and_to_come_back_gives_it_to_no_other(bench):
    first, second = lose_two(bench, moved=TWICE)
    mirror_run(bench.provider, client_for, clock=bench.clock)
    bench.box.edit_service(int(bench.service.external_id), rate=str(bench.service.rate))
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT
    close(bench)
    assert status_of(first, second) == IN_DOUBT


def test_a_price_that_two_catalogs_saw_go_and_come_back_gives_it_to_no_other(bench):
    """The price of now is the one of before; only the news between tells that it had moved."""
    first, second = lose_two(bench, moved=TWICE)
    mirror_run(bench.provider, client_for, clock=bench.clock)
    bench.box.edit_service(int(bench.service.external_id), rate=str(bench.service.rate))
    mirror_run(bench.provider, client_for, clock=bench.clock)
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT
    close(bench)
    assert status_of(first, second) == IN_DOUBT
    assert Service.objects.get(pk=bench.service.pk).rate == bench.service.rate


def test_a_catalog_read_shortly_before_the_send_shows_a_price_as_well_as_a_charge(bench):
    mirror_run(bench.provider, client_for, clock=bench.clock)
    bench.wait(clocks.READINGS_APART_SECONDS)
    bench.service.refresh_from_db()
    first, second = lose_two(bench)
    long_before(bench)
    look(bench)
    assert bench.recover(after=LAG + 1).found == 1
    assert status_of(first, second) == (Status.PENDING, Status.UNCONFIRMED)


def test_a_catalog_from_a_time_that_has_not_come_yet_makes_charges_prove_nothing(bench):
    first, second = lose_two(bench)
    ahead = bench.now + timedelta(days=1)
    CatalogRun.objects.create(provider=bench.provider, state=RunState.FAILED, started_at=ahead)
    look(bench)
    close(bench)
    bench.recover(after=LAG)
    assert status_of(first, second) == IN_DOUBT
    assert "A clock was set since a catalog was read." in why(first, second)


def test_a_number_above_the_one_of_a_later_order_tells_no_price(bench):
    """The dearer of the two was lost first, and an order that was charged was sent after it."""
    least = 100 * max(1, -(-(bench.service.min or 100) // 100))
    dearer, cheaper = bench.place(quantity=2 * least), bench.place(quantity=least)
    bench.lose(taken=False, order=dearer)
    bench.lift_halt()
    bench.send()
    bench.follow()
    bench.lose(taken=True, order=cheaper)
    look(bench)
    assert status_of(dearer, cheaper) == IN_DOUBT
    assert "An order that was sent later has a lower number" in why(cheaper, dearer)


def test_a_later_order_whose_charge_is_not_known_yet_waits_for_the_catalog_too(bench):
    first, second = lose_two(bench)
    look(bench)
    bench.send()
    bench.box.fault("http_502", "before", action="services", times=1)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT, "the catalog did not come"
    bench.probe()
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == (Status.PENDING, Status.NOT_PLACED)


@pytest.mark.parametrize(
    ("most", "is_ours", "read"),
    [(1, True, True), (0, True, False), (1, False, False)],
    ids=["there is a call left", "none is left", "another worker is at it by now"],
)
def test_a_catalog_is_read_for_its_prices_while_the_search_may_call(box, most, is_ours, read):
    bench = Bench(box, calls_per_hour=most)
    run = RecoveryRun.of(bench.provider, client_for(bench.provider), bench.clock, lambda: is_ours)
    assert run.read_catalog() is read
    assert CatalogRun.objects.exists() is read


def test_who_may_have_it_at_a_price_that_was_told_and_is_over_is_named(bench):
    """An order that counts as not there is in doubt again, before it is bought a second time."""
    first, second = lose_two(bench, moved=TWICE)
    mirror_run(bench.provider, client_for, clock=bench.clock)
    bench.box.edit_service(int(bench.service.external_id), rate=str(bench.service.rate))
    mirror_run(bench.provider, client_for, clock=bench.clock)
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT
    price = "at a price that was seen around its send"
    assert second.events.filter(text__contains=f"may also be order {first}, {price}").exists()
    bench.say_not_there(first)
    close(bench)
    assert status_of(first, second) == IN_DOUBT
    assert first.attempts.get().code == Doubt.IS_THERE


def unread(bench: Bench) -> None:
    bench.box.fault("http_502", "before", action="services", times=9)


def uncharged(bench: Bench) -> None:
    Order.objects.update(charge=None)


def cheaper_than_listed(bench: Bench) -> None:
    for order in Order.objects.exclude(charge=None):
        Order.objects.filter(pk=order.pk).update(charge=order.charge * Decimal("0.8"))


def linked_by_a_search(bench: Bench) -> None:
    Attempt.objects.filter(order__charge__isnull=False).update(resolution=Resolution.PROBE)


def held(bench: Bench) -> None:
    CatalogRun.objects.create(
        provider=bench.provider, state=RunState.HELD, started_at=bench.now, ended_at=bench.now
    )


def long_before(bench: Bench) -> None:
    past = timedelta(seconds=clocks.STEADY_WITHIN_SECONDS)
    for attempt in Attempt.objects.filter(order__charge__isnull=False):
        started = attempt.started_at - past
        Attempt.objects.filter(pk=attempt.pk).update(started_at=started)


def with_another_key(bench: Bench) -> None:
    Attempt.objects.filter(order__charge=None).update(provider_version=77)


def charged_under_another_key(bench: Bench) -> None:
    Attempt.objects.filter(order__charge__isnull=False).update(provider_version=0)


def from_another_row(bench: Bench) -> None:
    """One more row of this account, from before such a row was refused."""
    other = make_provider(url=f"{bench.box.url}/", key=bench.box.key)
    number, rate = bench.service.external_id, bench.service.rate
    service = make_service(other, external_id=number, rate=rate)
    Attempt.objects.filter(order__charge=None).update(provider=other)
    Order.objects.filter(charge=None).update(provider=other, service=service)


def at_no_one_cost(bench: Bench) -> None:
    Order.objects.exclude(charge=None).update(estimate_high=F("estimate") * 2)


def days_before(bench: Bench) -> None:
    past = timedelta(seconds=clocks.CHARGED_WITHIN_SECONDS)
    for attempt in Attempt.objects.filter(order__charge__isnull=False):
        started = attempt.started_at - past
        Attempt.objects.filter(pk=attempt.pk).update(started_at=started)


def catalogs_against_the_clock(bench: Bench) -> None:
    for ago in (0, 60):
        at = bench.now - timedelta(seconds=ago)
        CatalogRun.objects.create(provider=bench.provider, state=RunState.FAILED, started_at=at)


def told(bench: Bench, kind: ChangeKind, **how: str) -> None:
    ServiceChange.objects.create(
        service=bench.service, provider=bench.provider, kind=kind, seen_at=bench.now, **how
    )


def gone_for_a_while(bench: Bench) -> None:
    told(bench, ChangeKind.GONE)


def without_a_price_for_a_while(bench: Bench) -> None:
    told(bench, ChangeKind.RATE, before=str(bench.service.rate), after="")


TROUBLES = {
    unread: "No catalog was read",
    uncharged: "has been charged",
    cheaper_than_listed: "not charged what the list said",
    linked_by_a_search: "has been charged",
    held: "not believed",
    long_before: "near enough",
    with_another_key: "another address or key",
    charged_under_another_key: "has been charged",
    from_another_row: "from another row of this account",
    at_no_one_cost: "has been charged",
    days_before: "on the day before it",
    catalogs_against_the_clock: "between two catalogs",
    gone_for_a_while: "has changed around its send",
    without_a_price_for_a_while: "Nobody knows what it costs",
}


@pytest.mark.parametrize(
    ("trouble", "words"), TROUBLES.items(), ids=[trouble.__name__ for trouble in TROUBLES]
)
def test_where_the_price_is_not_known_a_person_gets_it_with_the_reason(bench, trouble, words):
    first, second = lose_two(bench)
    trouble(bench)
    look(bench)
    bench.recover(after=LAG + 1)
    assert status_of(first, second) == IN_DOUBT
    assert words in why(first, second)


def test_one_that_fits_nothing_is_held_against_a_catalog_of_now_before_it_is_a_strangers(bench):
    order = bench.place()
    move_price(bench, TWICE, is_known=False)
    bench.lose(taken=True, order=order)
    assert bench.recover(after=FIRST).found == 1
    assert status_of(order) == (Status.PENDING,)
    assert bench.rules().stopped_because == ""
    assert Service.objects.get(pk=bench.service.pk).rate == bench.service.rate * TWICE
