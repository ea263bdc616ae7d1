"""Mass orders and bulk actions that a restored database shows as under way: over a gap of the
journal nobody knows what they had bought."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from core.roles import Role
from orders.aftersales.request_refills import request_refill, withdraw_refill
from orders.bulk import apply_step, bulk_action, shown_holds
from orders.bulk.outlook import outlook
from orders.limits import doubtful_rows
from orders.mass.mass_order import start_placing
from orders.mass.place_lines import place_run, take_batch
from orders.mass.tasks import check_again
from orders.models import (
    BatchLine,
    BatchState,
    BulkItem,
    BulkJob,
    CancelRequest,
    JournalGap,
    Order,
    OrderBatch,
    OrderEvent,
    Refill,
)
from orders.placing.order_again import draft_again
from orders.sending.restore_check import guard
from orders.shown import of_hold
from orders.status import HoldReason, JobKind, JobState, RefillStatus, Status
from tests.builders import (
    NOON,
    make_journal_gap,
    make_order,
    make_provider,
    make_service,
    make_user,
)
from tests.fake_provider import FakeProvider

from ..mass.test_place_lines import make_batch
from ..mass.test_repeated_lines import paste
from ..sending.test_restore_guard import forget
from .test_journal_gaps import LATER, LATEST, accept, send, send_all

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.services,
    pytest.mark.usefixtures("small_journal"),
]
SOON = LATEST + timedelta(minutes=5)


@pytest.fixture
def service():
    return make_service(make_provider(add_spacing_ms=0, calls_per_minute=60_000))


def roll_and_forget(service, fake: FakeProvider, orders: list[Order]) -> None:
    """They were sent, and so were others; the database is put back to before that."""
    orders += [make_order(service=service) for _ in range(4)]
    for order in orders:
        assert send(order, fake).status == Status.PENDING
    BatchLine.objects.update(order=None)
    BulkItem.objects.update(made=None, ok=None)
    for order in orders:
        forget(order)


def go_on(batch: OrderBatch, at) -> None:
    """The timetable rings for it: nobody does anything."""
    if taken := take_batch(batch.pk, now=at):
        place_run(taken, check_again, clock=lambda: at, seconds=60)


def restored_mass_order(service, fake: FakeProvider, state: BatchState) -> OrderBatch:
    send(make_order(service=service), fake)
    batch = make_batch(paste(service, range(3)))
    assert not start_placing(batch, by=batch.created_by, again=False, now=NOON)
    go_on(batch, NOON)
    roll_and_forget(service, fake, list(batch.orders.order_by("pk")))
    OrderBatch.objects.filter(pk=batch.pk).update(state=state, placed_at=NOON)
    guard.check_database(now=LATER)
    assert JournalGap.objects.exists()
    accept()
    batch.refresh_from_db()
    return batch


def test_a_mass_order_that_was_under_way_goes_on_when_a_person_says_so(service, client_for_role):
    fake = FakeProvider()
    batch = restored_mass_order(service, fake, BatchState.PLACING)
    bought = len(fake.placed)
    go_on(batch, LATEST)
    batch.refresh_from_db()
    assert batch.state == BatchState.PLACED
    assert not batch.orders.exists()
    page = client_for_role(Role.MANAGER).get(reverse("mass-order", args=[batch.pk]))
    assert "these lines may be bought already" in page.content.decode()
    send_all(service.provider, fake, LATEST)
    assert len(fake.placed) == bought


@pytest.mark.parametrize("state", [BatchState.PLACING, BatchState.CHECKED])
def test_what_a_mass_order_of_before_places_afterwards_is_held(service, state):
    fake = FakeProvider()
    batch = restored_mass_order(service, fake, state)
    bought = len(fake.placed)
    go_on(batch, LATEST)
    assert not start_placing(batch, by=batch.created_by, again=False, now=SOON)
    go_on(batch, SOON)
    assert batch.orders.count() == 3
    send_all(service.provider, fake, SOON)
    assert len(fake.placed) == bought
    assert {order.hold_reason for order in batch.orders.all()} == {HoldReason.RESTORED}


def test_a_mass_order_of_afterwards_goes_out_by_itself(service):
    fake = FakeProvider()
    restored_mass_order(service, fake, BatchState.CHECKED)
    bought = len(fake.placed)
    new = make_batch(paste(service, range(7, 9)))
    OrderBatch.objects.filter(pk=new.pk).update(created_at=LATEST)
    assert not start_placing(new, by=new.created_by, again=False, now=LATEST)
    go_on(new, LATEST)
    send_all(service.provider, fake, SOON)
    assert len(fake.placed) == bought + 2


def begin_again(orders: list[Order], moment=NOON, kind=JobKind.REORDER) -> BulkJob:
    job, _ = bulk_action.start_job(
        kind,
        [order.pk for order in orders],
        form_key=uuid.uuid4(),
        terms={},
        started_by=make_user(Role.MANAGER),
        now=moment,
    )
    return job


def run_job(job: BulkJob, at) -> None:
    if taken := bulk_action.take_job(job.pk, now=at):
        act = apply_step.act_for(job.kind, draft_again, lambda: at)
        bulk_action.run_items(taken, act, clock=lambda: at, seconds=5)


def restored_bulk_action(service, fake: FakeProvider) -> BulkJob:
    send(make_order(service=service), fake)
    old = [
        make_order(Status.COMPLETED, service=service, created_at=NOON - timedelta(days=9 + n))
        for n in range(2)
    ]
    job = begin_again(old)
    run_job(job, NOON)
    made = [item.made for item in job.items.order_by("pk") if item.made]
    assert len(made) == len(old)
    roll_and_forget(service, fake, made)
    BulkJob.objects.filter(pk=job.pk).update(state=JobState.RUNNING, ended_at=None)
    return job


def test_order_again_for_many_that_was_under_way_stops(service, client_for_role):
    fake = FakeProvider()
    job = restored_bulk_action(service, fake)
    bought, orders = len(fake.placed), Order.objects.count()
    guard.check_database(now=LATER)
    accept()
    run_job(job, LATEST)
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    assert Order.objects.count() == orders
    page = client_for_role(Role.MANAGER).get(reverse("bulk-action", args=[job.pk]))
    assert "may be ordered again already" in page.content.decode()
    send_all(service.provider, fake, LATEST)
    assert len(fake.placed) == bought


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        (JobKind.REFILL, Status.COMPLETED, "may be refilled already"),
        (JobKind.CANCEL, Status.IN_PROGRESS, "cancels of the rest may be sent already"),
    ],
)
def test_refills_and_cancels_of_many_that_were_under_way_stop(
    service, client_for_role, kind, status, words
):
    """Some were asked for after the database that is there now was written."""
    fake, rolled = FakeProvider(), list[Order]()
    send(make_order(service=service), fake)
    job = begin_again([make_order(status, service=service)], kind=kind)
    roll_and_forget(service, fake, rolled)
    guard.check_database(now=LATER)
    accept()
    run_job(job, LATEST)
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    assert not (Refill.objects.exists() or CancelRequest.objects.exists())
    page = client_for_role(Role.MANAGER).get(reverse("bulk-action", args=[job.pk]))
    assert words in page.content.decode()


def test_what_order_again_for_many_placed_in_the_moment_of_the_gap_is_held(service, monkeypatch):
    fake = FakeProvider()
    job = restored_bulk_action(service, fake)
    bought = len(fake.placed)
    guard.check_database(now=LATER)
    accept()
    monkeypatch.setattr(bulk_action, "may_be_bought", lambda job: False)  # it had looked before
    monkeypatch.setattr(bulk_action, "_end_item", lambda *args: None)  # and has not come so far
    taken = bulk_action.take_job(job.pk, now=LATEST)
    act = apply_step.act_for(job.kind, draft_again, lambda: LATEST)
    assert taken
    for item in bulk_action._next_items(taken):
        assert act(item) == ""
        assert item.made and item.made.pk > JournalGap.objects.get().orders_through
    send_all(service.provider, fake, LATEST)
    assert len(fake.placed) == bought


def gap_now(order: Order, found_at=LATER) -> None:
    """Nothing that is there now stands behind it."""
    through = {
        f"{name}_through": model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        for name, model in (("events", OrderEvent), ("orders", Order), ("refills", Refill))
    }
    make_journal_gap(order.provider, found_at=found_at, **through)


@pytest.mark.parametrize("kind", [JobKind.REFILL, JobKind.REORDER])
def test_many_stop_where_the_gap_is_found_among_them(service, kind):
    before = NOON - timedelta(days=9)
    orders = [make_order(Status.COMPLETED, service=service, created_at=before) for _ in range(3)]
    job = begin_again(orders, kind=kind)
    run_until_a_gap(job, orders)
    made = Refill.objects.count() + Order.objects.count() - len(orders)
    assert (job.state, made) == (JobState.STOPPED, 1)


def test_a_release_of_many_stops_where_the_gap_is_found_among_them(service):
    orders = [make_order(Status.HELD, service=service) for _ in range(3)]
    Order.objects.update(hold_reason=HoldReason.STAFF)
    job = begin_again(orders, kind=JobKind.RELEASE)
    shown = of_hold(Order.objects.get(pk=orders[0].pk))
    BulkJob.objects.update(terms={"shown_holds": {shown: ",".join(str(one.pk) for one in orders)}})
    run_until_a_gap(job, orders)
    assert job.state == JobState.STOPPED
    assert Order.objects.filter(status=Status.QUEUED).count() == 1
    assert job.items.filter(ok=None).count() == 2


def run_until_a_gap(job: BulkJob, orders: list[Order]) -> None:
    """It is found after the first one had its turn."""
    act, turns = apply_step.act_for(job.kind, draft_again, lambda: LATER), list[BulkItem]()

    def meanwhile(item: BulkItem) -> str:
        words = act(item)
        if not turns:
            gap_now(orders[0])  # by another worker
        turns.append(item)
        return words

    taken = bulk_action.take_job(job.pk, now=LATER)
    assert taken is not None
    bulk_action.run_items(taken, meanwhile, clock=lambda: LATER, seconds=5)
    job.refresh_from_db()


def test_what_refills_of_many_asked_for_in_the_moment_of_the_gap_is_in_doubt(service, monkeypatch):
    one, other = (make_order(Status.COMPLETED, service=service) for _ in range(2))
    job = begin_again([one], kind=JobKind.REFILL)
    gap_now(one)
    monkeypatch.setattr(bulk_action, "may_be_bought", lambda job: False)  # it had looked before
    run_job(job, LATEST)
    assert not request_refill(other, actor=job.started_by, now=LATEST)
    Refill.objects.update(known_gap=None)  # as the release before wrote them
    assert doubtful_rows.give_up_requests(one.provider_id, now=LATEST) == 1
    stand = dict(Refill.objects.values_list("order", "status"))
    assert stand == {one.pk: RefillStatus.UNCONFIRMED, other.pk: RefillStatus.QUEUED}
    assert withdraw_refill(Refill.objects.get(order=one), actor=job.started_by, now=SOON)
    assert not request_refill(one, actor=job.started_by, now=SOON)  # somebody who has looked
    assert doubtful_rows.give_up_requests(one.provider_id, now=SOON) == 0


def test_a_release_of_many_that_was_under_way_stops(service, client_for_role):
    """Confirmed over one gap, released and sent; the database is put back, with another gap."""
    order = make_order(Status.HELD, service=service, hold_reason=HoldReason.RESTORED)
    gap_now(order, NOON - timedelta(hours=1))
    job = begin_again([order], kind=JobKind.RELEASE)
    BulkJob.objects.update(terms={"shown_holds": {of_hold(order): str(order.pk)}})
    gap_now(order)
    run_job(job, LATEST)
    job.refresh_from_db()
    order.refresh_from_db()
    assert (job.state, order.status) == (JobState.STOPPED, Status.HELD)
    page = client_for_role(Role.MANAGER).get(reverse("bulk-action", args=[job.pk]))
    assert "the rest may be sent already" in page.content.decode()


def test_nothing_is_released_over_a_newer_gap_than_was_shown(service, client_for_role):
    order = make_order(Status.HELD, service=service, hold_reason=HoldReason.RESTORED)
    gap_now(order, NOON)
    seen, release = of_hold(order), reverse("order-release", args=[order.pk])
    gap_now(order)
    client_for_role(Role.ADMIN).post(release, {"shown": seen})
    job = begin_again([order], LATEST, kind=JobKind.RELEASE)
    BulkJob.objects.update(terms={"shown_holds": {seen: str(order.pk)}})
    run_job(job, LATEST)
    assert job.items.get().words == apply_step.WAITS_ANEW
    order.refresh_from_db()
    assert order.status == Status.HELD
    client_for_role(Role.ADMIN).post(release, {"shown": of_hold(order)})
    order.refresh_from_db()
    assert order.status == Status.QUEUED


def test_many_are_released_over_the_gap_that_was_shown(service):
    orders = [
        make_order(Status.HELD, service=service, hold_reason=HoldReason.RESTORED) for _ in range(2)
    ]
    gap_now(orders[0], NOON)
    parts, person = [Order.objects.all()], make_user(Role.MANAGER)
    seen = outlook(JobKind.RELEASE, parts, lambda order: "", person=person, now=LATER)
    assert (seen.maybe_sent, seen.released) == (2, [(HoldReason.RESTORED.label, 2)])
    job = begin_again(orders, LATER, kind=JobKind.RELEASE)
    BulkJob.objects.update(terms={"shown_holds": shown_holds.read(seen.shown_holds)})
    run_job(job, LATEST)
    assert {order.status for order in Order.objects.all()} == {Status.QUEUED}
