"""One order that cannot be taken never keeps those behind it."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from core.failpoints import armed
from orders.limits import check_limits
from orders.models import Attempt, Order
from orders.sending import claims, send_orders, send_run
from orders.status import Flag, Outcome, Status
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service
from tests.fake_provider import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def noon():
    return NOON


def two_queued() -> tuple[Order, Order]:
    service = make_service(make_provider(add_spacing_ms=0))
    return make_order(service=service), make_order(service=service)


def send_all(order: Order, provider: FakeProvider) -> int:
    return send_run.send_queued(order.provider, provider, clock=noon, seconds=5)


def test_a_hole_in_the_numbers_of_a_restored_backup_is_stepped_over():
    order = make_order()
    make_attempt(order, outcome=Outcome.NOT_SENT, number=2)
    attempt = claims.claim(order, order.provider, now=NOON)
    assert attempt is not None and attempt.number == 3


def test_the_number_of_an_attempt_does_not_end_at_that_of_a_small_integer():
    order = make_order()
    make_attempt(order, outcome=Outcome.NOT_SENT, number=40_000)
    attempt = claims.claim(order, order.provider, now=NOON)
    assert attempt is not None
    assert Attempt.objects.get(pk=attempt.pk).number == 40_001


def test_a_number_that_was_given_out_meanwhile_is_not_taken_for_a_send_under_way(monkeypatch):
    order = make_order()
    make_attempt(order, outcome=Outcome.NOT_SENT, number=1)
    real = claims._new_attempt

    def late(*args):  # as when another row came between the look and the insert
        attempt = real(*args)
        attempt.number -= 1
        return attempt

    monkeypatch.setattr(claims, "_new_attempt", late)
    attempt = claims.claim(order, order.provider, now=NOON)
    assert attempt is not None and attempt.number == 2


def test_an_order_that_cannot_be_claimed_waits_flagged_and_the_next_is_sent(monkeypatch):
    poison, sound = two_queued()
    make_attempt(poison, outcome=Outcome.NOT_SENT, number=1)
    real = claims._new_attempt

    def always_taken(order, *args):
        attempt = real(order, *args)
        if order.pk == poison.pk:
            attempt.number = 1
        return attempt

    monkeypatch.setattr(claims, "_new_attempt", always_taken)
    provider = FakeProvider()
    assert send_all(sound, provider) == 2, "two runs: one for each"
    poison.refresh_from_db()
    sound.refresh_from_db()
    assert [wire["link"] for _, wire in provider.placed] == [sound.link]
    assert (poison.status, poison.flag) == (Status.QUEUED, Flag.NOT_CLAIMED)
    assert poison.send_after > NOON


def test_an_order_that_breaks_us_before_its_claim_waits_flagged_and_the_next_is_sent(monkeypatch):
    poison, sound = two_queued()
    real = check_limits.why_hold

    def why_hold(order, service, now):
        if order.pk == poison.pk:
            raise ValueError("a link nobody can read")
        return real(order, service, now)

    monkeypatch.setattr(check_limits, "why_hold", why_hold)
    provider = FakeProvider()
    send_all(sound, provider)
    poison.refresh_from_db()
    assert [wire["link"] for _, wire in provider.placed] == [sound.link]
    assert (poison.status, poison.flag) == (Status.QUEUED, Flag.NOT_CLAIMED)


def test_an_order_with_a_live_attempt_is_put_back_and_the_next_is_sent():
    poison, sound = two_queued()
    make_attempt(poison, outcome=Outcome.ACCEPTED)
    provider = FakeProvider()
    send_all(sound, provider)
    poison.refresh_from_db()
    assert [wire["link"] for _, wire in provider.placed] == [sound.link]
    assert (poison.flag, poison.send_after > NOON) == (Flag.LIVE_ATTEMPT, True)


def test_another_send_under_way_puts_no_order_back():
    first, second = two_queued()
    claims.claim(first, first.provider, now=NOON)
    assert not send_orders.send_order(second, second.provider, FakeProvider(), clock=noon)
    second.refresh_from_db()
    assert (second.status, second.flag, second.send_after) == (Status.QUEUED, Flag.NONE, NOON)


def test_an_order_whose_claim_breaks_another_rule_waits_flagged_and_the_next_is_sent(monkeypatch):
    poison, sound = two_queued()
    real = claims._new_attempt

    def below_nothing(order, *args):
        attempt = real(order, *args)
        if order.pk == poison.pk:
            attempt.number = -1
        return attempt

    monkeypatch.setattr(claims, "_new_attempt", below_nothing)
    provider = FakeProvider()
    send_all(sound, provider)
    poison.refresh_from_db()
    assert [wire["link"] for _, wire in provider.placed] == [sound.link]
    assert (poison.status, poison.flag) == (Status.QUEUED, Flag.NOT_CLAIMED)
    assert not poison.attempts.exists()


def test_an_order_that_breaks_us_after_its_claim_is_left_to_the_reaper():
    order, _ = two_queued()

    def broken():
        raise ValueError("a fault of ours")

    with armed("claim.committed", broken), pytest.raises(ValueError, match="fault of ours"):
        send_all(order, FakeProvider())
    order.refresh_from_db()
    assert (order.status, order.flag) == (Status.SENDING, Flag.NONE)
    assert order.attempts.get().outcome == Outcome.IN_FLIGHT


def test_a_database_that_is_away_says_nothing_about_the_order_in_hand(monkeypatch):
    order, _ = two_queued()

    def away(*args):
        raise OperationalError("gone")

    monkeypatch.setattr(check_limits, "why_hold", away)
    with pytest.raises(OperationalError):
        send_all(order, FakeProvider())
    order.refresh_from_db()
    assert (order.status, order.flag, order.send_after) == (Status.QUEUED, Flag.NONE, NOON)


def test_a_worker_that_is_told_to_stop_claims_nothing_more(monkeypatch):
    order, _ = two_queued()
    monkeypatch.setattr(send_run, "is_stopping", lambda: True)
    assert send_all(order, FakeProvider()) == 0
    assert not Attempt.objects.exists()
