"""What staff or the desk have said of one row holds for the other row of its account too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from orders.models import Attempt, Recovery
from orders.recovery import not_placed, resolve
from orders.recovery.search import rules, wait_clock
from orders.recovery.search.recovery_run import RecoveryRun
from orders.status import Outcome, Status
from providers.models import Provider
from tests.builders import NOON, make_attempt, make_order, make_provider, make_service, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
URL, KEY = "https://panel.example/api/v2", "one-key-for-both-0123"
LONG = 3_600


@pytest.fixture
def rows() -> tuple[Provider, Provider]:
    first, second = (make_provider(url=URL, key=KEY) for _ in range(2))
    return first, second


def lost_at(account: Provider, **over: Any) -> Attempt:
    order = make_order(Status.UNCONFIRMED, service=make_service(account))
    started = {"started_at": NOON, "unknown_at": NOON}
    return make_attempt(order, outcome=Outcome.UNKNOWN, **started | over)


def run_at(account: Provider) -> RecoveryRun:
    return RecoveryRun.of(account, cast(Any, None), lambda: NOON)


@pytest.mark.parametrize("said_of", [0, 1])
def test_an_order_may_appear_as_long_as_was_said_of_either_row(
    rows: tuple[Provider, Provider], said_of: int
) -> None:
    Recovery.objects.create(provider=rows[said_of], grace_seconds=LONG)
    foreign = make_provider(url=URL, key="another-key-01234")
    for account in rows:
        lost = lost_at(account)
        assert not_placed.not_placed_from(lost, NOON) >= NOON + timedelta(seconds=LONG)
        assert run_at(account).rules.grace_seconds == LONG
    assert wait_clock.grace_of(foreign.pk) < LONG


def test_the_wait_is_counted_on_until_the_longest_is_over(rows: tuple[Provider, Provider]) -> None:
    first, second = rows
    Recovery.objects.create(provider=first, grace_seconds=LONG)
    over = {"waited_seconds": LONG - 5, "waited_at": NOON, "surely_after": 1}
    lost = lost_at(second, **over)
    wait_clock.count(now=NOON + timedelta(seconds=2))
    lost.refresh_from_db()
    assert lost.surely_after is None, "it can still appear"
    wait_clock.count(now=NOON + timedelta(seconds=10))
    lost.refresh_from_db()
    assert lost.waited_seconds >= LONG and lost.surely_after is not None


def test_a_search_that_is_switched_off_at_one_row_is_off_at_the_other(
    rows: tuple[Provider, Provider],
) -> None:
    first, second = rows
    resolve.switch_off(first, "Something else orders with this key.", now=NOON)
    assert Recovery.objects.get(provider=second).stopped_because
    assert run_at(second).rules.stopped_because
    assert rules.resume(second, actor=make_user(), now=NOON)
    for account in rows:
        assert not run_at(account).rules.stopped_because


def test_one_that_a_release_before_had_switched_off_at_one_row_is_off_at_the_other(
    rows: tuple[Provider, Provider],
) -> None:
    first, second = rows
    Recovery.objects.create(provider=first, stopped_because="Something else orders there.")
    run = run_at(second)
    assert not run.rules.searches and run.rules.stopped_because
    run.read_rules_again()
    assert run.rules.stopped_because


def test_what_one_was_switched_off_for_is_not_what_a_person_saw_of_the_other(
    rows: tuple[Provider, Provider],
) -> None:
    first, second = rows
    Recovery.objects.create(provider=first, stopped_because="Something else orders there.")
    resolve.switch_off(second, "An order was there after all.", now=NOON)
    assert rules.resume(second, actor=make_user(), now=NOON)
    assert Recovery.objects.get(provider=first).stopped_because
    assert run_at(second).rules.stopped_because
