"""A kept form is placed at the moment at which a machine that was away lists what it had sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from orders.draft import OrderDraft
from orders.models import Halt, Order, UnmatchedOrder
from orders.placing import sent_before
from orders.placing.place_orders import place_order
from orders.sending.restore_check import guard, list_unmatched, recalled_sends
from orders.status import Outcome, Status
from tests.builders import NOON, make_attempt, make_unmatched_order
from tests.fake_provider import FakeProvider

from ..placing.test_placing import draft
from ..sending.test_restore_guard import LATER, acknowledge, forget, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
M = timedelta(minutes=1)


def meanwhile(do: Callable[[], object]) -> None:
    """By somebody else, to the end."""

    def run() -> None:
        try:
            do()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.fixture
def kept() -> tuple[OrderDraft, FakeProvider]:
    """Sent by a machine that was away, forgotten by the database, which is about to be accepted."""
    provider, form = FakeProvider(), draft()
    first, _ = place_order(form, placed_by=None, now=NOON)
    send(first, provider)
    forget(first)
    guard.quarantine("The database was put back.", now=NOON)
    acknowledge(LATER)
    return form, provider


def accept_and_send(order: Order, provider: FakeProvider) -> None:
    acknowledge(LATER + 3 * M)
    assert guard.check_database(now=LATER + 4 * M)
    send(order, provider, LATER + 5 * M)
    assert len(provider.placed) == 1
    order.refresh_from_db()
    assert order.status in (Status.UNCONFIRMED, Status.PENDING)
    assert order.attempts.count() == 1


def test_a_form_that_is_placed_before_its_send_is_listed_is_not_bought_again(kept, monkeypatch):
    form, provider = kept
    real = list_unmatched.tell_unmatched

    def tell(*args: Any, **more: Any) -> None:
        meanwhile(lambda: place_order(form, placed_by=None, now=LATER + M))
        real(*args, **more)

    monkeypatch.setattr(recalled_sends, "tell_unmatched", tell)
    assert not guard.check_database(now=LATER + M)
    monkeypatch.undo()
    guard.check_database(now=LATER + 2 * M)
    order = Order.objects.get(form_key=form.form_key)
    assert order.status != Status.QUEUED, "the next look has found it"
    accept_and_send(order, provider)


def test_a_form_that_is_written_after_its_send_was_listed_is_not_bought_again(kept, monkeypatch):
    """It had looked at the list before."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    form, provider = kept
    real = sent_before.unmatched_sends

    def look(one: OrderDraft) -> list[UnmatchedOrder]:
        found = real(one)
        meanwhile(lambda: guard.check_database(now=LATER + M))
        return found

    monkeypatch.setattr(sent_before, "unmatched_sends", look)
    order, _ = place_order(form, placed_by=None, now=LATER + M)
    assert (order.status, UnmatchedOrder.objects.get().order) == (Status.QUEUED, None)
    accept_and_send(order, provider)


def test_a_claim_takes_what_is_listed_for_sent(kept, monkeypatch):
    """The same on every database: the order is written as if nothing had been listed."""
    form, provider = kept
    guard.check_database(now=LATER + M)
    monkeypatch.setattr(sent_before, "unmatched_sends", lambda one: [])
    order, _ = place_order(form, placed_by=None, now=LATER + 2 * M)
    accept_and_send(order, provider)
    listed = UnmatchedOrder.objects.get()
    assert (listed.order, order.attempts.get().started_at) == (order, listed.sent_at)


@pytest.mark.parametrize("is_the_same", [True, False])
def test_a_send_that_is_taken_already_does_not_throw_it_back_into_doubt(is_the_same):
    """The look has listed it, found its order then, and a person said that it is not there."""
    provider = FakeProvider()
    order, _ = place_order(draft(), placed_by=None, now=NOON)
    make_attempt(order, outcome=Outcome.NOT_PLACED, started_at=NOON)
    sent_at = NOON if is_the_same else NOON + M
    make_unmatched_order(order.provider, token=f"{order.form_key.hex}-1", sent_at=sent_at)
    Halt.objects.update(lifted_at=NOON)
    order = send(order, provider, LATER)
    assert len(provider.placed) == is_the_same
    assert order.status == (Status.PENDING if is_the_same else Status.UNCONFIRMED)
