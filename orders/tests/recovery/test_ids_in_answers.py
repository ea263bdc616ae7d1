"""An id in an answer whose shape nobody has described is asked about before a person has to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core import clocks
from orders.models import Attempt, Order, Recovery
from orders.recovery.search import answer_ids
from orders.status import Doubt, Outcome, Resolution, Status
from providers.panel_api import PanelClient, RefusalCode, Unreadable
from providers.panel_api.answers.reread import named_without_a_word_against_it
from tests.builders import NOON, make_attempt, make_order, make_provider

from .bench import GRACE, Bench
from .test_asking_ids import ODD, Panel

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS


def read(order: Order) -> tuple[Order, Attempt]:
    return Order.objects.get(pk=order.pk), Attempt.objects.get(order=order)


def wrapped(box: Any, bench: Bench) -> Order:
    """Taken, and answered with its id under names that are not read."""
    box.dialect(order_field="result.id")
    order = bench.send()
    box.dialect(order_field="order")
    found, attempt = read(order)
    assert found.status == Status.UNCONFIRMED
    assert attempt.evidence["candidate_id"] == bench.upstream()[-1]
    return order


@pytest.mark.parametrize("numbers", [True, False], ids=["numbers rise", "ids prove nothing"])
def test_the_id_in_its_answer_is_asked_about_and_linked(box, numbers):
    bench = Bench(box) if not numbers else Bench(box).calibrated()
    order = wrapped(box, bench)
    assert read(order)[1].code == Doubt.NOT_UNDERSTOOD, "nothing in it contradicts anything"
    calls = box.calls("status")
    assert bench.recover(after=FIRST).found == 1
    found, attempt = read(order)
    assert (found.external_id, found.status) == (bench.upstream()[-1], Status.PENDING)
    assert (attempt.resolution, attempt.calls) == (Resolution.NAMED, 1)
    assert box.calls("status") == calls + 1
    assert order.events.filter(text__contains="the number in its answer").count() == 1
    assert bench.may_buy()


def test_an_id_that_the_provider_does_not_know_is_not_linked(box, monkeypatch):
    bench = Bench(box)
    order = wrapped(box, bench)
    nothing = Unreadable("Incorrect order ID", RefusalCode.UNKNOWN_ORDER)
    monkeypatch.setattr(PanelClient, "statuses_once", lambda self, ids: dict.fromkeys(ids, nothing))
    for after in (FIRST, SECOND, GRACE, GRACE):
        bench.recover(after=after)
    found, attempt = read(order)
    assert (found.status, attempt.outcome) == (Status.UNCONFIRMED, Outcome.UNKNOWN)
    assert attempt.calls == 2, "once soon, once when it can no longer appear"
    assert bench.may_buy(), "a person decides"


def test_an_order_that_cost_something_else_is_shown_and_not_linked(box):
    bench = Bench(box)
    order = wrapped(box, bench)
    Order.objects.filter(pk=order.pk).update(estimate=1000, estimate_high=1000)
    bench.recover(after=FIRST)
    found, attempt = read(order)
    assert found.status == Status.UNCONFIRMED
    assert [row["id"] for row in attempt.candidates] == bench.upstream()[-1:]
    assert attempt.candidates[0]["charge"], "what the provider says of it is shown"


def test_an_id_beside_an_error_is_shown_and_not_linked(box):
    """The number may be another order, which is what the error is about."""
    bench = Bench(box)
    order = wrapped(box, bench)
    seen = read(order)[1].evidence
    body = f'{{"error": "You have an active order", "result": {{"id": {seen["candidate_id"]}}}}}'
    Attempt.objects.filter(order=order).update(evidence={**seen, "body_excerpt": body})
    bench.recover(after=FIRST)
    found, attempt = read(order)
    assert found.status == Status.UNCONFIRMED
    assert [row["id"] for row in attempt.candidates] == bench.upstream()[-1:]


def test_where_the_key_is_used_elsewhere_it_is_shown_and_not_linked(box):
    bench = Bench(box, key_is_ours_alone=False)
    order = wrapped(box, bench)
    bench.recover(after=FIRST)
    found, attempt = read(order)
    assert found.status == Status.UNCONFIRMED
    assert [row["id"] for row in attempt.candidates] == bench.upstream()[-1:]


def test_where_staff_want_no_looking_nothing_is_asked(box):
    bench = Bench(box, enabled=False)
    wrapped(box, bench)
    calls = box.calls("status")
    bench.recover(after=FIRST)
    assert box.calls("status") == calls


def test_an_id_that_two_answers_have_named_is_linked_to_neither(box):
    bench = Bench(box)
    first = wrapped(box, bench)
    bench.lift_halt()
    second = bench.lose(taken=False)
    named = {"candidate_id": bench.upstream()[-1]}
    Attempt.objects.filter(order=second).update(evidence=named)
    bench.recover(after=FIRST)
    assert [read(one)[0].status for one in (first, second)] == [Status.UNCONFIRMED] * 2


@pytest.mark.parametrize("least_adds", [5, 50], ids=["searched", "too few orders seen"])
def test_an_older_id_than_our_last_one_is_not_linked(box, least_adds):
    """The provider named an order from before the send: somebody else's, or of long ago."""
    bench = Bench(box, least_adds=least_adds)
    older = wrapped(box, bench)
    number = bench.upstream()[-1]
    Order.objects.filter(pk=older.pk).update(status=Status.GIVEN_UP)
    Attempt.objects.filter(order=older).update(outcome=Outcome.NOT_SENT)
    bench.lift_halt()
    for _ in range(6):
        bench.send()
    order = wrapped(box, bench)
    seen = read(order)[1].evidence
    body = seen["body_excerpt"].replace(bench.upstream()[-1], number)
    Attempt.objects.filter(order=order).update(
        evidence={**seen, "candidate_id": number, "body_excerpt": body}
    )
    bench.recover(after=FIRST)
    assert read(order)[0].external_id != number


