"""A provider that names one refill for two orders: `{"refill": 1}` as a flag, or by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.aftersales import poll_refills
from orders.aftersales.batch_outcome import Answered
from orders.aftersales.poll_refills import Answers
from orders.aftersales.refill_numbers import NUMBER_TWICE, without_given_twice
from orders.aftersales.refill_sends import record
from orders.aftersales.request_refills import withdraw_refill
from orders.aftersales.runs import ask_about_refills
from orders.models import Order, OrderEvent, Refill, RequestCall
from orders.sending.restore_check.begun_refills import take_begun
from orders.status import RefillStatus, Status, Write
from orders.tests.aftersales.test_refused_writes import telling_breaks
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from providers.models import Provider
from providers.panel_api import (
    Dialect,
    RefillProgress,
    RefillStarted,
    RefillState,
    RefusalCode,
    Refused,
)
from providers.panel_api.answers import decode_requests
from tests.builders import NOON, make_order, make_provider, make_refill, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def sent(order: Order, number: str) -> Refill:
    refill, desk = make_refill(order=order), FakeDesk()
    desk.says = {order.external_id: RefillStarted(number)}
    send(refill, desk, NOON)
    refill.refresh_from_db()
    return refill


def lost_from_sight(refill: Refill, number: str) -> bool:
    refill.refresh_from_db()
    told = (refill.external_id, refill.followed_by, refill.code, refill.may_be_closed)
    return refill.status == RefillStatus.PENDING and told == (number, "", NUMBER_TWICE, True)


def asked(provider: Provider, at: datetime = NOON + timedelta(days=1)) -> list[str]:
    """By which ids the provider was asked how refills go; it says of all that they are done."""
    asked = list[str]()

    class Done:
        def refill_statuses_once(self, ids: Sequence[str]) -> Answers:
            asked.extend(ids)
            return {one: RefillProgress(RefillState.COMPLETED, "Completed") for one in ids}

    ask_about_refills(provider, Done(), clock=lambda: at, seconds=5)
    return asked


def two_orders(**account: Any) -> list[Order]:
    service = make_service(make_provider(**account))
    return [make_order(Status.COMPLETED, service=service) for _ in range(2)]


def test_neither_of_two_orders_refills_is_followed_by_the_number_of_both():
    first, second = two_orders()
    said = decode_requests.refills({"refill": 1}, [first.external_id], Dialect())
    assert said == {first.external_id: RefillStarted("1")}
    known = sent(first, "1")
    assert (known.external_id, known.followed_by, known.code) == ("1", "1", "")
    refill = sent(second, "01")
    assert lost_from_sight(known, "1") and lost_from_sight(refill, "01")
    assert asked(first.provider) == []
    assert first.events.filter(text__contains="again, for order").count() == 1


def test_what_was_said_while_the_number_was_given_again_is_not_believed():
    first, second = two_orders()
    known = sent(first, "1")
    batch = poll_refills.due_batch(first.provider, NOON + timedelta(days=1))
    sent(second, "1")
    said: Answers = {"1": RefillProgress(RefillState.COMPLETED, "Completed")}
    poll_refills.record(batch, said, now=NOON + timedelta(days=1))
    assert lost_from_sight(known, "1")


def test_two_that_were_followed_by_one_number_before_are_asked_about_no_more():
    """A release before followed both; or their rows have turned out to be one account."""
    first, second = two_orders()
    pair = [make_refill(RefillStatus.PENDING, order=first, external_id="1")]
    pair.append(make_refill(RefillStatus.PENDING, order=second, external_id="01"))
    make_refill(RefillStatus.PENDING, order=two_orders()[0], external_id="1")  # elsewhere
    other = make_order(Status.COMPLETED, service=first.service)
    make_refill(RefillStatus.PENDING, order=other, external_id="7")
    assert asked(first.provider) == ["7"]
    assert lost_from_sight(pair[0], "1") and lost_from_sight(pair[1], "01")
    for order in (first, second):
        assert order.events.filter(text__contains="to another order’s refill as well").count() == 1


@pytest.mark.parametrize("most", [1, 100])
def test_one_whose_history_cannot_be_written_keeps_no_other_from_being_asked_about(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    first, second = two_orders(batch_size=most)
    early = NOON - timedelta(hours=1)
    twice = make_refill(RefillStatus.PENDING, order=first, external_id="1", due_at=early)
    make_refill(RefillStatus.COMPLETED, order=second, external_id="1")
    other = make_order(Status.COMPLETED, service=first.service)
    make_refill(RefillStatus.PENDING, order=other, external_id="7")
    telling_breaks(monkeypatch, first)
    looks = list[int]()
    real = without_given_twice

    def counted(provider: Provider, batch: Sequence[Refill], *, now: datetime) -> list[Refill]:
        looks.append(len(batch))
        return real(provider, batch, now=now)

    monkeypatch.setattr(poll_refills, "without_given_twice", counted)
    assert asked(first.provider) == ["7"]
    assert lost_from_sight(twice, "1") and len(looks) < 5, "it is due no more"


def test_each_other_order_is_told_once():
    """At a provider that answers `{"refill": 1}` each later one is no news for the first."""
    orders = two_orders()
    orders += [make_order(Status.COMPLETED, service=orders[0].service) for _ in range(3)]
    ended = make_refill(RefillStatus.COMPLETED, order=orders[0], external_id="1")
    for order in orders[1:]:
        sent(order, "1")
    told = [one.events.filter(text__contains="again, for order").count() for one in orders]
    assert told == [1, 0, 0, 0, 0]
    ended.refresh_from_db()
    assert (ended.status, ended.code) == (RefillStatus.COMPLETED, "")


def test_after_it_is_closed_not_yet_means_not_yet():
    """What was requested not long ago is the one that the provider gave the number."""
    first, second = two_orders()
    sent(first, "1")
    assert withdraw_refill(sent(second, "1"), actor=None, now=NOON)
    refill, desk = make_refill(order=second), FakeDesk()
    words = "Refill was requested less than 24 hours ago"
    desk.says = {second.external_id: Refused(words, RefusalCode.WAIT, spacing_seconds=86_400)}
    send(refill, desk, NOON + timedelta(hours=2))
    refill.refresh_from_db()
    assert (refill.status, refill.due_at) == (RefillStatus.WAITING, NOON + timedelta(days=1))


def test_a_late_answer_of_an_earlier_call_takes_nothing_from_it():
    first, second = two_orders()
    sent(first, "1")
    refill = sent(second, "1")
    earlier = RequestCall.objects.create(
        provider=second.provider, write=Write.REFILL, worker="w", started_at=NOON
    )
    outcome = Answered({second.external_id: RefillStarted("77")})
    take_begun(earlier, outcome, now=NOON)
    assert lost_from_sight(refill, "1")
    assert second.events.filter(text__contains="took an earlier refill on as 77").exists()


def test_a_number_that_one_answer_gives_twice_is_neithers():
    orders = two_orders()
    refills = [make_refill(RefillStatus.SENDING, order=one, requests=1) for one in orders]
    rows = {one.external_id: RefillStarted("1") for one in orders}
    record(refills, Answered(rows), orders[0].provider, NOON)
    told = Refill.objects.values_list("external_id", "followed_by", "code")
    assert list(told) == [("1", "", NUMBER_TWICE)] * 2


def test_a_number_of_another_row_of_the_account_is_seen():
    first, _ = two_orders()
    elsewhere = make_provider(name="The same account")
    same = {"url": first.provider.url, "key_fingerprint": first.provider.key_fingerprint}
    Provider.objects.filter(pk=elsewhere.pk).update(upstream="", **same)
    second = make_order(Status.COMPLETED, service=make_service(elsewhere))
    known = sent(first, "1")
    assert lost_from_sight(sent(second, "1"), "1") and lost_from_sight(known, "1")


def test_a_second_refill_of_an_order_may_have_the_number_of_the_first():
    order, _ = two_orders()
    first = sent(order, "1")
    Refill.objects.filter(pk=first.pk).update(status=RefillStatus.COMPLETED, ended_at=NOON)
    assert (sent(order, "1").followed_by, Refill.objects.filter(code="").count()) == ("1", 2)


def test_of_those_that_are_followed_by_their_order_nothing_is_odd():
    orders = two_orders(dialect={"refill_status_by_order": True})
    for order in orders:
        refill = sent(order, "1")
        told = (refill.external_id, refill.followed_by, refill.code)
        assert told == ("1", order.external_id, "")
    assert sorted(asked(orders[0].provider)) == sorted(one.external_id for one in orders)
    assert set(Refill.objects.values_list("status", flat=True)) == {RefillStatus.COMPLETED}


def test_the_page_of_the_order_says_so(client: Client):
    first, second = two_orders()
    sent(first, "1")
    sent(second, "1")
    client.force_login(make_user())
    for order in (first, second):
        page = client.get(reverse("order", args=[order.pk])).content.decode()
        assert "the number of another order’s refill" in page
        assert "gave it no number" not in page


def numbered(count: int, status: RefillStatus) -> list[Refill]:
    """Refills of as many orders that the provider calls 1, 2 and so on."""
    service = make_service(make_provider())
    orders = [make_order(Status.COMPLETED, service=service) for _ in range(count)]
    return [
        make_refill(status, order=order, external_id=f"{place}")
        for place, order in enumerate(orders, 1)
    ]


def given_again(known: list[Refill]) -> list[Refill]:
    """One call about as many other orders, which the provider answers with the same numbers."""
    service = known[0].order.service
    orders = [make_order(Status.COMPLETED, service=service) for _ in known]
    again = [make_refill(RefillStatus.SENDING, order=one, requests=1) for one in orders]
    said = [RefillStarted(one.external_id) for one in known]
    rows = zip(orders, said, strict=True)
    outcome: Answered[Any] = Answered({order.external_id: one for order, one in rows})
    record(again, outcome, service.provider, NOON)
    return list(Refill.objects.filter(pk__in=[one.pk for one in again]).order_by("pk"))


BROKEN_OF = pytest.mark.parametrize(("broken", "count"), [(1, 1), (1, 3), (2, 2)])


@BROKEN_OF
def test_a_refill_of_which_no_history_can_tell_is_lost_from_sight_all_the_same(
    monkeypatch: pytest.MonkeyPatch, broken: int, count: int
) -> None:
    known = numbered(count, RefillStatus.PENDING)
    telling_breaks(monkeypatch, *(one.order for one in known[:broken]))
    again = given_again(known)
    told = {(one.status, one.followed_by, one.code) for one in again}
    assert told == {(RefillStatus.PENDING, "", NUMBER_TWICE)}
    assert set(Refill.objects.values_list("followed_by", "code")) == {("", NUMBER_TWICE)}


@BROKEN_OF
def test_an_order_that_cannot_be_told_of_its_number_keeps_no_call_waiting(
    monkeypatch: pytest.MonkeyPatch, broken: int, count: int
) -> None:
    known = numbered(count, RefillStatus.COMPLETED)
    telling_breaks(monkeypatch, *(one.order for one in known[:broken]))
    again = given_again(known)
    assert {(one.status, one.code) for one in again} == {(RefillStatus.PENDING, NUMBER_TWICE)}
    told = OrderEvent.objects.filter(text__contains="again, for order")
    assert {one.order_id for one in told} == {one.order_id for one in known[broken:]}
