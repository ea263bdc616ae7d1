"""Sending: at most once, and never more certain than the evidence."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError

from core import clocks
from core.roles import Role
from orders import link_queue, oldest_work
from orders.models import Attempt, Order, PollSchedule
from orders.models.attempt import AttemptQuerySet
from orders.placing import place_orders
from orders.sending import claims, halts, record_outcome, send_orders, send_run, sweep_due
from orders.sending.outcome import SendOutcome
from orders.status import Flag, HaltKind, HoldReason, Outcome, Status
from providers.actions import token_bucket
from providers.models import Provider, ProviderHealth, ProviderState
from providers.panel_api import Dialect, OutcomeUnknown, Placed, RefusalCode, Rejected
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider, lost_answer, never_left, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def noon():
    return NOON


def claim(order: Order) -> Attempt:
    """This order's claim, which nobody else has."""
    attempt = claims.claim(order, order.provider, now=NOON)
    assert attempt is not None
    return attempt


def send(order: Order, provider: FakeProvider) -> Order:
    send_orders.send_order(order, order.provider, provider, clock=noon)
    return Order.objects.get(pk=order.pk)


def test_an_accepted_order_is_followed():
    provider = FakeProvider()
    order = send(make_order(), provider)
    assert provider.placed == [("23501", order.payload)]
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
    schedule = PollSchedule.objects.get(order=order)
    assert schedule.next_at == NOON + timedelta(seconds=clocks.FIRST_CHECK_SECONDS)
    assert order.attempts.get().outcome == Outcome.ACCEPTED


def test_the_same_order_sent_by_two_workers_is_sent_once():
    provider, order = FakeProvider(), make_order()
    copy = Order.objects.get(pk=order.pk)
    send(order, provider)
    assert not send_orders.send_order(copy, copy.provider, provider, clock=noon)
    assert len(provider.placed) == 1


def test_a_lost_answer_is_unconfirmed_and_never_sent_again():
    provider, order = FakeProvider(), make_order()
    provider.then, provider.accepts_first = lost_answer(), True
    order = send(order, provider)
    assert (order.status, order.reason) == (Status.UNCONFIRMED, "read timeout")
    send_run.send_queued(order.provider, provider, clock=noon, seconds=1)
    assert len(provider.placed) == 1
    assert order.attempts.get().evidence["bytes_left"] is True


def test_an_error_of_our_own_while_sending_is_unconfirmed():
    provider = FakeProvider()
    provider.then = RuntimeError("bug")
    order = send(make_order(), provider)
    assert order.status == Status.UNCONFIRMED
    assert "RuntimeError" in order.reason


def test_what_never_left_goes_back_to_the_queue_with_a_pause():
    provider = FakeProvider()
    provider.then = never_left()
    order = send(make_order(), provider)
    assert (order.status, order.not_sent_count) == (Status.QUEUED, 1)
    assert order.send_after == NOON + timedelta(seconds=clocks.NOT_SENT_BACKOFF_SECONDS[0])
    assert order.attempts.get().outcome == Outcome.NOT_SENT


def test_a_second_try_after_not_sent_is_a_second_attempt():
    provider, order = FakeProvider(), make_order()
    provider.then = never_left()
    order = send(order, provider)
    order = send(order, provider)
    assert order.status == Status.PENDING
    assert [a.number for a in order.attempts.order_by("number")] == [1, 2]


@pytest.mark.parametrize(
    ("code", "status", "hold"),
    [
        (RefusalCode.BELOW_MIN, Status.REJECTED, ""),
        (RefusalCode.LINK, Status.REJECTED, ""),
        (RefusalCode.SERVICE, Status.REJECTED, ""),
        (RefusalCode.FUNDS, Status.HELD, HoldReason.FUNDS),
        (RefusalCode.LINK_BUSY, Status.HELD, HoldReason.LINK_BUSY),
        (RefusalCode.KEY, Status.HELD, HoldReason.KEY),
        (RefusalCode.RATE_LIMIT, Status.QUEUED, ""),
    ],
)
def test_a_refusal_has_its_consequence(code, status, hold):
    provider = FakeProvider()
    provider.then = refusal(code, "The provider's words")
    order = send(make_order(), provider)
    assert (order.status, order.hold_reason) == (status, hold)
    assert order.reason == "The provider's words"
    attempt = order.attempts.get()
    assert (attempt.outcome, attempt.code) == (Outcome.REJECTED, code.value)
    assert provider.placed == []


