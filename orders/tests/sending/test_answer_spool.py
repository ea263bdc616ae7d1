"""An answer that was heard is not lost with the worker or the database."""

from __future__ import annotations

import errno
import json
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import (
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connection,
)

from core import clocks
from core.durable_files import write_whole
from core.failpoints import armed
from core.redaction import remember_secret
from core.roles import Role
from orders.models import Attempt, Order, UnreadAnswer
from orders.recovery import not_placed
from orders.sending import answer_spool, claims, halts, record_outcome, send_orders, sweep_due
from orders.sending.outcome import SendOutcome
from orders.sending.writes import spool_files
from orders.status import Flag, HoldReason, Outcome, Resolution, Status
from orders.tests.sending.obstacles import Crash, die
from providers.models import ProviderHealth
from providers.panel_api import Evidence, Placed, RefusalCode
from tests.builders import NOON, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider, lost_answer, never_left, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.services]
REAPED = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
FROM_THE_LOSS = REAPED + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 1)
EXACT = Decimal("123456789012.123456789012")
LATER = NOON + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS + 1)


def noon():
    return NOON


def files() -> list[str]:
    return sorted(path.name for path in answer_spool.directory().glob("*"))


def crash_at(point: str, order: Order, provider: FakeProvider) -> Order:
    """Send it, and die just there."""
    with armed(point, die), pytest.raises(Crash):
        send_orders.send_order(order, order.provider, provider, clock=noon)
    return Order.objects.get(pk=order.pk)


def test_a_worker_that_dies_with_the_answer_in_hand_loses_nothing():
    provider = FakeProvider()
    order = crash_at("send.spooled", make_order(), provider)
    assert order.status == Status.SENDING
    assert answer_spool.import_spool(now=NOON) == 1
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
    assert order.attempts.get().resolution == Resolution.SPOOL
    assert (len(provider.placed), provider.asked, files()) == (1, [], [])


def test_a_crash_before_the_answer_is_on_disk_leaves_it_to_the_reaper():
    order = crash_at("send.answered", make_order(), FakeProvider())
    assert (files(), answer_spool.import_spool(now=NOON)) == ([], 0)
    sweep_due.reap_lost_sends(now=REAPED)
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED


def test_an_answer_from_disk_links_an_order_the_reaper_took_for_lost():
    order = crash_at("send.spooled", make_order(), FakeProvider())
    sweep_due.reap_lost_sends(now=REAPED)
    assert halts.sending_is_halted(order.provider_id)
    assert answer_spool.import_spool(now=REAPED) == 1
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
    assert order.attempts.get().resolution == Resolution.SPOOL
    assert not halts.sending_is_halted(order.provider_id), "nothing is lost any more"


def test_what_was_recorded_before_the_crash_is_recorded_silently_again():
    order = crash_at("record.committed", make_order(), FakeProvider())
    assert order.status == Status.PENDING
    events = order.events.count()
    assert answer_spool.import_spool(now=NOON) == 1
    order.refresh_from_db()
    assert (order.status, order.flag, order.events.count()) == (Status.PENDING, Flag.NONE, events)
    assert files() == []


def test_an_answer_from_disk_that_contradicts_a_person_puts_the_order_back_in_doubt():
    order = crash_at("send.spooled", make_order(), FakeProvider())
    sweep_due.reap_lost_sends(now=REAPED)
    order.refresh_from_db()
    assert not_placed.confirm_not_placed(order, actor=make_user(Role.MANAGER), now=FROM_THE_LOSS)
    answer_spool.import_spool(now=FROM_THE_LOSS)
    order.refresh_from_db()
    attempt = order.attempts.get()
    assert (order.status, order.flag) == (Status.UNCONFIRMED, Flag.LATE_ANSWER)
    assert (attempt.outcome, attempt.resolved_by) == (Outcome.UNKNOWN, None)
    assert (attempt.late["external_id"], attempt.evidence["candidate_id"]) == ("23501", "23501")


