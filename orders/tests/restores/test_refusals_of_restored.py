"""A refusal lets an order or a refill be sent again, and so does what never left. A database from
between two tries has forgotten that the second one bought."""

from __future__ import annotations

from typing import Any

import pytest

from orders.aftersales.batch_outcome import Answered, AnyOutcome, Later, outcome_to_json
from orders.models import Attempt, Order, Refill, RequestCall
from orders.restores.tasks import importers
from orders.sending import answer_spool, send_journal
from orders.sending.outcome import SendOutcome
from orders.sending.restore_check import forgotten_sends, recalled_requests, recalled_sends
from orders.sending.restore_check.request_journal import JournaledCall
from orders.sending.writes import answer_files, sent_lines
from orders.sending.writes.recording import NotNow
from orders.status import RECALLED, Outcome, RefillStatus, Status, Write
from orders.tests.restores.test_calls_of_restored import send as ask
from orders.tests.restores.test_recalled_calls import SLOWER, Panel
from orders.tests.sending.test_restore_guard import LATER, send
from providers.panel_api import RefillStarted, RefusalCode, Refused
from tests.builders import (
    NOON,
    make_attempt,
    make_order,
    make_provider,
    make_refill,
    make_service,
)
from tests.fake_provider import FakeProvider, lost_answer, never_left, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.services]
WAIT = Refused("Not yet", RefusalCode.WAIT)
REFUSALS = [RefusalCode.RATE_LIMIT, RefusalCode.FUNDS, RefusalCode.LINK]


@pytest.fixture(params=[False, True], ids=["in flight", "reaped"])
def between(request: pytest.FixtureRequest) -> tuple[Order, Attempt]:
    """The first try was refused for its rate and the second one bought; the database is from before
    the first was answered."""
    order, provider = make_order(), FakeProvider()
    provider.then = refusal(RefusalCode.RATE_LIMIT)
    send(order, provider)
    Order.objects.update(send_after=NOON)
    assert send(order, provider, LATER).status == Status.PENDING
    first, second = order.attempts.order_by("pk")
    second.delete()
    lost = {"outcome": Outcome.UNKNOWN, "unknown_at": NOON} if request.param else {}
    back = {"outcome": Outcome.IN_FLIGHT, "recorded_at": None, "resolution": "", "code": ""} | lost
    Attempt.objects.update(**back)
    status = Status.UNCONFIRMED if request.param else Status.SENDING
    Order.objects.update(status=status, external_id="", sent_at=NOON)
    return Order.objects.get(), first


