"""One refill was asked for in two calls, and the database is of a moment before one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from orders.aftersales import request_refills, runs
from orders.models import Refill, RequestCall
from orders.sending import send_journal
from orders.sending.restore_check import guard, recalled_requests, request_journal
from orders.sending.restore_check.request_journal import JournaledCall, Named
from orders.sending.writes import answer_files
from orders.status import RefillStatus, Status, Write
from orders.tests.sending.obstacles import Crash
from orders.tests.sending.test_restore_guard import LATER, acknowledge
from providers.models import Provider
from providers.panel_api import OutcomeUnknown, RefillStarted, RefusalCode, Refused
from tests.builders import NOON, make_order, make_provider, make_refill, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]
AGAIN = NOON + timedelta(minutes=2)


class Panel:
    """It says one after the other; what it has begun is in `begun`."""

    def __init__(self, *says: Refused | RefillStarted | OutcomeUnknown) -> None:
        self.says, self.begun = list(says), list[str]()

    def refill(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        said = self.says.pop(0)
        if isinstance(said, OutcomeUnknown):
            raise said
        if isinstance(said, RefillStarted):
            self.begun.append(said.refill_id)
        return dict.fromkeys(order_ids, said)

    def cancel(self, order_ids: Sequence[str], *, before_send: Any = None) -> dict[str, Any]:
        raise AssertionError(order_ids)


@pytest.fixture
def refill() -> Refill:
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    return make_refill(order=make_order(Status.COMPLETED, service=make_service(account)))


def send(panel: Panel, now: datetime) -> None:
    runs.send_requests(Provider.objects.get(), panel, clock=lambda: now, seconds=0)


def backup(refill: Refill) -> Callable[[], None]:
    """Puts back how it is now."""
    columns = Refill.objects.filter(pk=refill.pk).values().get()
    calls = list(RequestCall.objects.values_list("pk", flat=True))

    def put_back() -> None:
        Refill.objects.filter(pk=refill.pk).update(**columns)
        RequestCall.objects.exclude(pk__in=calls).delete()

    return put_back


@pytest.mark.parametrize("second", [RefillStarted("77"), OutcomeUnknown("read timeout")])
def test_one_that_was_in_doubt_is_given_back_its_second_call(refill, second):
    panel = Panel(OutcomeUnknown("read timeout"), second)
    send(panel, NOON)
    put_back = backup(refill)
    refill.refresh_from_db()
    assert not request_refills.ask_again(refill, actor=None, now=AGAIN)
    send(panel, AGAIN)
    put_back()
    guard.check_database(now=LATER)
    acknowledge(LATER)
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    known = (RefillStatus.PENDING, "77") if panel.begun else (RefillStatus.UNCONFIRMED, "")
    assert ((refill.status, refill.external_id), refill.requests) == (known, 2)


@pytest.mark.parametrize("sent_at", [None, LATER], ids=["never", "claimed since"])
def test_one_in_doubt_takes_the_call_that_has_begun_it_whatever_it_says_of_sends(refill, sent_at):
    """It waited and was held as doubtful, or a claim made since was taken for lost."""
    panel = Panel(RefillStarted("77"))
    put_back = backup(refill)
    send(panel, NOON)
    put_back()
    Refill.objects.update(status=RefillStatus.UNCONFIRMED, sent_at=sent_at)
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")


@pytest.mark.parametrize(("sent_at", "requests"), [(None, 1), (LATER, 0)])
def test_a_lost_call_is_taken_only_by_one_that_was_not_sent_since(refill, sent_at, requests):
    panel = Panel(OutcomeUnknown("read timeout"))
    put_back = backup(refill)
    send(panel, NOON)
    put_back()
    Refill.objects.update(status=RefillStatus.UNCONFIRMED, sent_at=sent_at)
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    known = (refill.status, refill.sent_at, refill.requests)
    assert known == (RefillStatus.UNCONFIRMED, sent_at or NOON, requests)


def test_a_second_call_that_was_refused_ends_no_doubt_about_the_first(refill):
    panel = Panel(OutcomeUnknown("read timeout"), Refused("No.", RefusalCode.WAIT, wait_seconds=30))
    send(panel, NOON)
    put_back = backup(refill)
    refill.refresh_from_db()
    assert not request_refills.ask_again(refill, actor=None, now=AGAIN)
    send(panel, AGAIN)
    put_back()
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert (refill.status, refill.requests) == (RefillStatus.UNCONFIRMED, 1)


NOT_AVAILABLE = Refused("Refill is not available for this order", RefusalCode.NOT_ALLOWED)


def test_a_clock_set_back_between_two_calls_makes_the_second_no_first_one(refill):
    """Refused because the lost one is under way, perhaps, as was known when it was refused."""
    panel = Panel(OutcomeUnknown("read timeout"), NOT_AVAILABLE)
    put_back = backup(refill)
    send(panel, NOON)
    refill.refresh_from_db()
    earlier = NOON - timedelta(minutes=30)
    assert not request_refills.ask_again(refill, actor=None, now=earlier)
    send(panel, earlier)
    refill.refresh_from_db()
    assert (refill.status, refill.requests) == (RefillStatus.UNCONFIRMED, 2)
    put_back()
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.UNCONFIRMED


NO_REFILLS = Refused("This service does not support refill", RefusalCode.NOT_ALLOWED)
IN_DOUBT, REFUSED = RefillStatus.UNCONFIRMED, RefillStatus.REFUSED


@pytest.mark.parametrize(
    ("comes_first", "second", "stands"),
    [(1, NOT_AVAILABLE, IN_DOUBT), (2, NOT_AVAILABLE, IN_DOUBT), (2, NO_REFILLS, REFUSED)],
)
def test_one_that_two_machines_have_sent_is_in_doubt_whichever_of_them_comes_first(
    refill, comes_first, second, stands, settings, tmp_path
):
    panel = Panel(OutcomeUnknown("read timeout"), second)
    put_back = backup(refill)
    settings.DATA_DIR = tmp_path / "1"
    send(panel, NOON)
    refill.refresh_from_db()
    assert not request_refills.ask_again(refill, actor=None, now=AGAIN)
    settings.DATA_DIR = tmp_path / "2"
    send(panel, AGAIN)
    refill.refresh_from_db()
    assert refill.status == stands
    put_back()
    for machine in (comes_first, 3 - comes_first):
        settings.DATA_DIR = tmp_path / str(machine)
        guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert refill.status == stands


@pytest.mark.parametrize("is_kept", ["", "queued", "let go"])
@pytest.mark.parametrize("second", [NOT_AVAILABLE, Refused("No.", RefusalCode.WAIT)])
def test_one_that_was_in_doubt_when_it_was_sent_is_so_though_the_first_machine_never_comes(
    refill, second, is_kept, settings, tmp_path
):
    """Its disk is lost, as where it had the database on it."""
    panel = Panel(OutcomeUnknown("read timeout"), second)
    put_back = backup(refill)
    settings.DATA_DIR = tmp_path / "1"
    send(panel, NOON)
    refill.refresh_from_db()
    assert not request_refills.ask_again(refill, actor=None, now=AGAIN)
    refill.refresh_from_db()
    put_back = backup(refill) if is_kept == "let go" else put_back
    settings.DATA_DIR = tmp_path / "2"
    send(panel, AGAIN)
    refill.refresh_from_db()
    assert refill.status == IN_DOUBT
    put_back()
    if not is_kept:
        Refill.objects.all().delete()
    guard.check_database(now=LATER)
    refill = Refill.objects.get()
    assert (refill.status, refill.requests) == (IN_DOUBT, 2)


@pytest.mark.parametrize("asked_anew", [False, True])
@pytest.mark.parametrize("first", [RefillStarted("77"), OutcomeUnknown("read timeout")])
def test_one_that_was_sent_and_refused_to_another_machine_since_is_not_refused(
    refill, settings, tmp_path, first, asked_anew
):
    """The machine that has sent it was off while the database was put back and accepted."""
    panel = Panel(first, NOT_AVAILABLE)
    put_back = backup(refill)
    settings.DATA_DIR = tmp_path / "1"
    send(panel, NOON)
    put_back()
    settings.DATA_DIR = tmp_path / "2"
    send(panel, AGAIN)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.REFUSED
    stands = make_refill(order=refill.order, due_at=LATER) if asked_anew else refill
    settings.DATA_DIR = tmp_path / "1"
    guard.check_database(now=LATER)
    stands.refresh_from_db()
    known = (RefillStatus.PENDING, "77") if panel.begun else (IN_DOUBT, "")
    assert (stands.status, stands.external_id) == known
    assert Refill.objects.open().count() == 1


def test_two_calls_about_one_refill_are_given_back_together_or_not_at_all(refill, monkeypatch):
    """Told to wait, and then begun: between the two it would wait to be sent again."""
    panel = Panel(Refused("Not yet", RefusalCode.WAIT, wait_seconds=30), RefillStarted("77"))
    put_back = backup(refill)
    send(panel, NOON)
    send(panel, AGAIN)
    put_back()
    real, hits = recalled_requests._recall_once, list[JournaledCall]()

    def dies(account: int, then: JournaledCall, now: datetime) -> int:
        hits.append(then)
        if len(hits) == 2:
            raise Crash
        return real(account, then, now)

    with monkeypatch.context() as patched, suppress(Crash):
        patched.setattr(recalled_requests, "_recall_once", dies)
        guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert (refill.status, len(hits), panel.begun) == (RefillStatus.QUEUED, 2, ["77"])
    acknowledge(LATER)
    guard.check_database(now=LATER)
    refill.refresh_from_db()
    assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")


@pytest.mark.parametrize("written", [{"is": "new"}, {"is": "answered", "rows": {"1": ["Begun"]}}])
def test_a_kept_answer_of_no_shape_we_know_holds_up_no_call(refill, written, caplog):
    """Of a later release, perhaps. It is not known, so the refill is in doubt."""
    panel = Panel(OutcomeUnknown("read timeout"))
    put_back = backup(refill)
    send(panel, NOON)
    put_back()
    path = send_journal.directory() / f"{refill.provider_id}.requests.jsonl"
    lines = [one for one in path.read_text().splitlines() if '"ended"' not in one]
    path.write_text("\n".join([*lines, ""]))
    (call,) = request_journal.calls_since_accepted(refill.provider_id)
    with answer_files.kept(
        Write.REFILL, call.idempotency_key, {"call": call.idempotency_key, "outcome": written}
    ):
        assert recalled_requests.recall_calls(refill.provider_id, now=LATER) == 1
    refill.refresh_from_db()
    assert refill.status == RefillStatus.UNCONFIRMED
    assert "cannot be read" in caplog.text


def test_calls_stand_together_that_another_call_ties_to_one_another():
    one, two, three = (Named(uuid4(), NOON, "1") for _ in range(3))
    calls = [
        JournaledCall(uuid4().hex, Write.REFILL, NOON + timedelta(seconds=second), named)
        for second, named in enumerate([[one], [two], [three], [one, two], []])
    ]
    groups = request_journal.about_the_same(calls)
    places = sorted([calls.index(call) for call in group] for group in groups)
    assert places == [[0, 1, 3], [2], [4]]


@pytest.mark.parametrize("stands", [RefillStatus.WITHDRAWN, RefillStatus.REFUSED])
def test_one_that_was_in_doubt_when_it_was_refused_stays_so_whatever_became_of_its_row(
    refill: Refill, settings: Any, tmp_path: Any, stands: RefillStatus
) -> None:
    """The machine of the first call is gone. A person took it back, or a third one was refused."""
    panel = Panel(OutcomeUnknown("read timeout"), NOT_AVAILABLE, NOT_AVAILABLE)
    put_back = backup(refill)
    settings.DATA_DIR = tmp_path / "1"
    send(panel, NOON)
    refill.refresh_from_db()
    assert not request_refills.ask_again(refill, actor=None, now=AGAIN)
    settings.DATA_DIR = tmp_path / "2"
    send(panel, AGAIN)
    put_back()
    settings.DATA_DIR = tmp_path / "3"
    if stands == RefillStatus.REFUSED:
        send(panel, LATER)
    else:
        Refill.objects.update(status=stands, ended_at=AGAIN)
    assert Refill.objects.get().status == stands
    settings.DATA_DIR = tmp_path / "2"
    guard.check_database(now=LATER + timedelta(minutes=1))
    acknowledge(LATER + timedelta(minutes=1))
    guard.check_database(now=LATER + timedelta(minutes=1))
    assert Refill.objects.get().status == IN_DOUBT
