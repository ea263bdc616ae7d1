"""What counts as a look at an order since its cancel: an answer that could be read, to a question
asked after the cancel. A lost cancel waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from orders.aftersales import request_cancels, runs
from orders.models import CancelRequest, EventKind, Order, PollSchedule
from orders.oldest_work import Late
from orders.polling import poll_batch, poll_cycle, poll_schedule
from orders.status import CancelStatus
from orders.tests.aftersales.test_send_requests import FakeDesk
from orders.tests.polling.test_poll_batch import make_orders
from orders.watchdog.overdue import standstills
from providers.panel_api import OrderState, Progress, Unreadable
from tests.builders import NOON, make_cancel, make_user
from tests.fake_provider import FakeProvider, lost_answer, progress
from tests.query_plans import scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOUR = 3600
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
    poll_schedule.poll_soon([order.pk], at(5))
    assert NOON - timedelta(seconds=1) < PollSchedule.objects.get().next_at < NOON


def lost_and_unread() -> tuple[Order, FakeProvider, CancelRequest]:
    """A lost cancel of an order about which the provider says from then on that it is none."""
    order, desk, there = quiet_order(last=RUNS), FakeDesk(), FakeProvider()
    cancel = make_cancel(order=order, due_at=at(1))
    desk.then = lost_answer()
    assert send(order, desk, 2) == 1
    there.says[order.external_id] = Unreadable("Incorrect order ID")
    return order, there, cancel


def test_one_whose_order_cannot_be_read_for_a_day_is_given_up_and_can_be_asked_for_anew() -> None:
    order, there, cancel = lost_and_unread()
    for hour in range(1, 24):
        look(order, there, hour * HOUR)
        assert runs.end_cancels(now=at(hour * HOUR)) == 0
    assert request_cancels.request_cancel(order, actor=make_user(), now=at(24 * HOUR))
    look(order, there, 25 * HOUR)
    now = at(25 * HOUR + 1)
    assert runs.end_cancels(now=now) == 1
    cancel.refresh_from_db()
    assert cancel.is_unclear and (cancel.requests, cancel.ended_at) == (1, now)
    told = order.events.filter(kind=EventKind.CANCEL).last()
    assert told is not None and "could not be read for a day" in told.text
    assert request_cancels.request_cancel(order, actor=make_user(), now=now) == ""
    assert runs.end_cancels(now=at(80 * HOUR)) == 0, "one that was never sent waits for its turn"


def test_one_that_nobody_asked_about_for_a_day_is_not_given_up() -> None:
    """As of an account that is paused meanwhile: its order may be readable by now."""
    order, there, cancel = lost_and_unread()
    look(order, there, 5)
    assert runs.end_cancels(now=at(80 * HOUR)) == 0
    there.says[order.external_id] = RUNS
    look(order, there, 80 * HOUR)
    PollSchedule.objects.update(failures=1)
    assert runs.end_cancels(now=at(81 * HOUR)) == 0, "it was looked at, and can be sent again"
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.QUEUED


def test_one_whose_order_is_read_just_before_it_is_given_up_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A look comes between the list of those to give up and the turn of this one."""
    order, there, cancel = lost_and_unread()
    for hour in range(1, 26):
        look(order, there, hour * HOUR)
    real = runs._give_up

    def give_up(request: CancelRequest, now: datetime) -> bool:
        there.says[order.external_id] = RUNS
        PollSchedule.objects.update(next_at=at(25 * HOUR))
        look(order, there, 25 * HOUR + 1)
        return real(request, now)

    monkeypatch.setattr(runs, "_give_up", give_up)
    assert runs.end_cancels(now=at(25 * HOUR + 2)) == 0
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.QUEUED, "it is sent again, or ends with its order"


