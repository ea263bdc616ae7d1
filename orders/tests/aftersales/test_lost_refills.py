"""Told that a refill was requested not long ago, after one whose answer was lost: it may be there,
and is not sent a third time by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError

from orders.aftersales import batch_outcome, refill_sends, request_refills, runs
from orders.aftersales.refill_sends import REFILLS
from orders.aftersales.send_requests import claim
from orders.limits import doubtful_rows
from orders.models import EventKind, Order, Refill, RequestCall
from orders.sending.restore_check.recalled_requests import take_in_kept
from orders.status import RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, send
from providers.panel_api import RefillStarted, RefusalCode, Refused
from providers.panel_api.refusals.classify import refusal_code, spacing_seconds, wait_seconds
from tests.builders import (
    NOON,
    make_cancel,
    make_journal_gap,
    make_order,
    make_refill,
    make_user,
)
from tests.fake_provider import lost_answer

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOUR = timedelta(hours=1)
REQUESTED = "Refill was requested less than 24 hours ago"


def told(words: str) -> Refused:
    return Refused(words, refusal_code(words), wait_seconds(words), spacing_seconds(words))


@pytest.fixture
def order() -> Order:
    return make_order(Status.COMPLETED)


@pytest.fixture
def desk(order: Order) -> FakeDesk:
    """It has begun a refill of the order, and its answer was lost."""
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    desk = FakeDesk()
    desk.then = lost_answer()
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED
    desk.then = None
    return desk


def again(desk: FakeDesk, words: str, hours: int) -> Refill:
    """A person lets it be sent once more, and it is answered so."""
    at, refill = NOON + hours * HOUR, Refill.objects.latest("pk")
    assert request_refills.ask_again(refill, actor=make_user(), now=at) == ""
    desk.says = {refill.order.external_id: told(words)}
    send(refill, desk, at)
    refill.refresh_from_db()
    desk.says = {}
    return refill


@pytest.mark.parametrize("words", [REQUESTED, "refill_error_requested_recently"])
def test_a_lost_one_that_was_requested_not_long_ago_stays_in_doubt(
    desk: FakeDesk, words: str
) -> None:
    refill = again(desk, words, 1)
    assert refill.status == RefillStatus.UNCONFIRMED and words in refill.reason
    send(refill, desk, NOON + 26 * HOUR)
    assert len(desk.calls) == 2, "sent a third time"


USED_UP = pytest.mark.parametrize(
    "words",
    [
        "Refill limit reached",
        "Refill limit for this order reached",
        "refill_error_limit_reached",
        "Maximum refills reached",
        "Maximum 1 refills reached",
        "Error: Maximum 1 refills reached.",
    ],
)


@USED_UP
def test_a_lost_one_that_may_have_been_the_last_stays_in_doubt(desk: FakeDesk, words: str) -> None:
    refill = again(desk, words, 24 * 30)
    assert refill.status == RefillStatus.UNCONFIRMED and words in refill.reason


def test_so_does_another_one_that_was_asked_for_since_it_was_closed(
    order: Order, desk: FakeDesk
) -> None:
    closed(1)
    refused = asked_anew(order, desk, 24 * 30, "Refill limit reached")
    assert refused.status == RefillStatus.UNCONFIRMED


@USED_UP
def test_where_none_was_lost_that_no_more_are_left_is_a_refusal(order: Order, words: str) -> None:
    known = make_refill(RefillStatus.COMPLETED, order=order, external_id="5")
    Refill.objects.filter(pk=known.pk).update(doubted_at=NOON - HOUR)  # and was found
    assert asked_anew(order, FakeDesk(), 1, words).status == RefillStatus.REFUSED


def test_one_that_was_in_doubt_and_has_been_completed_since_is_not_lost(order: Order) -> None:
    """Of a provider that gives no numbers: its order told how it went."""
    found = make_refill(RefillStatus.COMPLETED, order=order, external_id="", followed_by="5")
    Refill.objects.filter(pk=found.pk).update(doubted_at=NOON - HOUR)
    refused = asked_anew(order, FakeDesk(), 1, "Refill limit reached")
    assert refused.status == RefillStatus.REFUSED


def test_a_late_answer_to_the_only_call_is_a_refusal(order: Order, desk: FakeDesk) -> None:
    """Its machine was away with it; no other one was ever sent."""
    refill = Refill.objects.get()
    kept = batch_outcome.outcome_to_json(
        batch_outcome.Answered({order.external_id: told("Refill limit reached")})
    )
    RequestCall.objects.update(recorded_at=None)
    Refill.objects.update(doubted_at=NOON + HOUR)
    assert refill.call is not None
    said = {"call": refill.call.idempotency_key, "outcome": kept}
    assert take_in_kept(said, now=NOON + 2 * HOUR)
    assert Refill.objects.get().status == RefillStatus.REFUSED


def test_it_does_so_too_after_it_had_been_told_to_slow_down(desk: FakeDesk) -> None:
    assert again(desk, "Too many requests", 1).status == RefillStatus.QUEUED
    send(Refill.objects.get(), desk, NOON + HOUR)  # not due: nothing is sent
    desk.says = {Refill.objects.get().order.external_id: told(REQUESTED)}
    send(Refill.objects.get(), desk, NOON + 2 * HOUR)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED


def test_it_does_so_too_where_the_lost_one_was_closed_and_another_asked_for(
    order: Order, desk: FakeDesk
) -> None:
    request_refills.withdraw_refill(Refill.objects.get(), actor=make_user(), now=NOON + HOUR)
    request_refills.request_refill(order, actor=make_user(), now=NOON + HOUR)
    assert again(desk, REQUESTED, 1).status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize(
    "words",
    [
        "Refill is not available for this order",
        "Order not eligible for refill",
        "Refill is disabled for this order",
        "Order is not completed",
        "Refill is only available for completed orders",
        "Refill period has expired",
        "Order is already completed",
        "refill.error.not_eligible",
        "Refill is available in 5 hours",
        "Please wait 5 hours before requesting refill",
        "Order was completed less than 24 hours ago",
        "Service does not support refill. Order not eligible for refill.",
        "Invalid API key",
    ],
)
def test_a_lost_one_that_may_be_why_another_is_refused_stays_in_doubt(
    desk: FakeDesk, words: str
) -> None:
    """A refill under way leaves its order "not completed", and one just done "completed less than
    24 hours ago"; by the time it is sent again the days for refills may be over."""
    refill = again(desk, words, 1)
    assert (refill.status, refill.ended_at) == (RefillStatus.UNCONFIRMED, None)
    assert f"“{words}”" in refill.reason
    send(refill, desk, NOON + 30 * HOUR)
    assert len(desk.calls) == 2, "sent a third time"


