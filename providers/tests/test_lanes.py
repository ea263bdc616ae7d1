from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from providers.actions.lanes import (
    due_lanes,
    ensure_lanes,
    give_back,
    held,
    make_due,
    renew_lane,
    take_lane,
)
from providers.models import Lane, LaneKind, Provider
from tests.builders import NOON, make_provider

MINUTE = timedelta(minutes=1)


def at_once(worker: Callable[[int], object], count: int = 8) -> list[object]:
    """What `count` threads that start together got."""
    barrier, got = threading.Barrier(count), []

    def run(number: int) -> None:
        try:
            barrier.wait()
            got.append(worker(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == count
    return got


def test_a_lease_beyond_all_leases_is_of_a_clock_turned_back_and_free(db: None) -> None:
    provider = make_provider()
    ensure_lanes(provider.pk, due_at=NOON)
    day_ahead = NOON + timedelta(days=1)
    assert take_lane(provider.pk, LaneKind.BALANCE, now=day_ahead, seconds=60)
    assert provider.pk in dict(due_lanes([LaneKind.BALANCE], now=NOON))
    assert not held(LaneKind.BALANCE, now=NOON).exists()
    assert take_lane(provider.pk, LaneKind.BALANCE, now=NOON, seconds=60)
    assert held(LaneKind.BALANCE, now=NOON).exists()


@pytest.fixture
def provider(db: None) -> Provider:
    return make_provider()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_eight_threads_one_holds_the_lane() -> None:
    provider = make_provider()
    ensure_lanes(provider.pk)
    got = at_once(lambda _: take_lane(provider.pk, LaneKind.PLACING, now=NOON, seconds=60))
    assert sum(holder is not None for holder in got) == 1


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_eight_threads_that_find_no_lane_make_one() -> None:
    provider = make_provider()
    got = at_once(lambda _: take_lane(provider.pk, LaneKind.CATALOG, now=NOON, seconds=60))
    assert sum(holder is not None for holder in got) == 1
    assert Lane.objects.filter(kind=LaneKind.CATALOG).count() == 1


def test_lanes_of_two_kinds_do_not_meet(provider: Provider) -> None:
    assert take_lane(provider.pk, LaneKind.PLACING, now=NOON, seconds=60)
    assert take_lane(provider.pk, LaneKind.FOLLOWING, now=NOON, seconds=60)


def test_a_lane_whose_holder_died_is_free_when_its_lease_has_run_out(provider: Provider) -> None:
    take_lane(provider.pk, LaneKind.PLACING, now=NOON, seconds=60)
    before, after = NOON + timedelta(seconds=59), NOON + timedelta(seconds=60)
    assert take_lane(provider.pk, LaneKind.PLACING, now=before, seconds=60) is None
    assert take_lane(provider.pk, LaneKind.PLACING, now=after, seconds=60)


def test_who_lost_the_lane_neither_renews_nor_gives_it_back(provider: Provider) -> None:
    slow = take_lane(provider.pk, LaneKind.PLACING, now=NOON, seconds=60)
    quick = take_lane(provider.pk, LaneKind.PLACING, now=NOON + MINUTE, seconds=60)
    assert slow and quick
    assert not renew_lane(provider.pk, LaneKind.PLACING, slow, now=NOON + MINUTE, seconds=60)
    assert not give_back(provider.pk, LaneKind.PLACING, slow, due_at=NOON)
    lane = Lane.objects.get(provider=provider, kind=LaneKind.PLACING)
    assert (lane.holder, lane.due_at) == (quick, None)


def test_a_renewed_lane_is_held_longer(provider: Provider) -> None:
    holder = take_lane(provider.pk, LaneKind.PLACING, now=NOON, seconds=60)
    assert holder
    assert renew_lane(provider.pk, LaneKind.PLACING, holder, now=NOON + MINUTE / 2, seconds=60)
    assert take_lane(provider.pk, LaneKind.PLACING, now=NOON + MINUTE, seconds=60) is None


def test_a_lane_given_back_is_free_and_due_when_it_was_said(provider: Provider) -> None:
    ensure_lanes(provider.pk, due_at=NOON)
    holder = take_lane(provider.pk, LaneKind.BALANCE, now=NOON, seconds=60)
    assert holder
    assert due_lanes([LaneKind.BALANCE], now=NOON) == []
    assert give_back(provider.pk, LaneKind.BALANCE, holder, due_at=NOON + MINUTE)
    assert due_lanes([LaneKind.BALANCE], now=NOON) == []
    assert due_lanes([LaneKind.BALANCE], now=NOON + MINUTE) == [(provider.pk, LaneKind.BALANCE)]


def test_a_wish_makes_a_lane_due_sooner_never_later(provider: Provider) -> None:
    ensure_lanes(provider.pk, due_at=NOON)
    assert not make_due(provider.pk, LaneKind.CATALOG, at=NOON + MINUTE)
    assert make_due(provider.pk, LaneKind.CATALOG, at=NOON - MINUTE)
    assert make_due(provider.pk, LaneKind.FOLLOWING, at=NOON)


def test_no_lane_for_an_account_that_is_gone(db: None) -> None:
    assert take_lane(999, LaneKind.PLACING, now=NOON, seconds=60) is None
