"""Guards that stand behind others, each met alone. `python -m tests.guards` takes them out."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import IntegrityError

from core import clocks
from core.failpoints import armed
from orders.models import Attempt, Halt, Order
from orders.recovery import not_placed
from orders.sending import claims, halts, record_outcome, send_journal, send_orders, sweep_due
from orders.sending.outcome import SendOutcome
from orders.sending.writes import send_clock
from orders.status import HaltKind, Outcome, Resolution, Status
from providers.connect import client_for
from providers.models import Provider
from providers.panel_api import Placed, WrittenPayload
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user
from tests.fake_provider import FakeProvider

from ..recovery.bench import GRACE, Bench, running_box

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS


def noon():
    return NOON


@pytest.fixture
def box(settings):
    with running_box(settings) as box:
        yield box


# the rows themselves refuse


@pytest.mark.parametrize("outcome", [Outcome.IN_FLIGHT, Outcome.ACCEPTED, Outcome.UNKNOWN])
def test_an_order_has_one_live_attempt(outcome):
    order = make_order(Status.SENDING)
    make_attempt(order, outcome=outcome)
    with pytest.raises(IntegrityError):
        make_attempt(order, outcome=Outcome.UNKNOWN)


def test_an_account_has_one_send_in_flight():
    service = make_service()
    make_attempt(make_order(Status.SENDING, service=service))
    with pytest.raises(IntegrityError):
        make_attempt(make_order(Status.SENDING, service=service))


def test_a_form_key_is_one_order():
    form_key = uuid4()
    make_order(form_key=form_key)
    with pytest.raises(IntegrityError):
        make_order(form_key=form_key)


def test_a_halt_stands_closed_once_before_an_account():
    provider = make_provider()
    Halt.objects.create(kind=HaltKind.INCIDENT, provider=provider, placed_at=NOON)
    with pytest.raises(IntegrityError):
        Halt.objects.create(kind=HaltKind.INCIDENT, provider=provider, placed_at=NOON)


# the pre-send check, and what is believed


def test_the_pre_send_check_stops_a_send_whose_key_was_changed_after_the_claim():
    class ChangesJustThen(FakeProvider):
        def add(self, payload, **how) -> Placed:
            Provider.objects.update(version=7)
            return super().add(payload, **how)

    order, fake = make_order(), ChangesJustThen()
    assert send_orders.send_order(order, order.provider, fake, clock=noon)
    assert fake.placed == []
    assert order.attempts.get().outcome == Outcome.NOT_SENT


def test_a_worker_that_stood_still_right_after_its_claim_sends_nothing(monkeypatch):
    order, fake = make_order(), FakeProvider()
    watch = [0.0]
    monkeypatch.setattr(send_clock, "time", SimpleNamespace(monotonic=lambda: watch[-1]))
    with armed("claim.committed", lambda: watch.append(clocks.SEND_WINDOW_SECONDS + 1.0)):
        assert send_orders.send_order(order, order.provider, fake, clock=noon)
    assert fake.placed == []
    assert order.attempts.get().outcome == Outcome.NOT_SENT


def test_a_machine_that_was_busy_for_a_minute_fails_no_test_whose_clock_stands(monkeypatch):
    order, fake = make_order(), FakeProvider()
    counted, late = time.monotonic, [0.0]
    with monkeypatch.context() as patched, armed("claim.committed", lambda: late.append(60.0)):
        patched.setattr(time, "monotonic", lambda: counted() + late[-1])
        assert send_orders.send_order(order, order.provider, fake, clock=noon)
    assert order.attempts.get().outcome == Outcome.ACCEPTED


def test_a_claim_that_has_grown_old_is_not_even_journaled():
    """Others may have sent since, so the numbers of its database say nothing about a restore."""
    order, fake, hours = make_order(), FakeProvider(), [NOON]
    late = NOON + timedelta(seconds=clocks.SEND_WINDOW_SECONDS + 1)
    with armed("claim.committed", lambda: hours.append(late)):
        assert send_orders.send_order(order, order.provider, fake, clock=lambda: hours[-1])
    assert fake.placed == [] and send_journal.high_water_mark(order.provider_id) is None
    assert order.attempts.get().outcome == Outcome.NOT_SENT


def test_the_pre_send_check_stops_a_claim_that_was_taken_for_lost():
    """A suspended machine does not count the time it slept; the reaper of another one does, and
    the search may have ended the hold since."""

    class WasReapedJustThen(FakeProvider):
        def add(self, payload, **how) -> Placed:
            later = NOON + timedelta(seconds=clocks.SEND_LEASE_SECONDS + 1)
            sweep_due.reap_lost_sends(now=later)
            halts.lift_halt(HaltKind.ANSWER_LOST, now=later, provider=order.provider)
            return super().add(payload, **how)

    order, fake = make_order(), WasReapedJustThen()
    assert send_orders.send_order(order, order.provider, fake, clock=noon)
    assert fake.placed == []
    assert Order.objects.get().status == Status.NOT_PLACED


@pytest.mark.parametrize("mode", ["http_500", "http_302", "http_404"])
def test_an_id_with_a_failing_code_is_not_believed(box, mode):
    bench = Bench(box)
    box.fault(mode, "after", action="add", times=1, keep_body=True)
    assert bench.send().status == Status.UNCONFIRMED


def test_what_an_answer_has_closed_is_not_decided_again():
    order = make_order(Status.UNCONFIRMED)
    attempt = make_attempt(order, outcome=Outcome.UNKNOWN)
    Attempt.objects.update(outcome=Outcome.ACCEPTED, external_id="77")  # an answer, this moment
    assert not not_placed.prove_not_placed(
        order, attempt, resolution=Resolution.PERSON, text="Not there.", now=NOON, actor=make_user()
    )
    assert Attempt.objects.get().outcome == Outcome.ACCEPTED


# the search


def test_what_is_on_its_way_is_not_taken_for_what_was_lost(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    bench.lift_halt()
    other = bench.place()
    attempt = claims.claim(other, bench.provider, now=bench.clock())
    placed = client_for(bench.provider).add(
        WrittenPayload(other.payload)
    )  # and nothing is recorded yet
    bench.recover(after=FIRST)
    assert Order.objects.get(pk=lost.pk).external_id == ""
    assert Attempt.objects.get(order=lost).calls == 0, "no call is spent that could tell nothing"
    assert attempt is not None
    assert record_outcome.record(
        attempt,
        SendOutcome(Outcome.ACCEPTED, Status.PENDING, external_id=placed.order_id),
        now=bench.clock(),
    )


def test_a_lost_order_that_is_numbered_after_a_later_one_is_found(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    bench.lift_halt()
    bench.send()
    bench.recover(after=FIRST)
    client_for(bench.provider).add(WrittenPayload(lost.payload))  # it arrives now
    bench.recover(after=GRACE)
    assert Order.objects.get(pk=lost.pk).external_id == bench.upstream()[-1]


def test_the_account_is_held_until_the_order_can_no_longer_appear(box):
    bench = Bench(box).calibrated()
    bench.lose(taken=False)
    bench.recover(after=FIRST)
    bench.recover(after=SECOND)
    assert not bench.may_buy()
    bench.recover(after=GRACE + 1)
    assert bench.may_buy()
