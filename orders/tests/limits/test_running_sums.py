"""The running sum of a day is what its orders add up to, after every step an order can take."""

from __future__ import annotations

import importlib
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.money import MoneySum
from core.regional.desk_days import desk_day
from core.roles import Role
from orders.draft import OrderDraft
from orders.limits import spending
from orders.models import Order, SpendChange, SpendDay, SpendLimit
from orders.models.spend import countable as countable_orders
from orders.models.spend import due_by_currency, first_day_kept
from orders.placing import place_orders
from orders.polling import poll_batch, poll_schedule
from orders.reconciliation import refunds
from orders.sending import record_outcome
from orders.sending.send_orders import send_order
from orders.status import Status
from orders.tests.sending.test_races import THREADS, at_once
from providers.models import Provider
from providers.panel_api import DefaultPayload, OrderState, Progress
from tests.builders import NOON, make_order, make_poll_schedule, make_service, make_user
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
TODAY = desk_day(NOON)
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
def person():
    SpendLimit.objects.create(role=Role.OPERATOR.value, currency="USD", per_day=Decimal(1000))
    return make_user()


def place(person, units=1000) -> Order:
    """An order for a dollar a thousand."""
    service = make_service(rate=Decimal("1"))
    link = f"https://lumen.example/{uuid.uuid4()}"
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=units)
    draft = OrderDraft(service, payload, uuid.uuid4())
    return place_orders.place_order(draft, placed_by=person, now=NOON)[0]


def sum_of(person, day=TODAY) -> Decimal:
    """As it is kept, without the orders."""
    total = SpendDay.objects.filter(person=person, day=day).values_list("total", flat=True)
    changes = SpendChange.objects.filter(person=person, day=day)
    return (total.first() or Decimal(0)) + (changes.aggregate(sum=MoneySum("amount"))["sum"] or 0)


def truth_of(person, day=TODAY) -> Decimal:
    spent = due_by_currency(spending.orders_of(person, day))
    return spent.get("USD", Decimal(0))


def withdraw(order):
    assert place_orders.withdraw_order(order, actor=None, now=NOON)


def withdraw_and_reopen(order):
    withdraw(order)
    record_outcome.step(order, Status.UNCONFIRMED, NOON)


def refuse(order):
    assert order.move(Status.SENDING, now=NOON)
    assert order.move(Status.REJECTED, now=NOON)


def lose_and_try_again(order):
    assert order.move(Status.SENDING, now=NOON)
    assert order.move(Status.UNCONFIRMED, now=NOON)
    assert order.move(Status.NOT_PLACED, now=NOON)
    assert place_orders.requeue_order(order, actor=make_user(), now=NOON)


def accept(order):
    assert order.move(Status.SENDING, now=NOON)
    assert order.move(Status.PENDING, now=NOON, external_id="7", charge=Decimal("0.7"))


def be_charged_later(order):
    assert order.move(Status.SENDING, now=NOON)
    assert order.move(Status.PENDING, now=NOON, external_id="7")
    follow(order, Progress(OrderState.IN_PROGRESS, "In progress", charge=Decimal("0.9")))


def end_partial_with_money_back(order):
    accept(order)
    said = Progress(OrderState.PARTIAL, "Partial", charge=Decimal("0.2"), remains=700)
    follow(order, said)


def follow(order, said):
    make_poll_schedule(order)
    due = poll_schedule.due_batch(order.provider, NOON)
    assert poll_batch.record_answers(due, {"7": said}, now=NOON).changed == 1
    order.refresh_from_db()
    assert order.charge == said.charge


def leave_tomorrow(order):
    order = Order.objects.select_related("provider", "placed_by").get(pk=order.pk)
    assert send_order(order, order.provider, FakeProvider(), clock=lambda: TOMORROW)


