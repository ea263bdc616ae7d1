"""An id that several sends may own is given to none of them by the desk; over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from core import clocks
from orders.models import Attempt, Order
from orders.placing import place_orders
from orders.recovery import not_placed
from orders.recovery.search import contradictions
from orders.sending import claims, record_outcome, reopen
from orders.sending.outcome import SendOutcome
from orders.status import Doubt, Flag, Outcome, Resolution, Status
from providers.connect import client_for
from providers.panel_api import PanelClient, RefusalCode, Rejected, WrittenPayload
from tests.builders import make_order, make_user

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS


def read(order: Order) -> tuple[Order, Attempt]:
    return Order.objects.get(pk=order.pk), Attempt.objects.filter(order=order).latest("pk")


def decided(
    bench: Bench, order: Order, *, by: Resolution = Resolution.PERSON, again: bool = False
) -> Order:
    """Somebody, or a proof, says that it is not there."""
    attempt = order.attempts.get()
    if by is Resolution.PHRASE:
        assert not_placed.resolve_refused(
            order,
            attempt,
            Rejected("Nope", RefusalCode.SERVICE),
            actor=make_user(),
            now=bench.clock(),
            text="Added.",
            evidence={},
        )
    else:
        assert not_placed.prove_not_placed(
            order, attempt, resolution=by, now=bench.clock(), text="Not there."
        )
    order = Order.objects.get(pk=order.pk)
    if again:
        assert place_orders.requeue_order(order, actor=make_user(), now=bench.clock())
    bench.lift_halt()
    return order


@pytest.mark.parametrize(
    ("by", "again"),
    [
        (Resolution.PERSON, False),
        (Resolution.PERSON, True),
        (Resolution.CLOSED_RANGE, False),
        (Resolution.PHRASE, False),
    ],
    ids=["a person", "and it is wanted again", "a proof", "words of staff"],
)
def test_an_id_that_may_be_an_order_not_there_goes_to_no_other_lost_one(box, by, again):
    bench = Bench(box).calibrated()
    wrong = bench.lose(taken=True)
    bench.wait(GRACE + 1)
    wrong = decided(bench, wrong, by=by, again=again)
    lost = bench.lose(taken=False)
    assert bench.recover(after=FIRST).found == 0
    assert read(lost)[0].status == Status.UNCONFIRMED
    order, attempt = read(wrong)
    assert (order.status, attempt.outcome, attempt.code) == (
        Status.UNCONFIRMED,
        Outcome.UNKNOWN,
        Doubt.IS_THERE,
    )
    assert attempt.evidence["candidate_id"] == bench.upstream()[-1]
    assert lost.events.filter(text__contains=f"may also be order {wrong}").exists()
    assert bench.rules().searches == (by is not Resolution.CLOSED_RANGE), (
        "its own proof is in doubt"
    )


def test_what_was_looked_for_to_the_end_stands_in_no_other_orders_way(box):
    bench = Bench(box).calibrated()
    gone = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE):
        bench.recover(after=after)
    gone = decided(bench, Order.objects.get(pk=gone.pk))
    lost = bench.lose(taken=True)
    assert bench.recover(after=FIRST).found == 1
    assert read(lost)[0].external_id == bench.upstream()[-1]
    assert read(gone)[0].status == Status.NOT_PLACED


def test_an_order_sent_after_the_decision_bounds_what_it_may_be(box):
    bench = Bench(box).calibrated()
    gone = bench.lose(taken=False)
    bench.wait(GRACE + 1)
    gone = decided(bench, gone)
    bench.send()
    lost = bench.lose(taken=True)
    assert bench.recover(after=FIRST).found == 1
    assert read(lost)[0].external_id == bench.upstream()[-1]
    assert read(gone)[0].status == Status.NOT_PLACED


@pytest.mark.parametrize("waited", [GRACE + 1, 0], ids=["after its time", "within its time"])
def test_one_that_was_decided_before_its_time_was_over_is_bounded_by_what_left_after_it(
    box, waited
):
    """Words of staff decide at once; until the grace has passed, the order may still come up."""
    bench = Bench(box).calibrated()
    gone = decided(bench, bench.lose(taken=False), by=Resolution.PHRASE)
    bench.wait(waited)
    bench.send()
    lost = bench.lose(taken=True)
    found = bench.recover(after=FIRST).found
    in_doubt = (0, Status.UNCONFIRMED, Status.UNCONFIRMED)
    expected = (1, Status.PENDING, Status.REJECTED) if waited else in_doubt
    assert (found, read(lost)[0].status, read(gone)[0].status) == expected


def test_a_lost_order_of_which_nothing_is_known_around_it_may_own_an_id_too(box):
    bench = Bench(box).calibrated()
    earlier = bench.lose(taken=True)
    bench.lift_halt()
    known = bench.lose(taken=False)
    # A clock was set: the row of the first and its time disagree.
    Attempt.objects.filter(order=earlier).update(started_at=bench.now - timedelta(days=1))
    assert bench.recover(after=FIRST).found == 0
    assert [read(one)[0].status for one in (earlier, known)] == [Status.UNCONFIRMED] * 2


def test_an_order_that_left_while_the_provider_was_asked_may_own_an_id_too(box, monkeypatch):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    other = bench.place()
    honest = PanelClient.statuses_once

    def meanwhile(self: PanelClient, ids: Any) -> Any:
        if not other.attempts.exists():
            Attempt.objects.create(
                order=other,
                number=1,
                provider=bench.provider,
                wire=other.payload,
                worker="w",
                provider_version=bench.provider.version,
                started_at=bench.now,
                lease_until=bench.now + timedelta(seconds=60),
            )
            client_for(bench.provider).add(WrittenPayload(other.payload))
        return honest(self, ids)

    with monkeypatch.context() as patched:
        patched.setattr(PanelClient, "statuses_once", meanwhile)
        assert bench.recover(after=FIRST).found == 0
    assert read(lost)[0].status == Status.UNCONFIRMED
    assert not bench.rules().stopped_because, "nobody else has ordered it"


def test_an_id_that_another_orders_own_answer_has_named_is_not_given_away(box):
    bench = Bench(box).calibrated()
    named = bench.lose(taken=True)
    # No price makes it this one by its figures: more remains than was ordered.
    Order.objects.filter(pk=named.pk).update(units=1, estimate=1000, estimate_high=1000)
    Attempt.objects.filter(order=named).update(evidence={"candidate_id": bench.upstream()[-1]})
    bench.lift_halt()
    lost = bench.lose(taken=False)
    assert bench.recover(after=FIRST).found == 0
    assert [read(one)[0].status for one in (named, lost)] == [Status.UNCONFIRMED] * 2
    assert not bench.rules().stopped_because


def test_a_row_of_the_list_that_may_be_an_order_not_there_goes_to_no_other_lost_one(box):
    box.dialect(recent_orders=True)
    bench = Bench(box, dialect={"recent_orders": True}, least_adds=50)
    for _ in range(4):
        bench.send()
    link = "https://lumen.example/same"
    wrong = bench.lose(taken=True, order=bench.place(link=link))
    bench.wait(GRACE + 1)
    wrong = decided(bench, wrong)
    lost = bench.lose(taken=False, order=bench.place(link=link))
    assert bench.recover(after=FIRST).found == 0
    assert read(lost)[0].status == Status.UNCONFIRMED
    order, attempt = read(wrong)
    assert (order.status, attempt.evidence.get("candidate_id")) == (
        Status.UNCONFIRMED,
        bench.upstream()[-1],
    )


# a later try of the same order


def sent_again(bench: Bench) -> Order:
    """Not placed by somebody's word, wanted again, and taken: bought twice."""
    wrong = bench.lose(taken=True)
    bench.wait(GRACE + 1)
    return bench.send(decided(bench, wrong, again=True))


