"""Refills and orders of which the database takes nothing: asked about less often, and told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count

import pytest
from django.db import connection

from orders.aftersales import poll_refills, runs
from orders.models import Order, OrderEvent, PollSchedule, Refill
from orders.oldest_work import Late
from orders.polling import poll_cycle
from orders.status import CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, fresh
from orders.watchdog.overdue import standstills
from providers.panel_api import OrderState, RefillProgress, RefillState, Unreadable
from tests.builders import NOON, make_cancel, make_order, make_provider, make_refill, make_service
from tests.fake_provider import FakeProvider, progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOUR = 3600
DONE = RefillProgress(RefillState.COMPLETED, "Completed")


def refuse(table: str, when: str, act: str = "UPDATE", *, code: str = "raise_exception") -> None:
    """A trigger, as somebody may have made it, that takes no such row."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE TRIGGER refuse_{table} BEFORE {act} ON {table} WHEN {when} "
                "BEGIN SELECT RAISE(ABORT, 'it is refused'); END"
            )
            return
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'it is refused' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER refuse_{table} BEFORE {act} ON {table} FOR EACH ROW "
            f"WHEN ({when}) EXECUTE FUNCTION refuse()"
        )


def refills_of(number: int, **over: object) -> list[Refill]:
    service = make_service(make_provider(calls_per_minute=60_000))
    return [
        make_refill(
            RefillStatus.PENDING,
            order=make_order(Status.COMPLETED, service=service),
            external_id=f"{7000 + place}",
            followed_by=f"{7000 + place}",
            due_at=NOON,
            **over,
        )
        for place in range(number)
    ]


def ask(refill: Refill, desk: FakeDesk, seconds: float = 0) -> list[list[str]]:
    """One turn of its account; what it asked about."""
    before = len(desk.calls)
    ticks = (NOON + timedelta(seconds=seconds, milliseconds=one) for one in count())
    runs.ask_about_refills(refill.provider, desk, clock=lambda: next(ticks), seconds=2)
    return [ids for _, ids in desk.calls[before:]]


def told(seconds: float) -> list[tuple[Late, int | None]]:
    return [(one.late, one.order_id) for one in standstills(NOON + timedelta(seconds=seconds))]


@pytest.mark.parametrize("failures", [0, poll_refills.ALONE + 2])
def test_a_refill_whose_row_takes_nothing_is_asked_about_less_often_and_told_of(
    failures: int,
) -> None:
    """One that is asked about alone, and is due for longest, would keep all others waiting."""
    broken, *others = refills_of(3, failures=failures)
    PollSchedule.objects.all().delete()
    refuse("orders_refill", f"OLD.id = {broken.pk}")
    desk = FakeDesk()
    desk.says = {one.followed_by: DONE for one in (broken, *others)}
    asked = ask(broken, desk)
    assert sum(broken.followed_by in ids for ids in asked) == 1
    assert [fresh(one).status for one in others] == [RefillStatus.COMPLETED] * 2
    assert ask(broken, desk, 5) == [], "its pause"
    assert ask(broken, desk, 11) == [[broken.followed_by]]
    assert ask(broken, desk, 30) == [], "a longer one"
    for hour in range(1, 6):
        ask(broken, desk, hour * HOUR)
    assert ask(broken, desk, 5 * HOUR + 800) == []
    assert ask(broken, desk, 5 * HOUR + 1000) == [[broken.followed_by]]
    assert told(HOUR) == [(Late.REFILL_POLL, broken.order_id)]


def test_a_refill_whose_history_takes_nothing_keeps_no_other_waiting() -> None:
    """Its third strike could not be told, and was its next one again at each turn."""
    broken, other = refills_of(2, failures=poll_refills.ALONE + 2)
    PollSchedule.objects.all().delete()
    refuse("orders_orderevent", f"NEW.order_id = {broken.order_id}", "INSERT")
    desk = FakeDesk()
    desk.says = {broken.followed_by: Unreadable("Not found."), other.followed_by: DONE}
    assert [ids for ids in ask(broken, desk) if broken.followed_by in ids] == [[broken.followed_by]]
    assert fresh(other).status == RefillStatus.COMPLETED
    assert told(HOUR) == [(Late.REFILL_POLL, broken.order_id)]


def test_it_is_asked_about_as_ever_once_its_row_takes_what_is_said() -> None:
    (broken,) = refills_of(1)
    refuse("orders_refill", f"OLD.id = {broken.pk}")
    desk = FakeDesk()
    desk.says = {broken.followed_by: DONE}
    ask(broken, desk)
    with connection.cursor() as cursor:
        on = " ON orders_refill" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER refuse_orders_refill{on}")
    ask(broken, desk, 11)
    assert fresh(broken).status == RefillStatus.COMPLETED


def test_one_whose_number_another_order_has_and_whose_row_takes_nothing_ends_the_turn() -> None:
    """It cannot be lost from sight either."""
    broken, twin = refills_of(2)
    Refill.objects.filter(pk=twin.pk).update(external_id="7000", followed_by="7000")
    refuse("orders_refill", f"OLD.id = {broken.pk}", code="check_violation")
    desk = FakeDesk()
    assert ask(broken, desk) == []
    assert fresh(twin).followed_by == ""
    assert poll_refills.due_batch(broken.provider, NOON + timedelta(seconds=5)) == []