def test_an_old_proof_of_not_sent_does_not_touch_the_attempt_that_followed():
    provider = FakeProvider()
    provider.then = never_left()
    order = crash_at("record.committed", make_order(), provider)
    assert send_orders.send_order(order, order.provider, provider, clock=noon)
    answer_spool.import_spool(now=NOON)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.PENDING, Flag.NONE)
    assert len(provider.placed) == 1


def test_a_loss_that_is_known_already_closes_no_second_halt():
    provider = FakeProvider()
    provider.then = lost_answer("reset by peer")
    order = crash_at("send.spooled", make_order(), provider)
    sweep_due.reap_lost_sends(now=REAPED)
    Attempt.objects.update(searched_at=REAPED)
    halts.lift_if_resolved(order.provider, now=REAPED)
    answer_spool.import_spool(now=LATER)
    attempt = order.attempts.get()
    assert not halts.sending_is_halted(order.provider_id)
    assert attempt.unknown_at == REAPED
    assert (attempt.reason, attempt.evidence["bytes_left"]) == ("reset by peer", True)


def test_a_database_that_stays_away_longer_than_we_try(monkeypatch):
    """And the order is not asked about: the answer on disk is enough."""
    real, provider = record_outcome.record, FakeProvider()

    def away(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(record_outcome, "record", away)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    order = make_order()
    assert send_orders.send_order(order, order.provider, provider, clock=noon)
    monkeypatch.setattr(record_outcome, "record", real)
    assert answer_spool.import_spool(now=NOON) == 1
    order.refresh_from_db()
    assert (order.status, order.external_id, provider.asked) == (Status.PENDING, "23501", [])


def test_a_refusal_is_kept_although_the_database_cannot_tell_the_time():
    provider = FakeProvider()
    provider.then = refusal(RefusalCode.FUNDS)
    moments = iter([NOON, NOON, NOON, NOON])  # the last of them for the pre-send check

    def clock():
        if (moment := next(moments, None)) is None:
            raise OperationalError("gone")
        return moment

    with armed("send.spooled", die), pytest.raises(Crash):
        order = make_order()
        send_orders.send_order(order, order.provider, provider, clock=clock)
    answer_spool.import_spool(now=NOON)
    order = Order.objects.get()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.FUNDS)


def test_an_answer_its_worker_still_holds_is_left_to_it():
    order = make_order()
    attempt = claims.claim(order, order.provider, now=NOON)
    assert attempt is not None
    accepted = SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="77")
    with answer_spool.kept(attempt, accepted):
        assert answer_spool.import_spool(now=NOON) == 0
        long_past = NOON + timedelta(seconds=2 * clocks.SEND_LEASE_SECONDS + 1)
        assert answer_spool.import_spool(now=long_past) == 1, "frozen: somebody else goes on"
    order.refresh_from_db()
    assert order.external_id == "77"


def test_an_id_that_is_another_orders_is_a_candidate_and_no_more():
    service = make_service(make_provider())
    make_order(Status.IN_PROGRESS, service=service, external_id="23501")
    order = crash_at("send.spooled", make_order(service=service), FakeProvider())
    answer_spool.import_spool(now=NOON)
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.UNCONFIRMED, "")
    assert order.attempts.get().evidence["candidate_id"] == "23501"
    assert files() == []


def test_what_cannot_be_read_is_set_aside_and_shown_as_long_as_it_is_there():
    answer_spool.directory().mkdir(parents=True)
    bad = answer_spool.directory() / "5-x.json"
    bad.write_text('{"attempt": 5, "tok')
    assert answer_spool.import_spool(now=NOON) == 0
    assert files() == ["5-x.json.bad"]
    assert UnreadAnswer.objects.get().name == "5-x.json.bad"
    bad.with_name("5-x.json.bad").unlink()
    answer_spool.import_spool(now=NOON + timedelta(seconds=clocks.UNREAD_ANSWER_SECONDS + 1))
    assert not UnreadAnswer.objects.exists()


