"""Every send that a restored database has forgotten is given back, however many there are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orders.models import Attempt, EventKind, Halt, Order, UnmatchedOrder
from orders.placing import place_orders
from orders.sending.restore_check import guard, recalled_sends
from orders.status import Flag, HaltKind, Outcome, Status
from orders.tests.sending.test_answer_spool import crash_at
from orders.tests.sending.test_restore_guard import LATER, acknowledge, forget, send, take_back
from providers.panel_api import OutcomeUnknown, RefusalCode, Rejected
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider, lost_answer, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture(params=[2, recalled_sends.CHUNK], ids=["more than at once", "all at once"])
def forgotten(request, monkeypatch) -> tuple[list[Order], FakeProvider]:
    """Seven orders, sent one after the other, that stand as queued again."""
    monkeypatch.setattr(recalled_sends, "CHUNK", request.param)
    service, provider = make_service(make_provider(add_spacing_ms=0)), FakeProvider()
    orders = [make_order(service=service) for _ in range(7)]
    for number, order in enumerate(orders):
        send(order, provider, NOON + timedelta(seconds=number))
    for order in orders:
        take_back(order)
    return orders, provider


def statuses(orders: list[Order]) -> set[str]:
    keys = [order.pk for order in orders]
    return set(Order.objects.filter(pk__in=keys).values_list("status", flat=True))


def test_the_one_whose_claim_found_it_out_is_given_back_before_another_claim_of_it(forgotten):
    """It is in this worker's hands while the others are given back, and queued again after that:
    another machine, which has accepted the database, could send it before the next look here."""
    orders, provider = forgotten
    first = send(orders[0], provider, LATER)
    assert first.status == Status.PENDING
    assert statuses(orders) == {Status.PENDING}
    acknowledge(LATER)
    assert guard.check_database(now=LATER)
    assert len(provider.placed) == len(orders)


def test_one_that_is_claimed_while_its_database_is_accepted_is_not_sent_a_second_time(forgotten):
    """This machine was off while the others were asked and a manager accepted the database. What
    finds that out here is a claim of an order that it had sent: it is in somebody's hands, and a
    look that takes the database as it is would be the last."""
    orders, provider = forgotten
    guard.quarantine("The database was put back.", now=NOON)
    acknowledge(LATER)
    after = LATER + timedelta(minutes=1)
    assert send(orders[0], provider, after).status == Status.PENDING
    for order in orders:
        assert Order.objects.get(pk=order.pk).status == Status.PENDING
    assert len(provider.placed) == len(orders)
    assert guard.check_database(now=after), "and it is accepted"


def come_back_after_it_was_accepted(order: Order) -> None:
    """This machine was off while the others were asked and a manager accepted the database."""
    guard.quarantine("The database was put back.", now=NOON)
    acknowledge(LATER)
    guard.check_database(now=LATER + timedelta(minutes=1))


def test_one_that_an_accepted_database_lacks_altogether_is_shown_to_a_person():
    """Its row was made after the backup: nothing but this machine knows that it was bought."""
    order, provider = make_order(), FakeProvider()
    send(order, provider, NOON)
    forget(order)
    come_back_after_it_was_accepted(order)
    halt = Halt.objects.standing().get(kind=HaltKind.RESTORED)
    unmatched = UnmatchedOrder.objects.get()
    assert (unmatched.halt, unmatched.external_id) == (halt, "23501")
    acknowledge(LATER + timedelta(minutes=2))
    assert guard.check_database(now=LATER + timedelta(minutes=3)), "told once"


def test_one_of_which_nothing_was_bought_stops_nobody():
    order, provider = make_order(), FakeProvider()
    provider.then = refusal(RefusalCode.FUNDS)
    send(order, provider, NOON)
    forget(order)
    come_back_after_it_was_accepted(order)
    assert not UnmatchedOrder.objects.exists()
    assert not Halt.objects.standing().exists()


@pytest.mark.parametrize(("there", "is_told"), [("23501", False), ("23777", True)])
def test_one_that_stands_there_under_another_id_by_now_is_told_with_its_own(there, is_told):
    """It was linked by a person, or sent once more by a machine that knew nothing of this send."""
    order, provider = make_order(), FakeProvider()
    send(order, provider, NOON)
    take_back(order)
    Order.objects.filter(pk=order.pk).update(status=Status.PENDING, external_id=there)
    come_back_after_it_was_accepted(order)
    order.refresh_from_db()
    assert order.flag == (Flag.BOUGHT_TWICE if is_told else "")
    assert order.events.filter(text__contains="23501").exists() is is_told
    assert not Halt.objects.standing().exists()


def test_the_one_that_broke_is_given_back_by_the_next_look(forgotten, monkeypatch):
    orders, _ = forgotten
    real = recalled_sends.take_as_sent

    def take_as_sent(order, **more):
        if order.pk == orders[0].pk:
            raise ValueError("this once")
        return real(order, **more)

    with monkeypatch.context() as patched:
        patched.setattr(recalled_sends, "take_as_sent", take_as_sent)
        guard.check_database(now=LATER)
    assert statuses(orders[1:]) == {Status.PENDING}
    guard.check_database(now=LATER)
    assert statuses(orders) == {Status.PENDING}


def test_a_send_that_is_known_gets_the_answer_that_this_machine_has(monkeypatch):
    order = crash_at("send.spooled", make_order(), FakeProvider())
    assert recalled_sends.recall_sends(order.provider_id, now=NOON) == 0
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")


def test_an_order_that_somebody_moves_meanwhile_is_not_taken_as_sent():
    order = make_order()
    Order.objects.update(status=Status.PENDING, external_id="7")
    assert recalled_sends.take_as_sent(order, started_at=NOON, reason="Why.", now=NOON) is None
    order.refresh_from_db()
    assert (order.status, order.attempts.count()) == (Status.PENDING, 0)


@pytest.mark.parametrize("ended", [Status.WITHDRAWN, Status.REJECTED])
@pytest.mark.parametrize("then", [None, lost_answer(), refusal(RefusalCode.FUNDS)])
def test_one_that_was_ended_here_as_not_sent_is_given_back_where_it_may_have_been_bought(
    ended: Status, then: OutcomeUnknown | Rejected | None
) -> None:
    """Staff withdrew what the restored database shows as queued; or it was sent once more, and
    refused."""
    order, provider = make_order(), FakeProvider()
    provider.then = then
    send(order, provider, NOON)
    take_back(order)
    Order.objects.filter(pk=order.pk).update(status=ended, ended_at=NOON)
    come_back_after_it_was_accepted(order)
    order.refresh_from_db()
    if isinstance(then, Rejected):
        assert (order.status, order.attempts.count(), order.flag) == (ended, 0, "")
        return
    found = (Status.PENDING, "23501") if then is None else (Status.UNCONFIRMED, "")
    assert (order.status, order.external_id) == found
    assert (order.ended_at, order.flag) == (None, Flag.LATE_ANSWER), "ordered again, perhaps"
    assert order.attempts.count() == 1
    flagged = order.events.filter(kind=EventKind.FLAGGED)
    assert ended.label in flagged.get().text
    recalled_sends.recall_sends(order.provider_id, now=LATER)
    assert flagged.count() == 1, "told once"


@pytest.mark.parametrize("status", [Status.QUEUED, Status.HELD])
def test_one_that_staff_hold_or_release_at_that_moment_is_given_back_all_the_same(
    status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it could be accepted as it is, released, and sent a second time."""
    order, provider, person = make_order(), FakeProvider(), make_user()
    send(order, provider, NOON)
    take_back(order)
    if status == Status.HELD:
        assert place_orders.hold_order(order, actor=person, now=LATER)
    step = {Status.QUEUED: place_orders.hold_order, Status.HELD: place_orders.release_order}
    real = Order.move

    def move(mine: Order, to: Status, **more: Any) -> bool:
        monkeypatch.setattr(Order, "move", real)
        assert step[status](Order.objects.get(pk=order.pk), actor=person, now=LATER)
        return real(mine, to, **more)

    monkeypatch.setattr(Order, "move", move)
    guard.check_database(now=LATER)
    order.refresh_from_db()
    assert (order.status, order.external_id, order.flag) == (Status.PENDING, "23501", "")
    assert not UnmatchedOrder.objects.exists()


