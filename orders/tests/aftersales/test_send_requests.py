"""Claims, late answers, lost workers and sweeps of refills and cancels, without a network."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clocks
from orders.aftersales import batch_outcome, poll_refills, refill_sends, request_refills, runs
from orders.aftersales.cancel_sends import CANCELS
from orders.aftersales.refill_sends import REFILLS
from orders.aftersales.send_requests import claim
from orders.models import CancelRequest, EventKind, PollSchedule, Refill, RequestCall
from orders.status import FINAL, CancelStatus, RefillStatus, Status
from providers.actions import token_bucket
from providers.models import ProviderHealth
from providers.panel_api import (
    BatchRefused,
    CancelAccepted,
    OutcomeUnknown,
    RefillProgress,
    RefillStarted,
    RefillState,
    RefusalCode,
    Refused,
    SlowDown,
    Unavailable,
    Unreadable,
)
from providers.panel_api.id_batches import SAME_IN_A_ROW
from tests.builders import (
    NOON,
    make_cancel,
    make_order,
    make_provider,
    make_refill,
    make_service,
    make_user,
)
from tests.fake_provider import lost_answer, never_left

pytestmark = [pytest.mark.django_db, pytest.mark.services]

MINUTE = timedelta(minutes=1)


def noon():
    return NOON


class FakeDesk:
    """Takes refills and cancels: `says` by order id, else yes; `then` is raised instead."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str]]] = []
        self.says: dict[str, Any] = {}
        self.then: Exception | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.silent = False
        self.poison = ""
        self.down: Exception | None = None

    def _take(self, what: str, ids: Sequence[str], before_send: Any, yes: Any) -> dict[str, Any]:
        if before_send:
            before_send()
        self.calls.append((what, list(ids)))
        if self.meanwhile:
            self.meanwhile()
        if self.then:
            raise self.then
        return {} if self.silent else {one: self.says.get(one, yes) for one in ids}

    def refill(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        return self._take("refill", order_ids, before_send, RefillStarted("77"))

    def cancel(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        return self._take("cancel", order_ids, before_send, CancelAccepted())

    def refill_statuses_once(self, ids: Sequence[str]) -> dict[str, Any]:
        self.calls.append(("refill_status", list(ids)))
        if self.down:
            raise self.down
        if self.poison in ids:
            raise BatchRefused("Something went wrong.")
        return {one: self.says.get(one, RefillProgress(RefillState.PENDING, "x")) for one in ids}


def taken_on(refill: Refill) -> batch_outcome.Answered[RefillStarted | Refused]:
    return batch_outcome.Answered({refill.order.external_id: RefillStarted("5")})


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def send(row, desk, now=NOON):
    return runs.send_requests(row.provider, desk, clock=lambda: now, seconds=5)


# claims and their answers


def test_cancels_go_before_refills_and_one_lease_sends_both():
    refill = make_refill()
    make_cancel(order=make_order(Status.PENDING, provider=refill.provider))
    desk = FakeDesk()
    assert send(refill, desk) == 2
    assert [what for what, _ in desk.calls] == ["cancel", "refill"]


def test_the_claim_is_committed_before_the_call():
    refill, desk = make_refill(), FakeDesk()
    seen = []
    desk.meanwhile = lambda: seen.append((fresh(refill).status, fresh(refill).requests))
    send(refill, desk)
    assert seen == [("sending", 1)]


@pytest.mark.parametrize(
    "error", [never_left(), SlowDown("Too many requests")], ids=["not sent", "slow down"]
)
def test_what_was_not_done_is_queued_and_does_not_count(error):
    refill, cancel, desk = make_refill(), make_cancel(), FakeDesk()
    desk.then = error
    send(refill, desk)
    send(cancel, desk)
    for row in (fresh(refill), fresh(cancel)):
        assert (row.status, row.requests) == ("queued", 0)
        assert row.due_at > NOON
    assert fresh(cancel).sent_at is None


def test_an_error_of_our_own_is_a_lost_answer():
    refill, desk = make_refill(), FakeDesk()
    desk.then = KeyError("oops")
    send(refill, desk)
    assert fresh(refill).status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (RefusalCode.NOT_ALLOWED, RefillStatus.REFUSED),
        (RefusalCode.UNKNOWN_ORDER, RefillStatus.REFUSED),
        (RefusalCode.WAIT, RefillStatus.WAITING),
        (RefusalCode.ALREADY_OPEN, RefillStatus.PENDING),
        (RefusalCode.RATE_LIMIT, RefillStatus.QUEUED),
        (RefusalCode.UNLISTED, RefillStatus.UNCONFIRMED),
    ],
)
def test_only_reviewed_words_refuse_a_refill(code, status):
    refill, desk = make_refill(), FakeDesk()
    desk.says[refill.order.external_id] = Refused("Some words", code)
    send(refill, desk)
    assert fresh(refill).status == status
    assert "Some words" in fresh(refill).reason


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (RefusalCode.NOT_ALLOWED, CancelStatus.REFUSED),
        (RefusalCode.WAIT, CancelStatus.QUEUED),
        (RefusalCode.ALREADY_OPEN, CancelStatus.ACCEPTED),
        (RefusalCode.RATE_LIMIT, CancelStatus.QUEUED),
        (RefusalCode.UNLISTED, CancelStatus.QUEUED),
    ],
)
def test_an_already_open_cancel_is_success(code, status):
    cancel, desk = make_cancel(), FakeDesk()
    desk.says[cancel.order.external_id] = Refused("Some words", code)
    send(cancel, desk)
    assert fresh(cancel).status == status
    assert fresh(cancel.order).status == Status.IN_PROGRESS