def test_a_batch_that_is_refused_whole_is_halved_around_a_row_that_takes_nothing() -> None:
    refills = refills_of(4)
    broken = refills[1]
    refuse("orders_refill", f"OLD.id = {broken.pk}")
    desk = FakeDesk()
    desk.poison = refills[3].followed_by
    desk.says = {one.followed_by: DONE for one in refills}
    ask(broken, desk)
    done = Refill.objects.filter(status=RefillStatus.COMPLETED).order_by("pk")
    assert list(done) == [refills[0], refills[2]]


def test_an_order_of_which_nothing_can_be_written_keeps_no_other_of_its_account_waiting() -> None:
    """It is asked about alone; the flag that its eighth strike sets is refused each time."""
    service = make_service(make_provider(calls_per_minute=60_000))
    broken, *others = (make_order(Status.PENDING, service=service) for _ in range(3))
    PollSchedule.objects.filter(order=broken).update(
        failures=7, batch_cap=1, next_at=NOON - timedelta(seconds=1)
    )
    refuse("orders_order", f"OLD.id = {broken.pk}")
    there = FakeProvider()
    there.says = {one.external_id: progress(OrderState.IN_PROGRESS) for one in (broken, *others)}

    def poll(at: datetime) -> int:
        there.asked.clear()
        ticks = (at + timedelta(milliseconds=one) for one in count())
        poll_cycle.poll_account(service.provider, there, clock=lambda: next(ticks), seconds=2)
        return sum(broken.external_id in ids for ids in there.asked)

    assert poll(NOON) == 1
    running = Order.objects.filter(status=Status.IN_PROGRESS).order_by("pk")
    assert list(running) == others
    assert poll(NOON + timedelta(seconds=5)) == 0
    assert poll(NOON + timedelta(seconds=11)) == 1
    assert (Late.POLL, broken.pk) in told(HOUR)
    assert not OrderEvent.objects.filter(order=broken).exclude(order__in=others).exists()


def test_a_schedule_that_cannot_be_written_keeps_no_cancel_of_the_call_from_its_answer() -> None:
    service = make_service(make_provider(calls_per_minute=60_000), cancel=True)
    orders = [make_order(Status.PENDING, service=service) for _ in range(2)]
    broken, sound = (make_cancel(order=order) for order in orders)
    refuse("orders_pollschedule", f"OLD.order_id = {broken.order_id}", code="check_violation")
    runs.send_requests(fresh(broken.provider), FakeDesk(), clock=lambda: NOON, seconds=0)
    for cancel in (broken, sound):
        assert fresh(cancel).status == CancelStatus.ACCEPTED


def orders_of_which_one_takes_no_turn(poison: Sequence[int]) -> list[Order]:
    """Four, asked about for one turn of their account; the schedule of the second is refused."""
    service = make_service(make_provider(calls_per_minute=60_000))
    orders = [make_order(Status.PENDING, service=service) for _ in range(4)]
    refuse("orders_pollschedule", f"OLD.order_id = {orders[1].pk}")
    there = FakeProvider()
    there.says = {one.external_id: progress(OrderState.IN_PROGRESS) for one in orders}
    there.poison = {orders[place].external_id for place in poison}
    ticks = (NOON + timedelta(milliseconds=one) for one in count())
    poll_cycle.poll_account(service.provider, there, clock=lambda: next(ticks), seconds=2)
    assert len(there.asked) < 12
    return orders


def test_a_batch_of_orders_that_is_refused_whole_is_halved_around_one_that_takes_no_turn() -> None:
    orders = orders_of_which_one_takes_no_turn(poison=[3])
    running = Order.objects.filter(status=Status.IN_PROGRESS).order_by("pk")
    assert list(running) == [orders[0], orders[2]]


def test_orders_of_an_account_that_refuses_all_are_put_off_beside_one_that_takes_no_turn() -> None:
    orders = orders_of_which_one_takes_no_turn(poison=range(4))
    put_off = PollSchedule.objects.filter(next_at__gt=NOON + timedelta(minutes=1))
    assert {one.order_id for one in put_off} >= {orders[place].pk for place in (0, 2, 3)}


def test_two_that_take_no_turn_keep_no_order_of_their_account_from_being_asked_about() -> None:
    service = make_service(make_provider(calls_per_minute=60_000))
    orders = [make_order(Status.PENDING, service=service) for _ in range(6)]
    refuse("orders_pollschedule", " OR ".join(f"OLD.order_id = {one.pk}" for one in orders[:2]))
    there = FakeProvider()
    there.says = {one.external_id: progress(OrderState.IN_PROGRESS) for one in orders}
    there.poison = {orders[0].external_id}
    for turn in range(12):
        begins = NOON + timedelta(minutes=10 * turn)
        ticks = map(begins.__add__, map(timedelta(milliseconds=1).__mul__, count()))
        clock = partial(next, ticks)
        poll_cycle.poll_account(service.provider, there, clock=clock, seconds=1)
    running = Order.objects.filter(status=Status.IN_PROGRESS)
    assert set(running) >= set(orders[2:])
    assert len(there.asked) < 60
