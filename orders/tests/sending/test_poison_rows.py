"""One row that breaks whatever touches it is told in the log; all others have their turn."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DataError

from core import clocks
from core.rows.loops import MOST_BROKEN
from orders.aftersales import cancel_sends, refill_sends, runs
from orders.mass import mass_order, place_lines
from orders.mass.tasks import check_again
from orders.models import Order, PollSchedule, Recheck, RequestCall, Statement
from orders.placing import place_orders
from orders.polling import (
    plausibility,
    poll_batch,
    poll_schedule,
    recheck_ended,
    write_answers,
)
from orders.polling.poll_cycle import poll_account
from orders.reconciliation import reconcile, refunds
from orders.sending.restore_check import recalled_requests, request_journal
from orders.sending.restore_check.recalled_sends import NotRecalled
from orders.sending.writes import answer_files
from orders.status import CancelStatus, Flag, RefillStatus, Status, Write
from providers.models import RefundStyle
from providers.panel_api import OrderState, Progress, Unreadable
from tests.builders import (
    NOON,
    make_cancel,
    make_order,
    make_provider,
    make_refill,
    make_user,
)
from tests.fake_provider import FakeProvider, progress

from ..mass.test_place_lines import make_batch, paste_of, run, started

pytestmark = [pytest.mark.django_db, pytest.mark.services]
LATE = NOON + timedelta(minutes=5)


def spoiling(monkeypatch, module, name, is_poison):
    """Let a function fail, as a database refuses a value, where `is_poison` of its arguments."""
    real = getattr(module, name)

    def spoilt(*args, **named):
        if is_poison(*args):
            raise DataError("A string literal cannot contain NUL (0x00) characters.")
        return real(*args, **named)

    monkeypatch.setattr(module, name, spoilt)


def test_a_refill_or_cancel_that_cannot_be_reaped_keeps_no_other_from_it(monkeypatch):
    refills = [make_refill(status=RefillStatus.SENDING, due_at=NOON) for _ in range(3)]
    cancels = [make_cancel(status=CancelStatus.SENDING, due_at=NOON) for _ in range(3)]
    for module, rows in ((refill_sends, refills), (cancel_sends, cancels)):
        poison = rows[0].pk
        spoiling(monkeypatch, module, "write", lambda row, *_, poison=poison: row.pk == poison)
    assert runs.reap_lost_requests(now=LATE) == 4
    for row in (*refills, *cancels):
        row.refresh_from_db()
    assert [row.status == "sending" for row in refills] == [True, False, False]
    assert [row.status == "sending" for row in cancels] == [True, False, False]


def test_a_cancel_that_cannot_be_ended_keeps_no_other_from_it(monkeypatch):
    orders = [make_order(Status.COMPLETED) for _ in range(3)]
    cancels = [make_cancel(order=order, status=CancelStatus.ACCEPTED) for order in orders]
    spoiling(monkeypatch, Order, "remember", lambda order, *_: order.pk == orders[0].pk)
    assert runs.end_cancels(now=LATE) == 2
    cancels[0].refresh_from_db()
    assert cancels[0].status == CancelStatus.ACCEPTED, "neither half of it is written"


def test_an_order_that_cannot_be_looked_back_at_does_not_hold_the_mark(monkeypatch):
    account = make_provider(calls_per_minute=60_000)
    Recheck.objects.create(provider=account, through_at=NOON - timedelta(minutes=1))
    orders = [make_order(Status.COMPLETED, provider=account, remains=0) for _ in range(3)]
    there = FakeProvider()
    for order in orders:
        there.says[order.external_id] = progress(OrderState.CANCELED, charge="0", remains=0)
    poison = orders[0].pk
    spoiling(
        monkeypatch, plausibility, "check_answers", lambda told: poison in {o.pk for o, _ in told}
    )
    later = NOON + timedelta(seconds=clocks.RECHECK_SECONDS + 60)
    assert recheck_ended.recheck_ended_orders(account, there, clock=lambda: later, seconds=5) == 3
    assert Recheck.objects.get().through_order == orders[-1].pk
    flags = list(Order.objects.order_by("pk").values_list("flag", flat=True))
    assert flags[0] == Flag.NONE and Flag.NONE not in flags[1:]


def test_an_order_whose_answer_cannot_be_written_keeps_no_other_of_its_batch_waiting(monkeypatch):
    account = make_provider(calls_per_minute=60_000)
    orders = [make_order(Status.PENDING, provider=account) for _ in range(10)]
    there, poison = FakeProvider(), orders[3].pk
    for order in orders:
        there.says[order.external_id] = progress(OrderState.COMPLETED, remains=0)
    spoiling(
        monkeypatch,
        write_answers.Writes,
        "write",
        lambda writes: poison in {entry[-2] for entry in writes.orders},
    )
    done = poll_account(account, there, clock=lambda: LATE, seconds=5)
    assert done is not None
    assert [(run.asked, run.ended, run.unreadable) for run in done.runs] == [(10, 9, 1)]
    assert list(Order.objects.exclude(status=Status.COMPLETED)) == [orders[3]]
    left = PollSchedule.objects.get()
    assert (left.order_id, left.failures, left.next_at > LATE) == (poison, 1, True)


def test_an_order_of_which_nothing_can_be_written_keeps_no_other_of_its_batch_waiting(monkeypatch):
    account = make_provider()
    orders = [make_order(Status.PENDING, provider=account) for _ in range(4)]
    batch = poll_schedule.due_batch(account, NOON)
    poison = orders[0].pk
    spoiling(monkeypatch, write_answers.Writes, "write", lambda writes: poison in writes.asked)
    done = progress(OrderState.COMPLETED, remains=0)
    said: dict[str, Progress | Unreadable] = {one.external_id: done for one in orders}
    assert poll_batch.record_answers(batch, said, now=LATE).ended == 3
    assert list(Order.objects.exclude(status=Status.COMPLETED)) == [orders[0]]


def test_many_answers_that_cannot_be_written_keep_no_other_of_their_batch_waiting(monkeypatch):
    account = make_provider()
    orders = [make_order(Status.PENDING, provider=account) for _ in range(60)]
    poison = {order.pk for order in orders[: MOST_BROKEN + 5]}
    batch = poll_schedule.due_batch(account, NOON)
    done = progress(OrderState.COMPLETED, remains=0)
    spoiling(
        monkeypatch,
        write_answers.Writes,
        "write",
        lambda writes: bool(poison & {entry[-2] for entry in writes.orders}),
    )
    said: dict[str, Progress | Unreadable] = {one.external_id: done for one in orders}
    run = poll_batch.record_answers(batch, said, now=LATE)
    assert (run.asked, run.ended) == (60, 60 - len(poison))
    assert set(PollSchedule.objects.filter(failures=1).values_list("order", flat=True)) == poison


def test_a_refund_that_cannot_be_booked_keeps_no_other_from_it(monkeypatch):
    account = make_provider(refund_style=RefundStyle.APART, refunds_booked_as=RefundStyle.UNKNOWN)
    orders = [
        make_order(Status.CANCELED, provider=account, charge=4, remains=0, ended_at=NOON)
        for _ in range(3)
    ]
    with monkeypatch.context() as broken:
        spoiling(broken, refunds, "_book", lambda order, *_: order.pk == orders[0].pk)
        assert refunds.book_refunds(account, now=LATE) == 2
    account.refresh_from_db()
    assert account.refunds_booked_as == RefundStyle.UNKNOWN
    assert refunds.book_refunds(account, now=LATE) == 1, "once it can be"


def test_a_day_that_cannot_be_made_keeps_no_other_from_it(monkeypatch):
    account = make_provider()
    poison, sound = (Statement(provider=account, day=NOON.date()) for _ in range(2))
    monkeypatch.setattr(reconcile, "_doubtful", lambda *_: [poison, sound])
    monkeypatch.setattr(reconcile, "make_statement", lambda one, now: one)
    spoiling(monkeypatch, reconcile, "make_statement", lambda one: one is poison)
    newest = Statement(provider=account, day=NOON.date(), opening=0, closing=0)
    newest.opening_at = newest.closing_at = newest.made_at = NOON
    newest.save()
    assert reconcile.keep_ledger(account, now=NOON) == [sound]


@pytest.mark.parametrize("broken", ["checking", "placing"])
def test_a_line_that_breaks_is_refused_and_the_others_are_placed(monkeypatch, broken):
    batch = started(make_batch(paste_of(4)))
    poison = batch.lines.order_by("number")[1]

    def poisoned_check(lines, batch, now):
        if broken == "checking" and poison in lines:
            raise ValueError("a line that nobody can check")
        return check_again(lines, batch, now)

    monkeypatch.setattr("orders.tests.mass.test_place_lines.check_again", poisoned_check)
    if broken == "placing":
        spoiling(
            monkeypatch,
            place_orders,
            "place_order",
            lambda draft: draft.form_key == poison.form_key,
        )
    run(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.placed) == ("placed", 3)
    poison.refresh_from_db()
    assert [one["words"] for one in poison.problems] == [place_lines.BROKEN]


def test_an_order_that_cannot_be_withdrawn_keeps_no_other_from_it(monkeypatch):
    batch = started(make_batch(paste_of(3)))
    run(batch)
    poison = batch.orders.order_by("pk")[1]
    spoiling(monkeypatch, Order, "move", lambda order, *_: order.pk == poison.pk)
    done = mass_order.withdraw_unsent(batch, actor=make_user(), now=NOON)
    assert done == (2, True)  # it would still be sent
    assert list(batch.orders.exclude(status=Status.WITHDRAWN)) == [poison]


def test_no_file_that_is_found_ends_the_reading_of_the_others():
    folder = answer_files.directory()
    (folder / "a-folder.json").mkdir(parents=True)
    for name in ("b-poison", "c-sound"):
        said = json.dumps({"write": "refill", "said": {"call": name}})
        (folder / f"{name}.json").write_text(said)

    def take_in(said):
        if said["call"] == "b-poison":
            raise DataError("A string literal cannot contain NUL (0x00) characters.")
        return True

    assert answer_files.import_left_behind({Write.REFILL: take_in}) == 1
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["a-folder.json.bad", "b-poison.json.bad"]


@pytest.fixture
def journaled(monkeypatch):
    """Three calls of this machine that the database has not heard of."""
    account = make_provider()
    keys = [f"{number:032x}" for number in (1, 2, 3)]
    calls = [request_journal.JournaledCall(key, Write.CANCEL, NOON, (), None) for key in keys]
    monkeypatch.setattr(request_journal, "calls_kept", lambda pk: calls)
    return account, keys


def test_a_call_that_cannot_be_recalled_keeps_no_other_from_it_and_is_told(journaled, monkeypatch):
    account, keys = journaled
    spoiling(monkeypatch, recalled_requests, "_left_behind", lambda key: key == keys[0])
    with pytest.raises(NotRecalled):
        recalled_requests.recall_calls(account.pk, now=NOON)
    assert {call.idempotency_key for call in RequestCall.objects.all()} == set(keys[1:])


def test_a_call_that_another_worker_recalled_meanwhile_is_no_failure(journaled, monkeypatch):
    account, keys = journaled

    def meanwhile(key):
        RequestCall.objects.get_or_create(
            key=key, provider=account, write=Write.CANCEL, started_at=NOON
        )

    monkeypatch.setattr(recalled_requests, "_left_behind", meanwhile)
    assert recalled_requests.recall_calls(account.pk, now=NOON) == 0
    assert RequestCall.objects.count() == len(keys)


def test_calls_at_an_account_that_is_gone_are_left_to_the_log(journaled):
    account, _ = journaled
    gone = account.pk
    account.delete()
    assert recalled_requests.recall_calls(gone, now=NOON) == 0
