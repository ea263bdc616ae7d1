"""Every kind of write to a provider before every obstacle: one table for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection

from core import clocks, durable_files
from core.failpoints import armed
from orders.aftersales import runs
from orders.models import (
    Attempt,
    CancelRequest,
    Halt,
    Order,
    PollSchedule,
    Refill,
    RequestCall,
)
from orders.restores.tasks import importers
from orders.sending import halts, send_orders, sweep_due
from orders.sending.restore_check import guard, recall_all
from orders.sending.writes import answer_files, journal_file, pre_send, recording, send_clock
from orders.status import HaltKind, Status, Write
from orders.tests.sending.obstacles import OBSTACLES, Crash, die, terminate_backend
from providers.models import Provider
from providers.panel_api import CancelAccepted, Placed, RefillStarted
from tests.builders import NOON, make_cancel, make_order, make_provider, make_refill, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SECOND = timedelta(seconds=1)
OBSERVED = {Write.ADD: "placed", Write.REFILL: "refilled", Write.CANCEL: "canceled"}
SENT = {Write.ADD: "pending", Write.REFILL: "pending", Write.CANCEL: "accepted"}
REAPED = {Write.ADD: "not_placed", Write.REFILL: "unconfirmed", Write.CANCEL: "queued"}
KINDS = tuple(OBSERVED)


class Panel:
    """A provider for all kinds of writes. `stands` is called when the connection stands, before
    the pre-send check; `took` when the request was carried out and nothing is answered yet."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.stands: Callable[[], object] = lambda: None
        self.took: Callable[[], object] = lambda: None

    def _do(self, what: str, before_send: Callable[[], None] | None) -> None:
        self.stands()
        if before_send is not None:
            before_send()
        self.done.append(what)
        self.took()

    def add(self, payload: Any, *, before_send: Callable[[], None] | None = None) -> Placed:
        self._do("placed", before_send)
        return Placed("23501")

    def refill(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        self._do("refilled", before_send)
        return {one: RefillStarted("77") for one in order_ids}

    def cancel(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        self._do("canceled", before_send)
        return {one: CancelAccepted() for one in order_ids}


class Desk:
    """One thing wanted at one account, and two clocks that tests may set."""

    def __init__(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write, self.panel = write, Panel()
        self.now, self.watch = NOON, 0.0
        service = make_service(make_provider(add_spacing_ms=0, calls_per_minute=60_000))
        self.row: Any = _wanted(write, service)
        monkeypatch.setattr(send_clock, "time", SimpleNamespace(monotonic=lambda: self.watch))

    def clock(self) -> datetime:
        return self.now

    def send(self) -> None:
        account = Provider.objects.get(pk=self.row.provider_id)
        if self.write is Write.ADD:
            order = Order.objects.select_related("provider").get(pk=self.row.pk)
            send_orders.send_order(order, account, self.panel, clock=self.clock)
        else:
            runs.send_requests(account, self.panel, clock=self.clock, seconds=0)

    def reap(self) -> None:
        later = self.now + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
        sweep_due.reap_lost_sends(now=later)
        runs.reap_lost_requests(now=later)
        halts.lift_halt(HaltKind.ANSWER_LOST, now=later, provider=self.row.provider)

    def place_halt(self, kind: HaltKind, **over: Any) -> None:
        everywhere = kind in (HaltKind.STOP, HaltKind.RESTORED)
        provider = None if everywhere else self.row.provider
        halts.place_halt(kind, now=self.now, provider=provider)
        Halt.objects.update(**over)

    @property
    def status(self) -> str:
        self.row.refresh_from_db()
        return str(self.row.status)


def _wanted(write: Write, service: Any) -> Order | Refill | CancelRequest:
    if write is Write.ADD:
        return make_order(service=service)
    if write is Write.REFILL:
        return make_refill(order=make_order(Status.COMPLETED, service=service))
    return make_cancel(order=make_order(Status.IN_PROGRESS, service=service))


@pytest.fixture(params=KINDS, ids=[str(kind) for kind in KINDS])
def desk(request, monkeypatch) -> Desk:
    return Desk(request.param, monkeypatch)


def test_without_an_obstacle_it_is_sent(desk):
    desk.send()
    assert desk.panel.done == [OBSERVED[desk.write]]
    assert desk.status == SENT[desk.write]


# between the claim and the first byte


def _own_clock(desk: Desk) -> None:
    desk.watch += clocks.SEND_WINDOW_SECONDS + 1


BEFORE_SENDING = {"old by our clock": _own_clock, **OBSTACLES}


@pytest.mark.parametrize("obstacle", BEFORE_SENDING.values(), ids=BEFORE_SENDING)
def test_what_comes_up_before_the_first_byte_stops_it(desk, obstacle):
    desk.panel.stands = lambda: obstacle(desk)
    desk.send()
    assert desk.panel.done == []
    assert desk.status == "queued"


def test_a_worker_that_stood_still_right_after_its_claim_sends_nothing(desk):
    points = {Write.ADD: "claim.committed"}
    with armed(points.get(desk.write, "request.claimed"), lambda: _own_clock(desk)):
        desk.send()
    assert desk.panel.done == [] and desk.status == "queued"


def test_a_claim_that_was_taken_for_lost_is_not_sent(desk):
    desk.panel.stands = desk.reap
    desk.send()
    assert desk.panel.done == []
    assert desk.status == REAPED[desk.write]


def test_a_database_that_is_away_at_the_last_moment_proves_that_nothing_was_sent(desk, monkeypatch):
    def gone(*args: object) -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr(pre_send, "is_unchanged", gone)
    desk.send()
    assert desk.panel.done == [] and desk.status == "queued"


# what holds before the claim


@pytest.mark.parametrize("kind", HaltKind)
def test_a_stop_holds_every_kind_of_write_but_a_lost_order_only_orders(desk, kind):
    desk.place_halt(kind)
    desk.send()
    goes = kind == HaltKind.ANSWER_LOST and desk.write is not Write.ADD
    assert bool(desk.panel.done) == goes
    assert desk.status == (SENT[desk.write] if goes else "queued")
    assert not RequestCall.objects.exists() or goes, "not even claimed"


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_a_stop_between_the_look_and_the_claim_leaves_no_claim(desk, monkeypatch):
    def call_is_free(*args: object) -> bool:
        desk.place_halt(HaltKind.STOP)
        return True

    monkeypatch.setattr(runs, "_may_call", call_is_free)
    desk.send()
    assert desk.panel.done == []
    assert not RequestCall.objects.exists()
    assert desk.row.order.events.count() == 0, "nothing of it is told"


def test_cancels_go_through_where_staff_said_so_and_nothing_else_does(desk):
    desk.place_halt(HaltKind.STOP, lets_cancels=True)
    desk.place_halt(HaltKind.INCIDENT, lets_cancels=True)
    desk.send()
    assert bool(desk.panel.done) == (desk.write is Write.CANCEL)


def test_no_bell_rings_for_requests_that_a_stop_holds(desk):
    due = [] if desk.write is Write.ADD else [desk.row.provider_id]
    assert runs.accounts_to_send_at(NOON) == due
    desk.place_halt(HaltKind.INCIDENT)
    assert runs.accounts_to_send_at(NOON) == []


# the answer was heard


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_an_answer_that_was_heard_outlives_its_worker(desk):
    with armed("request.kept", die), pytest.raises(Crash):
        desk.send()
    desk.reap()
    assert desk.status == REAPED[desk.write]
    assert answer_files.import_left_behind(importers(NOON)) == 1
    assert desk.status == SENT[desk.write]
    assert answer_files.import_left_behind(importers(NOON)) == 0


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_an_answer_that_was_heard_outlives_a_database_that_stays_away(desk, monkeypatch):
    def gone(*args: object, **how: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(recording, "time", SimpleNamespace(sleep=lambda seconds: None))
    with monkeypatch.context() as away:
        away.setattr("orders.aftersales.send_requests._record_rows", gone)
        desk.send()
    assert desk.status == "sending"
    assert answer_files.import_left_behind(importers(NOON)) == 1
    assert desk.status == SENT[desk.write]


def test_the_patience_of_a_recording_ends_inside_the_lease():
    patience = sum(recording.PAUSES)
    assert patience == pytest.approx(16.2), "as its comment says"
    before = clocks.SEND_WINDOW_SECONDS + clocks.PROVIDER_DEADLINE_SECONDS
    assert before + patience < clocks.SEND_LEASE_SECONDS


def test_a_broken_connection_is_let_go_before_the_next_try(monkeypatch):
    let_go: list[int] = []
    waits = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr(recording, "time", waits)
    monkeypatch.setattr(recording, "drop_broken_connection", lambda: let_go.append(1))

    def write() -> None:
        if not let_go:
            raise InterfaceError("connection already closed")

    assert recording.record(write, what="it")


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_an_answer_that_is_recorded_twice_is_told_once(desk):
    with armed("request.recorded", die), pytest.raises(Crash):
        desk.send()
    told = desk.row.order.events.count()
    assert answer_files.import_left_behind(importers(NOON)) == 1
    assert desk.row.order.events.count() == told and desk.status == SENT[desk.write]


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_a_spoiled_answer_file_is_set_aside_and_the_next_one_is_read(desk):
    answer_files.directory().mkdir(parents=True)
    (answer_files.directory() / "a.json").write_text("{")
    with armed("request.kept", die), pytest.raises(Crash):
        desk.send()
    assert answer_files.import_left_behind(importers(NOON)) == 1
    assert [path.name for path in answer_files.directory().iterdir()] == ["a.json.bad"]


# a database that was taken back


def take_back(desk: Desk) -> None:
    """What a backup made before it was sent would say."""
    if desk.write is Write.ADD:
        Attempt.objects.all().delete()
        desk.row.events.all().delete()
        PollSchedule.objects.all().delete()
        Order.objects.update(status=Status.QUEUED, external_id="", sent_at=None)
        return
    model = type(desk.row)
    model.objects.update(
        status="queued", requests=0, sent_at=None, call=None, external_id="", code="", reason=""
    )
    RequestCall.objects.all().delete()


@pytest.mark.parametrize("answer_known", [True, False])
def test_a_restored_database_never_sends_it_again(desk, answer_known, settings):
    desk.send()
    take_back(desk)
    if not answer_known:
        for file in (settings.DATA_DIR / "sent").iterdir():
            lines = [line for line in file.read_text().splitlines() if '"ended"' not in line]
            file.write_text("\n".join(lines))
    desk.now += timedelta(minutes=5)
    desk.send()
    assert desk.panel.done == [OBSERVED[desk.write]], "the second was not sent"
    assert Halt.objects.standing().filter(kind=HaltKind.RESTORED).exists()
    guard.check_database(now=desk.now)
    lost = {Write.ADD: "unconfirmed", Write.REFILL: "unconfirmed", Write.CANCEL: "refused"}
    assert desk.status == (SENT if answer_known else lost)[desk.write]
    guard.check_database(now=desk.now)
    Halt.objects.all().update(lifted_at=desk.now)
    PollSchedule.objects.update(looked_at=desk.now)
    desk.now += timedelta(hours=2)
    desk.send()
    assert desk.panel.done == [OBSERVED[desk.write]], "nor after somebody accepted it"


@pytest.mark.parametrize("desk", [Write.REFILL], indirect=True)
def test_a_refill_that_the_restored_database_never_heard_of_is_there_again(desk):
    desk.send()
    take_back(desk)
    order = desk.row.order
    Refill.objects.all().delete()
    guard.check_database(now=desk.now)
    assert (Refill.objects.get().order, Refill.objects.get().status) == (order, "pending")


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_an_accepted_database_sends_again(desk):
    desk.send()
    take_back(desk)
    guard.check_database(now=desk.now)
    account, identity = desk.row.provider_id, guard.database_identity()
    recall_all.accept_database(identity, [account], now=desk.now)
    Halt.objects.update(lifted_at=desk.now)
    type(desk.row).objects.update(status="queued", sent_at=None, due_at=desk.now)
    desk.send()
    assert len(desk.panel.done) == 2


# the connection to the database breaks during the call


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_recorded_although_the_connection_broke_during_the_call(desk, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    desk.panel.took = terminate_backend
    desk.send()
    assert desk.status == SENT[desk.write]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_when_the_connection_breaks_before_the_first_byte(desk, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    desk.panel.stands = terminate_backend
    desk.send()
    breaks = connection.vendor == "postgresql"
    assert desk.panel.done == ([] if breaks else [OBSERVED[desk.write]])
    assert desk.status == ("queued" if breaks else SENT[desk.write])


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_an_answer_that_its_worker_still_records_is_left_to_it(desk):
    with answer_files.kept(desk.write, "a-call", {"call": "a-call"}):
        assert answer_files.import_left_behind({desk.write: lambda said: True}) == 0
    assert answer_files.import_left_behind({desk.write: lambda said: True}) == 1


@pytest.mark.parametrize("desk", [Write.REFILL, Write.CANCEL], indirect=True)
def test_an_end_that_the_disk_does_not_take_is_no_end_of_the_sending(desk, monkeypatch, caplog):
    real = durable_files.append_line

    def full(path: Path, line: str, **how: bool) -> None:
        if '"ended"' in line:
            raise OSError(28, "No space left on device")
        real(path, line, **how)

    monkeypatch.setattr(journal_file, "append_line", full)
    desk.send()
    assert desk.status == SENT[desk.write]
    assert "is not noted on disk" in caplog.text
