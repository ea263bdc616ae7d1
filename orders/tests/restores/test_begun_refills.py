"""An earlier call has begun a refill, and the one asked for since is in doubt, or has an answer of
its own: what was begun is never lost, and nothing is sent beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.failpoints import armed
from orders.aftersales import request_refills, runs
from orders.aftersales.batch_outcome import Answered, outcome_to_json
from orders.aftersales.refill_sends import REFILLS
from orders.aftersales.send_requests import Claimed, Heard, _write_down
from orders.models import Order, Refill, RequestCall
from orders.restores.tasks import importers
from orders.sending.restore_check import guard, recalled_requests
from orders.sending.writes import answer_files, recording
from orders.sending.writes.recording import NotNow
from orders.sending.writes.send_clock import SendClock
from orders.status import RefillStatus, Status, Write
from orders.tests.restores.test_second_calls import Panel, send
from orders.tests.sending.obstacles import Crash, die
from orders.tests.sending.test_restore_guard import LATER, acknowledge
from providers.panel_api import RefillStarted
from tests.builders import NOON, make_order, make_provider, make_refill, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SINCE = NOON + timedelta(minutes=2)
HOUR = timedelta(hours=1)


@pytest.fixture
def order() -> Order:
    """Its refill was begun as 77, and the database knows nothing of it."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order = make_order(Status.COMPLETED, service=make_service(account))
    make_refill(order=order)
    panel = Panel(RefillStarted("77"))
    send(panel, NOON)
    assert panel.begun == ["77"]
    Refill.objects.all().delete()
    RequestCall.objects.all().delete()
    return order


def asked_since(order: Order, status: RefillStatus, **more: Any) -> Refill:
    refill = make_refill(status, order=order, requested_at=SINCE, due_at=SINCE)
    Refill.objects.filter(pk=refill.pk).update(**more)
    return refill


def a_call(order: Order) -> RequestCall:
    return RequestCall.objects.create(
        provider_id=order.provider_id, write=Write.REFILL, worker="w", started_at=SINCE
    )


def never_sent(order: Order) -> Refill:
    return asked_since(order, RefillStatus.UNCONFIRMED)


def reaped(order: Order) -> Refill:
    call = a_call(order)
    return asked_since(order, RefillStatus.UNCONFIRMED, call=call, sent_at=SINCE, requests=1)


def lost_from_sight(order: Order) -> Refill:
    call, nothing = a_call(order), {"external_id": "", "followed_by": ""}
    return asked_since(order, RefillStatus.PENDING, call=call, sent_at=SINCE, requests=1, **nothing)


@pytest.mark.parametrize("since", [never_sent, reaped, lost_from_sight])
def test_a_refill_in_doubt_takes_what_an_earlier_call_has_begun(
    since: Callable[[Order], Refill], order: Order
) -> None:
    refill = since(order)
    guard.check_database(now=LATER)
    acknowledge(LATER)
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")
    assert refill.followed_by == "77", "the provider is asked about it"
    send(Panel(), LATER + timedelta(hours=2))
    assert Refill.objects.count() == 1


def test_one_with_an_answer_of_its_own_keeps_it_and_the_earlier_number_is_told(
    order: Order,
) -> None:
    mine = {"external_id": "78", "followed_by": "78"}
    refill = asked_since(order, RefillStatus.PENDING, call=a_call(order), **mine)
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "78")
    assert order.events.filter(text__endswith="took an earlier refill on as 77.").exists()


# an answer that was kept on a disk is brought in when a later call has the refill


def kept_answer(order: Order, call: RequestCall) -> bool:
    outcome = Answered({order.external_id: RefillStarted("77")})
    said = {"call": call.key.hex, "outcome": outcome_to_json(outcome)}
    return recalled_requests.take_in_kept(said, now=LATER)


@pytest.mark.parametrize("status", [RefillStatus.UNCONFIRMED, RefillStatus.QUEUED])
def test_a_late_answer_from_the_disk_ends_the_doubt_about_a_later_call(
    status: RefillStatus, order: Order
) -> None:
    first, second = a_call(order), a_call(order)
    refill = asked_since(order, status, call=second, sent_at=SINCE, requests=2)
    assert kept_answer(order, first)
    refill.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")


def test_a_late_answer_stays_on_the_disk_while_the_next_call_is_under_way(order: Order) -> None:
    first, second = a_call(order), a_call(order)
    refill = asked_since(order, RefillStatus.SENDING, call=second, sent_at=SINCE, requests=2)
    with pytest.raises(NotNow):
        kept_answer(order, first)
    refill.refresh_from_db()
    assert (refill.status, refill.call) == (RefillStatus.SENDING, second)