@pytest.mark.parametrize(
    "words",
    [
        "Incorrect order ID",
        "order.error.order_not_found",
        "Refill is not supported",
        "Not supported. Contact support.",
        "Incorrect action: refill",
        "Service does not support refill",
        "Error: This service does not support refill.",
        "Refill is disabled for this service",
        "Refill is not available for this service",
    ],
)
def test_a_lost_one_is_refused_where_no_refill_can_be_why(desk: FakeDesk, words: str) -> None:
    refill = again(desk, words, 1)
    assert refill.status == RefillStatus.REFUSED and refill.ended_at is not None


def test_of_several_sentences_each_has_to_say_so(desk: FakeDesk) -> None:
    """What the provider has no order for it has refused in the second one all the same."""
    order_id = Refill.objects.get().order.external_id
    words = "Incorrect order ID … Order not eligible for refill"
    request_refills.ask_again(Refill.objects.get(), actor=make_user(), now=NOON + HOUR)
    desk.says = {order_id: Refused(words, RefusalCode.UNKNOWN_ORDER)}
    send(Refill.objects.get(), desk, NOON + HOUR)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED


def test_another_one_that_we_know_of_is_what_they_speak_of(order: Order, desk: FakeDesk) -> None:
    known = make_refill(RefillStatus.COMPLETED, order=order, external_id="5")
    Refill.objects.filter(pk=known.pk).update(sent_at=NOON - HOUR)
    lost = Refill.objects.exclude(pk=known.pk).get()
    desk.says = {order.external_id: told(REQUESTED)}
    request_refills.ask_again(lost, actor=make_user(), now=NOON + HOUR)
    send(lost, desk, NOON + HOUR)
    lost.refresh_from_db()
    assert lost.status == RefillStatus.WAITING
    assert lost.due_at == NOON + 23 * HOUR