STEPS = [
    withdraw,
    withdraw_and_reopen,
    refuse,
    lose_and_try_again,
    accept,
    be_charged_later,
    end_partial_with_money_back,
    leave_tomorrow,
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_the_sum_follows_every_step_of_an_order(person, step: Callable[[Order], None]):
    kept, order = place(person), place(person, units=500)
    assert sum_of(person) == truth_of(person) == Decimal("1.5")
    step(order)
    for day in (TODAY, TODAY + timedelta(days=1)):
        assert sum_of(person, day) == truth_of(person, day)
    assert spending.check_days(now=NOON) == 0
    withdraw(kept)
    assert sum_of(person) == truth_of(person)
    assert spending.check_days(now=NOON) == 0


def test_a_refund_that_is_booked_and_taken_back_is_followed(person):
    order = place(person)
    end_partial_with_money_back(order)
    Order.objects.filter(pk=order.pk).update(refund=None)
    spending.check_days(now=NOON)
    order.refresh_from_db()
    assert refunds._book(order, Decimal("0.05"), None, NOON)
    assert sum_of(person) == truth_of(person) == Decimal("0.15")
    order.refresh_from_db()
    assert refunds._take_back(order, NOON)
    assert sum_of(person) == truth_of(person) == Decimal("0.2")


def test_runs_that_a_provider_starts_and_orders_of_nobody_are_not_counted(person):
    parent = place(person)
    make_order(Status.COMPLETED, parent=parent, placed_by=person, charge=Decimal(5))
    make_order(placed_by=None)
    assert sum_of(person) == truth_of(person) == Decimal(1)
    assert SpendChange.objects.count() == 1


def test_orders_of_days_that_are_over_are_left_alone(person):
    order = place(person)
    Order.objects.update(spend_day=first_day_kept(NOON) - timedelta(days=1))
    SpendChange.objects.all().delete()
    be_charged_later(order)
    assert not SpendChange.objects.exists()


@pytest.mark.parametrize("wrong", [Decimal("-900"), Decimal("900")], ids=["too low", "too high"])
def test_a_wrong_sum_is_found_and_put_right(person, wrong):
    place(person)
    SpendDay.objects.update(total=wrong)
    Order.objects.update(spend_counted=None)
    assert spending.check_days(now=NOON) == 1
    assert spending.check_days(now=NOON) == 0
    assert sum_of(person) == truth_of(person) == Decimal(1)
    withdraw(Order.objects.get())
    assert sum_of(person) == Decimal(0)


def test_an_order_that_nobody_counted_is_found(person):
    order = place(person)
    Order.objects.filter(pk=order.pk).update(charge=Decimal(3))
    assert spending.check_days(now=NOON) == 1
    assert sum_of(person) == Decimal(3)


def test_a_sum_that_is_too_high_refuses_nobody(person):
    """A no is added up from the orders."""
    place(person)
    SpendDay.objects.update(total=Decimal(5000))
    place(person)
    later = place(person)
    assert send_order(later, later.provider, FakeProvider(), clock=lambda: NOON)


def test_what_is_old_of_the_sums_is_swept_away(person):
    SpendChange.objects.create(
        person=person, currency="USD", day=first_day_kept(NOON) - timedelta(days=1), amount=1
    )
    assert spending.check_days(now=NOON) == 0
    assert not SpendChange.objects.exists()


def test_placing_and_claiming_add_up_no_orders(person):
    """However many the day has: neither reads more than its own order of them."""
    for _ in range(3):
        place(person)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        order = place(person)
        order = Order.objects.select_related("provider", "placed_by").get(pk=order.pk)
        assert send_order(order, order.provider, FakeProvider(), clock=lambda: NOON)
    added = [query["sql"] for query in seen if "SUM(" in query["sql"].upper()]
    assert added == []


def test_the_first_sums_of_an_older_release_are_made_by_the_migration(person):
    order = place(person)
    accept(order)
    refuse(place(person))
    place(person, units=500)
    Order.objects.update(spend_day=timezone.localdate(), spend_counted=None)
    SpendDay.objects.all().delete()
    SpendChange.objects.all().delete()
    migration = importlib.import_module("orders.migrations.0021_running_sums")
    with transaction.atomic():
        migration.count_days(apps, None)
    today = timezone.localdate()
    assert sum_of(person, today) == truth_of(person, today) == Decimal("1.2")
    assert spending.check_days(now=timezone.now()) == 0


def meanwhile(monkeypatch, act: Callable[[], None]) -> threading.Thread:
    """`act` in another thread, once the sweep holds the day and before it reads the orders. Where
    one writer keeps all others out it waits until the sweep is done."""

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    other, real = threading.Thread(target=run), countable_orders

    def countable(*args):
        if not other.ident:
            other.start()
            other.join(2)
        return real(*args)

    monkeypatch.setattr(spending, "countable", countable)
    return other


def test_what_is_withdrawn_while_the_sweep_adds_up_is_not_taken_off_twice(person, monkeypatch):
    kept, order = place(person), place(person, units=500)
    SpendDay.objects.update(total=7)  # something to put right
    other = meanwhile(monkeypatch, lambda: withdraw(order))
    spending.check_days(now=NOON)
    other.join()
    assert sum_of(person) == truth_of(person) == Decimal(1)
    assert Order.objects.get(pk=kept.pk).spend_counted == Decimal(1)


def test_a_day_without_a_row_begins_with_what_its_orders_cost(person):
    """As after a change of an account's currency, or where an older release placed them."""
    placed = [place(person), place(person, units=500)]
    Provider.objects.update(currency="EUR")
    assert spending.take_turn(person, "EUR", TODAY) == Decimal("1.5")
    withdraw(placed[0])
    assert spending.take_turn(person, "EUR", TODAY) == Decimal("0.5")


def test_the_sweep_finds_the_sum_of_a_currency_that_an_account_was_given(person):
    place(person)
    SpendDay.objects.create(person=person, currency="EUR", day=TODAY)
    Provider.objects.update(currency="EUR")
    assert spending.check_days(now=NOON) > 0
    assert spending.take_turn(person, "EUR", TODAY) == Decimal(1)
    assert spending.check_days(now=NOON) == 0


def test_placed_withdrawn_and_charged_at_the_same_time_the_sum_is_right(person):
    """Real threads: a third places, a third takes back, a third is charged."""
    services = [make_service(rate=Decimal("1")) for _ in range(THREADS)]
    orders = [place(person) for _ in range(THREADS)]
    for number in range(2, THREADS, 3):
        order = orders[number]
        assert order.move(Status.SENDING, now=NOON)
        assert order.move(Status.UNCONFIRMED, now=NOON)

    def step(number: int) -> None:
        order = Order.objects.get(pk=orders[number].pk)
        match number % 3:
            case 0:
                payload = DefaultPayload(
                    service_id=services[number].external_id,
                    link=f"https://lumen.example/new/{number}",
                    quantity=300,
                )
                draft = OrderDraft(services[number], payload, uuid.uuid4())
                place_orders.place_order(draft, placed_by=person, now=NOON)
            case 1:
                withdraw(order)
            case 2:
                charge, there = Decimal("0.4"), str(number)
                assert order.move(Status.PENDING, now=NOON, external_id=there, charge=charge)
        spending.check_days(now=NOON)

    at_once(step)
    assert truth_of(person) == Decimal("4.7")
    assert sum_of(person) >= truth_of(person), "never too low, or too much would be let through"
    spending.check_days(now=NOON)
    assert sum_of(person) == truth_of(person)
