"""Many workers, one restored database: not one of them sends."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from orders.limits import doubtful_rows
from orders.models import Attempt, Halt, JournalGap, Order, OrderEvent, PollSchedule
from orders.sending import send_journal, send_orders, send_run
from orders.sending.restore_check import guard, journal_gaps
from orders.status import HaltKind, Outcome, Status
from providers.models import Provider
from tests.builders import NOON, make_order, make_provider, make_service
from tests.fake_provider import FakeProvider

from ..sending.test_races import THREADS, at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def noon():
    return NOON


def take_back_everything() -> None:
    Attempt.objects.all().delete()
    OrderEvent.objects.all().delete()
    PollSchedule.objects.all().delete()
    Order.objects.update(status=Status.QUEUED, external_id="", sent_at=None)


def test_eight_workers_on_a_restored_database_buy_nothing_again():
    fake = FakeProvider()
    services = [make_service(make_provider(add_spacing_ms=0)) for _ in range(THREADS)]
    orders = [make_order(service=service) for service in services]
    for order in orders:
        assert send_orders.send_order(order, order.provider, fake, clock=noon)
    assert len(fake.placed) == THREADS
    take_back_everything()

    def worker(number: int) -> int:
        mine = Provider.objects.get(pk=orders[number].provider_id)
        return send_run.send_queued(mine, fake, clock=noon, seconds=1)

    at_once(worker)
    assert len(fake.placed) == THREADS
    assert Halt.objects.filter(kind=HaltKind.RESTORED).count() == 1
    at_once(lambda number: guard.check_database(now=NOON))
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PENDING}
    live = Attempt.objects.filter(outcome=Outcome.ACCEPTED).values_list("order", flat=True)
    assert sorted(live) == sorted(order.pk for order in orders), "given back once each"


def test_eight_accounts_send_at_once_and_each_keeps_its_own_mark():
    fake = FakeProvider()
    orders = [make_order() for _ in range(THREADS)]

    def worker(number: int) -> bool:
        mine = Order.objects.select_related("provider").get(pk=orders[number].pk)
        return send_orders.send_order(mine, mine.provider, fake, clock=noon)

    assert sum(at_once(worker)) == THREADS
    for order in orders:
        mark = send_journal.high_water_mark(order.provider_id)
        assert mark
        assert mark.is_of(order.attempts.select_related("order").get())
    assert guard.check_database(now=NOON)


def test_who_knows_of_a_gap_of_the_journal_knows_of_each_with_a_lower_number(monkeypatch):
    """Two machines note one at the same moment; a refill that is let go keeps the newest known."""
    guard.quarantine("by hand", now=NOON)
    accounts = [make_provider().pk, make_provider().pk]
    monkeypatch.setattr(journal_gaps, "_gap", lambda *of: journal_gaps.Between(None, NOON))
    is_numbered, other_is_there = threading.Event(), threading.Event()

    def machine(number: int) -> int:
        if number:
            is_numbered.wait(60)
            assert journal_gaps.note_gap(accounts[1], now=NOON)
            known = JournalGap.objects.filter(pk__lte=doubtful_rows.known_gap()).count()
            other_is_there.set()
            return known
        with transaction.atomic():
            assert journal_gaps.note_gap(accounts[0], now=NOON)
            is_numbered.set()
            other_is_there.wait(3)
        return 0

    assert at_once(machine, 2) == [0, 2]
