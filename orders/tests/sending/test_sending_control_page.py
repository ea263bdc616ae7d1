"""The kill switch anybody may use, who may lift it, and what everybody is told meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, TestCase

from core.roles import Role
from orders.models import Halt
from orders.sending import halts
from orders.sending.forms import LiftForm
from orders.status import HaltKind, Status
from tests.builders import NOON, make_cancel, make_halt, make_order, make_provider, make_refill
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def operator(client_for_role: Any) -> Any:
    return client_for_role(Role.OPERATOR)


@pytest.fixture
def manager(client_for_role: Any) -> Any:
    return client_for_role(Role.MANAGER)


def page(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def test_an_operator_stops_everything_and_only_a_manager_opens_it(operator, manager):
    order = make_order()
    operator.post("/orders/sending-control/all/", {"reason": "Wrong prices <b>everywhere</b>"})
    halt = Halt.objects.get()
    assert (halt.kind, halt.provider, halt.lifted_at) == (HaltKind.STOP, None, None)
    for address in ("/", "/services/", f"/orders/{order.pk}/"):
        assert "Wrong prices &lt;b&gt;everywhere" in page(operator, address)
    assert operator.post(f"/orders/sending-control/{halt.pk}/open/").status_code == 403
    manager.post(
        f"/orders/sending-control/{halt.pk}/open/",
        {"note": "Prices are right.", "shown": halt.shown},
    )
    halt.refresh_from_db()
    assert halt.lifted_by is not None and halt.note == "Prices are right."
    assert "Wrong prices" not in page(manager, "/services/")


def test_a_stop_of_this_moment_is_not_ended_with_the_one_before_it(manager, monkeypatch):
    """The button was about another one, with another reason."""
    make_halt(kind=HaltKind.STOP, reason="Wrong prices")
    first = Halt.objects.get()
    looked = LiftForm.is_valid

    def somebody_ends_it_and_another_stops(form: LiftForm) -> bool:
        halts.lift_halt(HaltKind.STOP, now=NOON)
        halts.place_halt(HaltKind.STOP, now=NOON, reason="A wrong paste")
        return looked(form)

    monkeypatch.setattr(LiftForm, "is_valid", somebody_ends_it_and_another_stops)
    manager.post(
        f"/orders/sending-control/{first.pk}/open/",
        {"note": "Prices are right.", "shown": first.shown},
    )
    assert Halt.objects.standing().get().reason == "A wrong paste"


def test_each_label_leads_to_its_own_field(manager):
    make_halt(kind=HaltKind.EXPOSURE)
    ids = re.findall(r' id="([^"]+)"', page(manager, "/orders/sending-control/"))
    assert {"id_reason", "incident-reason"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_stop_needs_its_reason_and_nothing_is_lost(operator):
    answer = operator.post("/orders/sending-control/all/", {"reason": "  "})
    assert answer.status_code == 422 and not Halt.objects.exists()
    assert "Fill this in" in answer.content.decode()


def test_an_incident_holds_one_provider_and_keeps_the_form_when_it_is_not_filled_in(manager):
    provider = make_provider()
    answer = manager.post(
        "/orders/sending-control/incident/", {"provider": "", "reason": "HTML answers"}
    )
    assert answer.status_code == 422 and "HTML answers" in answer.content.decode()
    manager.post(
        "/orders/sending-control/incident/", {"provider": provider.pk, "reason": "HTML answers"}
    )
    assert Halt.objects.get().provider == provider
    assert str(provider) in page(manager, "/")
    manager.post("/orders/sending-control/incident/", {"provider": provider.pk, "reason": "again"})
    assert Halt.objects.count() == 1


def test_a_queued_order_says_what_it_waits_for(operator):
    order = make_order()
    assert "Waiting:" not in page(operator, f"/orders/{order.pk}/")
    make_halt(kind=HaltKind.ANSWER_LOST, provider=order.provider, reason="Order #9 is looked for.")
    assert "Order #9 is looked for." in page(operator, f"/orders/{order.pk}/")
    sent = make_order(Status.PENDING, provider=order.provider)
    assert "Waiting:" not in page(operator, f"/orders/{sent.pk}/")


def test_the_hold_for_one_lost_order_is_no_banner(operator):
    make_halt(kind=HaltKind.ANSWER_LOST, reason="Order #9 is looked for.")
    assert "Order #9 is looked for." not in page(operator, "/services/")
    assert "Order #9 is looked for." in page(operator, "/orders/sending-control/")


def test_the_banner_comes_and_goes_with_the_sidebar(operator):
    assert 'id="halts" hx-swap-oob' in page(operator, "/navigation/")
    make_halt(reason="Its pages answer instead of its API.")
    assert "Its pages answer instead" in page(operator, "/navigation/")


def test_a_restored_database_is_not_opened_here(manager):
    halt = make_halt(kind=HaltKind.RESTORED)
    manager.post(f"/orders/sending-control/{halt.pk}/open/", {"shown": halt.shown})
    halt.refresh_from_db()
    assert halt.lifted_at is None


def test_ten_stops_cost_what_one_costs(manager):
    make_halt(lifted_at=NOON)
    make_halt()
    one = queries_of(lambda: manager.get("/orders/sending-control/"))
    for _ in range(9):
        make_halt(lifted_at=NOON)
        make_halt()
    ten = queries_of(lambda: manager.get("/orders/sending-control/"))
    assert len(ten) == len(one)


def test_whoever_stops_says_whether_cancels_go_through(operator):
    operator.post("/orders/sending-control/all/", {"reason": "Wrong prices", "lets_cancels": "on"})
    halt = Halt.objects.get()
    assert halt.lets_cancels and halt.cancels_said_by == halt.placed_by
    assert "cancels go through" in page(operator, "/services/")


def test_a_manager_lets_cancels_through_a_stop_and_holds_them_again(operator, manager):
    halt = make_halt(reason="HTML answers")
    assert "Cancels and refills wait too" in page(operator, "/orders/sending-control/")
    address = f"/orders/sending-control/{halt.pk}/cancels/"
    assert operator.post(address, {"lets_cancels": "on"}).status_code == 403
    manager.post(address, {"lets_cancels": "on", "shown": halt.shown})
    halt.refresh_from_db()
    assert halt.lets_cancels and halt.cancels_said_by is not None
    assert "Cancels go through; orders and refills wait" in page(
        operator, "/orders/sending-control/"
    )
    assert halt.provider is not None
    told = halt.provider.events.values_list("text", flat=True)
    assert "Cancels go through all the same." in list(told)
    manager.post(address, {"shown": halt.shown})
    halt.refresh_from_db()
    assert not halt.lets_cancels and halt.lifted_at is None


@pytest.mark.parametrize("kind", [HaltKind.RESTORED, HaltKind.ANSWER_LOST])
def test_nobody_lets_cancels_through_what_nothing_may_pass(manager, kind):
    halt = make_halt(kind=kind)
    manager.post(
        f"/orders/sending-control/{halt.pk}/cancels/", {"lets_cancels": "on", "shown": halt.shown}
    )
    halt.refresh_from_db()
    assert not halt.lets_cancels


def test_letting_cancels_through_rings_for_those_that_wait(manager, doorbell_rung):
    cancel = make_cancel(due_at=NOON)
    halt = make_halt(provider=cancel.provider)
    with TestCase.captureOnCommitCallbacks(execute=True):
        manager.post(
            f"/orders/sending-control/{halt.pk}/cancels/",
            {"lets_cancels": "on", "shown": halt.shown},
        )
    assert doorbell_rung == [("orders.sweep_requests", {})]


def test_a_refill_or_cancel_that_waits_says_what_it_waits_for(operator):
    for request in (make_refill(), make_cancel()):
        make_halt(provider=request.provider, reason="HTML answers here.")
        shown = page(operator, f"/orders/{request.order_id}/")
        assert "HTML answers here." in shown.partition("Waiting:")[2]


def test_the_page_of_a_restored_database_shows_requests_that_wait(manager):
    refill, cancel = make_refill(), make_cancel()
    make_halt(kind=HaltKind.RESTORED, placed_at=NOON)
    shown = page(manager, "/orders/restored/")
    assert "Refills and cancels asked for before the stop" in shown
    for request in (refill, cancel):
        assert f'/orders/{request.order_id}/">' in shown


def test_the_end_of_a_stop_rings_for_the_orders_that_waited(manager, doorbell_rung):
    order, halt = make_order(send_after=NOON), make_halt(kind=HaltKind.STOP)
    with TestCase.captureOnCommitCallbacks(execute=True):
        manager.post(
            f"/orders/sending-control/{halt.pk}/open/",
            {"note": "Prices are right.", "shown": halt.shown},
        )
    assert ("orders.dispatch", {"provider_id": order.provider_id}) in doorbell_rung


@pytest.mark.parametrize(("step", "said"), [("open", {"note": "x"}), ("cancels", {})])
def test_a_button_acts_on_no_stop_that_was_given_its_number_since(manager, step, said):
    """A page from before the database was put back."""
    shown = make_halt(kind=HaltKind.STOP, lets_cancels=True)
    number, address = shown.pk, f"/orders/sending-control/{shown.pk}/{step}/"

    def carried() -> dict[str, str]:
        after = page(manager, "/orders/sending-control/").partition(f'action="{address}"')[2]
        found = re.search(r'name="shown" value="([^"]*)"', after)
        return {"shown": found[1]} if found else {}

    old = carried()
    assert old
    shown.delete()
    at = NOON + timedelta(hours=1)
    other = make_halt(
        pk=number, kind=HaltKind.STOP, reason="A stolen key", placed_at=at, lets_cancels=True
    )
    manager.post(address, said | old)
    other.refresh_from_db()
    assert other.lifted_at is None and other.lets_cancels
    manager.post(address, said | carried())
    other.refresh_from_db()
    assert other.lifted_at or not other.lets_cancels, "the page of now acts"
