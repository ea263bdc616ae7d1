"""The arithmetic of a day: what is sure has no width, what straddles is counted both ways."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.reconciliation.balance_intervals import (
    LAG,
    SMALLEST,
    Interval,
    Movement,
    Reading,
    explained,
    jumps_up,
    rounding,
)
from tests.builders import NOON

HOUR = timedelta(hours=1)
START, END = Reading(NOON, Decimal(100)), Reading(NOON + 24 * HOUR, Decimal(90))
CENT = Decimal("0.01")


def moved(amount: str, low: timedelta, high: timedelta | None = None) -> Movement:
    value = Decimal(amount)
    return Movement(NOON + low, NOON + (low if high is None else high), value, value)


def within(low: str, high: str | None = None) -> Interval:
    return Interval(Decimal(low), Decimal(low if high is None else high))


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        pytest.param(moved("-3", HOUR), within("-3"), id="inside"),
        pytest.param(moved("-3", -HOUR), within("0"), id="before"),
        pytest.param(moved("-3", 25 * HOUR), within("0"), id="after"),
        pytest.param(moved("-3", -HOUR, HOUR), within("-3", "0"), id="straddles the opening"),
        pytest.param(moved("-3", 23 * HOUR, 25 * HOUR), within("-3", "0"), id="the closing"),
        pytest.param(moved("2", 23 * HOUR, 25 * HOUR), within("0", "2"), id="a refund"),
        pytest.param(
            moved("-3", -LAG / 2), within("-3", "0"), id="just before: the balance is old"
        ),
        pytest.param(moved("-3", 24 * HOUR - LAG / 2), within("-3", "0"), id="not in it yet"),
        pytest.param(
            Movement(NOON + HOUR, NOON + HOUR, Decimal(-3), Decimal(0)),
            within("-3", "0"),
            id="maybe",
        ),
    ],
)
def test_a_movement_counts_where_it_can_have_been(move, expected):
    assert explained([move], START, END) == expected


def test_a_charge_at_midnight_is_counted_in_both_days_or_in_neither_but_never_lost():
    midnight = Reading(NOON + 24 * HOUR, Decimal(0))
    last = Reading(NOON + 48 * HOUR, Decimal(0))
    move = moved("-3", 23 * HOUR, 25 * HOUR)
    assert explained([move], START, midnight) == within("-3", "0")
    assert explained([move], midnight, last) == within("-3", "0")
    assert explained([move], START, last) == within("-3")


@pytest.mark.parametrize(
    ("amount", "beyond"), [("-5", "-2"), ("-3", "0"), ("-1", "0"), ("0", "0"), ("4", "4")]
)
def test_how_far_outside_an_amount_lies(amount, beyond):
    assert within("-3", "0").beyond(Decimal(amount)) == Decimal(beyond)


def readings(*amounts: str, every: timedelta = HOUR) -> list[Reading]:
    return [Reading(NOON + n * every, Decimal(text)) for n, text in enumerate(amounts)]


def test_a_jump_up_is_money_put_in_unless_a_refund_explains_it():
    seen = readings("100", "150", "149")
    assert jumps_up([moved("-1", HOUR * 1.5)], seen, CENT) == within("50")
    assert jumps_up([moved("50", HOUR / 2)], seen, CENT) == within("0")
    assert jumps_up([moved("20", HOUR / 2)], seen, CENT) == within("30")


def test_a_loss_later_in_the_day_is_not_hidden_by_a_jump():
    seen = readings("100", "150", "140")
    came = jumps_up([], seen, CENT)
    change = seen[-1].amount - seen[0].amount
    assert came.beyond(change) == Decimal(-10)


def test_what_may_have_been_paid_in_the_same_breath_widens_the_jump():
    seen = readings("100", "149.1")
    charge = moved("-0.9", HOUR / 2, 2 * HOUR)
    came = jumps_up([charge], seen, CENT)
    assert came == within("49.1", "50.0")
    assert explained([charge], seen[0], seen[1]) + came == within("48.2", "50.0")


def test_a_balance_that_lags_for_a_moment_is_no_money_put_in():
    seen = readings("100", "99", "100", "99", every=LAG / 3)
    assert jumps_up([moved("-1", LAG / 6)], seen, CENT) == Interval()


@pytest.mark.parametrize(
    ("amounts", "unit"),
    [(("1", "2"), "0.01"), (("1.5", "2.12345"), "0.00001"), (("99.80000000001",), "0.00001")],
)
def test_the_last_place_of_a_balance_is_its_tolerance(amounts, unit):
    assert rounding(readings(*amounts)) == Decimal(unit)
    assert Decimal(unit) >= SMALLEST


MINUTES = st.integers(min_value=-100, max_value=1600)


@given(
    st.lists(
        st.tuples(MINUTES, st.integers(0, 90), st.integers(0, 90), st.integers(-500, 500)),
        max_size=12,
    ),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_whatever_really_happened_is_within_the_interval(moves, old_opening, old_closing):
    """The truth: every movement at one moment within its bounds, every reading a little old."""
    minute = timedelta(minutes=1)
    shown = [NOON - old_opening * minute, NOON + 24 * HOUR - old_closing * minute]
    truth, known = Decimal(0), []
    for at, early, late, cents in moves:
        amount, moment = Decimal(cents) / 100, NOON + at * minute
        known.append(Movement(moment - early * minute, moment + late * minute, amount, amount))
        if shown[0] < moment <= shown[1]:
            truth += amount
    assert explained(known, START, END).beyond(truth) == 0