@pytest.mark.parametrize("seconds", [None, 47])
def test_a_throttled_order_waits_as_long_as_was_asked_and_the_pace_falls(seconds):
    provider = FakeProvider()
    until = None if seconds is None else NOON + timedelta(seconds=seconds)
    provider.then = Rejected("Too Many Attempts.", RefusalCode.RATE_LIMIT, until=until)
    order = send(make_order(), provider)
    waits = timedelta(seconds=seconds or clocks.RATE_LIMIT_PAUSE_SECONDS)
    assert (order.status, order.send_after) == (Status.QUEUED, NOON + waits)
    health = ProviderHealth.objects.get(provider=order.provider)
    assert (health.pace, health.slow_until) == (0.5, NOON + waits)
    assert token_bucket.next_add(order.provider, now=NOON) == waits.total_seconds()


@pytest.mark.parametrize("trouble", [RefusalCode.KEY, RefusalCode.RATE_LIMIT])
def test_an_answer_in_unknown_words_about_the_account_holds_it_and_proves_nothing(trouble):
    provider = FakeProvider()
    provider.then = OutcomeUnknown("Nope", account_trouble=trouble)
    order = send(make_order(), provider)
    assert order.status == Status.UNCONFIRMED
    health = ProviderHealth.objects.get(provider=order.provider)
    if trouble is RefusalCode.KEY:
        assert health.key_refused_at == NOON and health.next_add_at is not None
        assert health.next_add_at > NOON + timedelta(minutes=10)
    else:
        assert health.pace == 0.5 and health.slow_until is not None
        assert health.slow_until > NOON


def test_no_newer_order_is_tried_while_the_account_is_out_of_funds():
    provider = FakeProvider()
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account)
    first, second = make_order(service=service), make_order(service=service)
    provider.then = refusal(RefusalCode.FUNDS)
    assert send_run.send_queued(account, provider, clock=noon, seconds=5) == 1
    statuses = Order.objects.filter(pk__in=(first.pk, second.pk)).order_by("pk")
    assert list(statuses.values_list("status", flat=True)) == [Status.HELD, Status.QUEUED]
    assert second.attempts.count() == 0


def test_a_refusal_for_funds_holds_the_rest_of_the_queue_without_asking():
    provider, account = FakeProvider(), make_provider()
    service = make_service(account)
    first, second = make_order(service=service), make_order(service=service)
    provider.then = refusal(RefusalCode.FUNDS)
    send(first, provider)
    sweep_due.hold_and_release(now=NOON)
    second.refresh_from_db()
    assert (second.status, second.hold_reason) == (Status.HELD, HoldReason.FUNDS)


def test_an_id_that_is_already_ours_is_unconfirmed_and_overwrites_nothing():
    account = make_provider()
    service = make_service(account)
    ours = make_order(Status.IN_PROGRESS, service=service, external_id="23501")
    order = send(make_order(service=service), FakeProvider())
    ours.refresh_from_db()
    assert (ours.external_id, ours.status) == ("23501", Status.IN_PROGRESS)
    assert (order.status, order.external_id) == (Status.UNCONFIRMED, "")
    assert order.attempts.get().evidence["candidate_id"] == "23501"


def test_nothing_is_sent_for_a_provider_paused_since_it_was_read():
    order, provider = make_order(), FakeProvider()
    Provider.objects.update(state=ProviderState.PAUSED)
    assert not send_orders.send_order(order, order.provider, provider, clock=noon)
    assert provider.placed == []
    assert not Attempt.objects.exists()


def test_nothing_is_sent_with_a_key_that_was_changed_since():
    order, provider = make_order(), FakeProvider()
    Provider.objects.update(version=7)
    assert not send_orders.send_order(order, order.provider, provider, clock=noon)
    assert provider.placed == []


def test_the_pre_send_check_stops_a_send_when_the_provider_was_paused_after_the_claim(monkeypatch):
    order, provider = make_order(), FakeProvider()
    real = claims.claim

    def claim_then_pause(*args, **kwargs):
        attempt = real(*args, **kwargs)
        Provider.objects.update(state=ProviderState.PAUSED)
        return attempt

    monkeypatch.setattr(claims, "claim", claim_then_pause)
    order = send(order, provider)
    assert provider.placed == []
    assert order.status == Status.QUEUED