def test_an_answer_of_another_life_of_the_database_is_set_aside_and_found_for_its_send_alone():
    order = crash_at("send.spooled", make_order(), FakeProvider())
    attempt = order.attempts.get()
    Attempt.objects.all().delete()
    (name,) = files()
    assert answer_spool.import_spool(now=NOON) == 0
    assert files() == [f"{name}.unmatched"]
    assert not UnreadAnswer.objects.exists(), "it can be read"
    kept = answer_spool.left_behind(attempt.idempotency_key, attempt.started_at)
    assert kept is not None and kept.external_id == "23501"
    later = attempt.started_at + timedelta(seconds=1)
    assert answer_spool.left_behind(attempt.idempotency_key, later) is None, (
        "a key may be given out again"
    )


def test_a_disk_that_takes_nothing_stops_no_recording(monkeypatch, caplog):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool_files, "write_whole", full)
    order = make_order()
    assert send_orders.send_order(order, order.provider, FakeProvider(), clock=noon)
    order.refresh_from_db()
    assert order.status == Status.PENDING
    assert "not kept on disk" in caplog.text


def test_the_key_is_not_in_the_file():
    remember_secret("a-key-nobody-should-see")
    provider, order = FakeProvider(), make_order()
    provider.then = lost_answer("they echoed a-key-nobody-should-see")
    crash_at("send.spooled", order, provider)
    (path,) = answer_spool.directory().glob("*")
    assert "[key]" in path.read_text()
    assert "a-key-nobody-should-see" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_send_outcome_survives_its_way_over_the_disk():
    blocker = make_order()
    send_outcome = SendOutcome(
        Outcome.REJECTED,
        Status.HELD,
        "No.",
        "link_busy",
        Evidence(reason="No.", bytes_left=True, exception_chain=("A", "B")),
        "7",
        {
            "charge": Decimal("0.000000000001"),
            "send_after": NOON,
            "hold_reason": HoldReason.LINK_BUSY,
            "blocked_by": blocker,
            "not_sent_count": 3,
        },
    )
    assert SendOutcome.from_json(json.loads(json.dumps(send_outcome.to_json()))) == send_outcome


def test_the_charge_is_exact_after_the_disk_whatever_digits_some_key_has(monkeypatch):
    remember_secret(f"{EXACT:f}"[:8])
    provider = FakeProvider()
    monkeypatch.setattr(provider, "add", lambda *a, **k: Placed("9", EXACT))
    order = crash_at("send.spooled", make_order(), provider)
    answer_spool.import_spool(now=NOON)
    order.refresh_from_db()
    assert order.charge == EXACT


def test_a_file_is_whole_or_not_there(tmp_path):
    with write_whole(tmp_path / "a.json", "first"):
        pass
    with pytest.raises(TypeError):
        write_whole(tmp_path / "a.json", 5)  # type: ignore[arg-type]  # dies half-way
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "first"


def test_an_answer_whose_order_moves_all_the_time_is_left_to_the_next_run(monkeypatch):
    order = crash_at("send.spooled", make_order(), FakeProvider())
    real = record_outcome.record

    def always_lost(*args, **kwargs):
        raise record_outcome.RaceLost("It moved.")

    monkeypatch.setattr(record_outcome, "record", always_lost)
    assert answer_spool.import_spool(now=NOON) == 0
    assert len(files()) == 1 and files()[0].endswith(".json")
    monkeypatch.setattr(record_outcome, "record", real)
    assert answer_spool.import_spool(now=NOON) == 1
    order.refresh_from_db()
    assert (order.status, files()) == (Status.PENDING, [])


