"""Bulk jobs: fixed once, each order once, and no worker's death changes that."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from core import clocks
from core.failpoints import armed
from core.models import User
from core.roles import Role
from orders.aftersales import request_refills
from orders.bulk import apply_step, bulk_action
from orders.bulk import tasks as bulk_tasks
from orders.bulk.outlook import REFILL_UNDER_WAY, Outlook, outlook
from orders.limits import check_limits
from orders.models import BulkItem, BulkJob, CancelRequest, EventKind, Order, PollSchedule, Refill
from orders.placing.order_again import CannotOrderAgain, draft_again, why_never_again
from orders.status import HoldReason, JobKind, JobState, Status
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATER = NOON + timedelta(seconds=clocks.JOB_LEASE_SECONDS + 1)


def every_order() -> list[int]:
    return list(Order.objects.values_list("pk", flat=True))


def noon() -> datetime:
    return NOON


def start(
    kind: JobKind, *, by: User | None = None, form_key: uuid.UUID | None = None, **terms: Any
) -> BulkJob:
    job, _ = bulk_action.start_job(
        kind,
        every_order(),
        form_key=form_key or uuid.uuid4(),
        terms=terms,
        started_by=by or make_user(Role.MANAGER),
        now=NOON,
    )
    return job


def run(
    job: BulkJob, *, now: datetime = NOON, act: bulk_action.Act | None = None
) -> bulk_action.BulkRun:
    mine = bulk_action.take_job(job.pk, now=now)
    assert mine
    act = act or apply_step.act_for(job.kind, draft_again, noon)
    return bulk_action.run_items(mine, act, clock=lambda: now, seconds=20)


def look(kind: JobKind) -> Outlook:
    return outlook(kind, [Order.objects.all()], why_never_again, person=make_user(), now=NOON)


def result(job: BulkJob) -> dict[int, tuple[bool | None, str]]:
    return {item.order_id: (item.ok, item.words) for item in job.items.order_by("pk")}


def test_the_orders_are_fixed_when_the_job_starts():
    old = [make_order() for _ in range(3)]
    job = start(JobKind.NOTE, note="x")
    make_order()
    assert (job.total, job.state) == (3, JobState.WAITING)
    assert list(job.items.order_by("pk").values_list("order", flat=True)) == [o.pk for o in old]


def test_fixing_takes_one_statement_and_stops_at_the_most(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bulk_action, "MOST", 4)
    for _ in range(6):
        make_order()
    with CaptureQueriesContext(connection) as queries:
        assert start(JobKind.NOTE, by=make_user(), note="x").total == 4
    assert len([q for q in queries if "orders_bulkitem" in q["sql"]]) == 1


def test_no_orders_are_a_job_that_ends():
    job, _ = bulk_action.start_job(
        JobKind.NOTE,
        [],
        form_key=uuid.uuid4(),
        terms={},
        started_by=make_user(),
        now=NOON,
    )
    run(job)
    job.refresh_from_db()
    assert (job.total, job.state) == (0, JobState.DONE)


def test_the_same_confirmation_twice_is_one_job():
    make_order()
    form_key = uuid.uuid4()
    first = start(JobKind.NOTE, form_key=form_key, note="first")
    again = start(JobKind.REORDER, form_key=form_key)
    assert (again.pk, again.kind, BulkItem.objects.count()) == (first.pk, JobKind.NOTE, 1)


def test_a_tag_that_somebody_writes_before_its_turn_is_kept():
    """A worker reads some orders at a time and comes to each of them later."""
    order = make_order(tags=" old ")
    job = start(JobKind.NOTE, tags=" spring ")
    act = apply_step.act_for(job.kind, draft_again, noon)

    def somebody_writes_first(item: BulkItem) -> str:
        Order.objects.filter(pk=item.order_id).update(tags=" old urgent ")
        return act(item)

    run(job, act=somebody_writes_first)
    order.refresh_from_db()
    assert order.tags == " old urgent spring "


def test_a_note_and_tags_are_written_and_remembered():
    order = make_order(note="before", tags=" old ")
    job = start(JobKind.NOTE, note="after", tags=" spring ")
    run(job)
    order.refresh_from_db()
    assert (order.note, order.tags) == ("after", " old spring ")
    event = order.events.get(kind=EventKind.NOTE)
    assert "Note: before → after" in event.text and event.actor == job.started_by


def test_refreshing_makes_followed_orders_due_and_says_which_are_not():
    followed, ended = make_order(Status.IN_PROGRESS), make_order(Status.COMPLETED)
    PollSchedule.objects.update(next_at=NOON + timedelta(days=1))
    job = start(JobKind.REFRESH)
    done = run(job)
    assert PollSchedule.objects.get().next_at == NOON
    assert result(job) == {
        followed.pk: (True, ""),
        ended.pk: (False, "It has ended: it is completed."),
    }
    assert done.providers == {followed.provider_id, ended.provider_id}


def test_refills_and_cancels_are_asked_for_or_say_why_not():
    service = make_service(refill=True, cancel=True)
    done = make_order(Status.COMPLETED, service=service)
    open_one = make_order(Status.IN_PROGRESS, service=service)
    queued = make_order(Status.QUEUED, service=service)
    refills, cancels = start(JobKind.REFILL), start(JobKind.CANCEL)
    run(refills)
    run(cancels)
    assert Refill.objects.get().order == done
    assert CancelRequest.objects.get().order == open_one
    queued.refresh_from_db()
    assert queued.status == Status.WITHDRAWN
    assert [ok for ok, _ in result(refills).values()] == [True, False, False]
    assert [ok for ok, _ in result(cancels).values()] == [False, True, True]
    refills.refresh_from_db()
    assert (refills.done, refills.failed, refills.state) == (1, 2, JobState.DONE)


def test_ordering_again_places_the_same_payload_once():
    order = make_order(Status.COMPLETED, reference="INV-1")
    job = start(JobKind.REORDER)
    run(job)
    item = job.items.get()
    assert item.ok and item.made and item.made.pk != order.pk
    assert (item.made.payload, item.made.status) == (order.payload, Status.QUEUED)
    assert (item.made.placed_by, item.made.reference) == (job.started_by, "INV-1")


def test_a_worker_that_died_after_buying_does_not_buy_again():
    make_order(Status.COMPLETED)
    job = start(JobKind.REORDER)
    act = apply_step.act_for(job.kind, draft_again, noon)

    def dies(item: BulkItem) -> str:
        act(item)
        raise OperationalError("the machine went away")

    with pytest.raises(OperationalError):
        run(job, act=dies)
    assert Order.objects.count() == 2
    assert bulk_action.take_job(job.pk, now=NOON) is None  # until the lease of the dead one is over
    run(job, now=LATER)
    assert Order.objects.count() == 2
    job.refresh_from_db()
    assert (job.state, job.done, job.items.get().made_id) == (
        JobState.DONE,
        1,
        Order.objects.latest("pk").pk,
    )


def test_what_died_half_way_is_undone_and_done_again():
    order = make_order()
    job = start(JobKind.NOTE, note="once")
    act = apply_step.act_for(job.kind, draft_again, noon)

    def dies(item: BulkItem) -> str:
        act(item)
        raise OperationalError("the machine went away")

    with pytest.raises(OperationalError):
        run(job, act=dies)
    assert not order.events.exists()
    run(job, now=LATER)
    assert order.events.filter(kind=EventKind.NOTE).count() == 1


def test_a_worker_past_its_lease_touches_nothing_more():
    for _ in range(3):
        make_order()
    job = start(JobKind.NOTE, note="x")
    slow = bulk_action.take_job(job.pk, now=NOON)
    assert slow
    run(job, now=LATER)
    done = bulk_action.run_items(
        slow, lambda item: pytest.fail("done twice"), clock=noon, seconds=20
    )
    assert not done.more


@pytest.mark.parametrize("kind", [JobKind.NOTE, JobKind.REORDER])
def test_a_worker_taken_for_dead_in_the_middle_does_nothing_twice(kind: JobKind):
    orders = [make_order(Status.COMPLETED) for _ in range(3)]
    job = start(kind, note="x")
    act, acted = apply_step.act_for(kind, draft_again, noon), []

    def acts(item: BulkItem) -> str:
        words = act(item)
        acted.append(item.order_id)
        return words

    def is_slow(item: BulkItem) -> str:
        if not acted:
            run(job, now=LATER, act=acts)  # somebody else does the rest meanwhile
        return acts(item)

    run(job, act=is_slow)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (JobState.DONE, 3, 0)
    assert sorted(acted)[-2:] == [order.pk for order in orders[1:]]  # these once, by the other
    assert Order.objects.count() == (6 if kind == JobKind.REORDER else 3)


def test_a_job_that_is_stopped_in_the_middle_leaves_the_rest():
    for _ in range(3):
        make_order()
    job = start(JobKind.NOTE, note="x")
    seen = []

    def act(item: BulkItem) -> str:
        seen.append(item.pk)
        return ""

    def stops(item: BulkItem) -> str:
        if len(seen) == 2:
            pytest.fail("went on")
        act(item)
        if len(seen) == 2:
            assert bulk_action.stop_job(job, now=NOON)
        return ""

    run(job, act=stops)
    job.refresh_from_db()
    assert (job.state, job.done, job.left) == (JobState.STOPPED, 2, 1)
    assert not bulk_action.stop_job(job, now=NOON)
    assert bulk_action.take_job(job.pk, now=LATER) is None


@pytest.mark.parametrize("ends", ["by itself", "stopped"])
def test_a_worker_that_is_killed_at_the_end_leaves_no_figures_behind(monkeypatch, ends: str):
    """The end and the figures are one transaction: nobody counts a bulk action that has ended."""
    make_order()
    job, count = start(JobKind.NOTE, note="x"), bulk_action._count

    class Killed(BaseException):
        pass

    def dies(job: BulkJob) -> None:
        job.refresh_from_db()
        if not job.is_under_way:
            raise Killed
        count(job)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(bulk_action, "_count", dies)
        if ends == "stopped":
            bulk_action.stop_job(job, now=NOON)
        run(job)
    job.refresh_from_db()
    assert job.is_under_way
    run(job, now=LATER)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 1)


def test_a_long_bulk_action_passes_on_after_its_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bulk_action, "CHUNK", 2)
    for _ in range(5):
        make_order()
    job = start(JobKind.NOTE, note="x")
    moments = iter([NOON, *[NOON - timedelta(hours=1)] * 100])  # a clock set back makes none longer
    mine = bulk_action.take_job(job.pk, now=NOON)
    assert mine
    done = bulk_action.run_items(mine, lambda item: "", clock=lambda: next(moments), seconds=0)
    job.refresh_from_db()
    assert done.more and (job.handled, job.left, job.state) == (2, 3, JobState.RUNNING)
    assert bulk_action.take_job(job.pk, now=NOON)


def test_one_order_that_breaks_does_not_break_the_job():
    first, second = make_order(), make_order()
    job = start(JobKind.NOTE, note="x")

    def breaks(item: BulkItem) -> str:
        if item.order_id == first.pk:
            raise ValueError("a bug")
        return ""

    run(job, act=breaks)
    assert result(job) == {first.pk: (False, bulk_action.BROKEN), second.pk: (True, "")}


def test_one_that_breaks_after_its_order_was_bought_tells_of_that_order():
    make_order(Status.COMPLETED)
    job = start(JobKind.REORDER, by=make_user(Role.MANAGER))

    def breaks() -> None:
        raise ValueError("a bug")

    with armed("place.committed", breaks):
        run(job)
    item, bought = job.items.get(), Order.objects.latest("pk")
    assert (item.ok, item.words, item.made) == (True, "", bought)
    assert bought.pk != item.order_id


def test_somebody_who_may_no_longer_do_it_has_their_job_stopped():
    make_order()
    person = make_user(Role.MANAGER)
    job = start(JobKind.REORDER, by=person)
    person.set_role(Role.OPERATOR)
    run(job)
    job.refresh_from_db()
    assert job.state == JobState.STOPPED and Order.objects.count() == 1


def test_a_right_that_is_lost_while_it_runs_counts_with_the_next_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A manager lets go what may have been sent already, and is one no longer."""
    monkeypatch.setattr(bulk_action, "CHUNK", 1)
    orders = [make_order(Status.HELD, hold_reason=HoldReason.RESTORED) for _ in range(2)]
    person, ids = make_user(Role.MANAGER), f"{orders[0].pk}-{orders[1].pk}"
    job = start(JobKind.RELEASE, by=person, shown_holds={"restored": ids})
    act = apply_step.act_for(job.kind, draft_again, noon)

    def demoted_after(item: BulkItem) -> str:
        words = act(item)
        User.objects.get(pk=person.pk).set_role(Role.OPERATOR)
        return words

    run(job, act=demoted_after)
    assert Order.objects.get(pk=orders[1].pk).status == Status.HELD
    assert "only managers and admins may release it" in result(job)[orders[1].pk][1]


