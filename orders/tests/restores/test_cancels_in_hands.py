"""A journal tells of a cancel that this database has in other hands, or has given up unsent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from orders.aftersales import runs
from orders.aftersales.batch_outcome import Answered, AnyOutcome
from orders.aftersales.cancel_sends import CAME_LATE
from orders.models import CancelRequest, EventKind, Order
from orders.sending.restore_check import recalled_requests
from orders.sending.restore_check.forgotten_sends import WORDS
from orders.sending.restore_check.recalled_cancels import BESIDE
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.status import UNCLEAR, CancelStatus, Status, Write
from orders.tests.aftersales.test_send_requests import FakeDesk
from providers.models import Provider
from providers.panel_api import CancelAccepted, RefusalCode, Refused
from tests.builders import NOON, make_cancel, make_order, make_provider, make_service

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
HOUR = timedelta(hours=1)
TOO_EARLY = Refused("Too early", RefusalCode.NOT_ALLOWED)


@pytest.fixture
def order() -> Order:
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    return make_order(Status.IN_PROGRESS, service=make_service(account, cancel=True))


def recall(order: Order, asked: Any, *, started: Any, outcome: AnyOutcome | None = None) -> None:
    named = [Named(order.form_key, asked, order.external_id)]
    then = JournaledCall(uuid4().hex, Write.CANCEL, started, named)
    then.outcome = outcome
    recalled_requests._recall(order.provider_id, [then], started + HOUR)


def told(order: Order) -> list[str]:
    lines = order.events.filter(kind=EventKind.CANCEL).order_by("pk")
    return list(lines.values_list("text", flat=True))


@pytest.mark.parametrize(
    "first",
    [[TOO_EARLY], [Refused("?", RefusalCode.UNLISTED)], [], None],
    ids=["refused", "in unknown words", "without a row", "lost"],
)
def test_what_a_call_under_way_is_answered_counts_although_an_earlier_one_comes_to_light(
    order: Order, first: list[Refused] | None
) -> None:
    """The journal of another machine has the first send of this cancel, while this machine's call
    about it is past its first byte."""
    cancel = make_cancel(order=order, due_at=NOON)
    rows = {order.external_id: first[0]} if first else {}
    said = None if first is None else Answered(rows)
    desk = FakeDesk()
    desk.meanwhile = lambda: recall(order, cancel.requested_at, started=NOON - HOUR, outcome=said)
    fresh = Provider.objects.get(pk=order.provider_id)
    runs.send_requests(fresh, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.ACCEPTED
    assert WORDS in told(order), "the earlier call is in its history"
    known = first == [TOO_EARLY]
    assert not known or any("Too early" in line for line in told(order)), "and what it was told"


@pytest.mark.parametrize("lost_before", [False, True], ids=["at first", "after a lost one"])
def test_an_earlier_acceptance_stands_whatever_the_call_under_way_is_answered(
    order: Order, lost_before: bool
) -> None:
    cancel = make_cancel(order=order, due_at=NOON)
    taken = Answered({order.external_id: CancelAccepted("77")})
    desk = FakeDesk()
    desk.says = {order.external_id: TOO_EARLY}

    def meanwhile() -> None:
        if lost_before:
            recall(order, cancel.requested_at, started=NOON - 2 * HOUR)
        recall(order, cancel.requested_at, started=NOON - HOUR, outcome=taken)

    desk.meanwhile = meanwhile
    fresh = Provider.objects.get(pk=order.provider_id)
    runs.send_requests(fresh, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.ACCEPTED


def test_what_is_left_to_its_call_and_told_to_wait_is_not_said_to_be_asked_again(
    order: Order,
) -> None:
    cancel = make_cancel(order=order, due_at=NOON)
    desk = FakeDesk()
    desk.says = {order.external_id: Refused("Not yet", RefusalCode.WAIT)}
    desk.meanwhile = lambda: recall(order, cancel.requested_at, started=NOON - HOUR)
    fresh = Provider.objects.get(pk=order.provider_id)
    runs.send_requests(fresh, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert cancel.is_unclear and "nobody asks again" in cancel.reason
    assert not any("It is asked again" in line for line in told(order))


def test_one_given_up_beside_another_is_told_to_have_been_sent_once_its_machine_comes_up(
    order: Order,
) -> None:
    """The backup has it as queued. Machine 2 comes first and has sent a later one; then machine 1,
    which had sent this one, its answer lost."""
    cancel = make_cancel(order=order, due_at=NOON)
    recall(order, cancel.requested_at + 2 * HOUR, started=NOON + 3 * HOUR)
    cancel.refresh_from_db()
    assert (cancel.is_unclear, cancel.requests, cancel.reason) == (True, 0, BESIDE)
    recall(order, cancel.requested_at, started=NOON + HOUR)
    cancel.refresh_from_db()
    assert cancel.is_unclear and cancel.requests == 1, "nobody knows what became of it"
    assert told(order).count(WORDS) == 2
    assert CancelRequest.objects.open().count() == 0


@pytest.mark.parametrize(
    "says", [TOO_EARLY, CancelAccepted("9"), Refused("?", RefusalCode.UNLISTED)]
)
@pytest.mark.parametrize("how", ["accepted", "lost", "refused"])
def test_what_a_call_is_answered_is_told_although_a_journal_has_taken_its_cancel_over(
    order: Order, how: str, says: CancelAccepted | Refused
) -> None:
    """Past its lease the row goes to a call of before, and so it does where that one was taken."""
    cancel = make_cancel(order=order, due_at=NOON)
    before = {"accepted": CancelAccepted("77"), "refused": Refused("No.", RefusalCode.NOT_ALLOWED)}
    said = Answered({order.external_id: before[how]}) if how in before else None
    started = NOON - HOUR if how == "accepted" else NOON + 5 * HOUR
    desk = FakeDesk()
    desk.says = {order.external_id: says}
    desk.meanwhile = lambda: recall(order, cancel.requested_at, started=started, outcome=said)
    fresh = Provider.objects.get(pk=order.provider_id)
    runs.send_requests(fresh, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    is_taken = isinstance(says, CancelAccepted)
    words = "The provider took the request to cancel."
    if isinstance(says, Refused):
        words = f"“{says.reason}”"
    assert told(order).count(f"{CAME_LATE} {words}") == 1
    ended = {"accepted": ("accepted", ""), "refused": ("refused", "not_allowed")}
    if how == "lost" and is_taken:
        assert (cancel.status, cancel.external_id, cancel.ended_at) == ("accepted", "9", None)
        assert (cancel.code, cancel.reason) == ("", "")
    else:
        assert (cancel.status, cancel.code) == ended.get(how, ("refused", UNCLEAR))
    assert cancel.external_id == {"accepted": "77"}.get(how, cancel.external_id)


def test_where_nothing_is_left_to_cancel_it_is_not_told_as_taken(
    order: Order, staff: Client
) -> None:
    cancel = make_cancel(order=order, due_at=NOON)
    desk = FakeDesk()
    desk.says = {order.external_id: Refused("Order is canceled", RefusalCode.NOT_ALLOWED)}
    desk.meanwhile = lambda: recall(order, cancel.requested_at, started=NOON + 5 * HOUR)
    fresh = Provider.objects.get(pk=order.provider_id)
    runs.send_requests(fresh, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    kept = cancel.status, cancel.reason, cancel.code
    assert kept == ("accepted", "Order is canceled", "not_allowed")
    page = staff.get(f"/orders/{order.pk}/").content.decode()
    assert "The provider has taken the" not in page


def test_none_is_opened_beside_one_that_was_asked_for_since_the_journal_took_it(
    order: Order,
) -> None:
    cancel = make_cancel(order=order, due_at=NOON)
    desk = FakeDesk()

    def meanwhile() -> None:
        recall(order, cancel.requested_at, started=NOON + 5 * HOUR)
        make_cancel(order=order, requested_at=NOON + HOUR, due_at=NOON + HOUR)

    desk.meanwhile = meanwhile
    fresh = Provider.objects.get(pk=order.provider_id)
    runs.send_requests(fresh, desk, clock=lambda: NOON, seconds=0)
    cancel.refresh_from_db()
    assert cancel.is_unclear
    assert any(line.startswith(CAME_LATE) for line in told(order))
    assert CancelRequest.objects.open().get().status == CancelStatus.QUEUED


@pytest.mark.parametrize(
    ("first", "said", "is_unclear"),
    [
        (None, TOO_EARLY, True),
        (None, Refused("Cancel is disabled for this service", RefusalCode.NOT_ALLOWED), False),
        (TOO_EARLY, TOO_EARLY, False),
    ],
)
def test_one_that_was_refused_to_another_machine_is_unclear_once_an_earlier_send_is_known(
    order: Order, first: Refused | None, said: Refused, is_unclear: bool
) -> None:
    """Machine 1 has sent it, its answer lost, and machine 2 once more. Machine 2 comes first."""
    cancel = make_cancel(order=order, due_at=NOON)
    refused = Answered({order.external_id: said})
    recall(order, cancel.requested_at, started=NOON + HOUR, outcome=refused)
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.REFUSED and not cancel.is_unclear
    known = Answered({order.external_id: first}) if first else None
    recall(order, cancel.requested_at, started=NOON, outcome=known)
    cancel.refresh_from_db()
    assert cancel.status == CancelStatus.REFUSED
    assert cancel.is_unclear == is_unclear
    assert said.reason in cancel.reason


@pytest.mark.parametrize("order_ends", [False, True])
def test_one_that_was_taken_is_not_refused_by_what_another_machine_was_told(
    order: Order, order_ends: bool
) -> None:
    cancel = make_cancel(order=order, due_at=NOON)
    refused = Answered({order.external_id: TOO_EARLY})
    recall(order, cancel.requested_at, started=NOON + HOUR, outcome=refused)
    if order_ends:
        Order.objects.update(status=Status.COMPLETED)
    taken = Answered({order.external_id: CancelAccepted("9")})
    recall(order, cancel.requested_at, started=NOON, outcome=taken)
    cancel.refresh_from_db()
    assert cancel.status == (CancelStatus.REFUSED if order_ends else CancelStatus.ACCEPTED)