def test_one_that_another_worker_gives_back_at_that_moment_is_nothing_for_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both workers of this machine read the same journal."""
    order, provider = make_order(), FakeProvider()
    send(order, provider, NOON)
    take_back(order)
    guard.quarantine("The database was put back.", now=NOON)
    real = recalled_sends._take_once

    def take_once(*this: Any) -> Attempt:
        monkeypatch.setattr(recalled_sends, "_take_once", real)
        assert recalled_sends.recall_sends(order.provider_id, now=LATER) == 1
        return real(*this)

    monkeypatch.setattr(recalled_sends, "_take_once", take_once)
    with pytest.raises(recalled_sends.NotRecalled):
        recalled_sends.recall_sends(order.provider_id, now=LATER)
    assert recalled_sends.recall_sends(order.provider_id, now=LATER) == 0, "by the next look"
    order.refresh_from_db()
    assert (order.status, order.flag, order.attempts.count()) == (Status.PENDING, "", 1)
    assert not UnmatchedOrder.objects.exists()


def test_one_that_is_moved_whenever_it_would_be_taken_is_left_to_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stands as queued still: a database that is accepted then would send it a second time."""
    order, provider = make_order(), FakeProvider()
    send(order, provider, NOON)
    take_back(order)
    with monkeypatch.context() as patched:
        patched.setattr(recalled_sends, "MOST_RACES", 0)
        come_back_after_it_was_accepted(order)
    assert UnmatchedOrder.objects.count() == 0
    assert Order.objects.get(pk=order.pk).status == Status.QUEUED
    guard.check_database(now=LATER + timedelta(minutes=1))
    assert Order.objects.get(pk=order.pk).status == Status.PENDING


def test_an_order_with_a_live_attempt_is_not_taken_as_sent_once_more():
    order = make_order()
    make_attempt(order, outcome=Outcome.ACCEPTED)
    assert recalled_sends.take_as_sent(order, started_at=NOON, reason="Why.", now=NOON) is None
    order.refresh_from_db()
    assert (order.status, order.attempts.count()) == (Status.QUEUED, 1)