def test_a_missing_row_is_not_an_answer():
    refill, desk = make_refill(), FakeDesk()
    desk.silent = True
    send(refill, desk)
    assert fresh(refill).status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        (Refused("in 5 hours", RefusalCode.WAIT, wait_seconds=18_000), 18_000),
        (Refused("less than 24 h ago", RefusalCode.WAIT, spacing_seconds=86_400), 86_400),
        (Refused("not yet", RefusalCode.WAIT), clocks.REFILL_WAIT_SECONDS),
    ],
    ids=["a wait", "a spacing", "no time"],
)
def test_not_yet_has_a_next_possible_time(said, waits):
    refill, desk = make_refill(), FakeDesk()
    desk.says[refill.order.external_id] = said
    send(refill, desk)
    assert fresh(refill).due_at == NOON + timedelta(seconds=waits)


def test_not_yet_is_not_heard_for_ever():
    refill, desk = make_refill(requests=refill_sends.MOST_REQUESTS - 1), FakeDesk()
    desk.says[refill.order.external_id] = Refused("not yet", RefusalCode.WAIT)
    send(refill, desk)
    assert fresh(refill).status == RefillStatus.REFUSED


# lost workers and late answers


def test_a_worker_that_died_leaves_a_refill_in_doubt_and_a_cancel_to_be_looked_into():
    refill, cancel = make_refill(), make_cancel()
    claim(REFILLS, refill.provider, now=NOON)
    claim(CANCELS, cancel.provider, now=NOON)
    assert runs.reap_lost_requests(now=NOON + MINUTE) == 0
    assert runs.reap_lost_requests(now=NOON + 2 * MINUTE) == 2
    assert fresh(refill).status == RefillStatus.UNCONFIRMED
    assert fresh(cancel).status == CancelStatus.QUEUED
    later = NOON + 5 * MINUTE
    assert not claim(REFILLS, refill.provider, now=later)
    assert not claim(CANCELS, cancel.provider, now=later)
    PollSchedule.objects.update(looked_at=NOON + 3 * MINUTE)
    claimed = claim(CANCELS, cancel.provider, now=later)
    assert claimed is not None and list(claimed.rows) == [cancel]


def test_a_late_answer_is_still_the_answer():
    refill = make_refill()
    claimed = claim(REFILLS, refill.provider, now=NOON)
    assert claimed is not None
    runs.reap_lost_requests(now=NOON + 2 * MINUTE)
    answer = taken_on(refill)
    refill_sends.record(claimed.rows, answer, refill.provider, NOON + 3 * MINUTE)
    assert (fresh(refill).status, fresh(refill).external_id) == (RefillStatus.PENDING, "5")


def test_a_late_answer_stops_a_second_send_that_a_person_asked_for():
    refill = make_refill()
    claimed = claim(REFILLS, refill.provider, now=NOON)
    assert claimed is not None
    runs.reap_lost_requests(now=NOON + 2 * MINUTE)
    request_refills.ask_again(fresh(refill), actor=make_user(), now=NOON + 2 * MINUTE)
    answer = taken_on(refill)
    refill_sends.record(claimed.rows, answer, refill.provider, NOON + 3 * MINUTE)
    assert fresh(refill).status == RefillStatus.PENDING
    assert not claim(REFILLS, refill.provider, now=NOON + 4 * MINUTE)


