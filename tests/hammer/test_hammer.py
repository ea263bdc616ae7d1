"""A small hammer in the suite; all of it: `make hammer`."""

from __future__ import annotations

import pytest

from orders.sending import invariants
from orders.status import Outcome, Status
from tests.builders import make_attempt, make_order

from .race import hammer, out_of_step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_an_answer_and_the_reaper_at_the_same_moment_leave_no_order_broken():
    tally = hammer(64)
    assert tally.broken == {}
    assert tally.out_of_step == 0
    assert tally.raced, "the two never met: this proves nothing"


def test_the_sweep_at_its_end_finds_what_is_out_of_step_in_each_part(monkeypatch):
    monkeypatch.setattr(invariants, "WINDOW", 2)
    for number in range(1, 6):  # PostgreSQL goes on counting after earlier tests: so many parts
        make_order(Status.GIVEN_UP, id=number)  # without a lost answer: for a person
    make_attempt(make_order(Status.QUEUED, id=6), outcome=Outcome.UNKNOWN)  # put right
    assert out_of_step() == 6