@pytest.mark.parametrize("code", REFUSALS)
def test_the_refusal_of_the_first_try_does_not_set_its_order_free(
    code: RefusalCode, between: tuple[Order, Attempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, first = between
    to = {RefusalCode.RATE_LIMIT: Status.QUEUED, RefusalCode.FUNDS: Status.HELD}
    refused = SendOutcome(Outcome.REJECTED, to.get(code, Status.REJECTED), "No.", code)
    answer_spool.record_late(first, refused, now=LATER)
    order.refresh_from_db()
    assert (order.status, order.sent_at) == (Status.UNCONFIRMED, LATER)
    assert order.attempts.get(outcome=Outcome.UNKNOWN).code == RECALLED
    assert order.attempts.get(outcome=Outcome.REJECTED).pk == first.pk


def test_one_look_answers_both_tries(between: tuple[Order, Attempt]) -> None:
    order, _ = between
    recalled_sends.recall_sends(order.provider_id, now=LATER)
    order.refresh_from_db()
    assert (order.status, order.external_id, order.flag) == (Status.PENDING, "23501", "")
    ended = order.attempts.order_by("started_at").values_list("outcome", flat=True)
    assert list(ended) == [Outcome.REJECTED, Outcome.ACCEPTED]


@pytest.mark.parametrize(
    ("then", "counts"),
    [
        (never_left(), False),
        (refusal(RefusalCode.FUNDS), False),
        (lost_answer(), True),
        (None, True),
    ],
    ids=["never left", "refused", "lost", "taken"],
)
def test_what_counts_is_a_send_by_which_something_may_have_been_bought(
    then: Exception | None, counts: bool
) -> None:
    order, provider = make_order(), FakeProvider()
    other = send(make_order(service=order.service), FakeProvider())
    provider.then = then
    send(order, provider, LATER)
    attempt, outcome = order.attempts.get(), SendOutcome(Outcome.NOT_SENT, Status.QUEUED)
    journaled = forgotten_sends.journaled_sends_of(attempt, outcome)
    assert [send.started_at for send in journaled] == [LATER] * counts
    assert other.attempts.exists(), "and none of another order"


def test_nothing_is_given_back_beside_a_live_attempt() -> None:
    attempt = make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN)
    token = f"{attempt.order.form_key.hex}-2"
    lost = sent_lines.Send(attempt.provider_id, token, LATER, {})
    assert forgotten_sends.bring_in(attempt.order, [lost], now=LATER) is None
    assert attempt.order.attempts.count() == 1


def test_the_journal_is_read_once_however_many_races_are_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order, provider = make_order(), FakeProvider()
    provider.then = never_left()
    read, real = list[Any](), send_journal.sends_since_accepted

    def sends_since_accepted(*how: Any) -> list[sent_lines.Send]:
        read.append(how)
        return real(*how)

    monkeypatch.setattr(send_journal, "sends_since_accepted", sends_since_accepted)
    move, lost = Order.move, [1, 1]

    def lose_twice(mine: Order, to: Status, **more: Any) -> bool:
        return False if to == Status.QUEUED and lost and lost.pop() else move(mine, to, **more)

    monkeypatch.setattr(Order, "move", lose_twice)
    assert send(order, provider).status == Status.QUEUED
    assert not lost and read == [(order.provider_id, order.form_key)]


class Answering(Panel):
    def __init__(self, said: Refused | RefillStarted) -> None:
        super().__init__()
        self.said = said

    def refill(self, order_ids: Any, *, before_send: Any = None) -> dict[str, Any]:
        return dict.fromkeys(order_ids, self.said)


@pytest.fixture
def refill() -> Refill:
    """The same of a refill: told to wait by the first call, begun by the second."""
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    refill = make_refill(order=make_order(Status.COMPLETED, service=make_service(account)))
    ask(Answering(SLOWER), lambda: NOON)
    Refill.objects.update(due_at=NOON)
    ask(Answering(RefillStarted("77")), lambda: LATER)
    first, second = RequestCall.objects.order_by("pk")
    Refill.objects.update(
        status=RefillStatus.SENDING, requests=1, call=first, external_id="", sent_at=NOON
    )
    second.delete()
    RequestCall.objects.update(recorded_at=None)
    refill.refresh_from_db()
    return refill


@pytest.mark.parametrize(
    ("said", "back"),
    [
        (SLOWER, True),
        (WAIT, True),
        (Refused("No.", RefusalCode.UNLISTED), False),
        (Refused("It is open.", RefusalCode.ALREADY_OPEN), False),
        (RefillStarted("78"), False),
    ],
    ids=["slower", "wait", "unclear", "open", "started"],
)
def test_the_answer_to_the_first_call_does_not_set_its_refill_free(
    said: Refused | RefillStarted, back: bool, refill: Refill
) -> None:
    outcome: AnyOutcome = Answered({refill.order.external_id: said})
    assert refill.call is not None
    forgotten = recalled_requests.calls_before(refill.call, outcome)
    assert [one.started_at for one in forgotten] == [LATER] * back
    if back:
        kept = {"call": refill.call.key.hex, "outcome": outcome_to_json(outcome)}
        assert recalled_requests.take_in_kept(kept, now=LATER)
        refill.refresh_from_db()
        assert (refill.status, refill.external_id) == (RefillStatus.PENDING, "77")


def test_the_answer_of_a_forgotten_call_is_looked_for_on_the_disk_too(
    refill: Refill, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = send_journal.directory() / f"{refill.provider_id}.requests.jsonl"
    lines = [one for one in path.read_text().splitlines() if '"ended"' not in one]
    path.write_text("\n".join([*lines, ""]))
    assert refill.call is not None
    later = Later("Not now.", LATER)
    call = recalled_requests.calls_before(refill.call, later)[0]
    assert call.outcome is None
    answer: AnyOutcome = Answered({refill.order.external_id: RefillStarted("77")})
    said = {"call": call.idempotency_key, "outcome": outcome_to_json(answer)}
    with answer_files.kept(Write.REFILL, call.idempotency_key, said):
        assert recalled_requests.calls_before(refill.call, later)[0].outcome == answer


def test_a_forgotten_call_about_another_order_is_not_brought_in_with_it(refill: Refill) -> None:
    other = make_refill(
        order=make_order(Status.COMPLETED, service=refill.order.service), due_at=LATER
    )
    assert refill.call is not None
    call = RequestCall.objects.create(
        provider=refill.provider, write=Write.REFILL, worker="w", started_at=LATER
    )
    Refill.objects.filter(pk=other.pk).update(status=RefillStatus.SENDING, call=call, requests=1)
    assert recalled_requests.calls_before(call, Later("Not now.", LATER)) == []


def test_no_more_calls_are_looked_up_at_once_than_a_database_takes(
    refill: Refill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalled_requests, "CHUNK", 2)
    assert refill.call is not None
    keys = [f"{n:032x}" for n in range(4)] + [refill.call.key.hex]
    calls = [JournaledCall(key, Write.REFILL, NOON, []) for key in keys]
    assert list(recalled_requests._unknown(calls)) == calls[:-1]


def test_an_answer_waits_on_disk_while_a_refill_is_in_a_workers_hands(refill: Refill) -> None:
    """More than three of them in a row are no database that is away."""
    account = refill.provider
    Refill.objects.all().delete()
    taken = make_refill(RefillStatus.SENDING, order=refill.order, requested_at=LATER, due_at=LATER)
    for _ in range(4):
        call = RequestCall.objects.create(
            provider=account, write=Write.REFILL, worker="w", started_at=LATER
        )
        mine = make_refill(
            RefillStatus.WITHDRAWN, order=refill.order, requested_at=NOON, due_at=LATER
        )
        Refill.objects.filter(pk=mine.pk).update(call=call)
        said = {"call": call.key.hex, "outcome": outcome_to_json(Later("Not now.", LATER))}
        with pytest.raises(NotNow):
            recalled_requests.take_in_kept(said, now=LATER)
        with answer_files.kept(Write.REFILL, call.key.hex, said):
            pass
    assert answer_files.import_left_behind(importers(LATER)) == 0
    assert {path.suffix for path in answer_files.directory().iterdir()} == {".json"}
    taken.refresh_from_db()
    assert taken.status == RefillStatus.SENDING
