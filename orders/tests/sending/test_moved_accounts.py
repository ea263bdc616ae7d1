"""An account at another address: what our services are there is not known before its catalog is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from orders.account_trouble import account_trouble
from orders.aftersales import runs
from orders.aftersales.cancel_sends import CANCELS
from orders.aftersales.refill_sends import REFILLS
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, Order, PollSchedule, Recheck
from orders.oldest_work import Late
from orders.polling import poll_cycle, recheck_ended
from orders.recovery.link_orders import CannotLink, link_order
from orders.sending import clock_ahead, sweep_due
from orders.sending.send_orders import next_to_send, send_order
from orders.status import CancelStatus, HoldReason, Outcome, RefillStatus, Status
from orders.terms import Terms
from orders.tests.aftersales.test_send_requests import FakeDesk
from orders.tests.aftersales.test_send_requests import send as send_requests
from orders.tests.aftersales.test_whose_words import shown
from orders.tests.restores.test_cancels_meanwhile import PATIENCE, at_once
from orders.watchdog.overdue import standstills
from providers.account_health import AccountState
from providers.actions import accounts
from providers.actions.catalog.mirror_catalog import mirror_run
from providers.actions.catalog.runs import approve_run, end_run
from providers.models import Lease, LeaseKind, Provider, ProviderState, RunState
from providers.panel_api import OrderState, RefillProgress, Unreadable
from providers.panel_api.tests.stub import client_hearing, said
from tests.builders import (
    NOON,
    make_attempt,
    make_cancel,
    make_order,
    make_refill,
    make_run,
    make_service,
    make_user,
)
from tests.fake_provider import FakeProvider, progress

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
LATER = NOON + timedelta(minutes=1)
DAY = timedelta(days=1)


def moved(at: datetime = NOON) -> Order:
    """A queued order whose account was moved, given a key, and not asked for its catalog yet."""
    service = make_service()
    order = make_order(service=service, terms=Terms.of(service).as_json())
    where = "https://another.example/api/v2"
    assert accounts.change_address(order.provider, where, actor=None, now=at)
    assert accounts.set_key(order.provider, "another-key-0123456789", actor=None, now=NOON)
    return order


def send(order: Order, now: datetime = LATER) -> int:
    fake, provider = FakeProvider(), Provider.objects.get(pk=order.provider_id)
    send_order(Order.objects.get(pk=order.pk), provider, fake, clock=lambda: now)
    return len(fake.placed)


def mirror(order: Order, name: str) -> RunState | None:
    """What it does with a catalog of this one service."""
    number, provider = order.service.external_id, Provider.objects.get(pk=order.provider_id)
    offers = f'[{{"service":{number},"name":"{name}","type":"Default","category":"Website visits",'
    offers += '"rate":"0.90","min":10,"max":100000}]'
    client, _ = client_hearing(said(offers))
    return mirror_run(provider, lambda _: client, clock=lambda: LATER)


def test_nothing_is_ordered_there_by_the_catalog_of_another_place():
    order = moved()
    assert send(order) == 0 and Order.objects.get(pk=order.pk).status == Status.QUEUED
    assert next_to_send(Provider.objects.get(pk=order.provider_id), LATER) is None
    assert sweep_due.providers_to_ring(LATER) == []
    trouble = account_trouble(Order.objects.get(pk=order.pk), now=LATER)
    assert trouble and trouble.state is AccountState.MOVED and trouble.stops_orders


def test_its_catalog_is_wanted_at_once_and_lets_the_same_service_be_ordered():
    order = moved()
    assert Lease.objects.get(provider=order.provider_id, kind=LeaseKind.CATALOG).due_at == NOON
    assert mirror(order, order.service.name) is RunState.APPLIED
    assert sweep_due.providers_to_ring(LATER) == [order.provider_id]
    assert send(order) == 1


@pytest.mark.parametrize("make", [make_refill, make_cancel])
def test_what_is_asked_about_an_order_waits_for_the_catalog_too(make: Callable[..., Any]) -> None:
    """Under its number another order may stand there."""
    order, desk = moved(), FakeDesk()
    status = Status.COMPLETED if make is make_refill else Status.PENDING
    row = make(order=make_order(status, service=order.service, external_id="71"))
    row.provider.refresh_from_db()
    send_requests(row, desk, LATER)
    assert desk.calls == [] and runs.accounts_to_send_at(LATER) == []
    if make is make_refill:
        assert claim(REFILLS, row.provider, now=LATER) is None
    else:
        assert claim(CANCELS, row.provider, now=LATER) is None
    assert mirror(order, order.service.name) is RunState.APPLIED
    row.provider.refresh_from_db()
    assert runs.accounts_to_send_at(LATER) == [order.provider_id]
    send_requests(row, desk, LATER)
    assert len(desk.calls) == 1


class Asked(FakeProvider):
    """Asked about refills as well."""

    def refill_statuses_once(self, ids: Sequence[str]) -> dict[str, RefillProgress | Unreadable]:
        self.asked.append(list(ids))
        return {}


def test_nothing_there_is_asked_about_by_its_old_number_before_the_catalog_is_read() -> None:
    """Else another order would end a cancel that was never sent."""
    order, there = moved(), Asked()
    account = Provider.objects.get(pk=order.provider_id)
    cancel = make_cancel(order=make_order(Status.PENDING, service=order.service, external_id="71"))
    PollSchedule.objects.update(next_at=NOON)
    refilled = make_order(Status.COMPLETED, service=order.service, external_id="72")
    make_refill(RefillStatus.PENDING, order=refilled, external_id="5", due_at=NOON)
    make_order(Status.COMPLETED, service=order.service, external_id="73", ended_at=NOON)
    recheck = Recheck.objects.create(provider=account, through_at=NOON - DAY)
    there.says["71"] = progress(OrderState.COMPLETED, charge="0.27", remains=0)
    nothing_due = [sweep_due.accounts_to_poll(LATER, leases=5), runs.accounts_to_ask_at(LATER)]
    assert nothing_due == [[], []]
    assert recheck_ended.accounts_to_recheck(NOON + 2 * DAY) == []
    poll_cycle.poll_account(account, there, clock=lambda: LATER, seconds=2)
    runs.ask_about_refills(account, there, clock=lambda: LATER, seconds=2)
    recheck_ended.recheck_ended_orders(account, there, clock=lambda: NOON + 2 * DAY, seconds=2)
    runs.end_cancels(now=LATER)
    cancel.refresh_from_db()
    recheck.refresh_from_db()
    assert (cancel.status, there.asked) == (CancelStatus.QUEUED, [])
    assert recheck.through_at == NOON - DAY, "they are asked about once it is read"
    assert mirror(order, order.service.name) is RunState.APPLIED
    assert sweep_due.accounts_to_poll(LATER, leases=5) == [account.pk]
    assert runs.accounts_to_ask_at(LATER) == [account.pk]
    assert recheck_ended.accounts_to_recheck(NOON + 2 * DAY) == [account.pk]


def test_a_paused_one_says_why_its_orders_are_not_asked_about() -> None:
    order = moved()
    make_order(Status.PENDING, service=order.service)
    PollSchedule.objects.update(next_at=NOON)
    Provider.objects.filter(pk=order.provider_id).update(state=ProviderState.PAUSED)
    late = [one for one in standstills(NOON + DAY) if one.late is Late.POLL]
    assert [one.reason for one in late] == [f"{order.provider.name}: Catalog not read there yet."]


def test_the_page_of_an_order_says_that_its_cancel_waits_for_the_catalog(staff: Client) -> None:
    order = moved()
    there = make_order(Status.PENDING, service=order.service, external_id="71")
    cancel = make_cancel(order=there)
    words = "refills and cancels wait until its catalog there is read"
    assert words in shown(staff, there)
    answer = staff.post(f"/orders/{there.pk}/refresh/", follow=True)
    assert "asked about next" not in answer.content.decode()
    CancelRequest.objects.filter(pk=cancel.pk).update(status=CancelStatus.ENDED)
    assert words not in shown(staff, there)


def test_a_move_by_a_clock_that_was_ahead_waits_for_one_catalog_and_not_for_that_moment():
    order = moved(at=NOON + timedelta(days=1))
    clock_ahead.pull_back(NOON)
    assert mirror(order, order.service.name) is RunState.APPLIED
    assert send(order) == 1


def test_another_product_under_the_same_number_asks_a_person():
    order = moved()
    assert mirror(order, "Followers · Real") is RunState.APPLIED
    assert send(order) == 0
    held = Order.objects.get(pk=order.pk)
    assert (held.status, held.hold_reason) == (Status.HELD, HoldReason.TERMS)


def test_a_catalog_from_before_the_move_says_nothing_of_the_new_place():
    order = moved()
    run = make_run(order.provider, started_at=NOON - timedelta(seconds=1))
    assert accounts.change_address(
        Provider.objects.get(pk=order.provider_id),
        "https://third.example/api/v2",
        actor=None,
        now=NOON,
    )
    assert not end_run(run, RunState.APPLIED, now=LATER), "it has ended with the move"
    assert Provider.objects.get(pk=order.provider_id).moved_at == NOON


@pytest.mark.parametrize("approved", [False, True])
def test_a_catalog_of_the_place_before_ends_no_wait_whatever_a_clock_says(approved: bool) -> None:
    """Its clock was ahead when it was begun, and set right before the account was moved."""
    service = make_service()
    held = {"held_catalog": b"as it was shown", "held_because": "Too much is gone."}
    run = make_run(service.provider, started_at=LATER, **(held if approved else {}))
    where = "https://another.example/api/v2"
    assert accounts.change_address(service.provider, where, actor=None, now=NOON)
    end_run(run, RunState.APPLIED, now=LATER)
    run.refresh_from_db()
    assert Provider.objects.get(pk=service.provider_id).moved_at == NOON
    assert (run.state, run.held_catalog) == (RunState.FAILED, None)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="one writes at a time there")
def test_a_catalog_that_is_approved_the_moment_its_account_is_moved_ends_with_the_move() -> None:
    provider = make_service().provider
    run = make_run(provider, started_at=LATER, state=RunState.HELD, held_catalog=b"as shown")
    actor = make_user()
    is_approved, is_moving = threading.Event(), threading.Event()

    def approve() -> None:
        with transaction.atomic():
            assert approve_run(run, actor=actor, now=NOON)
            is_approved.set()
            is_moving.wait(PATIENCE)

    def move() -> None:
        is_approved.wait(20)
        where = "https://another.example/api/v2"
        assert accounts.change_address(provider, where, actor=None, now=NOON)
        is_moving.set()

    at_once(approve, move)
    run.refresh_from_db()
    assert (run.state, run.held_catalog) == (RunState.FAILED, None)


def test_a_catalog_that_is_fetched_while_the_account_is_moved_ends_no_wait() -> None:
    """Its run was opened beside the move, which did not see it."""
    provider = make_service().provider
    run = make_run(provider, started_at=LATER)
    Provider.objects.filter(pk=provider.pk).update(version=provider.version + 1, moved_at=NOON)
    assert end_run(run, RunState.APPLIED, now=LATER)
    assert Provider.objects.get(pk=provider.pk).moved_at == NOON


def test_a_person_links_no_order_by_its_number_there() -> None:
    there, order = FakeProvider(), moved()
    lost = make_order(Status.UNCONFIRMED, service=order.service)
    make_attempt(lost, outcome=Outcome.UNKNOWN)
    there.says["71"] = progress(OrderState.COMPLETED, remains=0)
    told: dict[str, Any] = {"actor": make_user(), "client": there, "clock": lambda: LATER}
    lost.provider.refresh_from_db()
    with pytest.raises(CannotLink, match="its catalog is read there"):
        link_order(lost, "71", **told)
    assert (there.asked, Order.objects.get(pk=lost.pk).status) == ([], Status.UNCONFIRMED)
    assert mirror(order, order.service.name) is RunState.APPLIED
    lost.provider.refresh_from_db()
    assert link_order(lost, "71", **told)


@pytest.mark.parametrize("state", [ProviderState.ACTIVE, ProviderState.PAUSED])
def test_the_watchdog_tells_of_a_refill_that_is_not_asked_about_there(state):
    refill = make_refill(RefillStatus.PENDING, external_id="7", followed_by="7", due_at=NOON)
    Provider.objects.filter(pk=refill.provider_id).update(moved_at=NOON, state=state)
    told = {one.late: one.reason for one in standstills(NOON + DAY)}
    assert told[Late.REFILL_POLL]
