"""Races, with real threads on a real database."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from core.roles import Role
from orders.draft import OrderDraft
from orders.models import Attempt, Order, OrderQuerySet, PollSchedule
from orders.placing import place_orders
from orders.sending import claims, halts, invariants, send_orders, send_run, sweep_due
from orders.sending.record_outcome import schedule_polls
from orders.status import HaltKind, Outcome, Status
from providers.models import Provider
from providers.panel_api import DefaultPayload
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
THREADS = 8


def noon():
    return NOON


def at_once(act: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Run `act` in every thread at the same moment."""
    barrier = threading.Barrier(threads)

    def run(number: int) -> Any:
        try:
            barrier.wait()
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def test_eight_workers_send_one_order_once():
    order, provider = make_order(), FakeProvider()

    def worker(number: int) -> bool:
        mine = Order.objects.select_related("provider").get(pk=order.pk)
        return send_orders.send_order(mine, mine.provider, provider, clock=noon)

    assert sum(at_once(worker)) == 1
    assert len(provider.placed) == 1
    assert Attempt.objects.count() == 1


def test_forty_orders_and_eight_workers_send_forty_times():
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)  # one moment, forty calls
    service = make_service(account)
    orders = [make_order(service=service) for _ in range(40)]
    provider = FakeProvider()

    def worker(number: int) -> int:
        mine = Provider.objects.get(pk=account.pk)
        return send_run.send_queued(mine, provider, clock=noon, seconds=120)

    assert sum(at_once(worker)) == 40
    links = [wire["link"] for _, wire in provider.placed]
    assert sorted(links) == sorted(order.link for order in orders)
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PENDING}


def test_a_hold_does_not_end_while_the_next_answer_is_being_lost():
    account = make_provider()
    attempt = make_attempt(make_order(Status.SENDING, provider=account), outcome=Outcome.IN_FLIGHT)
    halts.place_halt(HaltKind.ANSWER_LOST, now=NOON, provider=account)  # for an earlier one
    begun = threading.Event()

    def reopen() -> None:
        try:
            begun.set()
            halts.lift_if_resolved(Provider.objects.get(pk=account.pk), now=NOON)
        finally:
            connections.close_all()

    opener = threading.Thread(target=reopen)
    with transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.UNKNOWN, unknown_at=NOON)
        halts.note_lost_answer(attempt, now=NOON)
        opener.start()
        begun.wait(5)
        opener.join(0.3)  # as far as it gets beside us
    opener.join(20)
    assert halts.sending_is_halted(account.pk)


def test_one_account_never_has_two_sends_in_flight():
    account = make_provider(add_spacing_ms=0)
    service = make_service(account)
    orders = [make_order(service=service) for _ in range(THREADS)]
    provider = FakeProvider()
    in_flight: list[int] = []
    provider.meanwhile = lambda: in_flight.append(
        Attempt.objects.filter(outcome="in_flight").count()
    )

    def worker(number: int) -> None:
        mine = Order.objects.select_related("provider").get(pk=orders[number].pk)
        send_orders.send_order(mine, mine.provider, provider, clock=noon)

    at_once(worker)
    assert in_flight
    assert set(in_flight) == {1}


def test_fifty_posts_of_one_form_are_one_order():
    service, person = make_service(), make_user()
    payload = DefaultPayload(
        service_id=service.external_id, link="https://lumen.example", quantity=100
    )
    draft = OrderDraft(service, payload, uuid.uuid4())
    made = at_once(
        lambda number: place_orders.place_order(draft, placed_by=person, now=NOON)[1], threads=25
    )
    assert sum(made) == 1
    assert Order.objects.count() == 1


def test_withdrawing_and_sending_at_once_have_one_winner():
    person, provider = make_user(Role.OPERATOR), FakeProvider()
    for _ in range(5):
        order = make_order()

        def act(number: int, order: Order = order) -> bool:
            mine = Order.objects.select_related("provider").get(pk=order.pk)
            if number % 2:
                return place_orders.withdraw_order(mine, actor=person, now=NOON)
            return send_orders.send_order(mine, mine.provider, provider, clock=noon)

        assert sum(at_once(act, threads=4)) == 1
        order.refresh_from_db()
        sent = [wire for _, wire in provider.placed if wire["link"] == order.link]
        assert (order.status == Status.PENDING) == bool(sent)


def test_reaping_at_once_reaps_once():
    order = make_order()
    claims.claim(order, order.provider, now=NOON)
    reaped = at_once(lambda number: sweep_due.reap_lost_sends(now=NOON + timedelta(hours=1)))
    assert sum(reaped) >= 1
    assert order.events.filter(after=Status.UNCONFIRMED).count() == 1


def test_a_connection_that_broke_under_a_send_is_made_anew_for_its_answer():
    """As when the database was started again meanwhile. SQLite has nothing that could break."""
    order, provider = make_order(), FakeProvider()

    def break_it() -> None:
        if connection.vendor == "postgresql":
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    provider.meanwhile = break_it
    send_orders.send_order(order, order.provider, provider, clock=noon)
    order = Order.objects.get()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")


def test_an_order_that_ends_while_the_sweep_puts_it_right_is_not_asked_about(monkeypatch):
    """The sweep has read it as under way and without a schedule; its end commits only then."""
    order = make_order(Status.IN_PROGRESS, watched=False)
    make_attempt(order, outcome=Outcome.ACCEPTED, external_id=order.external_id)
    began, noted, scheduled = (threading.Event() for _ in range(3))
    sends_of, schedule = invariants._without_its_send, schedule_polls

    def noticed(orders: OrderQuerySet) -> OrderQuerySet:
        noted.set()
        return sends_of(orders)

    def schedule_now(order: Order, *, now: datetime) -> None:
        schedule(order, now=now)
        scheduled.set()

    def end(_: int) -> None:
        with transaction.atomic():
            Order.objects.filter(pk=order.pk).update(status=Status.COMPLETED)
            PollSchedule.objects.filter(order=order).delete()
            began.set()
            if noted.wait(0.2):  # never where the sweep waits for the whole database
                scheduled.wait(0.2)

    def act(number: int) -> None:
        if number:
            end(number)
        elif began.wait(5):
            invariants.check_order(order.pk, now=NOON)

    monkeypatch.setattr(invariants, "_without_its_send", noticed)
    monkeypatch.setattr(invariants, "schedule_polls", schedule_now)
    at_once(act, threads=2)
    assert began.is_set() and noted.is_set()
    assert not PollSchedule.objects.exists()
