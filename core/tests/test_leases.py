"""A lease in a row: one holder, who keeps it as long as nobody else could have taken it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core import clocks
from core.rows import leases
from orders.models import BulkJob
from orders.status import JobState
from tests.builders import make_job

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_one_of_two_holds_it_until_it_runs_out() -> None:
    rows = BulkJob.objects.filter(pk=make_job().pk)
    first = leases.acquire(rows, now=NOON, seconds=60)
    assert first is not None
    assert leases.acquire(rows, now=later(59), seconds=60) is None
    second = leases.acquire(rows, now=later(61), seconds=60)
    assert second is not None and second != first
    assert not leases.renew(rows.filter(**first), now=later(62), seconds=60)
    assert not leases.release(rows.filter(**first))
    assert leases.renew(rows.filter(**second), now=later(62), seconds=60)


def test_what_is_held_is_written_with_it_and_what_is_released_is_free() -> None:
    rows = BulkJob.objects.filter(pk=make_job().pk)
    mine = leases.acquire(rows, now=NOON, seconds=60, state=JobState.RUNNING)
    assert mine is not None and rows.get().state == JobState.RUNNING
    assert leases.release(rows.filter(**mine), state=JobState.DONE)
    assert (rows.get().state, rows.get().holder, rows.get().held_until) == (JobState.DONE, "", None)
    assert leases.acquire(rows, now=later(1), seconds=60) is not None


def test_a_lease_longer_than_any_was_written_by_a_clock_ahead_and_is_free() -> None:
    rows = BulkJob.objects.filter(pk=make_job().pk)
    assert leases.acquire(rows, now=later(86_400), seconds=60) is not None
    assert leases.acquire(rows, now=NOON, seconds=60) is not None


@pytest.mark.parametrize(
    ("holder", "held_until", "said"),
    [
        ("", None, leases.Silence(40, None, NOON)),  # wanted, and never taken
        ("", 25, leases.Silence(15, None, later(25))),  # given back, and not taken since
        ("", 35, None),
        ("x", 40 + 60, None),  # renewed this moment
        ("x", 40 + 20, leases.Silence(40, 20 + clocks.REAP_EVERY_SECONDS, NOON)),  # and then lost
        ("x", 20, leases.Silence(20, None, later(20))),  # the lease of a lost one has run out
        ("x", 86_400, None),  # a clock was ahead: taken over with the next round
    ],
)
def test_a_page_is_told_for_how_long_nobody_has_worked_and_who_goes_on(
    holder: str, held_until: int | None, said: leases.Silence | None
) -> None:
    row = BulkJob(holder=holder, held_until=None if held_until is None else later(held_until))
    assert leases.silence_of(row, since=NOON, lease=60, now=later(40)) == said


@pytest.mark.parametrize("earlier", [0.001, 1, 29])
def test_a_lease_is_not_taken_by_who_read_the_clock_before(earlier) -> None:
    """Two workers at the same moment: one reads the clock, the other reads it and holds the lease,
    and then the first asks."""
    rows = BulkJob.objects.filter(pk=make_job().pk)
    assert leases.acquire(rows, now=NOON, seconds=clocks.JOB_LEASE_SECONDS) is not None
    taken = leases.acquire(rows, now=later(-earlier), seconds=clocks.JOB_LEASE_SECONDS)
    assert taken is None


@pytest.mark.parametrize("back", [0, 20, 35, 200, 280, 86_400])
def test_a_lost_holder_is_followed_in_time_however_far_the_clock_is_set_back(back) -> None:
    """The bound in docs/reliability.md: lease, how far two readings may lie apart, and a round."""
    rows = BulkJob.objects.filter(pk=make_job().pk)
    lease, every = clocks.JOB_LEASE_SECONDS, clocks.REAP_EVERY_SECONDS
    assert leases.acquire(rows, now=NOON, seconds=lease) is not None
    bound = lease + clocks.READINGS_APART_SECONDS + every
    asked = (later(after - back) for after in range(1, bound + 1, every))
    assert any(leases.acquire(rows, now=now, seconds=lease) for now in asked)