def test_a_late_answer_after_a_person_closed_it_is_only_remembered():
    refill = make_refill()
    claimed = claim(REFILLS, refill.provider, now=NOON)
    assert claimed is not None
    runs.reap_lost_requests(now=NOON + 2 * MINUTE)
    request_refills.withdraw_refill(fresh(refill), actor=make_user(), now=NOON + 2 * MINUTE)
    answer = taken_on(refill)
    refill_sends.record(claimed.rows, answer, refill.provider, NOON + 3 * MINUTE)
    assert fresh(refill).status == RefillStatus.WITHDRAWN
    last = refill.order.events.filter(kind=EventKind.REFILL).latest("pk")
    assert last.text == "Late answer to a refill: The provider took the refill on as 5."


def test_a_second_send_is_not_ended_by_the_first_ones_lost_answer():
    refill = make_refill()
    first = claim(REFILLS, refill.provider, now=NOON)
    assert first is not None
    runs.reap_lost_requests(now=NOON + 2 * MINUTE)
    request_refills.ask_again(fresh(refill), actor=make_user(), now=NOON + 2 * MINUTE)
    assert claim(REFILLS, refill.provider, now=NOON + 2 * MINUTE)
    refill_sends.record(first.rows, batch_outcome.Lost("late"), refill.provider, NOON + 3 * MINUTE)
    assert fresh(refill).status == RefillStatus.SENDING


# pauses and sweeps


def test_nothing_is_sent_while_the_breaker_is_closed_not_even_as_a_probe():
    refill, desk = make_refill(), FakeDesk()
    ProviderHealth.objects.update(open_until=NOON - MINUTE)
    assert send(refill, desk) == 0
    assert desk.calls == []


def test_a_lost_call_is_no_reason_to_leave_the_provider_alone():
    refill, desk = make_refill(), FakeDesk()
    desk.then = lost_answer()
    send(refill, desk)
    assert ProviderHealth.objects.get().open_until is None


@pytest.mark.parametrize("status", sorted(FINAL - {Status.REJECTED, Status.WITHDRAWN}))
@pytest.mark.parametrize("where", [CancelStatus.QUEUED, CancelStatus.ACCEPTED])
def test_a_request_to_cancel_ends_with_its_order(status, where):
    request = make_cancel(where, order=make_order(status))
    still = make_cancel(where)
    assert runs.end_cancels(now=NOON) == 1
    assert (fresh(request).status, fresh(still).status) == (CancelStatus.ENDED, where)
    assert status.label.lower() in request.order.events.get(kind=EventKind.CANCEL).text


def test_the_sweep_finds_the_accounts_whose_bell_was_lost():
    due, later = make_refill(), make_refill(due_at=NOON + MINUTE)
    cancel, followed = make_cancel(), make_refill(RefillStatus.PENDING)
    make_refill(RefillStatus.UNCONFIRMED)
    assert runs.accounts_to_send_at(NOON) == [due.provider_id, cancel.provider_id]
    assert runs.accounts_to_ask_at(NOON) == [followed.provider_id]
    assert later.provider_id in runs.accounts_to_send_at(NOON + MINUTE)


# following


def ask(refill, desk, at=NOON):
    return runs.ask_about_refills(refill.provider, desk, clock=lambda: at, seconds=5)


def test_a_refill_that_spoils_the_batch_ends_up_alone():
    service = make_service()
    rows = [
        make_refill(RefillStatus.PENDING, order=make_order(Status.COMPLETED, service=service))
        for _ in range(9)
    ]
    desk = FakeDesk()
    desk.poison = rows[4].followed_by
    desk.says = {
        row.followed_by: RefillProgress(RefillState.COMPLETED, "Completed") for row in rows
    }
    for minute in range(12):
        ask(rows[0], desk, NOON + minute * MINUTE)
    assert {fresh(row).status for row in rows if row != rows[4]} == {RefillStatus.COMPLETED}
    assert (fresh(rows[4]).status, fresh(rows[4]).code) == ("pending", "unreadable")