def test_the_pre_send_check_stops_a_claim_that_has_grown_old(monkeypatch):
    """The line took its time to stand: the mark before it has looked too, and found it fresh."""

    class StandsLate(FakeProvider):
        def add(self, payload, **how) -> Placed:
            monkeypatch.setattr(clocks, "SEND_WINDOW_SECONDS", -1)
            return super().add(payload, **how)

    provider = StandsLate()
    order = send(make_order(), provider)
    assert provider.placed == []
    assert order.attempts.get().outcome == Outcome.NOT_SENT


def test_a_claim_past_its_lease_becomes_unconfirmed_and_is_not_queued_again():
    order = make_order()
    claims.claim(order, order.provider, now=NOON)
    later = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
    assert sweep_due.reap_lost_sends(now=NOON) == 0
    assert sweep_due.reap_lost_sends(now=later) == 1
    order.refresh_from_db()
    assert order.status == Status.UNCONFIRMED
    assert order.attempts.get().outcome == Outcome.UNKNOWN


def test_an_answer_after_the_reaper_is_still_the_answer():
    provider, order = FakeProvider(), make_order()
    later = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)

    def reap() -> None:
        sweep_due.reap_lost_sends(now=later)

    provider.meanwhile = reap
    order = send(order, provider)
    assert (order.status, order.external_id) == (Status.PENDING, "23501")
    assert [e.after for e in order.events.order_by("pk")] == ["sending", "unconfirmed", "pending"]


def test_proof_of_not_sent_after_the_reaper_waits_for_a_person():
    order = make_order()
    attempt = claim(order)
    later = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
    sweep_due.reap_lost_sends(now=later)
    record_outcome.record(attempt, SendOutcome(Outcome.NOT_SENT, Status.QUEUED), now=later)
    order.refresh_from_db()
    assert order.status == Status.NOT_PLACED


def test_a_late_proof_after_a_decision_puts_the_order_back_in_doubt():
    order = make_order()
    attempt = claim(order)
    later = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
    sweep_due.reap_lost_sends(now=later)
    Attempt.objects.update(outcome=Outcome.NOT_PLACED)
    Order.objects.update(status=Status.NOT_PLACED)
    assert not record_outcome.record(
        attempt, SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id="77"), now=later
    )
    order.refresh_from_db()
    attempt.refresh_from_db()
    assert (order.status, order.flag) == (Status.UNCONFIRMED, Flag.LATE_ANSWER)
    assert (attempt.outcome, attempt.external_id) == (Outcome.UNKNOWN, "")
    assert (attempt.late["external_id"], attempt.evidence["candidate_id"]) == ("77", "77")


def test_a_database_that_is_away_for_a_moment_does_not_lose_the_answer(monkeypatch):
    real, failures = record_outcome.record, [OperationalError("gone"), OperationalError("gone")]

    def flaky(*args, **kwargs):
        if failures:
            raise failures.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(record_outcome, "record", flaky)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    order = send(make_order(), FakeProvider())
    assert order.status == Status.PENDING


@pytest.mark.parametrize(
    ("earlier", "status"),
    [(None, Status.REJECTED), (Outcome.NOT_PLACED, Status.UNCONFIRMED)],
    ids=["the first try", "a second try"],
)
def test_a_database_that_is_away_at_a_refusal_does_not_lose_the_answer(
    earlier, status, monkeypatch
):
    order, provider = make_order(), FakeProvider()
    if earlier:
        make_attempt(order, outcome=earlier)

    def gone(self):
        raise OperationalError("gone")

    monkeypatch.setattr(AttemptQuerySet, "counted_as_not_there", gone)
    provider.then = refusal(RefusalCode.DUPLICATE, "Duplicate order.")
    order = send(order, provider)
    assert order.status == status
    assert "Duplicate order." in order.reason
    assert order.attempts.latest("number").evidence["reason"] == "Duplicate order."


