"""A polling worker that stood still between an answer and its writing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.aftersales import poll_refills
from orders.models import ChargeEntry, Order, PollSchedule, Refill
from orders.polling import plausibility, poll_batch, poll_cycle, poll_schedule
from orders.status import Flag, RefillStatus, Status
from orders.tests.polling.test_poll_batch import make_orders
from providers.panel_api import OrderState, RefillProgress, RefillState, Unreadable
from tests.builders import NOON, make_refill
from tests.fake_provider import FakeProvider, progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]

LATER = NOON + timedelta(minutes=2)
NEWER = progress(
    OrderState.IN_PROGRESS, raw="In progress", charge="0.90", start_count=10, remains=100
)
OLDER = progress(OrderState.PENDING, raw="Pending", charge="0", remains=1000)


def due(order: Order) -> list[poll_schedule.DueSchedule]:
    return poll_schedule.due_batch(order.provider, NOON + timedelta(hours=1))


def ask_again_at(order: Order, moment, answer) -> None:
    """Another worker, from its question to what it has written."""
    PollSchedule.objects.update(next_at=NOON)
    poll_batch.record_answers(due(order), {order.external_id: answer}, now=moment)


def test_an_answer_of_before_is_not_written_over_a_newer_one():
    (order,) = make_orders(1)
    now = [NOON]

    class Frozen(FakeProvider):
        def statuses_once(self, order_ids):
            said = super().statuses_once(order_ids)
            if now == [NOON]:
                now[0] = LATER
                PollSchedule.objects.update(next_at=NOON)
                poll_cycle.poll_account(order.provider, newer, clock=lambda: now[0], seconds=5)
            return said

    newer, older = FakeProvider(), Frozen()
    newer.says[order.external_id], older.says[order.external_id] = NEWER, OLDER
    poll_cycle.poll_account(order.provider, older, clock=lambda: now[0], seconds=5)
    order.refresh_from_db()
    assert (order.status, order.remains, order.flag) == (Status.IN_PROGRESS, 100, Flag.NONE)
    assert ChargeEntry.objects.count() == 1
    schedule = PollSchedule.objects.get()
    assert (schedule.checked_at, schedule.last_answer) == (LATER, poll_batch.digest(NEWER))


@pytest.mark.parametrize(
    "older",
    [OLDER, progress(OrderState.PENDING), Unreadable("Nothing.")],
    ids=["figures", "status", "unreadable"],
)
def test_the_schedule_of_a_newer_answer_stands(older):
    """The same where the order itself does not change by the older one."""
    (order,) = make_orders(1)
    asked_first = due(order)
    ask_again_at(order, LATER, NEWER)
    written = PollSchedule.objects.values().get()
    run = poll_batch.record_answers(asked_first, {order.external_id: older}, now=LATER)
    assert (run.overtaken, PollSchedule.objects.values().get()) == (1, written)


def test_the_answer_of_last_time_is_not_heard_anew_by_who_stood_still():
    (order,) = make_orders(1)
    ask_again_at(order, NOON, OLDER)
    asked_first = due(order)
    ask_again_at(order, LATER, NEWER)
    written = PollSchedule.objects.values().get()
    much_later = LATER + timedelta(minutes=1)
    poll_batch.record_answers(asked_first, {order.external_id: OLDER}, now=much_later)
    assert PollSchedule.objects.values().get() == written


def test_a_status_is_written_only_to_the_order_that_has_the_id():
    """A database that is put back beside a running worker gives its number to another order."""
    (order,) = make_orders(1)
    batch = due(order)
    done = progress(OrderState.COMPLETED, raw="Completed", charge="0.9", remains=0)
    Order.objects.update(external_id="424242", link="https://other.example", charge=None)
    PollSchedule.objects.update(external_id="424242")
    poll_batch.record_answers(batch, {order.external_id: done}, now=NOON)
    order.refresh_from_db()
    assert (order.status, order.charge) == (Status.PENDING, None)
    assert PollSchedule.objects.get().external_id == "424242"


def test_an_order_with_another_id_than_its_schedule_takes_no_word_about_it():
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = progress(OrderState.COMPLETED, charge="0.9", remains=0)
    Order.objects.update(external_id="424242")
    poll_cycle.poll_account(order.provider, provider, clock=lambda: NOON, seconds=5)
    order.refresh_from_db()
    assert (order.status, len(provider.asked)) == (Status.PENDING, 1)


def test_an_open_order_that_was_ended_when_it_was_read_stays_followed(monkeypatch):
    """The database is put back between the reading and the writing."""
    (order,) = make_orders(1)
    batch = due(order)
    Order.objects.update(status=Status.COMPLETED)
    check = plausibility.check_answers

    def put_back(answered):
        Order.objects.update(status=Status.PENDING)
        return check(answered)

    monkeypatch.setattr(plausibility, "check_answers", put_back)
    poll_batch.record_answers(batch, {order.external_id: NEWER}, now=NOON)
    assert PollSchedule.objects.filter(order=order).exists()


def test_a_worker_whose_lease_is_somebody_elses_writes_nothing(monkeypatch):
    (order,) = make_orders(1)
    provider = FakeProvider()
    provider.says[order.external_id] = NEWER
    monkeypatch.setattr(poll_cycle._Lease, "is_ours", lambda lease: False)
    poll_cycle.poll_account(order.provider, provider, clock=lambda: NOON, seconds=5)
    order.refresh_from_db()
    assert (order.status, len(provider.asked)) == (Status.PENDING, 1)


def test_an_answer_of_before_about_a_refill_is_not_written_over_a_newer_one() -> None:
    refill = make_refill(RefillStatus.PENDING, external_id="7", followed_by="7", due_at=NOON)
    asked = [Refill.objects.get()]
    said = RefillProgress(RefillState.PENDING, "Waits for its turn")
    poll_refills.record([Refill.objects.get()], {"7": said}, now=LATER)
    older = RefillProgress(RefillState.REJECTED, "Rejected")
    poll_refills.record(asked, {"7": older}, now=LATER)
    refill.refresh_from_db()
    assert (refill.status, refill.raw_status) == (RefillStatus.PENDING, "Waits for its turn")