def test_a_person_hears_of_an_order_that_may_have_been_bought_twice(box):
    bench = Bench(box).calibrated()
    twice = sent_again(bench)
    first = bench.upstream()[-2]
    for _ in range(2):
        assert not contradictions.reopen_one(twice.attempts.earliest("pk"), first, now=bench.now)
    order, attempt = read(twice)
    assert (order.status, order.flag) == (Status.PENDING, Flag.BOUGHT_TWICE)
    assert attempt.outcome == Outcome.ACCEPTED
    assert order.events.filter(text__contains="bought twice").count() == 1


@pytest.mark.parametrize("looked_into", [False, True])
def test_what_may_be_the_second_of_an_order_bought_twice_is_given_to_no_other(box, looked_into):
    bench = Bench(box).calibrated()
    Order.objects.filter(pk=bench.send().pk).update(flag=Flag.BOUGHT_TWICE)
    lost = bench.lose(taken=True)
    if looked_into:
        Order.objects.update(flag=Flag.NONE)
    assert bench.recover(after=FIRST).found == looked_into
    assert bool(read(lost)[0].external_id) == looked_into
    assert not bench.rules().stopped_because


@pytest.mark.parametrize("linked_elsewhere", [False, True])
def test_what_was_seen_counts_once_the_later_try_has_bought_nothing(box, linked_elsewhere):
    bench = Bench(box).calibrated()
    wrong = bench.lose(taken=True)
    bench.wait(GRACE + 1)
    wrong = decided(bench, wrong, again=True)
    number, first = bench.upstream()[-1], wrong.attempts.get()
    second = claims.claim(wrong, bench.provider, now=bench.now)
    assert second is not None
    assert not contradictions.reopen_one(first, number, now=bench.now)
    assert reopen.contradicted(wrong) == first, "it does not leave any more"
    if linked_elsewhere:
        make_order(Status.PENDING, provider=bench.provider, external_id=number)
    not_sent = SendOutcome(Outcome.NOT_SENT, Status.QUEUED, "The connection did not stand.")
    record_outcome.record(second, not_sent, now=bench.now)
    order = Order.objects.get(pk=wrong.pk)
    if linked_elsewhere:
        assert order.status == Status.QUEUED
        return
    assert order.status == Status.UNCONFIRMED
    first.refresh_from_db()
    assert (first.outcome, first.evidence["candidate_id"]) == (Outcome.UNKNOWN, number)
    assert not_placed.prove_not_placed(
        order, first, resolution=Resolution.PERSON, now=bench.clock(), text="Looked again."
    )
    assert Order.objects.get(pk=wrong.pk).status == Status.NOT_PLACED, "the word of now stands"