def test_an_answer_that_the_database_is_too_far_away_for_stays_where_it_is(monkeypatch):
    crash_at("send.spooled", make_order(), FakeProvider())

    def away(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(record_outcome, "record", away)
    answer_spool.import_spool(now=NOON)
    assert len(files()) == 1 and files()[0].endswith(".json")


@pytest.mark.parametrize("error", [InternalError, ProgrammingError, NotSupportedError])
def test_a_database_that_takes_no_writes_sets_no_answer_aside(monkeypatch, error):
    """A standby after a failover, or a schema that is not there yet."""
    order = crash_at("send.spooled", make_order(), FakeProvider())

    def refuses(*args, **kwargs):
        raise error("cannot execute UPDATE in a read-only transaction")

    with monkeypatch.context() as standby:
        standby.setattr(record_outcome, "record", refuses)
        assert answer_spool.import_spool(now=NOON) == 0
    assert answer_spool.import_spool(now=NOON) == 1
    assert Order.objects.get(pk=order.pk).status == Status.PENDING


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_answers_wait_for_a_session_that_may_write():
    order = crash_at("send.spooled", make_order(), FakeProvider())
    session = "SET SESSION CHARACTERISTICS AS TRANSACTION READ {}"
    with connection.cursor() as cursor:
        cursor.execute(session.format("ONLY"))
    try:
        with suppress(InternalError):
            answer_spool.import_spool(now=NOON)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(session.format("WRITE"))
    assert answer_spool.import_spool(now=NOON) == 1
    assert Order.objects.get(pk=order.pk).status == Status.PENDING


def test_an_answer_that_breaks_a_rule_while_it_is_recorded_is_kept_for_whoever_looks(monkeypatch):
    order, tries = make_order(), []

    def broken(*args, **kwargs):
        tries.append(args)
        raise IntegrityError("CHECK constraint failed: another_rule")

    monkeypatch.setattr(record_outcome, "record", broken)
    assert send_orders.send_order(order, order.provider, FakeProvider(), clock=noon)
    assert len(tries) == 1, "it would break the same rule again"
    assert answer_spool.import_spool(now=NOON) == 0
    (name,) = files()
    assert name.endswith(".json.bad")
    assert Order.objects.get(pk=order.pk).status == Status.SENDING


def test_a_file_that_its_own_worker_takes_away_in_this_moment_is_no_fault(caplog):
    gone = answer_spool.directory() / "5-x.json"
    gone.parent.mkdir(parents=True)
    gone.symlink_to(gone.with_name("recorded"))
    assert answer_spool.import_spool(now=NOON) == 0
    assert "cannot be recorded" not in caplog.text


def test_an_amount_on_disk_that_is_none_is_no_answer(caplog):
    order = crash_at("send.spooled", make_order(), FakeProvider())
    (path,) = answer_spool.directory().glob("*")
    kept = json.loads(path.read_text())
    kept["send_outcome"]["changes"] = {"charge": "ten"}
    path.write_text(json.dumps(kept))
    attempt = order.attempts.get()
    assert answer_spool.left_behind(attempt.idempotency_key, attempt.started_at) is None
    assert "cannot be read" in caplog.text
    assert answer_spool.import_spool(now=NOON) == 0
    assert files() == [f"{path.name}.bad"]


@pytest.fixture
def read_only(monkeypatch):
    """Call it, and the disk takes nothing any more, as one does after an error of its own."""
    real = Path.open

    def refuse(*args, **how):
        raise OSError(errno.EROFS, "Read-only file system")

    def opened(path, mode="r", **how):
        return real(path, mode, **how) if mode == "r" else refuse()

    def become() -> None:
        monkeypatch.setattr(Path, "open", opened)
        for change in ("unlink", "rename", "replace"):
            monkeypatch.setattr(Path, change, refuse)

    return become


def test_an_answer_on_a_disk_that_has_become_read_only_is_taken_in(read_only):
    order = crash_at("send.spooled", make_order(), FakeProvider())
    read_only()
    for _ in range(2):  # and again, for nobody can remove it
        assert answer_spool.import_spool(now=NOON) == 1
    order.refresh_from_db()
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
    assert order.events.filter(after=Status.PENDING).count() == 1


def test_a_disk_that_becomes_read_only_before_the_answer_is_recorded_stops_no_worker(read_only):
    order, provider = make_order(), FakeProvider()
    provider.then = refusal(RefusalCode.RATE_LIMIT)
    with armed("record.committed", read_only):
        assert send_orders.send_order(order, order.provider, provider, clock=noon)
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.QUEUED, Flag.NONE)
    assert ProviderHealth.objects.get(provider=order.provider).slow_until, "the pace falls"
