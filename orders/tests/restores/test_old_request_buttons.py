"""Buttons of refills and cancels on a page from before the database was put back: what it shows as
lost, or as never asked for, may have been sent since and be forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from core.roles import Role
from orders import shown, urls
from orders.aftersales import request_refills, runs
from orders.bulk.apply_step import CANCELED_SINCE
from orders.limits import doubtful_rows
from orders.models import BulkJob, CancelRequest, Refill, RequestCall
from orders.sending.restore_check import guard
from orders.shown import CHANGED
from orders.status import RefillStatus, Status
from tests.builders import (
    NOON,
    make_cancel,
    make_journal_gap,
    make_order,
    make_provider,
    make_refill,
    make_service,
)

from ..aftersales.test_send_requests import FakeDesk
from ..sending.test_restore_guard import acknowledge
from .test_drawn_before import asked, drawn, find_gap, put_back
from .test_many_over_a_gap import run_job
from .test_recalled_calls import Silent

pytestmark = [pytest.mark.django_db, pytest.mark.services]

# Each address that makes a refill or cancel go, or the next one possible
REFILL, CANCEL = "/orders/{0.order_id}/", "/orders/{0.pk}/"
LIST, SELECTED = "/orders/refills/", "/orders/refills/selected/"
COMPARED: dict[str, tuple[Callable[[], Any], str, str]] = {
    "order-refill": (lambda: make_order(Status.COMPLETED), CANCEL, "/orders/{0.pk}/refill/"),
    "order-cancel": (lambda: make_order(Status.IN_PROGRESS), CANCEL, "/orders/{0.pk}/cancel/"),
    "cancel-withdraw": (make_cancel, REFILL, "/orders/cancels/{0.pk}/withdraw/"),
    "refill-again": (lambda: lost_refill(), REFILL, "/orders/refills/{0.pk}/again/"),
    "refill-withdraw": (lambda: lost_refill(), REFILL, "/orders/refills/{0.pk}/withdraw/"),
    "refills-selected": (lambda: lost_refill(), LIST, SELECTED),
}


def lost_refill(**over: Any) -> Refill:
    lost: dict[str, Any] = {
        "requests": 1,
        "sent_at": NOON,
        "doubted_at": NOON,
        "requested_at": NOON,
    }
    return make_refill(RefillStatus.UNCONFIRMED, **lost | over)


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def carried(staff: Client, page: str, step: str, row: Any) -> dict[str, Any]:
    """What the button to this address says on the page as it is now."""
    text = staff.get(page).content.decode()
    if step == SELECTED:
        found = re.search(rf'name="(shown-{row.pk})"[^>]*value="([^"]*)"', text)
        assert found
        return {"refill": [row.pk], "step": "again", found[1]: found[2]}
    found = re.search(rf'formaction="{step}[^"]*"\s+name="(shown)"\s+value="([^"]*)"', text)
    assert found, text
    return {found[1]: found[2]}


def rows() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values_list("pk", "status"))
        for model in (Refill, CancelRequest)
    ]


def restored_over_a_gap(row: Any) -> None:
    at = timezone.now()
    find_gap(put_back(at), row.provider if hasattr(row, "provider") else row.order.provider, at)


@pytest.mark.parametrize("name", COMPARED)
def test_no_step_is_taken_with_a_button_of_before_a_restore(staff: Client, name: str) -> None:
    make, on, to = COMPARED[name]
    row = make()
    page, step = on.format(row), to.format(row)
    old, before = carried(staff, page, step, row), rows()
    restored_over_a_gap(row)
    answer = staff.post(step, old, follow=True)
    assert CHANGED in answer.content.decode()
    assert rows() == before
    staff.post(step, carried(staff, page, step, row))
    assert rows() != before, "the page of now acts"


def test_each_address_of_refills_and_cancels_says_up_to_which_restore_it_knew() -> None:
    ours = {
        one.name
        for one in urls.urlpatterns
        if isinstance(one, URLPattern) and one.callback.__module__ == "orders.aftersales.views"
    }
    assert ours - {"refills"} == set(COMPARED)


@pytest.mark.parametrize("on", [LIST, REFILL], ids=["the list", "its page"])
def test_a_refill_that_was_sent_again_since_is_not_sent_unasked(staff: Client, on: str) -> None:
    refill = lost_refill()
    page = on.format(refill)
    step = SELECTED if on == LIST else f"/orders/refills/{refill.pk}/again/"
    old = carried(staff, page, step, refill)
    restored_over_a_gap(refill)
    staff.post(step, old)
    desk = FakeDesk()
    runs.send_requests(refill.provider, desk, clock=timezone.now, seconds=0)
    refill.refresh_from_db()
    assert (refill.status, desk.calls) == (RefillStatus.UNCONFIRMED, [])


def test_a_gap_that_is_found_with_the_click_puts_the_refill_in_doubt() -> None:
    refill = lost_refill()
    known = doubtful_rows.known_gap()
    gap = make_journal_gap(refill.provider, found_at=NOON + timedelta(minutes=1))
    told: dict[str, Any] = {"actor": None, "now": NOON + timedelta(minutes=2)}
    assert not request_refills.ask_again(refill, known_gap=known, **told)
    doubtful_rows.give_up_requests(gap.provider_id, now=NOON + timedelta(minutes=3))
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED


def test_where_nothing_was_put_back_a_button_says_no_more_than_its_row(staff: Client) -> None:
    refill = lost_refill()
    assert shown.since_restores() == ""
    staff.post(f"/orders/refills/{refill.pk}/again/", {"shown": refill.shown})
    assert Refill.objects.get().status == RefillStatus.QUEUED


def test_cancels_for_many_of_before_a_restore_start_when_a_person_says_so(staff: Client) -> None:
    order = make_order(Status.IN_PROGRESS, external_id="7")
    address = f"/orders/bulk/?kind=cancel&order={order.pk}"
    kept = drawn(staff, address)
    put_back()
    meant = asked(staff, address, kept)
    assert not BulkJob.objects.exists()
    assert staff.post(address, meant).status_code == 302
    assert BulkJob.objects.get().total == 1


def test_a_page_of_before_a_late_machine_told_of_its_cancel_does_not_send_another(
    staff: Client,
) -> None:
    """The database is accepted; the machine was off, starts, and tells the history that it had sent
    the cancel. No stop or gap is new."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    order = make_order(Status.IN_PROGRESS, service=make_service(account, cancel=True))
    make_cancel(order=order)
    runs.send_requests(account, Silent(), clock=lambda: NOON, seconds=0)
    CancelRequest.objects.all().delete()
    RequestCall.objects.all().delete()
    guard.quarantine("The database was put back.", now=NOON + timedelta(minutes=1))
    acknowledge(NOON + timedelta(minutes=5))
    page, step = f"/orders/{order.pk}/", f"/orders/{order.pk}/cancel/"
    old, knew = carried(staff, page, step, order), shown.since_restores()
    many = drawn(staff, address := f"/orders/bulk/?kind=cancel&order={order.pk}")
    guard.check_database(now=NOON + timedelta(minutes=6))
    assert shown.since_restores() == knew
    assert CHANGED in staff.post(step, old, follow=True).content.decode()
    assert staff.post(address, many).status_code == 302
    run_job(job := BulkJob.objects.get(), NOON + timedelta(minutes=7))
    assert job.items.get().words == CANCELED_SINCE
    assert not CancelRequest.objects.exists(), "it is sent a second time, unasked"
    staff.post(step, carried(staff, page, step, order))
    assert CancelRequest.objects.exists(), "the page of now asks"
