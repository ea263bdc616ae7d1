"""What an open page of an order goes on asking for and says of a cancel; what a list of refills
offers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from orders.aftersales import runs
from orders.models import Order, Refill
from orders.status import CancelStatus, RefillStatus, Status
from providers.models import Provider, ProviderState
from tests.builders import NOON, make_cancel, make_refill
from tests.one_line import one_line

pytestmark = [pytest.mark.django_db, pytest.mark.services]

PENDING = "until its status says otherwise"


def page_of(client: Client, order: Order) -> str:
    return one_line(client.get(f"/orders/{order.pk}/").content.decode())


@pytest.mark.parametrize("status", ["queued", "sending", "accepted"])
def test_it_asks_until_the_cancel_of_an_ended_order_is_over(staff: Client, status: str) -> None:
    order = make_cancel(CancelStatus(status)).order
    assert 'hx-trigger="every 3s"' in page_of(staff, order)
    Order.objects.update(status=Status.PARTIAL, ended_at=NOON)
    page = page_of(staff, order)
    assert 'hx-trigger="every 3s"' in page and PENDING not in page
    assert page.count("The order has ended as partial; the request to cancel it is over.") == 1
    order.cancel_requests.exclude(status="accepted").update(status="queued")
    runs.end_cancels(now=NOON)
    page = page_of(staff, order)
    assert "hx-trigger" not in page.partition('id="order-live"')[2].partition(">")[0]
    assert page.count("The order has ended as partial; the request to cancel it is over.") == 1


@pytest.mark.parametrize("status", ["unconfirmed", "pending"])
def test_of_a_refill_out_of_sight_it_asks_for_an_hour_and_not_for_weeks(
    staff: Client, status: str
) -> None:
    order = make_refill(RefillStatus(status), external_id="", followed_by="").order
    for minutes, asks in ((59, True), (61, False)):
        Refill.objects.update(changed_at=timezone.now() - timedelta(minutes=minutes))
        part = page_of(staff, order).partition('id="order-live"')[2].partition(">")[0]
        assert ("hx-trigger" in part) is asks
        rows = staff.get("/orders/refills/").content.decode()
        assert ("every 5s" in rows) is asks


def test_what_a_list_of_refills_offers_for_many_is_about_the_rows_it_shows(staff: Client) -> None:
    empty = staff.get("/orders/refills/").content.decode()
    make_refill(RefillStatus.COMPLETED)
    ended = staff.get("/orders/refills/").content.decode()
    make_refill(RefillStatus.UNCONFIRMED)
    answer = staff.get("/orders/refills/?status=unconfirmed", headers={"HX-Request": "true"})
    part = answer.content.decode()
    for page in (empty, ended):
        assert "Ask again for the selected" not in page and "Tick every" not in page
    assert "Ask again for the selected" in part and "Tick every" in part
    # What was narrowed meanwhile stays so behind the step.
    assert 'name="back" form="refill-selected" value="status=unconfirmed"' in part


def test_a_list_of_refills_says_which_of_them_wait_for_their_account(staff: Client) -> None:
    waiting, ended = make_refill(RefillStatus.QUEUED), make_refill(RefillStatus.COMPLETED)
    Provider.objects.update(state=ProviderState.PAUSED)
    page = one_line(staff.get("/orders/refills/").content.decode())
    rows = {
        pk: page.split(f'id="refill-{pk}"')[1].split("</tr>")[0] for pk in (waiting.pk, ended.pk)
    }
    assert "Paused. Somebody has paused it." in rows[waiting.pk]
    assert "Waiting:" not in rows[ended.pk]