def test_one_error_for_all_refills_is_about_the_account_and_is_asked_about_less_often():
    service = make_service(make_provider(calls_per_minute=60_000))
    rows = [
        make_refill(RefillStatus.PENDING, order=make_order(Status.COMPLETED, service=service))
        for _ in range(100)
    ]
    desk = FakeDesk()
    desk.down = BatchRefused("Out of order.")
    ticks = (NOON + timedelta(milliseconds=100) * tick for tick in count())
    while (at := next(ticks)) < NOON + timedelta(seconds=45):
        runs.ask_about_refills(service.provider, desk, clock=lambda: next(ticks), seconds=5)
    assert (at - NOON).seconds == 45 and len(desk.calls) == 5
    health = ProviderHealth.objects.get(provider=service.provider)
    assert "answers every question about refills with: “Out of order" in health.last_error
    desk.down = None
    later = NOON + timedelta(seconds=clocks.SAME_REFUSAL_PAUSE_SECONDS + 60)
    ask(rows[0], desk, later)
    assert set(Refill.objects.values_list("failures", flat=True)) == {0}


@pytest.mark.parametrize("trouble", [RefusalCode.RATE_LIMIT, RefusalCode.KEY])
def test_a_lost_answer_that_is_about_the_account_holds_refills_and_cancels_too(trouble):
    until = NOON + timedelta(minutes=5)
    for row in (make_refill(), make_cancel()):
        desk = FakeDesk()
        desk.then = OutcomeUnknown("Nope", account_trouble=trouble, until=until)
        send(row, desk)
        more = make_refill(order=make_order(Status.COMPLETED, provider=row.provider))
        send(more, desk, NOON + 4 * MINUTE)
        assert len(desk.calls) == 1 and fresh(more).status == RefillStatus.QUEUED
    assert fresh(row).due_at == until  # the cancel, which may be sent again, is not before


@pytest.mark.parametrize("make", [make_refill, make_cancel])
def test_a_request_that_finds_nobody_there_keeps_what_else_its_account_has_to_send(make):
    row, desk = make(), FakeDesk()
    desk.then = never_left()
    send(row, desk)
    health = ProviderHealth.objects.get()
    assert (health.failures, health.last_error) == (1, "connection refused")
    assert health.open_until == NOON + timedelta(seconds=clocks.UNREACHABLE_SECONDS[0])
    assert token_bucket.next_add(row.provider, now=NOON) > 0
    more = make_refill(order=make_order(Status.COMPLETED, provider=row.provider))
    send(more, desk)
    assert len(desk.calls) == 1 and fresh(more).status == RefillStatus.QUEUED


def test_a_row_that_asks_for_fewer_calls_slows_the_account_down():
    refill, desk = make_refill(), FakeDesk()
    desk.says[refill.order.external_id] = Refused("Slow down", RefusalCode.RATE_LIMIT)
    send(refill, desk)
    health = ProviderHealth.objects.get()
    assert health.pace < 1 and health.slow_until == NOON + timedelta(
        seconds=clocks.RATE_LIMIT_PAUSE_SECONDS
    )


def test_a_refill_without_a_number_is_not_asked_about():
    make_refill(RefillStatus.PENDING, external_id="", followed_by="")
    assert runs.accounts_to_ask_at(NOON) == []


def test_a_provider_that_cannot_be_read_changes_nothing():
    refill, desk = make_refill(RefillStatus.PENDING), FakeDesk()
    desk.down = Unavailable("down")
    assert ask(refill, desk) == 0
    assert fresh(refill).due_at == refill.due_at


def test_it_is_asked_about_less_and_less_often():
    refill, desk = make_refill(RefillStatus.PENDING), FakeDesk()
    ask(refill, desk)
    soon = fresh(refill).due_at - NOON
    ask(refill, desk, NOON + timedelta(days=1))
    late = fresh(refill).due_at - NOON - timedelta(days=1)
    assert timedelta(seconds=10) < soon < timedelta(seconds=20)
    assert timedelta(hours=1.5) < late < timedelta(hours=3)  # the next look is a little by chance


def test_three_strikes_are_said_once_and_a_good_answer_forgets_them():
    refill, desk = make_refill(RefillStatus.IN_PROGRESS), FakeDesk()
    desk.says[refill.followed_by] = Unreadable("Refill not found", RefusalCode.UNKNOWN_REFILL)
    for hour in range(5):
        ask(refill, desk, NOON + timedelta(hours=hour))
    assert fresh(refill).code == poll_refills.UNREADABLE
    assert refill.order.events.count() == 1
    desk.says = {refill.followed_by: RefillProgress(RefillState.IN_PROGRESS, "In progress")}
    ask(refill, desk, NOON + timedelta(hours=9))
    assert (fresh(refill).code, fresh(refill).failures) == ("", 0)