def test_a_try_that_begins_this_moment_keeps_no_other_decision_from_being_doubted(box, monkeypatch):
    bench = Bench(box).calibrated()
    least = bench.service.min or 100
    wrong = []
    for times in (1, 2):
        lost = bench.lose(taken=True, order=bench.place(quantity=least * times))
        bench.wait(GRACE + 1)
        wrong.append(decided(bench, lost, again=True))
    bench.lose(taken=False, order=bench.place(quantity=least * 3))
    honest, (other, busy) = reopen.reopen, wrong

    def claimed_first(attempt: Attempt, order: Order, *args: Any, **told: Any) -> bool:
        if order.pk == busy.pk:
            Attempt.objects.create(
                order=order,
                number=2,
                provider=bench.provider,
                wire=order.payload,
                worker="w",
                provider_version=bench.provider.version,
                started_at=bench.now,
                lease_until=bench.now + timedelta(seconds=60),
            )
        return honest(attempt, order, *args, **told)

    monkeypatch.setattr(contradictions, "reopen", claimed_first)
    bench.recover(after=FIRST)
    assert read(other)[0].status == Status.UNCONFIRMED
    assert Order.objects.get(pk=busy.pk).flag == Flag.BOUGHT_TWICE


def test_a_decision_that_cannot_be_doubted_keeps_no_other_from_it(box, monkeypatch):
    bench = Bench(box).calibrated()
    least = bench.service.min or 100
    wrong = []
    for times in (1, 2):
        lost = bench.lose(taken=True, order=bench.place(quantity=least * times))
        bench.wait(GRACE + 1)
        wrong.append(decided(bench, lost))
    bench.lose(taken=False, order=bench.place(quantity=least * 3))
    honest = reopen.reopen

    def broken(attempt: Attempt, order: Order, *args: Any, **told: Any) -> bool:
        if order.pk == wrong[1].pk:
            raise IntegrityError("a row that no table takes")
        return honest(attempt, order, *args, **told)

    monkeypatch.setattr(contradictions, "reopen", broken)
    bench.recover(after=FIRST)
    assert [read(one)[0].status for one in wrong] == [Status.UNCONFIRMED, Status.NOT_PLACED]