def kept(body: str, **over: Any) -> dict[str, Any]:
    return {"http_status": 200, "content_type": "application/json", "body_excerpt": body} | over


@pytest.mark.parametrize(
    "body",
    [
        '{"result": {"id": 7}}',
        '{"status": "success", "result": {"id": "7", "status": "Pending", "charge": "0.5"}}',
        '{"status": 200, "response": [{"id": 7}], "error": ""}',
        '{"order": [7]}',
    ],
)
def test_an_answer_that_says_nothing_else_names_its_order(body):
    assert named_without_a_word_against_it(kept(body)) == "7"


@pytest.mark.parametrize(
    "evidence",
    [
        kept('{"error": "Something", "result": {"id": 7}}'),
        kept('{"result": {"id": 7, "message": "You have an active order"}}'),
        kept('{"result": {"id": 7, "duplicate": true}}'),
        kept('{"result": {"id": 7}, "success": false}'),
        kept('{"result": {"id": 7}, "success": 0}'),
        kept('{"result": {"id": 7}, "status": "fail"}'),
        kept('{"result": {"id": 7}, "status": 409}'),
        kept('{"result": {"id": 7}, "code": 409}'),
        kept('{"result": {"id": 7}, "order": [8]}'),
        kept('{"result": {"id": 7}}', http_status=500),
        kept('{"result": {"id": 7}}', http_status=302),
        kept('{"result": {"id": 7'),
        {},
    ],
)
def test_an_answer_with_anything_against_it_does_not(evidence):
    assert named_without_a_word_against_it(evidence) == ""


def named(**over: Any) -> tuple[Any, Attempt]:
    """A lost order whose answer named order 77, and its run."""
    account = make_provider()
    evidence = kept('{"result": {"id": 77}}') | {"candidate_id": "77", **over}
    order = make_order(Status.UNCONFIRMED, provider=account)
    lost = make_attempt(order, outcome=Outcome.UNKNOWN, evidence=evidence)
    rules = Recovery(provider=account, key_is_ours_alone=True)
    panel = Panel({"77": ODD})
    run = SimpleNamespace(rules=rules, rows=[account.pk], client=panel, clock=lambda: NOON)
    run.ask = lambda question: question()
    return run, lost


def test_an_id_beside_another_that_a_replay_has_named_is_not_linked():
    assert answer_ids._may_be_linked(*named(), "77")
    assert not answer_ids._may_be_linked(*named(repeated_as="78"), "77")


@pytest.mark.parametrize(("before", "may_be"), [((70, 80), False), ((90, 80), True)])
def test_where_ids_do_not_rise_an_older_one_proves_nothing(before, may_be):
    run, lost = named()
    for number in before:
        sent = make_order(Status.IN_PROGRESS, provider=lost.provider, external_id=str(number))
        make_attempt(sent, outcome=Outcome.ACCEPTED)
    last = make_attempt(
        make_order(Status.UNCONFIRMED, provider=lost.provider),
        outcome=Outcome.UNKNOWN,
        evidence=lost.evidence,
    )
    Attempt.objects.filter(pk=lost.pk).delete()
    assert answer_ids._may_be_linked(run, last, "77") is may_be


def test_an_answer_about_it_that_cannot_be_read_links_nothing_and_is_told():
    run, lost = named()
    assert not answer_ids._ask_about(run, lost)
    lost.refresh_from_db()
    assert (lost.calls, lost.candidates) == (1, [])
    assert lost.order.events.get().text.endswith("what the provider said could not be read.")
