"""A page that was drawn before the database was put back, and is sent after it: what it asks for
may be bought already, so it is asked about first."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.roles import Role
from orders.mass.mass_order import digest_of_good, start_placing
from orders.models import BulkJob, Halt, JournalGap, Order, OrderBatch, Refill
from orders.placing.order_form import form_for
from orders.placing.place_orders import NotAgreed, place_order
from orders.status import HaltKind, Status
from orders.tests.mass.test_place_lines import make_batch
from orders.tests.mass.test_repeated_lines import paste
from providers.models import Provider
from tests.builders import NOON, make_halt, make_order, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
BOX = re.compile(r'name="restores_meant" value="([^"]+)"')
ORDER = {"link": "https://lumen.example/home", "quantity": "500"}


def put_back(at: datetime | None = None) -> Halt:
    at = at or timezone.now()
    return make_halt(kind=HaltKind.RESTORED, placed_at=at, lifted_at=at)


def find_gap(halt: Halt, account: Provider, at: datetime | None = None) -> JournalGap:
    at = at or timezone.now()
    through = {f"{name}_through": 0 for name in ("events", "orders", "refills", "cancels")}
    named = {"halt": halt, "provider": account, "host": f"machine-{at}"}
    return JournalGap.objects.create(**named, found_at=at, kept_from=at, **through)


def hidden_in(page: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page)}


@pytest.fixture
def staff(client_for_role: Callable[[Role], Client]) -> Client:
    return client_for_role(Role.MANAGER)


def drawn(staff: Client, address: str) -> dict[str, Any]:
    """What a browser sends of the page at this address, as it was drawn."""
    page = staff.get(address)
    assert page.status_code == 200
    assert not BOX.search(page.content.decode())
    return hidden_in(page.content.decode())


def order_form(staff: Client) -> dict[str, Any]:
    return drawn(staff, f"/orders/new/?service={make_service().pk}") | ORDER


def asked(staff: Client, address: str, said: dict[str, Any]) -> dict[str, Any]:
    """It is not taken; what the page that comes back sends once its box is ticked."""
    page = staff.post(address, said)
    box = BOX.search(page.content.decode())
    assert page.status_code == 422 and box, page.content.decode()
    return said | hidden_in(page.content.decode()) | {"restores_meant": box[1]}


def test_an_order_form_of_before_a_restore_is_placed_when_a_person_says_so(staff: Client) -> None:
    kept = order_form(staff)
    put_back()
    meant = asked(staff, "/orders/new/", kept)
    assert not Order.objects.exists()
    untouched = {name: value for name, value in meant.items() if name != "restores_meant"}
    asked(staff, "/orders/new/", untouched)  # the page that asks is no consent
    assert staff.post("/orders/new/", meant).status_code == 302
    assert Order.objects.count() == 1


def test_a_tick_of_one_restore_is_none_of_a_gap_that_is_found_later(staff: Client) -> None:
    kept = order_form(staff)
    halt = put_back()
    meant = asked(staff, "/orders/new/", kept)
    find_gap(halt, Provider.objects.get())
    again = asked(staff, "/orders/new/", meant)
    assert not Order.objects.exists()
    assert staff.post("/orders/new/", again).status_code == 302


def test_the_preview_asks_beside_the_button_before_it_is_sent(staff: Client) -> None:
    kept = order_form(staff)
    assert not BOX.search(staff.post("/orders/new/preview/", kept).content.decode())
    put_back()
    assert BOX.search(staff.post("/orders/new/preview/", kept).content.decode())


def test_a_form_that_was_drawn_after_the_restore_is_taken_as_it_is(staff: Client) -> None:
    find_gap(put_back(), make_service().provider)
    assert staff.post("/orders/new/", order_form(staff)).status_code == 302


def test_a_restore_whose_numbers_and_clock_went_back_is_another_one(staff: Client) -> None:
    first = put_back(NOON)
    kept = order_form(staff)
    Halt.objects.filter(pk=first.pk).update(placed_at=NOON - timedelta(days=1))
    meant = asked(staff, "/orders/new/", kept)
    assert meant["restores_meant"] and not Order.objects.exists()


def test_a_form_of_a_release_before_is_asked_about_for_as_long_as_one_is_kept(
    staff: Client,
) -> None:
    said = order_form(staff)
    old = {name: value for name, value in said.items() if name != "restores"}
    halt = put_back()
    asked(staff, "/orders/new/", old)
    Halt.objects.filter(pk=halt.pk).update(placed_at=timezone.now() - timedelta(days=8))
    assert staff.post("/orders/new/", old).status_code == 302


def test_a_restore_that_is_found_between_the_form_and_its_order_stops_it() -> None:
    form = form_for(make_service(), now=NOON)
    data = {"form_key": str(form.drawn_key), "restores": form.restores_shown, **ORDER}
    draft = form_for(form.service, now=NOON, data=data).draft()
    halt = put_back()
    with pytest.raises(NotAgreed, match="put back a moment ago"):
        place_order(draft, placed_by=None, now=NOON)
    halt.delete()
    assert place_order(draft, placed_by=None, now=NOON)[1]


def test_a_paste_of_before_a_restore_is_checked_when_a_person_says_so(staff: Client) -> None:
    service = make_service()
    kept = drawn(staff, "/orders/mass-orders/new/")
    kept["text"] = f"{service.external_id} | https://lumen.example/p/1 | 500"
    put_back()
    meant = asked(staff, "/orders/mass-orders/new/", kept)
    assert not OrderBatch.objects.exists()
    assert staff.post("/orders/mass-orders/new/", meant).status_code == 302
    assert OrderBatch.objects.count() == 1


def test_the_page_of_a_mass_order_that_was_drawn_before_a_restore_places_nothing() -> None:
    batch = make_batch(paste(make_service(), range(2)))
    shown = digest_of_good(batch, None)
    put_back()
    again: dict[str, Any] = {"by": batch.created_by, "again": False, "now": NOON}
    assert "Something changed" in start_placing(batch, shown=shown, **again)
    assert not start_placing(batch, shown=digest_of_good(batch, None), **again)


@pytest.mark.parametrize("kind", ["reorder", "refill"])
def test_a_confirmation_for_many_of_before_a_restore_starts_when_a_person_says_so(
    staff: Client, kind: str
) -> None:
    service = make_service(refill=True)
    ago = NOON - timedelta(days=3)
    order = make_order(Status.COMPLETED, service=service, created_at=ago, external_id="7")
    address = f"/orders/bulk/?kind={kind}&order={order.pk}"
    kept = drawn(staff, address)
    put_back()
    meant = asked(staff, address, kept)
    assert not BulkJob.objects.exists()
    assert staff.post(address, meant).status_code == 302
    job = BulkJob.objects.get()
    assert job.total == 1 and not {"restores", "restores_meant"} & set(job.terms)


def test_a_refill_button_of_before_a_restore_asks_for_none(staff: Client) -> None:
    order = make_order(Status.COMPLETED, service=make_service(refill=True), external_id="7")
    put_back()
    staff.post(f"/orders/{order.pk}/refill/", {"shown": "none"})
    assert not Refill.objects.exists()
