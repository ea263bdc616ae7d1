"""A replay under our id is a write like any other: stops, clocks, restores, lost connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from core import clocks
from core.failpoints import armed
from orders.models import Attempt, Order, Recovery
from orders.recovery import not_placed, refusal_phrase
from orders.recovery.not_placed import Confirmed
from orders.recovery.search import replay, wait_clock
from orders.recovery.search.id_owners import names_of
from orders.recovery.search.recovery_run import RecoveryRun
from orders.restores.tasks import importers
from orders.sending import halts, record_outcome, send_journal
from orders.sending.outcome import SendOutcome
from orders.sending.replays import names_in
from orders.sending.restore_check import guard, replay_journal
from orders.sending.writes import answer_files, send_clock
from orders.sending.writes.journal_file import JournalFile
from orders.status import RECALLED, Flag, HaltKind, Outcome, Resolution, Status
from orders.tests.sending.obstacles import OBSTACLES, Crash, die, terminate_backend
from providers.panel_api import (
    Dialect,
    Evidence,
    OrderState,
    OutcomeUnknown,
    Placed,
    Progress,
    RefusalCode,
    Rejected,
    Unreadable,
)
from tests.builders import NOON, make_attempt, make_order, make_provider, make_user
from tests.passing_time import let_pass

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NAME = "request_id"
GRACE = timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS)


class Panel:
    """Answers a replay with a number, and knows nothing of that number yet."""

    dialect = Dialect(idempotency_parameter=NAME)

    def __init__(self) -> None:
        self.replayed, self.answers = 0, "23501"
        self.stands: Callable[[], object] = lambda: None
        self.took: Callable[[], object] = lambda: None
        self.knows = dict[str, Progress]()

    def add(self, payload: Any, *, before_send: Callable[[], None]) -> Placed:
        self.stands()
        before_send()
        self.replayed += 1
        self.took()
        return Placed(self.answers)

    def statuses_once(self, order_ids: Sequence[str]) -> dict[str, Any]:
        return {one: self.knows.get(one, Unreadable("Not yet.")) for one in order_ids}


class Desk:
    """One lost order at a provider where replays are safe."""

    def __init__(self) -> None:
        self.now, self.panel = NOON, Panel()
        self.provider = make_provider(dialect={"idempotency_parameter": NAME})
        order = make_order(Status.UNCONFIRMED, provider=self.provider)
        self.attempt = make_attempt(
            order,
            outcome=Outcome.UNKNOWN,
            unknown_at=NOON,
            search_at=NOON,
            provider_version=self.provider.version,
        )
        self.attempt.wire = {**order.payload, NAME: self.attempt.idempotency_key}
        self.attempt.save()
        self.rules = Recovery(provider=self.provider, replays_are_safe=True)
        self.rules.promise_replays(self.provider)
        self.rules.save()

    def clock(self) -> datetime:
        return self.now

    def replay(self) -> None:
        panel: Any = self.panel
        run = RecoveryRun(self.provider, panel, self.rules, [self.provider.pk], self.clock)
        replay.replay_lost(run, [self.attempt])

    def place_halt(self, kind: HaltKind) -> None:
        everywhere = kind in (HaltKind.STOP, HaltKind.RESTORED)
        halts.place_halt(kind, now=NOON, provider=None if everywhere else self.provider)

    @property
    def candidates(self) -> list[str]:
        return [row["id"] for row in Attempt.objects.get(pk=self.attempt.pk).candidates]


@pytest.fixture
def desk(db) -> Desk:
    return Desk()


def _resolved(desk: Desk) -> None:
    Attempt.objects.update(outcome=Outcome.REJECTED)


BEFORE_SENDING = {"resolved meanwhile": _resolved, **OBSTACLES}


@pytest.mark.parametrize("obstacle", BEFORE_SENDING.values(), ids=BEFORE_SENDING)
def test_what_comes_up_before_the_first_byte_stops_a_replay(desk, obstacle, monkeypatch):
    our_own = SimpleNamespace(monotonic=lambda: 0.0)  # nobody sets it beside the database's
    monkeypatch.setattr(send_clock, "time", our_own)
    desk.panel.stands = lambda: obstacle(desk)
    desk.replay()
    assert desk.panel.replayed == 0 and desk.candidates == []


def test_the_hold_for_the_lost_order_itself_does_not_stop_its_replay(desk):
    desk.place_halt(HaltKind.ANSWER_LOST)
    desk.replay()
    assert desk.panel.replayed == 1 and desk.candidates == ["23501"]


def test_a_database_that_does_not_know_what_was_sent_replays_nothing(desk):
    unknown = make_attempt(make_order(provider=desk.provider), outcome=Outcome.REJECTED)
    send_journal.note_send(unknown, "another database")
    desk.replay()
    assert desk.panel.replayed == 0
    assert desk.provider.halts.model.objects.filter(kind=HaltKind.RESTORED).exists()


def test_the_number_a_replay_was_answered_with_outlives_its_worker(desk, monkeypatch):
    with monkeypatch.context() as dying:
        dying.setattr(replay, "_note_id", die)
        with pytest.raises(Crash):
            desk.replay()
    assert desk.candidates == []
    assert answer_files.import_left_behind(importers(NOON)) == 1
    assert desk.candidates == ["23501"]


def test_it_is_not_forgotten_for_an_id_that_was_found_meanwhile(desk, monkeypatch):
    with monkeypatch.context() as dying, pytest.raises(Crash):
        dying.setattr(replay, "_note_id", die)
        desk.replay()
    Attempt.objects.update(candidates=[{"id": "23400"}])
    answer_files.import_left_behind(importers(NOON))
    assert names_of(Attempt.objects.get()) == {"23501"}


def answered_late(desk: Desk, number: str) -> Callable[[], object]:
    """The first send's own answer comes from the disk while its replay is under way."""
    seen = Evidence(reason="", bytes_left=True, body_excerpt=f'{{"order": {number}}}')
    taken = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id=number, evidence=seen)
    return lambda: record_outcome.record(desk.attempt, taken, now=NOON, by=Resolution.SPOOL)


