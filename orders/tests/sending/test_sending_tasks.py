"""The tasks around sending: what they reap, put right and ring for, and which accounts are due."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from core import clocks
from core.clocks import database_now
from orders import wake_ups
from orders.limits import spending
from orders.models import Attempt, Halt, Order, Recovery
from orders.polling import poll_cycle, probe_account
from orders.sending import clock_ahead, invariants, send_run, sweep_due, tasks
from orders.status import HaltKind, Outcome, Status
from providers.actions import leases
from providers.models import LeaseKind
from tests.builders import NOON, make_attempt, make_halt, make_order, make_provider, make_service

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def rung(name: str, order: Order) -> tuple[str, dict[str, int]]:
    return f"orders.{name}", {"provider_id": order.provider_id}


def test_what_a_run_leaves_is_rung_for_at_its_end(doorbell_rung, monkeypatch):
    order, without_key = make_order(), make_order(provider=make_provider(key=""))
    monkeypatch.setattr(send_run, "send_queued", lambda *a, **k: 1)
    tasks.dispatch(provider_id=order.provider_id)
    tasks.dispatch(provider_id=without_key.provider_id)
    assert doorbell_rung == [rung("dispatch", order)]


@pytest.mark.parametrize("task", [tasks.sweep, tasks.reap])
def test_a_send_whose_worker_was_lost_is_unconfirmed_and_told(task, caplog):
    attempt = make_attempt()
    task()
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.order.status) == (Outcome.UNKNOWN, Status.UNCONFIRMED)
    assert "1 sends were lost with their worker" in caplog.text


def test_the_sweep_rings_for_what_may_be_sent_and_the_timetable_for_what_is_followed(doorbell_rung):
    order, running = make_order(), make_order(Status.IN_PROGRESS)
    tasks.sweep()
    tasks.ring_due()
    assert doorbell_rung == [rung("dispatch", order), rung("follow", running)]


def test_who_may_be_tried_again_is_rung_for_by_the_cheapest_question(doorbell_rung, monkeypatch):
    by_status, by_balance, busy = make_provider(), make_provider(), make_provider()
    waiting = make_order()
    leases.ensure_leases(busy.pk)
    leases.acquire_lease(busy.pk, LeaseKind.BALANCE, now=database_now(), seconds=60)
    probes = [(by_status.pk, True), (by_balance.pk, False), (busy.pk, False)]
    monkeypatch.setattr(probe_account, "accounts_to_probe", lambda now: probes)
    tasks.ring_probes()
    assert doorbell_rung == [
        ("orders.probe", {"provider_id": by_status.pk}),
        ("providers.read_balance", {"provider_id": by_balance.pk}),
        rung("dispatch", waiting),
    ]


def test_an_account_that_answers_its_probe_sends_what_waits(doorbell_rung, monkeypatch):
    order, without_key = make_order(), make_provider(key="")
    answers = iter([False, True])
    monkeypatch.setattr(probe_account, "probe_by_status", lambda *ready, clock: next(answers))
    tasks.probe(provider_id=without_key.pk)
    tasks.probe(provider_id=order.provider_id)
    assert doorbell_rung == [], "nobody is asked without a key, and it did not answer"
    tasks.probe(provider_id=order.provider_id)
    assert doorbell_rung == [rung("dispatch", order)]
    Order.objects.update(status=Status.HELD)
    monkeypatch.setattr(probe_account, "probe_by_status", lambda *ready, clock: True)
    tasks.probe(provider_id=order.provider_id)
    assert doorbell_rung == [rung("dispatch", order)], "nothing waits"


def test_what_was_put_right_is_told(monkeypatch, caplog):
    monkeypatch.setattr(clock_ahead, "pull_back", lambda now: 1)
    monkeypatch.setattr(spending, "check_days", lambda *, now: 2)
    monkeypatch.setattr(invariants, "check_orders", lambda *, now: 3)
    tasks.check_orders()
    assert "1 moments were further ahead" in caplog.text
    assert "2 sums of what somebody spends" in caplog.text
    assert "3 orders did not fit their sends" in caplog.text


def test_a_poll_cycle_rings_for_what_it_let_go_and_for_the_next_one(doorbell_rung, monkeypatch):
    running, without_key = make_order(Status.IN_PROGRESS), make_provider(key="")
    done = SimpleNamespace(runs=[SimpleNamespace(released=1)], more=True)
    monkeypatch.setattr(poll_cycle, "poll_account", lambda *a, **k: done)
    monkeypatch.setattr(wake_ups, "account_of", {running.provider_id: (None, None)}.get)
    tasks.poll(provider_id=without_key.pk)
    tasks.poll(provider_id=running.provider_id)
    assert doorbell_rung == [rung("dispatch", running), rung("follow", running)]


def test_an_account_is_looked_at_for_a_loss_a_hold_a_calibration_or_a_case_to_close():
    now = database_now()
    Recovery.objects.all().update(enabled=False)
    lost = make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN)
    held = make_halt(kind=HaltKind.ANSWER_LOST)
    mine = make_provider()
    trusted = {"enabled": True, "key_is_ours_alone": True, "calibrated_at": None}
    Recovery.objects.update_or_create(provider=mine, defaults=trusted)
    service = make_service()
    searched_at = make_attempt(
        make_order(Status.UNCONFIRMED, service=service), outcome=Outcome.UNKNOWN, searched_at=NOON
    )
    Attempt.objects.filter(pk=searched_at.pk).update(surely_after=searched_at.pk)
    assert held.provider is not None
    due = {lost.provider_id, held.provider.pk, mine.pk}
    assert set(sweep_due.accounts_to_recover(now)) & {*due, service.provider_id} == due
    make_attempt(make_order(Status.IN_PROGRESS, service=service), outcome=Outcome.ACCEPTED)
    assert service.provider_id in sweep_due.accounts_to_recover(now)
    Halt.objects.update(lifted_at=now)
    Recovery.objects.filter(provider=mine).update(calibrated_at=now)
    still = set(sweep_due.accounts_to_recover(now))
    assert not still & {held.provider.pk, mine.pk}
    later = now + timedelta(days=1, seconds=clocks.CATALOG_LEASE_SECONDS)
    assert mine.pk in sweep_due.accounts_to_recover(later)
