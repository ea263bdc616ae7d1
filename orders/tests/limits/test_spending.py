"""A day's limit holds for everything that leaves on that day, whoever asks at the same moment."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest

from core.regional.desk_days import desk_day
from core.roles import Role
from orders import link_queue
from orders.draft import OrderDraft
from orders.limits import agree_terms, spending
from orders.models import Order, SpendLimit
from orders.models.spend import countable, due_by_currency, recount
from orders.placing import place_orders
from orders.sending.send_orders import send_order
from orders.status import HoldReason, Status
from orders.terms import Terms
from orders.tests.sending.test_races import THREADS, at_once
from providers.models import Service
from providers.panel_api import DefaultPayload
from tests.builders import NOON, make_order, make_service, make_user
from tests.fake_provider import FakeProvider, never_left

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture(autouse=True)
def one_a_day():
    SpendLimit.objects.create(role=Role.OPERATOR.value, currency="USD", per_day=Decimal("1.5"))


def place(person, service=None, starts_at=None, now=NOON) -> Order:
    """An order for 1.00."""
    service = service or make_service(rate=Decimal("1"))
    link = f"https://lumen.example/{uuid.uuid4()}"
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=1000)
    draft = OrderDraft(service, payload, uuid.uuid4())
    return place_orders.place_order(draft, placed_by=person, now=now, starts_at=starts_at)[0]


def refused(person, **more) -> bool:
    try:
        place(person, **more)
    except place_orders.NotAgreed:
        return True
    return False


FIRST_OR_LATER = pytest.mark.parametrize("is_first", [True, False], ids=["first of day", "later"])


@FIRST_OR_LATER
def test_eight_orders_at_the_same_moment_are_one(is_first):
    person = make_user()
    if not is_first:
        spending.take_turn(person, "USD", desk_day(NOON))
    services = [make_service(rate=Decimal("1")) for _ in range(THREADS)]
    outcomes = at_once(lambda number: refused(person, service=services[number]))
    assert outcomes.count(False) == 1
    assert Order.objects.count() == 1


def test_what_one_spends_is_nothing_to_another():
    people = [make_user() for _ in range(4)]
    services = [make_service(rate=Decimal("1")) for _ in people]
    outcomes = at_once(lambda n: refused(people[n], service=services[n]), threads=4)
    assert outcomes == [False] * 4


def test_scheduled_orders_count_on_the_day_they_leave():
    person = make_user()
    place(person, starts_at=TOMORROW)
    assert not refused(person)  # today is free
    with pytest.raises(place_orders.NotAgreed, match="on 24 November"):
        place(person, starts_at=TOMORROW + timedelta(hours=1))


def test_of_ten_scheduled_for_one_day_one_is_bought():
    person, provider = make_user(), FakeProvider()
    outcomes = [refused(person, starts_at=TOMORROW) for _ in range(10)]
    assert outcomes.count(False) == 1
    link_queue.start_scheduled(now=TOMORROW)
    for order in Order.objects.select_related("provider"):
        send_order(order, order.provider, provider, clock=lambda: TOMORROW)
    assert len(provider.placed) == 1


def test_what_leaves_after_midnight_counts_on_the_new_day():
    person, provider = make_user(), FakeProvider()
    late, fresh = place(person), place(person, now=TOMORROW)
    assert send_order(fresh, fresh.provider, provider, clock=lambda: TOMORROW)
    assert not send_order(late, late.provider, provider, clock=lambda: TOMORROW)
    late.refresh_from_db()
    assert (late.status, late.hold_reason) == (Status.HELD, HoldReason.SPEND_LIMIT)


def test_what_left_after_midnight_is_no_longer_free_on_that_day():
    person, provider = make_user(), FakeProvider()
    late = place(person)
    assert send_order(late, late.provider, provider, clock=lambda: TOMORROW)
    assert Order.objects.get().spend_day == desk_day(TOMORROW)
    assert refused(person, now=TOMORROW)
    assert not refused(person)


@pytest.mark.parametrize("status", [Status.REJECTED, Status.WITHDRAWN, Status.NOT_PLACED])
def test_what_costs_nothing_is_free_again(status):
    person = make_user()
    order = place(person)
    assert refused(person)
    Order.objects.filter(pk=order.pk).update(status=status)
    assert not refused(person)


@pytest.mark.parametrize(
    "feed", [{"payload": {"runs": "10", "quantity": "100"}}, {"type": "Subscriptions"}]
)
@pytest.mark.parametrize(("status", "is_free"), [("in_progress", False), ("completed", True)])
def test_a_drip_feed_that_goes_on_counts_with_all_its_runs(feed, status, is_free):
    """Its charge is that of the runs so far; the others of the day will be paid as well."""
    person = make_user()
    order = make_order(
        Status(status), placed_by=person, estimate=Decimal("1.4"), charge=Decimal("0.1"), **feed
    )
    recount(Order.objects.all(), now=NOON)
    assert refused(person) is not is_free
    assert Order.objects.get(pk=order.pk).spend_counted == Decimal("0.1" if is_free else "1.4")


@pytest.mark.parametrize("high", [Decimal("1.2"), None], ids=["a drip-feed", "without an end"])
def test_runs_that_have_cost_more_than_all_of_them_were_to_count_with_that(high):
    person = make_user()
    order = make_order(
        Status.IN_PROGRESS,
        placed_by=person,
        payload={"runs": "10", "quantity": "100"},
        estimate=Decimal("1.2"),
        estimate_high=high,
        charge=Decimal("1.4"),
    )
    assert Order.objects.get(pk=order.pk).spend_counted == Decimal("1.4")
    spent = due_by_currency(spending.orders_of(person, desk_day(NOON)))
    assert spent == {"USD": Decimal("1.4")}


def test_what_was_made_up_for_is_not_bought_as_well_when_it_is_queued_again():
    """While it counted as not placed its money was free, and another one took it."""
    person, provider = make_user(), FakeProvider()
    first = place(person)
    for status in (Status.SENDING, Status.UNCONFIRMED, Status.NOT_PLACED):
        assert first.move(status, now=NOON)
    second = place(person)
    assert send_order(second, second.provider, provider, clock=lambda: NOON)
    assert place_orders.requeue_order(first, actor=person, now=NOON)
    assert not send_order(first, first.provider, provider, clock=lambda: NOON)
    first.refresh_from_db()
    assert (first.status, first.hold_reason) == (Status.HELD, HoldReason.SPEND_LIMIT)


def test_what_is_queued_again_and_was_not_made_up_for_leaves():
    person, provider = make_user(), FakeProvider()
    first = place(person)
    for status in (Status.SENDING, Status.UNCONFIRMED, Status.NOT_PLACED):
        assert first.move(status, now=NOON)
    assert place_orders.requeue_order(first, actor=person, now=NOON)
    assert refused(person)  # it is counted again
    assert send_order(first, first.provider, provider, clock=lambda: NOON)


def cheap(person) -> Order:
    """One for 0.50."""
    return place(person, service=make_service(rate=Decimal("0.5")))


def test_what_became_dearer_does_not_leave_on_top_of_what_was_placed_later():
    """The other one was placed for what the limit left then, and is bought already."""
    person, provider = make_user(), FakeProvider()
    first, second = place(person), cheap(person)
    Service.objects.filter(pk=first.service_id).update(rate=Decimal("1.4"))
    assert not send_order(first, first.provider, provider, clock=lambda: NOON)
    first.refresh_from_db()
    assert first.hold_reason == HoldReason.TERMS
    assert send_order(second, second.provider, provider, clock=lambda: NOON)
    shown = Terms.known(Service.objects.get(pk=first.service_id)).digest
    assert agree_terms.accept_terms(first.pk, shown, actor=person, now=NOON) == ""
    first = Order.objects.select_related("provider", "placed_by").get(pk=first.pk)
    assert not send_order(first, first.provider, provider, clock=lambda: NOON)
    first.refresh_from_db()
    assert (first.status, first.hold_reason) == (Status.HELD, HoldReason.SPEND_LIMIT)


def test_what_was_charged_more_than_expected_leaves_less_to_what_was_placed_before():
    person, provider = make_user(), FakeProvider()
    first, second = place(person), cheap(person)
    assert second.move(Status.SENDING, now=NOON)
    assert second.move(Status.PENDING, now=NOON, external_id="7", charge=Decimal("1.2"))
    assert not send_order(first, first.provider, provider, clock=lambda: NOON)
    first.refresh_from_db()
    assert first.hold_reason == HoldReason.SPEND_LIMIT


def test_what_leaves_a_little_dearer_counts_with_what_it_will_cost():
    """Within the tolerance nobody is asked; its charge is told later, or never."""
    person = make_user()
    order = place(person)
    Service.objects.update(rate=Decimal("1.04"))
    for _ in range(2):  # the first time it did not get out
        order = Order.objects.select_related("provider", "placed_by").get(pk=order.pk)
        provider = FakeProvider()
        provider.then = None if order.not_sent_count else never_left()
        assert send_order(order, order.provider, provider, clock=lambda: NOON)
        Order.objects.filter(status=Status.QUEUED).update(send_after=NOON)
    left = Order.objects.get()
    assert (left.status, left.estimate, left.rate) == (
        Status.PENDING,
        Decimal("1.04"),
        Decimal("1.04"),
    )
    agreed = Terms.read(left.terms)
    assert agreed and agreed.rate == Decimal("1"), "nobody has agreed to more"
    assert spending.take_turn(person, "USD", desk_day(NOON)) == Decimal("1.04")
    with pytest.raises(place_orders.NotAgreed):
        place(person, service=make_service(rate=Decimal("0.47")))


def test_of_two_that_wait_the_one_that_was_placed_first_leaves():
    person, provider = make_user(), FakeProvider()
    first, second = place(person), cheap(person)
    Order.objects.filter(pk=second.pk).update(estimate=1, estimate_high=1)
    recount(Order.objects.all(), now=NOON)
    second.refresh_from_db()
    assert not send_order(second, second.provider, provider, clock=lambda: NOON)
    assert send_order(first, first.provider, provider, clock=lambda: NOON)


@FIRST_OR_LATER
def test_two_that_leave_after_midnight_at_once_are_one(is_first):
    """Two accounts, two workers, one person: each was within the limit of its own day."""
    person = make_user()
    if not is_first:
        spending.take_turn(person, "USD", desk_day(TOMORROW))
    services = [make_service(rate=Decimal("1")) for _ in range(THREADS)]
    orders = [
        make_order(
            service=service,
            placed_by=person,
            estimate=Decimal("1"),
            created_at=NOON - timedelta(days=number),
        )
        for number, service in enumerate(services)
    ]

    def leave(number: int) -> bool:
        mine = Order.objects.select_related("provider", "placed_by").get(pk=orders[number].pk)
        return send_order(mine, mine.provider, FakeProvider(), clock=lambda: TOMORROW)

    assert sum(at_once(leave)) == 1


def test_what_orders_are_due_is_the_same_for_each_and_for_all_together():
    """The sums of the days are kept by the one, a no and a page are told by the other."""
    person, service = make_user(), make_service()
    costs = [("4", "4"), ("4", "9"), ("4", None), (None, None)]
    for (low, high), (charge, refund), payload, status in product(
        costs,
        ((None, None), ("0", None), ("3", None), ("3", "1"), ("7", None), ("7", "1")),
        ({"quantity": "9"}, {"quantity": "9", "runs": "2"}),
        (Status.QUEUED, Status.IN_PROGRESS, Status.CANCELED, Status.WITHDRAWN, Status.NOT_PLACED),
    ):
        make_order(
            status,
            service=service,
            placed_by=person,
            payload=payload,
            estimate=low,
            estimate_high=high,
            charge=charge,
            refund=refund,
            spend_day=desk_day(NOON),
        )
    each = defaultdict[str, Decimal](Decimal)
    for order in Order.objects.all():
        [row] = countable(Order.objects.filter(pk=order.pk), NOON)
        alone = due_by_currency(Order.objects.filter(pk=order.pk))
        assert alone.get(row.currency, Decimal(0)) == row.due, order
        each[row.currency] += row.due
    assert due_by_currency(Order.objects.all()) == each