def test_an_answer_that_comes_while_it_is_replayed_keeps_what_was_seen_of_it(desk):
    desk.panel.took = answered_late(desk, "23501")
    desk.replay()
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.external_id) == (Outcome.ACCEPTED, "23501")
    assert attempt.evidence["body_excerpt"] == '{"order": 23501}'
    assert Order.objects.get().flag == Flag.NONE


def test_a_replay_that_is_answered_with_another_number_may_have_bought_twice(desk):
    desk.panel.took = answered_late(desk, "23400")
    desk.replay()
    order = Order.objects.get()
    assert (order.external_id, order.flag) == ("23400", Flag.BOUGHT_TWICE)
    assert "23501" in order.events.latest("pk").text
    assert Attempt.objects.get().evidence["body_excerpt"] == '{"order": 23400}'


def test_so_may_one_whose_worker_died_with_the_number(desk, monkeypatch):
    with monkeypatch.context() as dying, pytest.raises(Crash):
        dying.setattr(replay, "_note_id", die)
        desk.replay()
    answered_late(desk, "23400")()
    answer_files.import_left_behind(importers(NOON))
    assert Order.objects.get().flag == Flag.BOUGHT_TWICE


def test_a_first_answer_with_another_number_after_the_replay_may_have_bought_twice(desk):
    desk.replay()
    assert desk.candidates == ["23501"]
    answered_late(desk, "23400")()
    order = Order.objects.get()
    assert (order.status, order.external_id) == (Status.PENDING, "23400")
    assert order.flag == Flag.BOUGHT_TWICE
    assert "23501" in order.events.get(kind="flagged").text


