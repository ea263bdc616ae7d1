"""A small hammer in the suite; all of it: `make hammer`."""

from __future__ import annotations

import pytest

from .race import hammer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def test_an_answer_and_the_reaper_at_the_same_moment_leave_no_order_broken():
    tally = hammer(64)
    assert tally.broken == {}
    assert tally.raced, "the two never met: this proves nothing"
