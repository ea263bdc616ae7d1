"""A clock that was ahead when many orders or refills were begun, and is right again when a gap of
the journal is found: the rows tell which was there first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.aftersales import request_refills
from orders.limits import doubtful_rows
from orders.mass.mass_order import start_placing
from orders.models import BatchState, BulkJob, JournalGap, Order, OrderBatch, Refill
from orders.sending.restore_check import guard
from orders.status import HoldReason, JobKind, JobState, RefillStatus, Status
from tests.builders import (
    NOON,
    make_journal_gap,
    make_order,
    make_provider,
    make_service,
    make_user,
)
from tests.fake_provider import FakeProvider, lost_answer

from ..aftersales.test_send_requests import FakeDesk
from ..aftersales.test_send_requests import send as send_refill
from ..mass.test_place_lines import make_batch
from ..mass.test_repeated_lines import paste
from .test_journal_gaps import LATER, LATEST, accept, send, send_all
from .test_many_over_a_gap import (
    SOON,
    begin_again,
    go_on,
    restored_bulk_action,
    roll_and_forget,
    run_job,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.services,
    pytest.mark.usefixtures("small_journal"),
]
AHEAD = timedelta(hours=1)
CLOCKS = pytest.mark.parametrize("ahead", [0 * AHEAD, AHEAD], ids=["right", "an hour ahead"])


@pytest.fixture
def service():
    return make_service(make_provider(add_spacing_ms=0, calls_per_minute=60_000))


def find_gap() -> None:
    guard.check_database(now=LATER)
    assert JournalGap.objects.exists()
    accept()


def mass_order_under_way(service, fake: FakeProvider, ahead: timedelta) -> OrderBatch:
    """Written down, placed and sent while the clock was so; the database is put back."""
    send(make_order(service=service), fake)
    batch = make_batch(paste(service, range(3)))
    batch.created_at = NOON + ahead
    batch.save()
    assert not start_placing(batch, by=batch.created_by, again=False, now=NOON + ahead)
    go_on(batch, NOON + ahead)
    Order.objects.filter(batch=batch).update(send_after=NOON)
    roll_and_forget(service, fake, list(batch.orders.order_by("pk")))
    of_then = {"state": BatchState.PLACING, "placed_at": NOON + ahead, "known_gap": 0}
    OrderBatch.objects.filter(pk=batch.pk).update(**of_then, holder="", held_until=None)
    find_gap()
    batch.refresh_from_db()
    return batch


@CLOCKS
def test_a_mass_order_under_way_at_a_gap_stops(service, ahead):
    fake = FakeProvider()
    batch = mass_order_under_way(service, fake, ahead)
    go_on(batch, LATEST)
    batch.refresh_from_db()
    assert (batch.state, batch.orders.count()) == (BatchState.PLACED, 0)
    assert doubtful_rows.gap_over_batch(batch), "its page does not say why"


@CLOCKS
def test_what_a_mass_order_of_before_a_gap_places_is_held(service, ahead):
    fake = FakeProvider()
    batch = mass_order_under_way(service, fake, ahead)
    bought = len(fake.placed)
    go_on(batch, LATEST)
    assert not start_placing(batch, by=batch.created_by, again=False, now=SOON)
    go_on(batch, SOON)
    send_all(service.provider, fake, SOON)
    assert len(fake.placed) == bought
    assert [order.hold_reason for order in batch.orders.all()] == [HoldReason.RESTORED] * 3


def test_a_mass_order_goes_on_where_the_clock_was_ahead_as_the_gap_was_found(service):
    """A person has started it since: a moment ahead of that would stop it for an hour."""
    fake = FakeProvider()
    batch = mass_order_under_way(service, fake, 0 * AHEAD)
    go_on(batch, LATEST)
    JournalGap.objects.update(found_at=SOON + AHEAD)
    assert not start_placing(batch, by=batch.created_by, again=False, now=SOON)
    go_on(batch, SOON)
    assert batch.orders.count() == 3


@CLOCKS
def test_order_again_of_many_under_way_at_a_gap_stops(service, ahead):
    fake = FakeProvider()
    job = restored_bulk_action(service, fake)
    BulkJob.objects.filter(pk=job.pk).update(created_at=NOON + ahead)
    bought = len(fake.placed)
    find_gap()
    run_job(job, LATEST)
    send_all(service.provider, fake, LATEST)
    assert len(fake.placed) == bought, "bought twice, and nobody was asked"
    job.refresh_from_db()
    assert job.state == JobState.STOPPED


@CLOCKS
def test_what_order_again_places_in_the_moment_of_the_gap_is_not_sent(service, ahead, monkeypatch):
    fake = FakeProvider()
    job = restored_bulk_action(service, fake)
    BulkJob.objects.filter(pk=job.pk).update(created_at=NOON + ahead)
    bought = len(fake.placed)
    find_gap()
    gap = doubtful_rows.gap_over_job
    monkeypatch.setattr(doubtful_rows, "gap_over_job", lambda job: None)  # it had looked before
    run_job(job, LATEST)
    monkeypatch.setattr(doubtful_rows, "gap_over_job", gap)
    assert job.items.exclude(made=None).exists()
    send_all(service.provider, fake, LATEST)
    assert len(fake.placed) == bought


@CLOCKS
def test_refills_of_many_under_way_at_a_gap_are_not_asked_for(service, ahead):
    fake = FakeProvider()
    send(make_order(service=service), fake)
    orders = [make_order(Status.COMPLETED, service=service)]
    job = begin_again(orders, NOON + ahead, kind=JobKind.REFILL)
    roll_and_forget(service, fake, [])
    find_gap()
    run_job(job, LATEST)
    assert not Refill.objects.exists()


@CLOCKS
def test_refills_of_many_asked_for_in_the_moment_of_the_gap_are_in_doubt(
    service, ahead, monkeypatch
):
    one, other = (make_order(Status.COMPLETED, service=service) for _ in range(2))
    job = begin_again([one], NOON + ahead, kind=JobKind.REFILL)
    make_journal_gap(one.provider, found_at=LATER, jobs_through=job.pk)
    monkeypatch.setattr(doubtful_rows, "gap_over_job", lambda job: None)  # it had looked before
    run_job(job, LATEST)
    assert not request_refills.request_refill(other, actor=job.started_by, now=LATEST)
    doubtful_rows.give_up_requests(one.provider_id, now=LATEST)
    stand = dict(Refill.objects.values_list("order", "status"))
    assert stand == {one.pk: RefillStatus.UNCONFIRMED, other.pk: RefillStatus.QUEUED}


def refill_in_doubt(ahead: timedelta) -> Refill:
    order = make_order(Status.COMPLETED)
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    desk = FakeDesk()
    desk.then = lost_answer()
    send_refill(Refill.objects.get(), desk, NOON + ahead)
    return Refill.objects.get()


@CLOCKS
def test_a_refill_that_was_let_go_before_a_gap_is_in_doubt_over_it(ahead):
    """The backup is of after that; it was sent once more then, which the journal has no more."""
    refill = refill_in_doubt(ahead)
    assert not request_refills.ask_again(refill, actor=make_user(), now=NOON + ahead)
    found = NOON + timedelta(minutes=10)
    make_journal_gap(refill.provider, found_at=found, refills_through=refill.pk)
    doubtful_rows.give_up_requests(refill.provider_id, now=found)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED, "it is sent again unasked"


@CLOCKS
def test_a_refill_that_is_let_go_after_a_gap_is_sent(ahead):
    refill = refill_in_doubt(0 * AHEAD)
    found = NOON + timedelta(minutes=10)
    make_journal_gap(refill.provider, found_at=found + ahead, refills_through=refill.pk)
    let_go_at = found + timedelta(minutes=10)
    assert not request_refills.ask_again(refill, actor=make_user(), now=let_go_at)
    assert not doubtful_rows.give_up_requests(refill.provider_id, now=let_go_at)
    assert Refill.objects.get().status == RefillStatus.QUEUED, "the word was forgotten"


def test_a_gap_that_a_release_before_this_found_is_compared_by_its_moment(service):
    """Its rows have no numbers of batches and bulk actions."""
    batch, job = make_batch(paste(service, range(2))), begin_again([], NOON)
    OrderBatch.objects.update(placed_at=NOON)
    batch.refresh_from_db()
    make_journal_gap(service.provider, found_at=NOON - AHEAD)
    assert not doubtful_rows.gap_over_batch(batch) and not doubtful_rows.gap_over_job(job)
    assert not doubtful_rows.gap_since_placing(batch)
    gap = make_journal_gap(service.provider, found_at=NOON + AHEAD)
    assert doubtful_rows.gap_over_batch(batch) == doubtful_rows.gap_over_job(job) == gap
    assert doubtful_rows.gap_since_placing(batch) == gap