def test_one_that_waits_for_a_look_that_does_not_come_is_told_as_late() -> None:
    order, there, _ = lost_and_unread()
    PollSchedule.objects.update(next_at=at(2 * HOUR))
    assert told_late(HOUR) == [(order.pk, "")], "nothing explains it"
    look(order, there, 2 * HOUR)
    ((_, reason),) = told_late(2 * HOUR)
    assert "cannot be read" in reason, "its provider does"


def told_late(seconds: float) -> list[tuple[int | None, str]]:
    late = (one for one in standstills(at(seconds)) if one.late is Late.CANCEL)
    return [(one.order_id, one.reason) for one in late]


def test_an_answer_that_cannot_be_read_explains_no_cancel_that_waits_for_no_look() -> None:
    never_sent, in_hands = make_orders(2)
    PollSchedule.objects.update(failures=3, checked_at=at(HOUR))
    make_cancel(order=never_sent, due_at=NOON)
    assert told_late(5 * HOUR) == [(never_sent.pk, "")]
    sent = {"due_at": NOON, "sent_at": NOON, "requests": 1}
    make_cancel(CancelStatus.SENDING, order=in_hands, **sent)
    assert told_late(5 * HOUR) == [(never_sent.pk, "")]
    found = standstills(at(5 * HOUR))
    told = [(one.order_id, one.reason) for one in found if one.late is Late.CANCEL_SENDING]
    assert told == [(in_hands.pk, "")], "its worker is gone"


def test_nor_one_whose_order_was_not_asked_about_since_or_was_looked_at() -> None:
    order, _, _ = lost_and_unread()
    PollSchedule.objects.update(failures=3, checked_at=at(-HOUR), next_at=at(5 * HOUR))
    assert told_late(2 * HOUR) == [(order.pk, "")]
    PollSchedule.objects.update(looked_at=at(5), checked_at=at(HOUR))
    assert told_late(2 * HOUR) == [(order.pk, "")], "it can be sent again"


def test_one_that_stands_is_told_before_another_whose_order_cannot_be_read() -> None:
    """That one waits for a day."""
    unread, other = make_orders(2)
    PollSchedule.objects.filter(order=unread).update(failures=3, checked_at=NOON)
    make_cancel(order=unread, requests=1, sent_at=at(-60), due_at=at(-60))
    ((order, reason),) = told_late(5 * HOUR)
    assert order == unread.pk and "cannot be read" in reason
    make_cancel(order=other, due_at=NOON)
    assert told_late(5 * HOUR) == [(other.pk, "")]


def test_those_to_give_up_and_those_that_are_late_are_found_by_an_index() -> None:
    lost_and_unread()
    cancels = CancelRequest.objects
    assert scans_of(lambda: list(cancels.unreadable(at(0)).select_related("order"))) == []
    assert scans_of(lambda: list(cancels.to_go_on(at(0)))) == []
    assert scans_of(lambda: list(cancels.past_their_lease(at(0)))) == []
    assert scans_of(lambda: standstills(at(0))) == []


def test_after_the_upgrade_an_order_whose_cancel_waits_for_a_look_is_asked_about_at_once() -> None:
    """No look of before it is written down, and the next may be hours off."""
    lost, never_sent, taken, none = make_orders(4)
    make_cancel(order=lost, sent_at=NOON, requests=1)
    make_cancel(order=never_sent)
    make_cancel(CancelStatus.ACCEPTED, order=taken, sent_at=NOON, requests=1)
    later = timezone.now() + timedelta(hours=2)
    PollSchedule.objects.update(next_at=later)
    migration = import_module("orders.migrations.0050_looks_that_cancels_wait_for")
    migration.look_at_once(apps, None)
    assert PollSchedule.objects.get(order=lost).next_at <= timezone.now()
    others = PollSchedule.objects.exclude(order=lost).order_by("order")
    assert [(one.order, one.next_at) for one in others] == [
        (order, later) for order in (never_sent, taken, none)
    ]
    PollSchedule.objects.update(next_at=NOON)
    migration.look_at_once(apps, None)
    assert {one.next_at for one in PollSchedule.objects.all()} == {NOON}, "due already"