def test_an_order_queued_although_an_attempt_is_live_is_flagged_not_sent():
    order, provider = make_order(), FakeProvider()
    attempt = claim(order)
    record_outcome.record(attempt, SendOutcome(Outcome.UNKNOWN, Status.UNCONFIRMED), now=NOON)
    Order.objects.update(status=Status.QUEUED)  # what no code of ours does
    halts.lift_halt(HaltKind.ANSWER_LOST, now=NOON, provider=order.provider)
    order = send(Order.objects.get(pk=order.pk), provider)
    assert provider.placed == []
    assert (order.status, order.flag) == (Status.QUEUED, Flag.LIVE_ATTEMPT)


def test_failures_in_a_row_space_the_next_sends_further_apart():
    service = make_service()
    pauses = []
    for _ in range(3):
        provider = FakeProvider()
        provider.then = never_left()
        send(make_order(service=service), provider)
        health = ProviderHealth.objects.get(provider=service.provider)
        assert health.next_add_at is not None
        pauses.append((health.next_add_at - NOON).total_seconds())
    assert pauses == list(clocks.BREAKER_SECONDS[:3])


def test_a_lease_is_given_back_while_nobody_has_tried_whether_the_provider_answers(monkeypatch):
    order, slept = make_order(), list[float]()
    ProviderHealth.objects.update(open_until=NOON)  # over, and no read has gone through yet
    monkeypatch.setattr("time.sleep", slept.append)
    assert send_run.send_queued(order.provider, FakeProvider(), clock=noon, seconds=5) == 0
    assert sum(slept) <= send_run.PATIENCE_SECONDS


def test_a_lease_sends_everything_that_is_queued_oldest_first():
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account)
    orders = [make_order(service=service) for _ in range(4)]
    provider = FakeProvider()
    assert send_run.send_queued(account, provider, clock=noon, seconds=5) == 4
    assert [wire["link"] for _, wire in provider.placed] == [order.link for order in orders]


def test_a_held_order_goes_back_to_the_queue_when_its_provider_is_resumed():
    account = make_provider(state=ProviderState.PAUSED)
    order = make_order(service=make_service(account))
    sweep_due.hold_and_release(now=NOON)
    order.refresh_from_db()
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.PROVIDER_PAUSED)
    Provider.objects.update(state=ProviderState.ACTIVE)
    sweep_due.hold_and_release(now=NOON)
    order.refresh_from_db()
    assert (order.status, order.hold_reason) == (Status.QUEUED, "")


def test_orders_wait_for_funds_until_a_newer_balance_pays_for_one():
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS, estimate="5")
    account = order.provider
    ProviderHealth.objects.filter(provider=account).update(funds_refused_at=NOON)
    later = NOON + timedelta(minutes=5)

    def read(balance):
        Provider.objects.filter(pk=account.pk).update(balance=balance, balance_at=later)
        sweep_due.forget_funds_refusals(now=later)
        sweep_due.hold_and_release(now=later)
        return Order.objects.get(pk=order.pk).status

    assert read("4.99") == Status.HELD
    assert read("5.00") == Status.QUEUED


def test_one_order_that_the_balance_does_not_pay_for_keeps_no_other_one():
    """It was tried first at each reading, refused, and all others held again."""
    provider = FakeProvider()
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account)
    big, small = make_order(service=service, estimate="500"), make_order(service=service)
    provider.then = refusal(RefusalCode.FUNDS)
    assert send_run.send_queued(account, provider, clock=noon, seconds=5) == 1
    sweep_due.hold_and_release(now=NOON)
    read = {"balance": "100", "balance_at": NOON + timedelta(minutes=5)}
    Provider.objects.filter(pk=account.pk).update(**read)
    sweep_due.forget_funds_refusals(now=NOON)
    sweep_due.hold_and_release(now=NOON)
    provider.then = None
    assert send_run.send_queued(account, provider, clock=noon, seconds=5) == 1
    small.refresh_from_db()
    big.refresh_from_db()
    assert (big.status, big.hold_reason) == (Status.HELD, HoldReason.FUNDS)
    assert (small.status, big.attempts.count()) == (Status.PENDING, 1)
    Provider.objects.filter(pk=account.pk).update(balance="500")
    sweep_due.hold_and_release(now=NOON)
    assert Order.objects.get(pk=big.pk).status == Status.QUEUED


