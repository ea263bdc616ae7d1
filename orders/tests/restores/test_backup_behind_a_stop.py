"""A backup that was made while the stop after a restore stood is put back itself: what was sent
since is in doubt like what the first restore had forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from orders.limits import doubtful_rows
from orders.models import Halt, JournalGap, Order, OrderBatch, Refill
from orders.restores import shown_lists
from orders.sending.restore_check import guard
from orders.shown import restores
from orders.status import HaltKind, HoldReason, JobState, RefillStatus, Status
from providers.models import Service
from tests.builders import make_order, make_provider, make_refill, make_service, make_user
from tests.fake_provider import FakeProvider

from ..mass.test_place_lines import make_batch
from ..mass.test_repeated_lines import paste
from .test_journal_gaps import (
    LATER,
    LATEST,
    accept,
    restored_over_a_gap,
    send,
    send_all,
    take_back,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.usefixtures("small_journal")]
M = timedelta(minutes=1)
AGAIN = LATER + 20 * M


@pytest.fixture
def service() -> Service:
    return make_service(make_provider(add_spacing_ms=0, calls_per_minute=60_000))


def put_back_to_behind_a_stop(fake: FakeProvider, service: Service, *, stands: bool) -> list[Order]:
    """Six orders of staff, placed behind the first stop, are in the backup of that night, in which
    it stands or not. The day after it is accepted, and they are sent."""
    restored_over_a_gap(service, fake)
    guard.check_database(now=LATER)
    behind = [make_order(service=service, created_at=LATER + n * M) for n in range(1, 7)]
    accept(LATER + 10 * M)
    for n, order in enumerate(behind):
        at = LATER + 12 * M + timedelta(seconds=5 * n)
        assert send(order, fake, at).status == Status.PENDING
    take_back(behind)
    if stands:
        Halt.objects.filter(kind=HaltKind.RESTORED).update(lifted_at=None)
    return behind


def waiting() -> set[int]:
    return set(Order.objects.filter(status=Status.QUEUED).values_list("pk", flat=True))


@pytest.mark.parametrize("stands", [False, True], ids=["it is over", "it stands"])
def test_orders_from_behind_the_stop_are_not_bought_twice(service: Service, stands: bool) -> None:
    fake = FakeProvider()
    behind = put_back_to_behind_a_stop(fake, service, stands=stands)
    bought = len(fake.placed)
    guard.check_database(now=AGAIN)
    doubted = Order.objects.held_for(HoldReason.RESTORED).filter(pk__gte=behind[0].pk)
    assert list(doubted.order_by("pk")) == behind[:4]
    assert not waiting()
    assert JournalGap.objects.count() == 2
    accept(LATER + 30 * M)
    send_all(service.provider, fake, LATEST)
    assert len(fake.placed) == bought


def test_so_is_a_refill_and_what_was_begun_for_many_there_asks(service: Service) -> None:
    fake = FakeProvider()
    put_back_to_behind_a_stop(fake, service, stands=True)
    known = doubtful_rows.known_gap()
    done = make_order(Status.COMPLETED, service=service)
    refill = make_refill(order=done, requested_at=LATER + M, known_gap=known)
    batch = make_batch(paste(service, range(1)))
    OrderBatch.objects.filter(pk=batch.pk).update(known_gap=known)
    guard.check_database(now=AGAIN)
    assert Refill.objects.get(pk=refill.pk).status == RefillStatus.UNCONFIRMED
    assert doubtful_rows.gap_since_placing(OrderBatch.objects.get(pk=batch.pk)) is not None


def test_a_page_of_before_is_one_of_before_a_restore(service: Service) -> None:
    fake = FakeProvider()
    put_back_to_behind_a_stop(fake, service, stands=True)
    drawn = restores().word
    guard.check_database(now=AGAIN)
    found = restores().word
    assert found != drawn
    guard.check_database(now=AGAIN + M)
    assert restores().word == found, "found once"


def test_the_stop_in_the_backup_is_one_of_now(service: Service) -> None:
    """No journal was rolled over: what was sent is known, and what waits is listed all the same."""
    first, fake = make_order(service=service), FakeProvider()
    send(make_order(service=service), fake)
    send(first, fake)
    take_back([first])
    guard.check_database(now=LATER)
    stop = Halt.objects.get()
    run = stop.runs.create(state=JobState.DONE, started_by=make_user(), created_at=LATER)
    behind = [make_order(service=service, created_at=LATER + n * M) for n in (1, 2)]
    drawn, page = restores().word, shown_lists.of_halt(stop, run)
    accept(LATER + 10 * M)
    send(behind[0], fake, LATER + 12 * M)
    take_back(behind[:1])
    Halt.objects.update(lifted_at=None)
    guard.check_database(now=AGAIN)
    stop.refresh_from_db()
    run.refresh_from_db()
    assert (stop.placed_at, stop.orders_through) == (AGAIN, behind[1].pk)
    assert behind[1] in shown_lists.waiting_orders(stop)
    assert run.state == JobState.STOPPED, "nobody accepts it by a run of before"
    assert restores().word != drawn and shown_lists.of_halt(stop, run) != page
    guard.check_database(now=AGAIN + M)
    assert Halt.objects.get().placed_at == AGAIN, "once"


def test_a_stop_that_stands_since_the_last_send_is_as_it_was(service: Service) -> None:
    restored_over_a_gap(service, FakeProvider())
    guard.check_database(now=LATER)
    make_order(service=service)
    before = Halt.objects.values().get()
    guard.check_database(now=AGAIN)
    assert Halt.objects.values().get() == before


def test_who_says_that_it_was_put_back_has_a_stop_of_now() -> None:
    call_command("quarantine")
    Halt.objects.update(placed_at=LATER, orders_through=0)
    order = make_order()
    call_command("quarantine")
    stop = Halt.objects.get()
    assert stop.placed_at > LATER and stop.orders_through == order.pk
