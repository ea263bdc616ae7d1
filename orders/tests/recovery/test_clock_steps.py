"""What a clock that was set, or a machine that slept, must not prove."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clocks
from core.failpoints import armed
from orders.models import Attempt, Order, Recovery
from orders.recovery import not_placed
from orders.recovery.search import id_range, wait_clock
from orders.sending import claims, sweep_due
from orders.status import RECALLED, Doubt, Outcome, Status
from providers.connect import client_for
from providers.panel_api import WrittenPayload
from tests.builders import NOON, make_attempt, make_order, make_user
from tests.passing_time import let_pass

from .bench import GRACE, Bench

pytestmark = [pytest.mark.django_db, pytest.mark.services]
FIRST, SECOND = clocks.SEARCH_AFTER_SECONDS
HOUR = timedelta(hours=1)


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def buy_if_it_may(bench: Bench) -> None:
    if bench.may_buy():
        bench.send()


def arrive(bench: Bench, lost: Order) -> None:
    """The provider takes it now."""
    client_for(bench.provider).add(WrittenPayload(lost.payload))


def test_a_clock_that_jumps_ahead_after_a_loss_does_not_shorten_the_wait(box):
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)
    bench.now += HOUR
    bench.recover(after=FIRST)
    buy_if_it_may(bench)
    bench.recover(after=FIRST)
    arrive(bench, lost)
    assert status(lost) == Status.UNCONFIRMED
    assert bench.recover(after=GRACE).found == 1
    assert Order.objects.get(pk=lost.pk).external_id == bench.upstream()[-1]


def test_a_machine_that_slept_during_a_send_has_not_waited_for_it(box):
    bench = Bench(box).calibrated()
    lost = bench.place()
    assert claims.claim(lost, bench.provider, now=bench.clock())
    bench.now += HOUR  # asleep before the first byte
    assert sweep_due.reap_lost_sends(now=bench.clock()) == 1
    bench.recover(after=FIRST)
    buy_if_it_may(bench)
    bench.recover(after=FIRST)
    arrive(bench, lost)
    assert status(lost) == Status.UNCONFIRMED
    assert bench.recover(after=GRACE).found == 1


def test_an_order_from_before_a_step_back_does_not_close_the_range_of_one_from_after_it(box):
    bench = Bench(box).calibrated()
    bench.now += HOUR
    bench.send()
    bench.now -= HOUR
    lost = bench.lose(taken=False)
    for after in (FIRST, SECOND, GRACE, clocks.RECOVERY_PATIENCE_SECONDS + 1):
        bench.recover(after=after)
    assert bench.may_buy(), "a person decides about the lost one; the account goes on"
    arrive(bench, lost)
    bench.send()
    for _ in range(3):
        bench.recover(after=31)
    assert status(lost) == Status.UNCONFIRMED
    assert not bench.rules().stopped_because


def test_a_clock_that_is_set_back_does_not_hold_the_account_for_so_long(box):
    bench = Bench(box).calibrated()
    bench.now += timedelta(days=1)
    lost = bench.lose(taken=True)
    bench.recover()
    bench.now -= timedelta(days=1)
    bench.recover(after=FIRST)
    for after in (SECOND, GRACE, clocks.RECOVERY_PATIENCE_SECONDS + 10):
        bench.recover(after=after)
    assert bench.may_buy() and status(lost) in (Status.UNCONFIRMED, Status.PENDING)


def test_rows_that_were_written_again_close_no_range():
    earlier, lost, later = (make_order(Status.SENDING) for _ in range(3))
    account = earlier.provider
    for order, outcome, at, number in (
        (earlier, Outcome.ACCEPTED, 0, "10"),
        (lost, Outcome.UNKNOWN, 2, ""),
        (later, Outcome.ACCEPTED, 9, "20"),
    ):
        make_attempt(
            order,
            outcome=outcome,
            provider=account,
            external_id=number,
            started_at=order.created_at + timedelta(hours=at),
        )
    attempt, last = Attempt.objects.get(order=lost), Attempt.objects.get(order=later)
    rules, _ = Recovery.objects.get_or_create(provider=account)
    attempt.waited_seconds, attempt.surely_after = rules.grace_seconds, attempt.pk
    found = id_range.id_range_of(attempt, rules, [account.pk])
    assert found is not None and (found.after, found.before) == (10, 20)
    Attempt.objects.filter(pk=last.pk).update(started_at=lost.created_at)
    assert id_range.id_range_of(attempt, rules, [account.pk]) is None


@pytest.mark.parametrize(("jump", "counted"), [(HOUR, wait_clock.LONGEST_STEP), (-HOUR, 0)])
def test_one_step_counts_no_more_than_beat_takes(jump, counted):
    attempt = make_attempt(outcome=Outcome.UNKNOWN)
    begin = attempt.started_at
    Attempt.objects.update(unknown_at=begin)
    wait_clock.count(now=begin + timedelta(seconds=4))
    wait_clock.count(now=begin + jump)
    attempt.refresh_from_db()
    assert attempt.waited_seconds == 4 + counted


def test_a_person_waits_from_the_loss_too():
    order = make_order(Status.UNCONFIRMED)
    lost_at = order.created_at + HOUR
    make_attempt(order, outcome=Outcome.UNKNOWN, unknown_at=lost_at)
    with pytest.raises(not_placed.TooEarly) as early:
        not_placed.confirm_not_placed(order, actor=make_user(), now=lost_at)
    assert early.value.until == lost_at + timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS)
    with pytest.raises(not_placed.TooEarly) as early:
        not_placed.confirm_not_placed(order, actor=make_user(), now=order.created_at)
    assert early.value.until < lost_at, "the clock was set back: it is not held for an hour"


def test_a_clock_that_jumps_ahead_lets_no_person_say_too_early_that_it_is_not_there():
    attempt = make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN, unknown_at=NOON)
    wait_clock.count(now=NOON + timedelta(seconds=2))
    with pytest.raises(not_placed.TooEarly) as early:
        not_placed.confirm_not_placed(attempt.order, actor=make_user(), now=NOON + HOUR)
    grace = timedelta(seconds=clocks.NOT_PLACED_GRACE_SECONDS)
    assert early.value.until == NOON + HOUR + grace - timedelta(seconds=2)
    over = let_pass(NOON + HOUR, grace.total_seconds())
    said = not_placed.confirm_not_placed(attempt.order, actor=make_user(), now=over)
    assert said is not_placed.Confirmed.DONE


def test_a_new_loss_is_counted_before_those_that_were_counted_already(monkeypatch):
    counted, new = (
        make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN, unknown_at=NOON)
        for _ in range(2)
    )
    Attempt.objects.filter(pk=counted.pk).update(waited_at=NOON)
    monkeypatch.setattr(wait_clock, "MOST_AT_ONCE", 1)
    wait_clock.count(now=NOON + timedelta(seconds=2))
    new.refresh_from_db()
    assert new.waited_seconds == 2


def test_an_hour_of_calls_that_a_clock_ahead_has_begun_is_over(box):
    """Else no lost order would be looked for until the clock has come there."""
    bench = Bench(box, calls_per_hour=4).calibrated()
    lost = bench.lose(taken=True)
    Recovery.objects.update(calls_since=bench.now + HOUR, calls_made=4)
    assert bench.recover(after=FIRST).found == 1
    assert status(lost) == Status.PENDING


def test_a_search_that_was_asked_before_the_wait_was_over_is_not_the_last_one(box):
    """A provider that has just come back answers slowly. Beat counts on meanwhile, and the order
    appears within its time, after it was looked up."""
    bench = Bench(box).calibrated()
    lost = bench.lose(taken=False)

    def answer_slowly() -> None:
        arrive(bench, lost)
        bench.wait(10)

    with armed("search.answered", answer_slowly):
        bench.recover(after=GRACE - 5)
    buy_if_it_may(bench)
    assert bench.recover(after=1).found == 1
    assert Order.objects.get(pk=lost.pk).external_id == bench.upstream()[-1]


ANEW = {"code": Doubt.IS_THERE, "recalled_at": NOON}


def test_one_that_was_given_back_and_is_in_doubt_anew_is_not_waited_for():
    """As where a number turns up that could be it, after a person took it for not there."""
    attempt = make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN, **ANEW)
    wait_clock.count(now=NOON + HOUR)
    attempt.refresh_from_db()
    assert (attempt.waited_at, attempt.surely_after) == (None, None)


@pytest.mark.parametrize("known", [{"code": RECALLED}, ANEW])
def test_one_that_was_forgotten_is_not_counted_for_good_after_its_replay(known):
    """Its row tells no order, so no later row ends its wait: the time alone does."""
    over = GRACE + wait_clock.COUNTED_ON
    waited = {"waited_at": NOON, "waited_seconds": over, **known}
    attempt = make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN, **waited)
    wait_clock.count(now=NOON + HOUR)
    attempt.refresh_from_db()
    assert (attempt.waited_at, attempt.waited_seconds) == (NOON, over)