def test_a_late_answer_about_a_refill_that_has_ended_is_told(order: Order) -> None:
    first, second = a_call(order), a_call(order)
    refill = asked_since(order, RefillStatus.WITHDRAWN, call=second, requests=2)
    assert kept_answer(order, first)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.WITHDRAWN
    assert order.events.filter(text__endswith="took an earlier refill on as 77.").exists()


def test_a_refill_asked_for_since_the_first_was_closed_takes_the_late_answer(order: Order) -> None:
    first = a_call(order)
    closed = asked_since(order, RefillStatus.WITHDRAWN, call=first, requests=1)
    refill = asked_since(order, RefillStatus.QUEUED)
    assert kept_answer(order, first)
    refill.refresh_from_db()
    closed.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")
    assert closed.status == RefillStatus.WITHDRAWN


def test_what_was_closed_with_the_number_of_this_call_is_not_begun_again(order: Order) -> None:
    """Recorded by a release that did not write down that it was."""
    call = a_call(order)
    asked_since(order, RefillStatus.WITHDRAWN, call=call, external_id="77", requests=1)
    refill = asked_since(order, RefillStatus.QUEUED)
    assert kept_answer(order, call)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.QUEUED


# a provider that calls every refill of an order by the order's own number


@pytest.mark.parametrize(
    "status", [RefillStatus.QUEUED, RefillStatus.WAITING, RefillStatus.UNCONFIRMED]
)
def test_a_number_that_an_earlier_refill_had_as_well_begins_the_one_asked_for_since(
    status: RefillStatus, order: Order
) -> None:
    asked_since(order, RefillStatus.COMPLETED, call=a_call(order), external_id="77")
    call = a_call(order)
    asked_since(order, RefillStatus.WITHDRAWN, call=call, requests=1)
    refill = asked_since(order, status)
    assert kept_answer(order, call)
    refill.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")


def test_nothing_is_sent_beside_one_begun_with_the_number_of_an_earlier_refill() -> None:
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order, panel = make_order(Status.COMPLETED, service=make_service(account)), Panel()

    def ask(now: datetime) -> None:
        assert not request_refills.request_refill(order, actor=None, now=now)
        panel.says = [RefillStarted("77")]
        send(panel, now)

    ask(NOON)
    Refill.objects.update(status=RefillStatus.COMPLETED)
    with armed("request.kept", die), suppress(Crash):
        ask(NOON + HOUR)
    runs.reap_lost_requests(now=NOON + 2 * HOUR)
    lost = Refill.objects.get(status=RefillStatus.UNCONFIRMED)
    assert request_refills.withdraw_refill(lost, actor=None, now=NOON + 2 * HOUR)
    assert not request_refills.request_refill(order, actor=None, now=NOON + 3 * HOUR)
    assert answer_files.import_left_behind(importers(NOON + 3 * HOUR)) == 1
    panel.says = [RefillStarted("77")]
    send(panel, NOON + 3 * HOUR)
    assert len(panel.begun) == 2, "the one whose answer came late and another beside it"
    assert Refill.objects.open().get().status == RefillStatus.PENDING


# the worker itself comes back with the answer when a later call has the refill


def slept(order: Order, refill: Refill, call: RequestCall) -> bool:
    """A worker that had claimed it with this call before the row came to be what it is now."""
    claimed = Refill(pk=refill.pk, order=order, call=call, requests=1, status=RefillStatus.SENDING)
    heard = Heard(Answered({order.external_id: RefillStarted("77")}))
    now, account = SendClock(lambda: LATER), order.provider
    _write_down(REFILLS, Claimed(call, [claimed]), account, heard, runs.CHECK, now)
    return bool(list(answer_files.directory().glob("*.json")))


@pytest.mark.parametrize("status", [RefillStatus.WAITING, RefillStatus.UNCONFIRMED])
def test_a_worker_that_slept_with_the_answer_ends_the_doubt_about_a_later_call(
    status: RefillStatus, order: Order
) -> None:
    first, second = a_call(order), a_call(order)
    refill = asked_since(order, status, call=second, sent_at=SINCE, requests=2)
    assert not slept(order, refill, first), "the answer is recorded, and no longer on disk"
    refill.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")
    assert not order.events.filter(text__startswith="Late").exists()


def test_its_answer_stays_on_the_disk_while_the_next_call_is_under_way(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "PAUSES", (0.0,))
    first, second = a_call(order), a_call(order)
    refill = asked_since(order, RefillStatus.SENDING, call=second, sent_at=SINCE, requests=2)
    assert slept(order, refill, first)
    refill.refresh_from_db()
    assert (refill.status, refill.call) == (RefillStatus.SENDING, second)