@pytest.mark.parametrize(
    ("known", "estimate"),
    [
        ({"balance": None}, "5"),
        ({"balance": 1, "balance_error": "No."}, "5"),
        ({"balance": 1}, None),
        ({"balance": 0}, "5"),
        ({"balance": -5}, "5"),  # it gives credit, how much nobody knows
        ({"balance": 1, "balance_currency": "EUR"}, "5"),
    ],
)
def test_where_nobody_knows_whether_it_is_paid_it_is_tried(known, estimate):
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS, estimate=estimate)
    Provider.objects.filter(pk=order.provider_id).update(**known)
    assert not Order.objects.filter(oldest_work.WAITS_FOR_BALANCE).exists()
    sweep_due.hold_and_release(now=NOON)
    assert Order.objects.get(pk=order.pk).status == Status.QUEUED


@pytest.mark.parametrize("called", ["", "usd", "Usd"])
def test_where_it_is_known_not_to_be_paid_it_waits(called):
    order = make_order(Status.HELD, hold_reason=HoldReason.FUNDS, estimate="5")
    read = {"balance": 1, "currency": "USD", "balance_currency": called}
    Provider.objects.filter(pk=order.provider_id).update(**read)
    assert Order.objects.filter(oldest_work.WAITS_FOR_BALANCE).count() == 1
    sweep_due.hold_and_release(now=NOON)
    assert Order.objects.get(pk=order.pk).status == Status.HELD


def test_once_one_is_released_at_an_account_on_credit_the_others_are_tried_too():
    account = make_provider(balance="-5", balance_at=NOON)
    service = make_service(account)
    held = [
        make_order(Status.HELD, service=service, hold_reason=HoldReason.FUNDS) for _ in range(3)
    ]
    ProviderHealth.objects.filter(provider=account).update(funds_refused_at=NOON)
    sweep_due.hold_and_release(now=NOON)
    assert Order.objects.filter(status=Status.HELD).count() == 3
    assert place_orders.release_order(held[0], actor=make_user(Role.MANAGER), now=NOON)
    sweep_due.hold_and_release(now=NOON)
    assert Order.objects.filter(status=Status.QUEUED).count() == 3


def test_a_lost_bell_is_rung_again():
    order = make_order()
    assert sweep_due.providers_to_ring(NOON) == [order.provider_id]
    make_order(Status.PENDING)
    assert sweep_due.providers_to_ring(NOON - timedelta(seconds=1)) == []


def test_a_worker_that_was_told_to_stop_finishes_the_order_in_hand_and_begins_no_other(monkeypatch):
    account = make_provider(add_spacing_ms=0, calls_per_minute=60_000)
    service = make_service(account)
    for _ in range(3):
        make_order(service=service)
    provider = FakeProvider()
    told = threading.Event()
    provider.meanwhile = told.set
    monkeypatch.setattr(send_run, "is_stopping", told.is_set)
    assert send_run.send_queued(account, provider, clock=noon, seconds=5) == 1
    assert len(provider.placed) == 1
    statuses = sorted(Order.objects.values_list("status", flat=True))
    assert statuses == [Status.PENDING, Status.QUEUED, Status.QUEUED]


def test_an_order_that_is_refused_without_an_id_goes_out_again_with_one():
    provider, order = FakeProvider(), make_order()
    provider.then = refusal(RefusalCode.NEEDS_ID, "The parameter order_ref is required.")
    order = send(order, provider)
    assert (order.status, order.send_after) == (Status.QUEUED, NOON)
    order.provider.refresh_from_db()
    name = Dialect.from_profile(order.provider.dialect).idempotency_parameter
    order = send(order, provider)
    second = order.attempts.get(number=2)
    assert (order.status, second.wire[name]) == (Status.PENDING, second.idempotency_key)
    provider.then = refusal(RefusalCode.NEEDS_ID, "The parameter order_ref is required.")
    refused = send(make_order(service=order.service), provider)
    assert refused.status == Status.REJECTED, "it had one already"


def test_whom_a_busy_link_waits_for_need_not_be_known(monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(link_queue, "refused_as_busy", gone)
    provider = FakeProvider()
    provider.then = refusal(RefusalCode.LINK_BUSY, "An order for this link is active.")
    order = send(make_order(), provider)
    assert (order.status, order.hold_reason) == (Status.HELD, HoldReason.LINK_BUSY)
    assert order.blocked_by is None
    assert order.send_after == NOON + timedelta(seconds=clocks.LINK_BUSY_RETRY_SECONDS[0])
