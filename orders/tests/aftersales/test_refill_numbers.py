"""A provider that names one refill for two orders: `{"refill": 1}` as a flag, or by mistake."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.aftersales.batch_outcome import Answered
from orders.aftersales.refill_numbers import NUMBER_TWICE
from orders.aftersales.refill_sends import record
from orders.models import Order, Refill
from orders.status import RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from providers.models import Provider
from providers.panel_api import Dialect, RefillStarted
from providers.panel_api.answers import decode_requests
from tests.builders import NOON, make_order, make_provider, make_refill, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def sent(order: Order, number: str) -> Refill:
    refill, desk = make_refill(order=order), FakeDesk()
    desk.says = {order.external_id: RefillStarted(number)}
    send(refill, desk, NOON)
    refill.refresh_from_db()
    return refill


def two_orders(**account: Any) -> list[Order]:
    service = make_service(make_provider(**account))
    return [make_order(Status.COMPLETED, service=service) for _ in range(2)]


def test_a_number_that_another_orders_refill_has_is_not_followed_as_ours():
    first, second = two_orders()
    said = decode_requests.refills({"refill": 1}, [first.external_id], Dialect())
    assert said == {first.external_id: RefillStarted("1")}
    known, refill = sent(first, "1"), sent(second, "01")
    assert (known.external_id, known.followed_by, known.code) == ("1", "1", "")
    assert (refill.status, refill.external_id, refill.followed_by) == (RefillStatus.PENDING, "", "")
    assert (refill.code, refill.may_be_closed) == (NUMBER_TWICE, True)
    assert first.events.filter(text__contains="again, for order").count() == 1


def test_a_number_that_one_answer_gives_twice_is_neithers():
    orders = two_orders()
    refills = [make_refill(RefillStatus.SENDING, order=one, requests=1) for one in orders]
    rows = {one.external_id: RefillStarted("1") for one in orders}
    record(refills, Answered(rows), orders[0].provider, NOON)
    told = Refill.objects.values_list("external_id", "followed_by", "code")
    assert list(told) == [("", "", NUMBER_TWICE)] * 2


def test_a_number_of_another_row_of_the_account_is_seen():
    first, _ = two_orders()
    elsewhere = make_provider(name="The same account")
    same = {"url": first.provider.url, "key_fingerprint": first.provider.key_fingerprint}
    Provider.objects.filter(pk=elsewhere.pk).update(upstream="", **same)
    second = make_order(Status.COMPLETED, service=make_service(elsewhere))
    sent(first, "1")
    assert sent(second, "1").code == NUMBER_TWICE


def test_a_second_refill_of_an_order_may_have_the_number_of_the_first():
    order, _ = two_orders()
    first = sent(order, "1")
    Refill.objects.filter(pk=first.pk).update(status=RefillStatus.COMPLETED, ended_at=NOON)
    assert (sent(order, "1").followed_by, Refill.objects.filter(code="").count()) == ("1", 2)


def test_one_that_is_followed_by_its_order_goes_on():
    first, second = two_orders(dialect={"refill_status_by_order": True})
    sent(first, "1")
    refill = sent(second, "1")
    assert (refill.followed_by, refill.code) == (second.external_id, NUMBER_TWICE)


def test_the_page_of_the_order_says_so(client: Client):
    first, second = two_orders()
    sent(first, "1")
    sent(second, "1")
    client.force_login(make_user())
    page = client.get(reverse("order", args=[second.pk])).content.decode()
    assert "the number of another order’s refill" in page
    assert "gave it no number" not in page