@pytest.mark.parametrize(
    ("service", "words"),
    [({"rate": None}, "price"), ({"min": 2000}, "Quantity"), ({"type": "Poll"}, "other things")],
)
def test_what_cannot_be_ordered_again_says_why(service: dict[str, Any], words: str):
    order = make_order(Status.COMPLETED)
    type(order.service).objects.update(**service)
    job = start(JobKind.REORDER)
    run(job)
    [(ok, said)] = result(job).values()
    assert ok is False and words in said
    assert Order.objects.count() == 1


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.GIVEN_UP])
def test_what_may_be_there_is_ordered_again_only_when_meant(status: Status):
    order = make_order(status)
    with pytest.raises(CannotOrderAgain, match="is open, or was closed as unknown"):
        draft_again(link_known(order), uuid.uuid4(), now=NOON)
    assert draft_again(link_known(order), uuid.uuid4(), now=NOON, beside_open=True)


def link_known(order: Order) -> Order:
    from orders.links import link_key

    Order.objects.filter(pk=order.pk).update(link_key=link_key(order.link))
    return Order.objects.get(pk=order.pk)


def test_the_guard_is_asked_for_every_order(monkeypatch: pytest.MonkeyPatch):
    make_order(Status.COMPLETED)
    monkeypatch.setattr(check_limits, "objection", lambda draft, **who: "Over your limit.")
    job = start(JobKind.REORDER)
    run(job)
    assert list(result(job).values()) == [(False, "Over your limit.")]
    assert Order.objects.count() == 1


