"""The same backup is put back a second time: what the first restore found out is known to the
machine that had sent it, and to it alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.mass.mass_order import bought_before, digest_of_good, start_placing
from orders.mass.place_lines import place_run, take_batch
from orders.mass.tasks import check_again
from orders.models import (
    BatchLine,
    BatchState,
    Halt,
    JournalGap,
    Order,
    OrderBatch,
    ReconcileRun,
    Refill,
    RequestCall,
    UnmatchedOrder,
)
from orders.placing.place_orders import place_order
from orders.sending import send_journal
from orders.sending.restore_check import guard
from orders.status import RefillStatus, Status
from tests.builders import NOON, make_order, make_refill, make_service
from tests.fake_provider import FakeProvider

from ..mass.test_place_lines import make_batch
from ..mass.test_repeated_lines import paste
from ..placing.test_placing import draft
from ..sending.test_every_write import Panel
from ..sending.test_restore_guard import LATER, acknowledge, forget, send, take_back
from .test_journal_gaps import ask

pytestmark = [pytest.mark.django_db, pytest.mark.services]
M = timedelta(minutes=1)


@pytest.fixture(params=["one identity", "another each time"])
def lives(request, monkeypatch):
    """SQLite tells nothing of a file that was put back; PostgreSQL may."""
    names = ["life 1"]
    if request.param != "one identity":
        monkeypatch.setattr(guard, "database_identity", lambda: names[-1])
    return names


def put_back_again(lives: list[str]) -> None:
    """All that came to be since the backup."""
    for model in (UnmatchedOrder, ReconcileRun, JournalGap, Halt):
        model.objects.all().delete()
    lives.append(f"life {len(lives) + 1}")


def accept(moment) -> None:
    guard.check_database(now=moment)
    acknowledge(moment + M)
    assert guard.check_database(now=moment + 2 * M)


def test_a_kept_form_buys_nothing_after_the_second_time(lives):
    provider, service = FakeProvider(), make_service()
    send(make_order(service=service), provider)  # the backup knows of this one
    form = draft(service)
    order, _ = place_order(form, placed_by=None, now=NOON + M)
    send(order, provider, NOON + M)
    forget(order)
    for n in range(1, 4):
        put_back_again(lives)
        accept(LATER + n * 9 * M)
        assert UnmatchedOrder.objects.get().external_id
    order, _ = place_order(form, placed_by=None, now=LATER + 40 * M)
    assert order.status == Status.UNCONFIRMED
    send(order, provider, LATER + 41 * M)
    assert len(provider.placed) == 2


def test_a_mass_order_that_the_backup_shows_as_checked_buys_nothing(lives):
    provider, service = FakeProvider(), make_service()
    send(make_order(service=service), provider)
    batch = make_batch(paste(service, range(3)))

    def place(at) -> None:
        OrderBatch.objects.filter(pk=batch.pk).update(state=BatchState.CHECKED)
        shown = digest_of_good(batch, bought_before(batch))
        assert not start_placing(batch, by=batch.created_by, again=False, now=at, shown=shown)
        taken = take_batch(batch.pk, now=at)
        assert taken
        place_run(taken, check_again, clock=lambda: at, seconds=60)
        for n, order in enumerate(Order.objects.filter(status=Status.QUEUED).order_by("pk")):
            send(order, provider, at + timedelta(seconds=5 * n))

    place(NOON + M)
    for n in (1, 2):
        BatchLine.objects.update(order=None)
        for order in batch.orders.all():
            forget(order)
        put_back_again(lives)
        accept(LATER + n * 9 * M)
    place(LATER + 30 * M)
    assert len(provider.placed) == 4


def test_what_a_person_has_matched_is_not_listed_anew_behind_another_halt(lives):
    provider, service = FakeProvider(), make_service()
    known = send(make_order(service=service), provider)
    lost = make_order(service=service)
    send(lost, provider, NOON + M)
    forget(lost)
    accept(LATER)
    UnmatchedOrder.objects.update(order=known)
    guard.quarantine("by hand", now=LATER + 5 * M)
    guard.check_database(now=LATER + 6 * M)
    assert UnmatchedOrder.objects.get().order == known


def test_the_line_that_accepts_a_database_carries_on_no_more_than_it_misses(lives):
    provider, service = FakeProvider(), make_service()
    for n in range(3):
        send(make_order(service=service), provider, NOON + n * M)
    lost = make_order(service=service)
    send(lost, provider, NOON + 5 * M)
    forget(lost)
    for n in range(3):
        put_back_again(lives)
        accept(LATER + n * 9 * M)
        (kept,) = send_journal.sends_since_accepted(service.provider_id)
        assert kept.form_key == lost.form_key
        assert kept.payload["link"] == lost.link
        assert kept.send_outcome and kept.send_outcome.external_id


def test_an_order_that_was_given_back_once_with_its_answer_is_given_back_again(lives):
    provider, service = FakeProvider(), make_service()
    order = make_order(service=service)
    send(order, provider)
    number = Order.objects.get(pk=order.pk).external_id
    for n in range(3):
        take_back(order)
        put_back_again(lives)
        accept(LATER + n * 9 * M)
        again = Order.objects.get(pk=order.pk)
        assert (again.status, again.external_id) == (Status.PENDING, number)


def test_a_refill_that_was_given_back_once_is_given_back_again(lives):
    panel, service = Panel(), make_service()
    order = make_order(Status.COMPLETED, service=service)
    asked = make_refill(order=order)
    ask(service.provider, panel, NOON)
    assert len(panel.done) == 1
    for n in range(2):
        Refill.objects.all().delete()
        RequestCall.objects.all().delete()
        put_back_again(lives)
        accept(LATER + n * 9 * M)
        again = Refill.objects.get()
        assert again.requested_at == asked.requested_at
        assert again.status == RefillStatus.PENDING