def test_a_refill_that_cannot_be_read_for_years_is_counted_no_further_than_its_column_holds():
    """One step more, and no refill of its account could be written down."""
    refill, desk = make_refill(RefillStatus.IN_PROGRESS, failures=32_767), FakeDesk()
    desk.says[refill.followed_by] = Unreadable("Refill not found", RefusalCode.UNKNOWN_REFILL)
    ask(refill, desk, NOON)
    assert fresh(refill).failures == poll_refills.MOST_FAILURES


def test_ten_refills_cost_the_queries_that_one_costs_to_find():
    service = make_service()

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            runs.accounts_to_send_at(NOON)
            runs.accounts_to_ask_at(NOON)
        return len(found)

    make_refill(order=make_order(Status.COMPLETED, service=service))
    one = queries()
    for _ in range(9):
        make_refill(order=make_order(Status.COMPLETED, service=service))
    assert queries() == one


def test_rows_are_counted_by_status():
    make_refill(RefillStatus.WAITING)
    make_cancel(CancelStatus.ENDED)
    assert (Refill.objects.open().count(), CancelRequest.objects.open().count()) == (1, 0)


# what else a claim, a call and an answer may meet


@pytest.mark.parametrize(
    "outcome",
    [
        batch_outcome.Answered({"1": RefillStarted("5"), "2": CancelAccepted("c")}),
        batch_outcome.Answered({"1": Refused("Not yet.", RefusalCode.WAIT, 60, 3600)}),
        batch_outcome.Later("Too many requests", NOON),
        batch_outcome.Lost("read timeout"),
        batch_outcome.Lost("read timeout", NOON),
    ],
    ids=str,
)
def test_what_a_call_ended_in_survives_its_way_over_the_disk(outcome):
    written = json.loads(json.dumps(batch_outcome.outcome_to_json(outcome)))
    assert batch_outcome.outcome_from_json(written) == outcome


def test_what_no_call_ends_in_is_no_outcome():
    with pytest.raises(ValueError, match="no way in which a call ends"):
        batch_outcome.outcome_from_json({"is": "sent"})


def test_a_claim_for_which_others_were_faster_leaves_no_call_behind():
    refill = make_refill()
    nobody = dataclasses.replace(REFILLS, take=lambda *claim: False)
    assert claim(nobody, refill.provider, now=NOON) is None
    assert not RequestCall.objects.exists()
    assert fresh(refill).status == RefillStatus.QUEUED


def test_an_error_that_no_write_ends_in_is_a_lost_answer():
    refill, desk = make_refill(), FakeDesk()
    desk.then = Unavailable("It is away.")
    send(refill, desk)
    assert fresh(refill).status == RefillStatus.UNCONFIRMED
    assert "Our own error while sending: Unavailable" in fresh(refill).reason


def test_a_call_that_has_to_wait_for_a_moment_waits(monkeypatch):
    waits, slept = [0.25, 0.0], list[float]()
    monkeypatch.setattr(
        token_bucket, "take_request", lambda *a, **k: waits.pop(0) if waits else 9.0
    )
    monkeypatch.setattr("time.sleep", slept.append)
    refill, desk = make_refill(), FakeDesk()
    assert send(refill, desk) == 1
    assert slept == [0.25]


def test_refills_that_are_all_refused_alone_are_asked_about_less_often():
    service = make_service(make_provider(calls_per_minute=60_000))
    alone = {"failures": poll_refills.ALONE}
    rows = [
        make_refill(
            RefillStatus.PENDING, order=make_order(Status.COMPLETED, service=service), **alone
        )
        for _ in range(SAME_IN_A_ROW + 1)
    ]
    desk = FakeDesk()
    desk.down = BatchRefused("Out of order.")
    ticks = (NOON + timedelta(seconds=tick) for tick in count())
    runs.ask_about_refills(service.provider, desk, clock=lambda: next(ticks), seconds=5)
    assert len(desk.calls) == SAME_IN_A_ROW
    untouched = fresh(rows[-1])
    assert untouched.failures == poll_refills.ALONE
    assert untouched.due_at > NOON + timedelta(seconds=clocks.SAME_REFUSAL_PAUSE_SECONDS)