def test_the_outlook_says_how_many_and_why_not():
    service = make_service(make_provider(currency="EUR"), refill=True, cancel=True)
    make_order(Status.COMPLETED, service=service)
    refilled = make_order(Status.COMPLETED, service=service)
    request_refills.request_refill(refilled, actor=None, now=NOON)
    make_order(Status.IN_PROGRESS, service=service)
    seen = look(JobKind.REFILL)
    assert (seen.total, seen.possible) == (3, 1)
    assert seen.reasons[REFILL_UNDER_WAY] == 1
    again = look(JobKind.REORDER)
    assert (again.possible, again.estimates) == (3, {"EUR": Decimal("2.7")})
    assert look(JobKind.CANCEL).possible == 1
    assert look(JobKind.REFRESH).possible == 1
    assert look(JobKind.NOTE).possible == 3


@pytest.mark.parametrize("kind", list(JobKind))
def test_the_outlook_of_many_costs_what_that_of_one_costs(kind: JobKind):
    service = make_service(refill=True, cancel=True)
    make_order(Status.COMPLETED, service=service)
    one = queries_of(lambda: look(kind))
    for status in (Status.COMPLETED, Status.IN_PROGRESS, Status.QUEUED) * 3:
        make_order(status, service=service)
    assert len(queries_of(lambda: look(kind))) == len(one)


@pytest.mark.parametrize("kind", list(JobKind))
def test_the_tasks_bring_a_job_to_its_end(
    kind: JobKind, doorbell_rung: list[tuple[str, dict[str, int]]]
):
    make_order(Status.COMPLETED, service=make_service(refill=True))
    make_order(Status.IN_PROGRESS)
    job = start(kind, note="x", tags=" y ", beside_open=True)
    bulk_tasks.ring_jobs()
    assert doorbell_rung == [("orders.run_job", {"job_id": job.pk})]
    bulk_tasks.run_job(job_id=job.pk)
    bulk_tasks.run_job(job_id=job.pk)  # a bell may come twice
    job.refresh_from_db()
    assert (job.state, job.handled, job.left) == (JobState.DONE, 2, 0)
    bulk_tasks.ring_jobs()
    assert [name for name, _ in doorbell_rung].count("orders.run_job") == 1
