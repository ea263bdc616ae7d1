"""What counts as a look at an order since its cancel: an answer that could be read, to a question
asked after the cancel. A lost cancel waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from orders.aftersales import cancel_sends, runs
from orders.models import Order, PollSchedule
from orders.polling import poll_batch, poll_cycle
from orders.tests.aftersales.test_send_requests import FakeDesk
from orders.tests.polling.test_poll_batch import make_orders
from providers.panel_api import OrderState, Progress, Unreadable
from tests.builders import NOON, make_cancel
from tests.fake_provider import FakeProvider, lost_answer, progress

pytestmark = [pytest.mark.django_db, pytest.mark.services]
RUNS = progress(OrderState.IN_PROGRESS, raw="In progress", remains=900)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def quiet_order(*, last: Progress | None) -> Order:
    """Nothing has moved for a day: it is asked about every two hours or so. Due now."""
    order: Order = make_orders(1)[0]
    heard = poll_batch.digest(last) if last else ""
    changed_at = NOON - timedelta(days=1)
    PollSchedule.objects.update(next_at=NOON, changed_at=changed_at, last_answer=heard)
    return order


def send(order: Order, desk: FakeDesk, seconds: float) -> int | None:
    return runs.send_requests(order.provider, desk, clock=lambda: at(seconds), seconds=5)


def look(order: Order, there: FakeProvider, seconds: float) -> None:
    poll_cycle.poll_account(order.provider, there, clock=lambda: at(seconds), seconds=5)


class Slow(FakeProvider):
    """Looks an order up at once and answers after 8 seconds; after 2 its cancel is lost."""

    def __init__(self, order: Order, desk: FakeDesk) -> None:
        super().__init__()
        self.order, self.desk, self.clock = order, desk, 0

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Progress | Unreadable]:
        said = super().statuses_once(order_ids)
        assert send(self.order, self.desk, 2) == 1
        self.clock = 8
        return said


@pytest.mark.parametrize("last", [RUNS, None], ids=["as last time", "news"])
def test_a_question_of_before_the_cancel_is_none_whenever_it_is_answered(
    last: Progress | None,
) -> None:
    order, desk = quiet_order(last=last), FakeDesk()
    make_cancel(order=order, due_at=at(1))
    desk.then = lost_answer()
    there = Slow(order, desk)
    there.says[order.external_id] = RUNS
    poll_cycle.poll_account(order.provider, there, clock=lambda: at(there.clock), seconds=5)
    schedule = PollSchedule.objects.get()
    assert (schedule.looked_at, schedule.checked_at) == (at(0), at(8))
    assert send(order, desk, 20) == 0, "sent again, and nobody has asked about the order since"
    assert schedule.next_at <= at(8), "it is asked about at once"
    since = FakeProvider()
    since.says = there.says
    look(order, since, 21)
    assert since.asked and send(order, desk, 22) == 1


def test_an_answer_that_could_not_be_read_is_none() -> None:
    order, desk, there = quiet_order(last=RUNS), FakeDesk(), FakeProvider()
    make_cancel(order=order, due_at=NOON)
    desk.then = lost_answer()
    send(order, desk, 0)
    there.says[order.external_id] = Unreadable("The row is no object.")
    look(order, there, 5)
    schedule = PollSchedule.objects.get()
    assert (schedule.failures, schedule.looked_at) == (1, None)
    assert send(order, desk, 15) == 0, "sent again, and nobody has read what became of the order"
    there.says[order.external_id] = RUNS
    look(order, there, 16)
    assert send(order, desk, 17) == 1


def test_an_answer_that_could_not_be_read_takes_no_look_away() -> None:
    order, there = quiet_order(last=None), FakeProvider()
    there.says[order.external_id] = RUNS
    look(order, there, 0)
    there.says[order.external_id] = Unreadable("The row is no object.")
    PollSchedule.objects.update(next_at=NOON)
    look(order, there, 60)
    order.refresh_from_db()
    assert PollSchedule.objects.get().looked_at == order.seen_at == NOON


def test_one_that_is_due_is_wanted_once_more_by_whoever_asks_now() -> None:
    order = quiet_order(last=RUNS)
    cancel_sends.poll_soon([order.pk], at(5))
    assert NOON - timedelta(seconds=1) < PollSchedule.objects.get().next_at < NOON
