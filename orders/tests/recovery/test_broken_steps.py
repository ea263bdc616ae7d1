"""An error of our own in the search for one order keeps no account halted."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from core import doorbell
from orders.models import Attempt, Recovery
from orders.recovery import run, tasks
from orders.recovery.search import (
    answer_ids,
    provider_list,
    replay,
    search_schedule,
    wait_clock,
)
from orders.recovery.search.find_lost import Search
from orders.sending import halts
from orders.status import HaltKind, Outcome, Status
from providers.models import Provider
from tests.builders import NOON, make_attempt, make_halt, make_order, make_provider
from tests.fake_provider import progress

from .test_calibration import Panel

pytestmark = [pytest.mark.django_db, pytest.mark.services]
STEPS: dict[str, tuple[Any, str]] = {
    "count": (wait_clock, "count"),
    "calibrate": (run, "calibrate_in_run"),
    "schedule": (search_schedule, "schedule"),
    "answers": (answer_ids, "ask"),
    "list": (provider_list, "search"),
    "replay": (replay, "replay_lost"),
    "ids": (Search, "go"),
}


@pytest.fixture
def account() -> Provider:
    """Five of its orders are there, and one more may be."""
    account = make_provider()
    for number in (10, 12, 14, 17, 20):
        order = make_order(Status.IN_PROGRESS, provider=account, external_id=str(number))
        make_attempt(order, outcome=Outcome.ACCEPTED, started_at=NOON - timedelta(minutes=number))
    Recovery.objects.update_or_create(
        provider=account, defaults={"least_adds": 5, "key_is_ours_alone": True}
    )
    return account


def lose(account: Provider, **over: Any) -> Attempt:
    lost = make_order(Status.UNCONFIRMED, provider=account)
    make_halt(kind=HaltKind.ANSWER_LOST, provider=account)
    return make_attempt(lost, outcome=Outcome.UNKNOWN, started_at=NOON, unknown_at=NOON, **over)


def _same(moment: datetime) -> datetime:
    return moment


def breaking(*args: Any, **named: Any) -> None:
    raise RuntimeError("an error of our own")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_breaks_each_time_keeps_no_account_halted(
    step: str, account: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = lose(account)
    monkeypatch.setattr(*STEPS[step], breaking)
    now = NOON
    for _ in range(40):
        now += timedelta(seconds=wait_clock.LONGEST_STEP)
        if step == "count":  # beat counts it too
            monkeypatch.undo()
            wait_clock.count(now=now)
            monkeypatch.setattr(*STEPS[step], breaking)
        run.recover_account(account, Panel(), clock=partial(_same, now))
    assert not halts.sending_is_halted(account.pk)
    lost.refresh_from_db()
    assert lost.outcome == Outcome.UNKNOWN and lost.searched_at is not None


def test_an_order_about_which_it_breaks_keeps_no_other_from_being_asked_about(
    account: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lose(account, evidence={"candidate_id": "30"}, search_at=NOON)
    other = make_attempt(
        make_order(Status.UNCONFIRMED, provider=account),
        outcome=Outcome.UNKNOWN,
        started_at=NOON,
        unknown_at=NOON,
        search_at=NOON,
        evidence={"candidate_id": "31"},
    )
    real = answer_ids._is_worth_a_call

    def is_worth(in_hand: Any, attempt: Attempt) -> bool:
        if attempt.pk == first.pk:
            raise RuntimeError("an error of our own")
        return real(in_hand, attempt)

    monkeypatch.setattr(answer_ids, "_is_worth_a_call", is_worth)
    Recovery.objects.update(key_is_ours_alone=False)
    panel = Panel(foreign=progress())
    run.recover_account(account, panel, clock=lambda: NOON + timedelta(seconds=3))
    assert panel.asked == ["31"]
    other.refresh_from_db()
    assert [row["id"] for row in other.candidates] == ["31"]


def test_a_wait_that_cannot_be_counted_keeps_no_other_and_no_account_from_its_turn(
    account: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, other = lose(account), lose(make_provider())
    real, rung = wait_clock._step, list[int]()

    def step(attempt: Attempt, now: datetime) -> None:
        if attempt.pk == poison.pk:
            raise RuntimeError("an error of our own")
        real(attempt, now)

    def ring(name: str, *, provider_id: int) -> None:
        rung.append(provider_id)

    monkeypatch.setattr(wait_clock, "_step", step)
    monkeypatch.setattr(doorbell, "ring", ring)
    tasks.ring_recovery()
    other.refresh_from_db()
    assert other.waited_at is not None
    monkeypatch.setattr(wait_clock, "count", breaking)
    rung.clear()
    tasks.ring_recovery()
    assert sorted(rung) == sorted([account.pk, other.provider_id])