def test_one_that_was_never_lost_waits() -> None:
    refill, desk = make_refill(), FakeDesk()
    desk.says = {refill.order.external_id: told(REQUESTED)}
    send(refill, desk)
    refill.refresh_from_db()
    assert refill.status == RefillStatus.WAITING


def asked_anew(order: Order, desk: FakeDesk, hours: int, words: str = REQUESTED) -> Refill:
    """Another one, which is told that one was requested not long ago."""
    at = NOON + hours * HOUR
    assert request_refills.request_refill(order, actor=make_user(), now=at) == ""
    desk.then, desk.says = None, {order.external_id: told(words)}
    refill = Refill.objects.latest("pk")
    send(refill, desk, at)
    refill.refresh_from_db()
    return refill


def closed(hours: int) -> None:
    refill = Refill.objects.get()
    assert refill.status == RefillStatus.UNCONFIRMED
    assert request_refills.withdraw_refill(refill, actor=make_user(), now=NOON + hours * HOUR)


def test_one_that_had_waited_is_remembered_when_it_was_lost_and_closed(order: Order) -> None:
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    desk = FakeDesk()
    desk.says = {order.external_id: told("Refill is available in 5 hours")}
    send(Refill.objects.get(), desk, NOON)
    assert Refill.objects.get().status == RefillStatus.WAITING
    desk.then = lost_answer()
    send(Refill.objects.get(), desk, NOON + 6 * HOUR)
    closed(7)
    assert asked_anew(order, desk, 7).status == RefillStatus.UNCONFIRMED


def test_one_that_was_lost_and_then_refused_is_remembered(order: Order, desk: FakeDesk) -> None:
    refused = again(desk, "Refill is not available for this service", 1)
    assert refused.status == RefillStatus.REFUSED
    assert asked_anew(order, desk, 2).status == RefillStatus.UNCONFIRMED


def gap_found(order: Order, at: datetime, *, puts_in_doubt: int = 1) -> None:
    """What waits may have been sent: the refills up to now are in doubt."""
    last = Refill.objects.latest("pk").pk
    make_journal_gap(order.provider, found_at=at, refills_through=last)
    assert doubtful_rows.give_up_requests(order.provider_id, now=at) == puts_in_doubt


