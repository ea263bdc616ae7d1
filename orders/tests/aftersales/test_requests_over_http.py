"""Refills and cancels against the sandbox over real HTTP; what it did is the truth."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from core.clocks import database_now
from orders.aftersales import request_cancels, request_refills, runs
from orders.aftersales import tasks as aftersales_tasks
from orders.models import CancelRequest, EventKind, Order, PollSchedule, Refill
from orders.sending import tasks as sending_tasks
from orders.status import CancelStatus, RefillStatus, Status
from providers.connect import client_for
from providers.models import Provider, ProviderHealth, ProviderState
from providers.panel_api import DefaultPayload
from sandbox import Sandbox
from tests.builders import make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]

DAY = 24 * 3600


def bought(box: Sandbox, account: Provider, ended: str = "", **wanted: bool) -> Order:
    """An order that the provider really has, ended there with this word where one is given."""
    terms = {"refill": True, "cancel": True, **wanted}
    truth = box.service("Default", **terms)
    service = account.services.filter(external_id=str(truth["id"])).first()
    service = service or make_service(
        account, external_id=str(truth["id"]), min=truth["min"], **terms
    )
    link = f"https://lumen.example/p/{uuid.uuid4()}"
    payload = DefaultPayload(service_id=service.external_id, link=link, quantity=truth["min"])
    placed = client_for(account).add(payload)
    if ended:
        box.force(placed.order_id, status=ended, remains=0)
    status = Status(ended.lower()) if ended else Status.IN_PROGRESS
    now = timezone.now()
    return make_order(
        status, service=service, external_id=placed.order_id, link=link, created_at=now
    )


def ask_refill(order: Order) -> Refill:
    assert request_refills.request_refill(order, actor=make_user(), now=database_now()) == ""
    return order.refills.latest("pk")


def ask_cancel(order: Order) -> CancelRequest:
    assert request_cancels.request_cancel(order, actor=make_user(), now=database_now()) == ""
    return order.cancel_requests.latest("pk")


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def make_due() -> None:
    """Let the time pass that every open row waits for."""
    past = database_now() - timedelta(seconds=1)
    Refill.objects.exclude(status=RefillStatus.SENDING).update(due_at=past)
    CancelRequest.objects.exclude(status=CancelStatus.SENDING).update(due_at=past)
    PollSchedule.objects.update(next_at=past)
    ProviderHealth.objects.update(open_until=None, slow_until=None, failures=0)


def send(account: Provider) -> None:
    aftersales_tasks.send_requests(provider_id=account.pk)


def follow(account: Provider) -> None:
    sending_tasks.poll(provider_id=account.pk)


def refills_there(box: Sandbox) -> int:
    return len(box.provider.refills.tasks)


# refills


def test_a_refill_is_seen_through_to_its_end(box, account):
    order = bought(box, account, "Completed")
    refill = ask_refill(order)
    seen = []
    send(account)
    for _ in range(40):
        seen.append(fresh(refill).status)
        if not fresh(refill).is_open:
            break
        box.advance(120)
        make_due()
        aftersales_tasks.poll_refills(provider_id=account.pk)
    assert list(dict.fromkeys(seen)) == ["pending", "in_progress", "completed"]
    assert fresh(refill).ended_at
    assert (refills_there(box), box.calls("refill")) == (1, 1)
    words = list(order.events.filter(kind=EventKind.REFILL).values_list("text", flat=True))
    assert words == [
        "A refill was asked for.",
        "The provider took the refill on as 1.",
        "The refill is in progress.",
        "The refill is completed.",
    ]
    assert fresh(order).status == Status.COMPLETED


@pytest.mark.parametrize("count", [2, 100, 101])
def test_many_go_in_one_call_per_hundred(box, account, count):
    orders = [bought(box, account, "Completed") for _ in range(count)]
    for order in orders:
        ask_refill(order)
    send(account)
    assert box.calls("refill") == -(-count // 100)
    assert set(Refill.objects.values_list("status", flat=True)) == {RefillStatus.PENDING}
    assert Refill.objects.values("external_id").distinct().count() == count == refills_there(box)
    make_due()
    aftersales_tasks.poll_refills(provider_id=account.pk)
    assert box.calls("refill_status") == -(-count // 100)


def test_partial_success_is_each_orders_own(box, account):
    good, running = bought(box, account, "Partial"), bought(box, account)
    Order.objects.filter(pk=running.pk).update(status=Status.COMPLETED)
    stranger = make_order(Status.COMPLETED, service=good.service, external_id="987654321")
    rows = [ask_refill(good), ask_refill(fresh(running)), ask_refill(stranger)]
    send(account)
    assert [fresh(row).status for row in rows] == ["pending", "refused", "refused"]
    assert fresh(rows[1]).reason == "Order is not completed"
    assert fresh(rows[2]).reason == "Incorrect order ID"


def test_not_yet_becomes_a_time_and_a_queued_request(box, account):
    box.dialect(refill_spacing=DAY)
    order = bought(box, account, "Completed")
    first = ask_refill(order)
    send(account)
    box.advance(3600)
    for _ in range(2):
        make_due()
        aftersales_tasks.poll_refills(provider_id=account.pk)
    assert not fresh(first).is_open
    second = ask_refill(order)
    send(account)
    waits = fresh(second)
    assert (waits.status, waits.code) == (RefillStatus.WAITING, "wait")
    assert waits.due_at == fresh(first).sent_at + timedelta(seconds=DAY)
    send(account)
    assert box.calls("refill") == 2
    box.advance(DAY)
    make_due()
    send(account)
    assert fresh(second).status == RefillStatus.PENDING
    assert refills_there(box) == 2


def test_the_cap_is_a_refusal_in_the_providers_words(box, account):
    box.dialect(refill_cap=1)
    order = bought(box, account, "Completed")
    first = ask_refill(order)
    send(account)
    box.advance(3600)
    make_due()
    aftersales_tasks.poll_refills(provider_id=account.pk)
    assert not fresh(first).is_open
    second = ask_refill(order)
    send(account)
    assert fresh(second).status == RefillStatus.REFUSED
    assert fresh(second).reason == "Refill limit for this order reached"


@pytest.mark.parametrize(
    ("mode", "phase", "there"),
    [
        ("close_after_request", "after", 1),
        ("http_500", "after", 1),
        ("html", "after", 1),
        ("generic_error", "after", 1),
        ("close_after_request", "before", 0),
        ("http_503", "before", 0),
    ],
)
def test_a_lost_refill_is_never_sent_again_by_itself(box, account, mode, phase, there):
    refill = ask_refill(bought(box, account, "Completed"))
    box.fault(mode, phase, action="refill")
    for _ in range(4):
        send(account)
        make_due()
    assert fresh(refill).status == RefillStatus.UNCONFIRMED
    assert fresh(refill).reason
    assert (box.calls("refill"), refills_there(box)) == (1, there)


def test_a_person_asks_again_and_an_open_one_there_counts_as_taken(box, account):
    refill = ask_refill(bought(box, account, "Completed"))
    box.fault("close_after_request", "after", action="refill")
    send(account)
    box.clear_faults()
    assert request_refills.ask_again(fresh(refill), actor=make_user(), now=database_now()) == ""
    make_due()
    send(account)
    there = fresh(refill)
    assert (there.status, there.code) == (RefillStatus.PENDING, "already_open")
    assert there.may_be_closed
    assert refills_there(box) == 1


def test_a_provider_that_is_not_there_costs_no_request(box, account):
    refill = ask_refill(bought(box, account, "Completed"))
    box.stop()
    before = database_now()
    send(account)
    assert (fresh(refill).status, fresh(refill).requests) == (RefillStatus.QUEUED, 0)
    assert fresh(refill).due_at > before


def test_a_provider_without_refills_is_remembered_as_one(box, account):
    box.dialect(refills=False)
    order = bought(box, account, "Completed")
    refill = ask_refill(order)
    send(account)
    assert (fresh(refill).status, fresh(refill).code) == (RefillStatus.REFUSED, "unsupported")
    again = Order.objects.for_list().get(pk=order.pk)
    assert "takes no refills" in request_refills.why_not(again, database_now())
    assert account.events.filter(text__contains="This action is Invalid").exists()


def test_a_word_nobody_knows_keeps_the_refill_where_it_is(box, account, monkeypatch):
    refill = ask_refill(bought(box, account, "Completed"))
    send(account)
    task = box.provider.refills.tasks["1"]
    monkeypatch.setattr(type(task), "status", lambda self, now, temper: "Reticulating")
    for _ in range(2):
        make_due()
        aftersales_tasks.poll_refills(provider_id=account.pk)
    odd = fresh(refill)
    assert (odd.status, odd.code, odd.raw_status) == ("pending", "unknown_word", "Reticulating")
    assert refill.order.events.filter(text__contains="Reticulating").count() == 1
    monkeypatch.undo()
    make_due()
    aftersales_tasks.poll_refills(provider_id=account.pk)
    assert fresh(refill).code == ""


def test_one_nobody_there_knows_does_not_touch_the_others(box, account):
    refills = [ask_refill(bought(box, account, "Completed")) for _ in range(5)]
    send(account)
    stranger = fresh(refills[2])
    Refill.objects.filter(pk=stranger.pk).update(external_id="999999", followed_by="999999")
    box.advance(400)
    for _ in range(3):
        make_due()
        aftersales_tasks.poll_refills(provider_id=account.pk)
    states = {fresh(row).status for row in refills if row.pk != stranger.pk}
    assert "pending" not in states
    assert fresh(stranger).status == RefillStatus.PENDING
    assert (fresh(stranger).code, fresh(stranger).reason) == ("unreadable", "Refill not found")


def test_where_refills_are_asked_about_by_order_the_order_is_named(box, account):
    box.dialect(refill_by_order=True)
    Provider.objects.update(dialect={"refill_status_by_order": True})
    account.refresh_from_db()
    refill = ask_refill(bought(box, account, "Completed"))
    send(account)
    assert fresh(refill).followed_by == refill.order.external_id
    box.advance(400)
    make_due()
    aftersales_tasks.poll_refills(provider_id=account.pk)
    assert fresh(refill).status != RefillStatus.PENDING


def test_a_paused_provider_is_sent_nothing_and_still_asked(box, account):
    followed = ask_refill(bought(box, account, "Completed"))
    send(account)
    waiting = ask_refill(bought(box, account, "Completed"))
    Provider.objects.update(state=ProviderState.PAUSED)
    send(account)
    assert runs.accounts_to_send_at(database_now()) == []
    assert fresh(waiting).status == RefillStatus.QUEUED
    box.advance(400)
    make_due()
    assert runs.accounts_to_ask_at(database_now()) == [account.pk]
    aftersales_tasks.poll_refills(provider_id=account.pk)
    assert fresh(followed).status != RefillStatus.PENDING


# cancels


@pytest.mark.parametrize("shape", ["nested", "flat"])
@pytest.mark.parametrize("value", ["one", "true", "request_id"])
def test_the_order_changes_only_when_its_status_says_so(box, account, shape, value):
    box.dialect(cancel_shape=shape, cancel_value=value)
    order = bought(box, account)
    request = ask_cancel(order)
    send(account)
    assert fresh(request).status == CancelStatus.ACCEPTED
    assert bool(fresh(request).external_id) == (value == "request_id")
    assert fresh(order).status == Status.IN_PROGRESS
    assert box.order(order.external_id)["cancel_requested"]
    box.advance(3600)
    follow(account)
    assert fresh(order).status in (Status.CANCELED, Status.PARTIAL)
    assert runs.end_cancels(now=database_now()) == 1
    assert fresh(request).status == CancelStatus.ENDED
    assert box.calls("cancel") == 1


def test_partial_success_of_many_is_shown_per_order(box, account):
    orders = [bought(box, account) for _ in range(4)]
    box.force(orders[1].external_id, status="Completed")
    fixed = bought(box, account, cancel=False)
    type(fixed.service).objects.filter(pk=fixed.service_id).update(cancel=None)
    rows = [ask_cancel(order) for order in [*orders, Order.objects.get(pk=fixed.pk)]]
    send(account)
    assert [fresh(row).status for row in rows] == [
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "refused",
    ]
    assert fresh(rows[1]).reason == "Order is already ended"
    assert box.calls("cancel") == 1
    follow(account)
    assert fresh(orders[1]).status == Status.COMPLETED
    runs.end_cancels(now=database_now())
    assert fresh(rows[1]).status == CancelStatus.ENDED


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_lost_cancel_looks_at_the_status_and_then_asks_again(box, account, phase):
    order = bought(box, account)
    request = ask_cancel(order)
    box.fault("close_after_request", phase, action="cancel", times=1)
    send(account)
    assert (fresh(request).status, fresh(request).code) == (CancelStatus.QUEUED, "unclear")
    past = database_now() - timedelta(seconds=1)
    CancelRequest.objects.update(due_at=past)
    ProviderHealth.objects.update(open_until=None)
    send(account)
    assert box.calls("cancel") == 1, "not before the status was read"
    follow(account)
    send(account)
    assert fresh(request).status == CancelStatus.ACCEPTED
    assert box.calls("cancel") == 2


def test_a_cancel_that_worked_although_its_answer_was_lost_is_not_repeated(box, account):
    order = bought(box, account)
    request = ask_cancel(order)
    box.fault("close_after_request", "after", action="cancel")
    send(account)
    box.clear_faults()
    box.advance(3600)
    follow(account)
    assert fresh(order).is_final
    make_due()
    send(account)
    runs.end_cancels(now=database_now())
    assert (fresh(request).status, box.calls("cancel")) == (CancelStatus.ENDED, 1)


def test_a_cancel_is_not_asked_for_for_ever(box, account):
    order = bought(box, account)
    request = ask_cancel(order)
    box.fault("html", "before", action="cancel")
    for _ in range(8):
        send(account)
        follow(account)
        make_due()
    assert (fresh(request).status, fresh(request).code) == (CancelStatus.REFUSED, "unclear")
    assert box.calls("cancel") == 3
    assert fresh(order).status in (Status.PENDING, Status.IN_PROGRESS)


def test_a_provider_without_cancels_is_remembered_as_one(box, account):
    box.dialect(cancels=False)
    order = bought(box, account)
    request = ask_cancel(order)
    send(account)
    assert (fresh(request).status, fresh(request).code) == (CancelStatus.REFUSED, "unsupported")
    again = Order.objects.for_list().get(pk=order.pk)
    assert "takes no cancels" in request_cancels.why_not(again)


def test_a_refused_key_keeps_both_in_the_queue(box, account):
    refill, cancel = ask_refill(bought(box, account, "Completed")), ask_cancel(bought(box, account))
    other = make_provider(key="wrong-key-0123456789")
    Provider.objects.filter(pk=account.pk).update(key_ciphertext=other.key_ciphertext)
    send(account)
    make_due()
    send(account)
    assert (fresh(refill).status, fresh(cancel).status) == ("queued", "queued")
    assert (fresh(refill).requests, fresh(cancel).requests) == (0, 0)


def test_the_key_is_in_no_row_and_no_log(box, account, caplog):
    refill = ask_refill(bought(box, account, "Completed"))
    box.fault("html", "after", action="refill")
    send(account)
    events = list(refill.order.events.values())
    assert box.key not in f"{vars(fresh(refill))} {events} {caplog.text}"
