from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from providers.actions.leases import (
    acquire_lease,
    due_leases,
    ensure_leases,
    held,
    make_due,
    release_lease,
    renew_lease,
)
from providers.models import Lease, LeaseKind, Provider
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
    ensure_leases(provider.pk, due_at=NOON)
    day_ahead = NOON + timedelta(days=1)
    assert acquire_lease(provider.pk, LeaseKind.BALANCE, now=day_ahead, seconds=60)
    assert provider.pk in dict(due_leases([LeaseKind.BALANCE], now=NOON))
    assert not held(LeaseKind.BALANCE, now=NOON).exists()
    assert acquire_lease(provider.pk, LeaseKind.BALANCE, now=NOON, seconds=60)
    assert held(LeaseKind.BALANCE, now=NOON).exists()


@pytest.fixture
def provider(db: None) -> Provider:
    return make_provider()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_eight_threads_one_holds_the_lease() -> None:
    provider = make_provider()
    ensure_leases(provider.pk)
    got = at_once(lambda _: acquire_lease(provider.pk, LeaseKind.PLACING, now=NOON, seconds=60))
    assert sum(holder is not None for holder in got) == 1


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_eight_threads_that_find_no_lease_make_one() -> None:
    provider = make_provider()
    got = at_once(lambda _: acquire_lease(provider.pk, LeaseKind.CATALOG, now=NOON, seconds=60))
    assert sum(holder is not None for holder in got) == 1
    assert Lease.objects.filter(kind=LeaseKind.CATALOG).count() == 1


def test_leases_of_two_kinds_do_not_meet(provider: Provider) -> None:
    assert acquire_lease(provider.pk, LeaseKind.PLACING, now=NOON, seconds=60)
    assert acquire_lease(provider.pk, LeaseKind.POLLING, now=NOON, seconds=60)


def test_a_lease_whose_holder_died_is_free_when_its_lease_has_run_out(provider: Provider) -> None:
    acquire_lease(provider.pk, LeaseKind.PLACING, now=NOON, seconds=60)
    before, after = NOON + timedelta(seconds=59), NOON + timedelta(seconds=60)
    assert acquire_lease(provider.pk, LeaseKind.PLACING, now=before, seconds=60) is None
    assert acquire_lease(provider.pk, LeaseKind.PLACING, now=after, seconds=60)


def test_who_lost_the_lease_neither_renews_nor_gives_it_back(provider: Provider) -> None:
    slow = acquire_lease(provider.pk, LeaseKind.PLACING, now=NOON, seconds=60)
    quick = acquire_lease(provider.pk, LeaseKind.PLACING, now=NOON + MINUTE, seconds=60)
    assert slow and quick
    assert not renew_lease(provider.pk, LeaseKind.PLACING, slow, now=NOON + MINUTE, seconds=60)
    assert not release_lease(provider.pk, LeaseKind.PLACING, slow, due_at=NOON)
    lease = Lease.objects.get(provider=provider, kind=LeaseKind.PLACING)
    assert (lease.holder, lease.due_at) == (quick, None)


def test_a_renewed_lease_is_held_longer(provider: Provider) -> None:
    holder = acquire_lease(provider.pk, LeaseKind.PLACING, now=NOON, seconds=60)
    assert holder
    assert renew_lease(provider.pk, LeaseKind.PLACING, holder, now=NOON + MINUTE / 2, seconds=60)
    assert acquire_lease(provider.pk, LeaseKind.PLACING, now=NOON + MINUTE, seconds=60) is None


def test_a_lease_given_back_is_free_and_due_when_it_was_said(provider: Provider) -> None:
    ensure_leases(provider.pk, due_at=NOON)
    holder = acquire_lease(provider.pk, LeaseKind.BALANCE, now=NOON, seconds=60)
    assert holder
    assert due_leases([LeaseKind.BALANCE], now=NOON) == []
    assert release_lease(provider.pk, LeaseKind.BALANCE, holder, due_at=NOON + MINUTE)
    assert due_leases([LeaseKind.BALANCE], now=NOON) == []
    assert due_leases([LeaseKind.BALANCE], now=NOON + MINUTE) == [(provider.pk, LeaseKind.BALANCE)]


def test_a_payload_makes_a_lease_due_sooner_never_later(provider: Provider) -> None:
    ensure_leases(provider.pk, due_at=NOON)
    assert not make_due(provider.pk, LeaseKind.CATALOG, at=NOON + MINUTE)
    assert make_due(provider.pk, LeaseKind.CATALOG, at=NOON - MINUTE)
    assert make_due(provider.pk, LeaseKind.POLLING, at=NOON)


def test_no_lease_for_an_account_that_is_gone(db: None) -> None:
    assert acquire_lease(999, LeaseKind.PLACING, now=NOON, seconds=60) is None