@pytest.mark.parametrize("write", ["refill", "cancel"])
def test_one_over_a_gap_that_cannot_be_put_in_doubt_is_not_sent(
    write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step that does it was ended by a deadlock, or its row is broken."""
    row = make_refill() if write == "refill" else make_cancel()
    make_journal_gap(row.provider, found_at=NOON, **{f"{write}s_through": row.pk})

    def broken(*_: object) -> bool:
        raise IntegrityError("It cannot be written.")

    real = getattr(doubtful_rows, f"_doubt_{write}")
    monkeypatch.setattr(doubtful_rows, f"_doubt_{write}", broken)
    desk = FakeDesk()
    send(row, desk, NOON + HOUR)
    monkeypatch.setattr(doubtful_rows, f"_doubt_{write}", real)
    send(row, desk, NOON + 2 * HOUR)
    assert desk.calls == [], "sent a second time"


def test_one_in_doubt_over_a_gap_of_the_journal_is_remembered(order: Order) -> None:
    """From the gap on, and not from the call that the provider has answered long before it."""
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    desk = FakeDesk()
    desk.says = {order.external_id: told("Refill is available in 90 hours")}
    send(Refill.objects.get(), desk, NOON)
    gap_found(order, NOON + 80 * HOUR)
    assert Refill.objects.get().code == "", "the reason is the desk's own"
    closed(81)
    assert asked_anew(order, desk, 82).status == RefillStatus.UNCONFIRMED


@pytest.mark.parametrize("first", ["taken", "told to slow down"])
def test_one_in_doubt_over_a_gap_is_sent_when_a_person_says_so(order: Order, first: str) -> None:
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    gap_found(order, NOON + HOUR)
    desk = FakeDesk()
    if first == "told to slow down":
        assert again(desk, "Too many requests", 2).status == RefillStatus.QUEUED
    else:
        request_refills.ask_again(Refill.objects.get(), actor=make_user(), now=NOON + 2 * HOUR)
    desk.says = {order.external_id: RefillStarted("5")}
    send(Refill.objects.get(), desk, NOON + 8 * HOUR)
    assert Refill.objects.get().external_id == "5", "in doubt once more over the same gap"


BY = pytest.mark.parametrize("let_go_by", ["this release", "the release before"])


def let_go(by: str) -> None:
    """That release writes down the moment alone."""
    if by == "the release before":
        Refill.objects.update(known_gap=None)


@BY
def test_one_that_was_lost_before_a_gap_is_sent_when_a_person_says_so(
    order: Order, desk: FakeDesk, let_go_by: str
) -> None:
    gap_found(order, NOON + HOUR, puts_in_doubt=0)  # it is in doubt already
    request_refills.ask_again(Refill.objects.get(), actor=make_user(), now=NOON + 2 * HOUR)
    let_go(let_go_by)
    assert doubtful_rows.give_up_requests(order.provider_id, now=NOON + 3 * HOUR) == 0
    assert Refill.objects.get().status == RefillStatus.QUEUED, "the word was forgotten"


@BY
def test_one_that_a_person_let_go_is_in_doubt_over_a_newer_gap(
    order: Order, let_go_by: str
) -> None:
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    gap_found(order, NOON + HOUR)
    request_refills.ask_again(Refill.objects.get(), actor=make_user(), now=NOON + 2 * HOUR)
    let_go(let_go_by)
    gap_found(order, NOON + 3 * HOUR)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED


@BY
def test_one_in_doubt_over_a_gap_is_not_let_go_by_an_answer_to_a_call_of_before(
    order: Order, let_go_by: str
) -> None:
    """It speaks of that call, and another may have been made in the gap."""
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    let_go(let_go_by)
    desk = FakeDesk()
    desk.says = {order.external_id: told("Refill is available in 5 hours")}
    send(Refill.objects.get(), desk, NOON)
    waiting = Refill.objects.get()
    gap_found(order, NOON + HOUR)
    outcome = batch_outcome.Answered(desk.says)
    refill_sends.record([waiting], outcome, order.provider, NOON + 2 * HOUR)
    assert Refill.objects.get().status == RefillStatus.WAITING
    send(Refill.objects.get(), desk, NOON + 8 * HOUR)
    assert Refill.objects.get().status == RefillStatus.UNCONFIRMED and len(desk.calls) == 1


@pytest.mark.parametrize("doubted_at", [None, NOON - 72 * HOUR], ids=["never", "long ago"])
def test_one_taken_without_a_number_is_remembered_when_it_is_closed(
    order: Order, doubted_at: datetime | None
) -> None:
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    Refill.objects.update(doubted_at=doubted_at)
    desk = FakeDesk()
    desk.says = {order.external_id: RefillStarted("")}
    send(Refill.objects.get(), desk, NOON)
    taken = Refill.objects.get()
    assert (taken.status, taken.followed_by) == (RefillStatus.PENDING, "")
    assert request_refills.withdraw_refill(taken, actor=make_user(), now=NOON + HOUR)
    refill = asked_anew(order, desk, 2)
    assert refill.status == RefillStatus.UNCONFIRMED
    send(refill, desk, NOON + 27 * HOUR)
    assert len(desk.calls) == 2, "another one was sent by itself"


def test_one_that_a_worker_of_the_release_before_lost_is_remembered_when_it_is_sent_again(
    order: Order, desk: FakeDesk
) -> None:
    Refill.objects.update(doubted_at=None)  # that release does not know the column
    refused = again(desk, "Refill is not available for this service", 1)
    assert refused.status == RefillStatus.REFUSED and refused.doubted_at == NOON + HOUR
    assert asked_anew(order, desk, 2).status == RefillStatus.UNCONFIRMED


def test_one_that_waited_and_was_taken_back_is_no_doubt(order: Order) -> None:
    request_refills.request_refill(order, actor=make_user(), now=NOON)
    desk = FakeDesk()
    desk.says = {order.external_id: told("Refill is available in 5 hours")}
    send(Refill.objects.get(), desk, NOON)
    assert request_refills.withdraw_refill(Refill.objects.get(), actor=make_user(), now=NOON)
    assert asked_anew(order, desk, 1).status == RefillStatus.WAITING


def test_those_of_before_are_marked(order: Order) -> None:
    lost = make_refill(RefillStatus.UNCONFIRMED, sent_at=NOON - HOUR, requests=1)
    again = make_refill(code="sent_before", sent_at=NOON - HOUR, requests=1)
    shut = make_refill(RefillStatus.WITHDRAWN, changed_at=NOON - HOUR, requests=1)
    make_refill(RefillStatus.WITHDRAWN, order=order)
    make_refill(RefillStatus.WAITING, order=order, sent_at=NOON, requests=1, code="wait")
    import_module("orders.migrations.0039_doubted_refills").mark_doubted(apps, None)
    marked = Refill.objects.exclude(doubted_at=None)
    assert {one.pk for one in marked} == {lost.pk, again.pk, shut.pk}
    assert {one.doubted_at for one in marked} == {NOON - HOUR}
    assert not Refill.objects.filter(code="sent_before").exists()


def told_late(order: Order) -> list[str]:
    events = order.events.filter(kind=EventKind.REFILL, text__startswith="Late answer")
    return list(events.values_list("text", flat=True))


@pytest.mark.parametrize(
    "words", ["Refill is not available for this order", "Who knows", "Too many requests"]
)
def test_a_late_refusal_that_proves_nothing_is_told_once(
    order: Order, desk: FakeDesk, words: str
) -> None:
    lost = Refill.objects.get()
    assert request_refills.ask_again(lost, actor=make_user(), now=NOON + HOUR) == ""
    claimed = claim(REFILLS, lost.provider, now=NOON + HOUR)
    assert claimed is not None and runs.reap_lost_requests(now=NOON + 2 * HOUR) == 1
    kept = batch_outcome.outcome_to_json(batch_outcome.Answered({order.external_id: told(words)}))
    for _ in range(2):
        RequestCall.objects.update(recorded_at=None)
        said = {"call": claimed.call.idempotency_key, "outcome": kept}
        assert take_in_kept(said, now=NOON + 3 * HOUR)
        refill = Refill.objects.get()
        assert refill.status == RefillStatus.UNCONFIRMED and words in refill.reason
        [text] = told_late(order)
        assert words in text
    send(refill, desk, NOON + 30 * HOUR)
    assert len(desk.calls) == 1, "sent by itself"


def test_after_it_was_closed_it_is_told_and_changes_nothing(order: Order, desk: FakeDesk) -> None:
    closed(1)
    before = Refill.objects.values().get()
    said = {order.external_id: told("Who knows")}
    kept = batch_outcome.outcome_to_json(batch_outcome.Answered(said))
    RequestCall.objects.update(recorded_at=None)
    call = RequestCall.objects.get()
    assert take_in_kept({"call": call.idempotency_key, "outcome": kept}, now=NOON + 2 * HOUR)
    assert Refill.objects.values().get() == before
    assert len(told_late(order)) == 1


def test_what_is_said_in_time_is_told_as_no_late_answer(order: Order) -> None:
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk, said = FakeDesk(), {order.external_id: told("Who knows")}
    desk.says = said
    send(Refill.objects.get(), desk, NOON)
    kept = batch_outcome.outcome_to_json(batch_outcome.Answered(said))
    RequestCall.objects.update(recorded_at=None)
    call = RequestCall.objects.get()
    assert take_in_kept({"call": call.idempotency_key, "outcome": kept}, now=NOON + HOUR)
    assert told_late(order) == []


WAIT = "Please wait 24 hours before requesting refill"


@pytest.mark.parametrize("words", [WAIT, "Refill is available in 5 hours"])
def test_another_one_that_is_told_to_wait_is_not_sent_by_itself(
    order: Order, desk: FakeDesk, words: str
) -> None:
    """The one that was closed while nobody knew may be why, and is done by the time it goes out."""
    closed(1)
    another = asked_anew(order, desk, 1, words)
    assert another.status == RefillStatus.UNCONFIRMED and words in another.reason
    send(another, desk, NOON + 72 * HOUR)
    assert len(desk.calls) == 2, "sent again by itself"


def test_it_waits_where_the_one_in_doubt_is_long_ago_or_done_or_another_is_known(
    order: Order, desk: FakeDesk
) -> None:
    closed(1)
    assert asked_anew(order, desk, 30, WAIT).status == RefillStatus.WAITING
    Refill.objects.latest("pk").delete()
    known = make_refill(RefillStatus.COMPLETED, order=order, external_id="5")
    Refill.objects.filter(pk=known.pk).update(sent_at=NOON + HOUR)
    assert asked_anew(order, desk, 2, WAIT).status == RefillStatus.WAITING
    Refill.objects.exclude(doubted_at__isnull=False).delete()
    Refill.objects.update(status=RefillStatus.COMPLETED)
    assert asked_anew(order, desk, 2, WAIT).status == RefillStatus.WAITING


def test_one_that_is_known_and_was_sent_before_the_one_in_doubt_is_not_why(
    order: Order, desk: FakeDesk
) -> None:
    known = make_refill(RefillStatus.COMPLETED, order=order, external_id="5")
    Refill.objects.filter(pk=known.pk).update(sent_at=NOON - 22 * HOUR)
    one_in_doubt = Refill.objects.get(external_id="")
    assert request_refills.withdraw_refill(one_in_doubt, actor=make_user(), now=NOON + HOUR)
    another = asked_anew(order, desk, 1, WAIT)
    assert another.status == RefillStatus.UNCONFIRMED
    send(another, desk, NOON + 72 * HOUR)
    assert len(desk.calls) == 2, "sent again by itself"


@pytest.mark.parametrize("is_there", [False, True])
def test_one_that_was_in_doubt_for_long_and_is_closed_just_now_may_be_why(
    order: Order, *, is_there: bool
) -> None:
    desk = FakeDesk()
    assert request_refills.request_refill(order, actor=make_user(), now=NOON) == ""
    desk.then = None if is_there else lost_answer()
    desk.says = {order.external_id: told("Refill is already in progress")}
    send(Refill.objects.get(), desk, NOON)
    first = Refill.objects.get()
    assert request_refills.withdraw_refill(first, actor=make_user(), now=NOON + 48 * HOUR)
    another = asked_anew(order, desk, 48, WAIT)
    assert another.status == RefillStatus.UNCONFIRMED
    send(another, desk, NOON + 120 * HOUR)
    assert len(desk.calls) == 2, "sent again by itself"


def test_one_that_was_found_since_and_refused_there_is_known(order: Order, desk: FakeDesk) -> None:
    Refill.objects.update(external_id="5", status=RefillStatus.REFUSED, ended_at=NOON + HOUR)
    assert asked_anew(order, desk, 2, WAIT).status == RefillStatus.WAITING


@pytest.mark.parametrize("words", ["Refill is not available for this order", "Not eligible"])
def test_another_one_that_is_refused_for_good_has_ended(
    order: Order, desk: FakeDesk, words: str
) -> None:
    closed(1)
    first = Refill.objects.get()
    assert asked_anew(order, desk, 1, words).status == RefillStatus.REFUSED
    first.refresh_from_db()
    assert first.is_closed_as_unknown


def test_one_that_is_known_and_was_sent_before_by_a_clock_that_was_ahead_is_not_why(
    order: Order,
) -> None:
    ahead = NOON + 24 * HOUR
    known = {"external_id": "5", "requests": 1, "sent_at": ahead, "ended_at": NOON}
    make_refill(RefillStatus.COMPLETED, order=order, **known)
    doubt = {"requests": 1, "sent_at": NOON, "doubted_at": NOON, "ended_at": NOON}
    make_refill(RefillStatus.WITHDRAWN, order=order, **doubt)
    assert asked_anew(order, FakeDesk(), 1, WAIT).status == RefillStatus.UNCONFIRMED