def test_a_first_answer_with_the_same_number_is_no_second_order(desk):
    desk.replay()
    answered_late(desk, "23501")()
    order = Order.objects.get()
    assert (order.status, order.flag) == (Status.PENDING, Flag.NONE)


def named_by_its_replay(desk: Desk) -> None:
    desk.panel.answers = "23400"
    desk.replay()
    desk.attempt.refresh_from_db()


def named_by_its_first_answer(desk: Desk) -> None:
    Attempt.objects.update(evidence={"candidate_id": "23400"})
    desk.attempt.refresh_from_db()


@pytest.fixture(params=[named_by_its_replay, named_by_its_first_answer])
def contradicted(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    """Something said 23400, and a replay says 23501, of which the provider knows an order."""
    request.param(desk)
    desk.panel.answers = "23501"
    said = Progress(OrderState.PENDING, "Pending", charge=desk.attempt.order.estimate)
    desk.panel.knows = {"23501": said, "23400": said}
    desk.replay()
    return desk


def test_a_replay_that_contradicts_an_id_noted_before_keeps_both_and_decides_nothing(contradicted):
    order, attempt = Order.objects.get(), Attempt.objects.get()
    assert (order.status, order.flag) == (Status.UNCONFIRMED, Flag.BOUGHT_TWICE)
    assert sorted(contradicted.candidates) == ["23400", "23501"]
    assert attempt.evidence["candidate_id"] == "23400"
    assert names_of(attempt) == {"23400", "23501"}, "neither is given to another order"
    told = order.events.get(kind="flagged").text
    assert "23400" in told and "23501" in told


def test_nor_is_an_id_forgotten_when_the_first_answer_is_a_refusal(contradicted):
    order, attempt = answered_from_disk(contradicted, REFUSED)
    assert order.status == Status.UNCONFIRMED
    assert names_of(attempt) == {"23400", "23501"}


def test_where_a_replay_came_back_as_another_order_nothing_is_replayed_any_more(contradicted):
    replayed = contradicted.panel.replayed
    contradicted.rules.refresh_from_db()
    assert not contradicted.rules.promises_replays(contradicted.provider)
    contradicted.replay()
    assert contradicted.panel.replayed == replayed
    told = contradicted.provider.events.values_list("text", flat=True)
    assert any("replayed" in text for text in told)


def test_a_second_order_of_a_replay_ends_the_promise_too(desk):
    desk.replay()
    answered_late(desk, "23400")()
    desk.rules.refresh_from_db()
    assert not desk.rules.promises_replays(desk.provider)


REFUSED = SendOutcome(Outcome.REJECTED, Status.REJECTED, "No funds.", "funds")
NEVER_LEFT = SendOutcome(Outcome.NOT_SENT, Status.QUEUED, "Connection refused.")
FIRST = pytest.mark.parametrize("first", [REFUSED, NEVER_LEFT], ids=["refused", "not sent"])


def answered_from_disk(desk: Desk, first: SendOutcome) -> tuple[Order, Attempt]:
    """Twice: who dies before the file is gone takes it in again."""
    for _ in range(2):
        record_outcome.record(desk.attempt, first, now=NOON, by=Resolution.SPOOL)
    return Order.objects.get(), Attempt.objects.get()


@FIRST
def test_an_order_that_only_its_replay_has_bought_is_not_offered_to_be_bought_again(desk, first):
    desk.replay()
    order, attempt = answered_from_disk(desk, first)
    assert (order.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert attempt.evidence["candidate_id"] == "23501" and desk.candidates == ["23501"]
    assert order.events.filter(text__contains=first.reason).count() == 1


def named_after_a_decision(desk: Desk) -> None:
    """An odd first answer, a word that it is not there, and then the number of its replay."""
    with suppress(Crash):
        desk.panel.took = die
        desk.replay()
    named_by_its_first_answer(desk)
    Order.objects.update(status=Status.NOT_PLACED)
    Attempt.objects.update(outcome=Outcome.NOT_PLACED, resolution=Resolution.PERSON)
    replay._note_id(Attempt.objects.get(), "23501", NOON)


def named_when_it_was_given_up(desk: Desk) -> None:
    """Its replay's number, nobody looks on, and then the first answer."""
    desk.replay()
    not_placed.give_up(Order.objects.get(), actor=make_user(), note="Enough.", now=NOON)
    answered_late(desk, "23400")()


def named_in_an_odd_first_answer(desk: Desk) -> None:
    """Its replay's number, and then a first answer that proves nothing and names another."""
    desk.replay()
    seen = Evidence(reason="?", bytes_left=True, body_excerpt="{}", candidate_id="23400")
    answered_from_disk(desk, SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, "?", evidence=seen))
    assert desk.candidates == ["23400", "23501"]
    assert Attempt.objects.get().evidence["body_excerpt"] == "{}"


@pytest.mark.parametrize(
    "named", [named_after_a_decision, named_when_it_was_given_up, named_in_an_odd_first_answer]
)
def test_whatever_is_written_of_a_send_later_forgets_no_number_of_it(desk, named):
    named(desk)
    order, attempt = Order.objects.get(), Attempt.objects.get()
    assert attempt.outcome == Outcome.UNKNOWN
    assert names_in(attempt.evidence) == {"23400", "23501"}, "neither is given to another order"
    assert order.flag == Flag.BOUGHT_TWICE


def lost_on_the_way(desk: Desk) -> None:
    def answer() -> None:
        raise OutcomeUnknown("read timeout", Evidence(reason="", bytes_left=True))

    desk.panel.took = answer


def killed(desk: Desk) -> None:
    desk.panel.took = die


@FIRST
@pytest.mark.parametrize("end", [lost_on_the_way, killed])
def test_a_replay_of_which_nobody_knows_leaves_its_order_in_doubt(desk, first, end):
    end(desk)
    with suppress(Crash):
        desk.replay()
    assert desk.panel.replayed == 1
    order, attempt = answered_from_disk(desk, first)
    assert (order.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert refusal_phrase.phrase_in_answer(order) is None


def waited_out(desk: Desk) -> None:
    """The first send can no longer appear, and is replayed a last time."""
    desk.now = NOON + GRACE
    waited = {"waited_seconds": GRACE.total_seconds(), "waited_at": desk.now}
    Attempt.objects.update(surely_after=desk.attempt.pk, **waited)
    desk.attempt = Attempt.objects.select_related("order", "provider").get()


def confirm(desk: Desk) -> Confirmed:
    return not_placed.confirm_not_placed(Order.objects.get(), actor=make_user(), now=desk.now)


def test_a_replay_of_which_nobody_knows_is_waited_for_like_the_first_send(desk):
    waited_out(desk)
    as_seen_before = Attempt.objects.get()
    during = list[bool]()

    def answer() -> None:
        with pytest.raises(not_placed.TooEarly):
            confirm(desk)
        proven = {"resolution": Resolution.CLOSED_RANGE, "text": "Not there.", "now": desk.now}
        order = Order.objects.get()
        during.append(not_placed.prove_not_placed(order, as_seen_before, **proven))
        raise OutcomeUnknown("read timeout", Evidence(reason="", bytes_left=True))

    desk.panel.took = answer
    desk.replay()
    assert during == [False]
    with pytest.raises(not_placed.TooEarly):
        confirm(desk)
    assert Attempt.objects.get().surely_after is None, "what was sent meanwhile is not surely later"


@pytest.mark.parametrize(
    "before",
    [
        {"evidence": {}, "waited_seconds": 0},
        {"evidence": {"repeated_as": ""}, "waited_seconds": GRACE.total_seconds()},
    ],
    ids=["its wait had not begun", "it was replayed before"],
)
def test_whatever_was_read_before_a_replay_decides_nothing(desk, before):
    Attempt.objects.update(**before)
    as_seen_before, during = Attempt.objects.get(), list[bool]()

    def answer() -> None:
        refused, order = Rejected("No funds.", RefusalCode.FUNDS), Order.objects.get()
        done = not_placed.resolve_refused(
            order,
            as_seen_before,
            refused,
            actor=make_user(),
            now=NOON,
            text="Refused.",
            evidence={},
        )
        during.append(done)
        raise OutcomeUnknown("read timeout", Evidence(reason="", bytes_left=True))

    desk.panel.took = answer
    desk.replay()
    assert during == [False]
    assert Order.objects.get().status == Status.UNCONFIRMED


def test_a_replay_that_has_bought_nothing_is_not_waited_for(desk):
    waited_out(desk)
    desk.panel.stands = lambda: _refused(desk)
    desk.replay()
    assert Attempt.objects.get().surely_after == desk.attempt.pk
    assert confirm(desk) is Confirmed.DONE


def test_what_the_first_send_was_answered_is_kept_beside_its_replay(desk):
    lost_on_the_way(desk)
    desk.replay()
    seen = Evidence(reason="?", bytes_left=True, body_excerpt="{}")
    odd = SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED, "?", evidence=seen)
    _, attempt = answered_from_disk(desk, odd)
    assert attempt.evidence["body_excerpt"] == "{}"
    _, attempt = answered_from_disk(desk, REFUSED)
    assert attempt.outcome == Outcome.UNKNOWN


@pytest.fixture(params=[Outcome.UNKNOWN, Outcome.IN_FLIGHT])
def restored(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    """Its row as it was before the replay, which was answered with 23501."""
    before = Attempt.objects.filter(pk=desk.attempt.pk).values().get()
    desk.replay()
    Attempt.objects.filter(pk=desk.attempt.pk).update(**before | {"outcome": request.param})
    if request.param == Outcome.IN_FLIGHT:
        Order.objects.update(status=Status.SENDING)
    return desk


@FIRST
def test_a_database_from_before_the_replay_does_not_end_what_it_may_have_bought(restored, first):
    order, attempt = answered_from_disk(restored, first)
    assert (order.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert names_of(attempt) == {"23501"} and restored.candidates == ["23501"]


def test_it_is_given_back_its_replays_by_the_next_look(restored):
    Attempt.objects.update(outcome=Outcome.UNKNOWN)
    for _ in range(2):
        guard.check_database(now=NOON)
        assert restored.candidates == ["23501"]
        assert Attempt.objects.get().evidence["repeated_as"] == "23501"


def replayed_and_forgotten(desk: Desk) -> None:
    """The database of before the send, which this machine has given back with its replay."""
    send_journal.note_send(desk.attempt, guard.database_identity())
    lost_on_the_way(desk)
    desk.replay()
    send_journal.note_end(desk.attempt, REFUSED)
    Attempt.objects.all().delete()
    Order.objects.update(status=Status.QUEUED)
    guard.check_database(now=NOON)


def test_so_is_one_that_has_forgotten_the_send_itself(desk):
    replayed_and_forgotten(desk)
    order, attempt = Order.objects.get(), Attempt.objects.get()
    assert (order.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert attempt.evidence["repeated_as"] == ""


def test_one_that_was_forgotten_and_replayed_is_confirmed_after_a_wait_of_its_own(desk):
    """By a person alone, and not before what its replay may have bought would have shown up."""
    replayed_and_forgotten(desk)
    Attempt.objects.update(started_at=NOON - GRACE, unknown_at=NOON - GRACE)
    desk.now = NOON + timedelta(hours=1)
    with pytest.raises(not_placed.TooEarly):
        confirm(desk)
    desk.now = let_pass(NOON, GRACE.total_seconds())
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.surely_after) == (Outcome.UNKNOWN, None)
    assert confirm(desk) is Confirmed.DONE


def test_one_that_was_forgotten_by_a_clock_ahead_is_confirmed_after_a_wait_too(desk):
    ahead = NOON + timedelta(days=7)
    Attempt.objects.update(code=RECALLED, started_at=ahead, unknown_at=ahead)
    with pytest.raises(not_placed.TooEarly):
        confirm(desk)
    desk.now = let_pass(NOON, GRACE.total_seconds() + wait_clock.LONGEST_STEP)
    assert confirm(desk) is Confirmed.DONE


def test_nothing_is_replayed_that_cannot_be_written_down_before(desk, monkeypatch):
    def full(*args: object, **said: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(JournalFile, "write", full)
    desk.replay()
    assert desk.panel.replayed == 0
    assert "repeated_as" not in Attempt.objects.get().evidence


def test_nothing_is_replayed_while_what_was_sent_cannot_be_read(desk):
    (send_journal.directory() / f"{desk.provider.pk}.jsonl").mkdir(parents=True)
    desk.replay()
    assert desk.panel.replayed == 0
    assert "repeated_as" not in Attempt.objects.get().evidence
    told = Order.objects.get().events.latest("pk").text
    assert "What this machine has sent cannot be read" in told


def test_a_number_for_a_send_of_another_life_of_the_database_is_of_no_order_here(desk):
    said = {"token": f"{UUID(int=7).hex}-1", "started_at": NOON.isoformat(), "id": "77"}
    assert not replay.take_in_kept(said, now=NOON)
    assert desk.candidates == []


def test_nothing_is_replayed_while_the_database_cannot_say_who_it_is(desk, monkeypatch):
    def away() -> str:
        raise OperationalError("gone")

    send_journal.note_send(desk.attempt, guard.database_identity())
    monkeypatch.setattr(guard, "database_identity", away)
    desk.replay()
    assert desk.panel.replayed == 0
    assert "went away before sending" in Order.objects.get().events.get().text


def _refused(desk: Desk) -> None:
    raise Rejected("No.", RefusalCode.DUPLICATE)


@pytest.mark.parametrize(
    "end", [_refused, OBSTACLES["the provider was paused"]], ids=["refused", "not sent"]
)
def test_a_replay_that_has_bought_nothing_says_nothing_against_the_first_answer(desk, end):
    desk.panel.stands = lambda: end(desk)
    desk.replay()
    guard.check_database(now=NOON)
    order, attempt = answered_from_disk(desk, REFUSED)
    assert (order.status, attempt.outcome) == (Status.REJECTED, Outcome.REJECTED)


@pytest.mark.parametrize("end", [lambda desk: None, _refused], ids=["named", "refused"])
def test_what_became_of_a_replay_is_in_its_row_although_the_disk_takes_no_end(
    desk, end, monkeypatch, caplog
):
    takes_it = JournalFile.write

    def full(file: JournalFile, what: str, **said: Any) -> None:
        if what != replay_journal.REPLAYED:
            raise OSError(28, "No space left on device")
        takes_it(file, what, **said)

    monkeypatch.setattr(JournalFile, "write", full)
    desk.panel.stands = lambda: end(desk)
    desk.replay()
    named = [] if end is _refused else ["23501"]
    assert desk.candidates == named
    assert ("repeated_as" in Attempt.objects.get().evidence) == bool(named)
    assert "is not noted on disk" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["stands", "took"])
def test_a_connection_that_breaks_during_a_replay_loses_nothing(moment, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    desk = Desk()
    setattr(desk.panel, moment, terminate_backend)
    desk.replay()
    assert desk.candidates == (["23501"] if desk.panel.replayed else [])
    assert Attempt.objects.get().outcome == Outcome.UNKNOWN


def test_a_replay_comes_by_the_same_check_as_every_write(desk):
    passed: list[int] = []
    with armed("pre_send_check.passed", lambda: passed.append(1)):
        desk.replay()
    assert passed == [1]
