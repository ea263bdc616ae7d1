"""What a recording does when the database will not take it, or is not there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError

from orders.sending.writes import recording
from orders.sending.writes.send_clock import SendClock
from tests.builders import NOON

pytestmark = pytest.mark.django_db


def test_what_breaks_a_rule_is_not_tried_again():
    tries: list[int] = []

    def write() -> None:
        tries.append(1)
        raise IntegrityError("UNIQUE constraint failed: it")

    with pytest.raises(IntegrityError):
        recording.record(write, what="it")
    assert len(tries) == 1


def test_what_is_good_to_know_and_no_more_stops_nothing(caplog):
    def write() -> None:
        raise OperationalError("gone")

    recording.record_if_possible(write, what="the health")
    assert "the health could not be noted: the database is away" in caplog.text


def test_while_the_database_is_away_the_time_since_the_claim_is_counted():
    moments = iter([NOON])

    def clock() -> datetime:
        if (moment := next(moments, None)) is None:
            raise OperationalError("gone")
        return moment

    now = SendClock(clock)
    assert NOON <= now() < NOON + timedelta(seconds=5)
