"""The tasks around refills and cancels: what the sweep ends, takes for lost and rings for."""

from __future__ import annotations

import pytest

from core.clocks import database_now
from orders import wake_ups
from orders.aftersales import tasks
from orders.sending import tasks as sending_tasks
from orders.status import CancelStatus, HaltKind, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, fresh
from providers.models import Provider, ProviderState
from tests.builders import (
    make_attempt,
    make_cancel,
    make_halt,
    make_order,
    make_provider,
    make_refill,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_the_sweep_ends_what_is_over_takes_lost_claims_for_lost_and_rings(doorbell_rung, caplog):
    over = make_cancel(order=make_order(Status.COMPLETED))
    lost = make_refill(RefillStatus.SENDING, requests=1)
    wanted, running = make_refill(), make_refill(RefillStatus.PENDING)
    tasks.sweep_requests()
    assert fresh(over).status == CancelStatus.ENDED
    assert fresh(lost).status == RefillStatus.UNCONFIRMED
    assert "1 refills and cancels were lost with their worker" in caplog.text
    assert doorbell_rung == [
        ("orders.send_requests", {"provider_id": wanted.provider_id}),
        ("orders.follow_refills", {"provider_id": running.provider_id}),
    ]


@pytest.mark.parametrize("held_by", ["a pause", "a stop", "no key", "a new address"])
def test_lost_claims_are_taken_for_lost_whatever_keeps_their_account_from_sending(held_by, caplog):
    """To give one up sends nothing."""
    account = make_provider(key="" if held_by == "no key" else "a-key-of-this-account")
    attempt = make_attempt(make_order(Status.SENDING, provider=account))
    running = [make_order(Status.IN_PROGRESS, provider=account) for _ in range(2)]
    refill = make_refill(RefillStatus.SENDING, order=running[0], requests=1)
    cancel = make_cancel(CancelStatus.SENDING, order=running[1], requests=1)
    if held_by == "a pause":
        Provider.objects.update(state=ProviderState.PAUSED)
    elif held_by == "a stop":
        make_halt(kind=HaltKind.RESTORED, provider=None)
    elif held_by == "a new address":
        Provider.objects.update(moved_at=database_now())
    sending_tasks.sweep()
    tasks.sweep_requests()
    assert fresh(attempt.order).status == Status.UNCONFIRMED
    assert fresh(refill).status == RefillStatus.UNCONFIRMED
    assert fresh(cancel).status == CancelStatus.QUEUED, "its order is looked at first"
    assert "were lost with their worker" in caplog.text


def test_a_bell_sends_and_asks_at_its_own_account_alone(monkeypatch):
    wanted, running, other = make_refill(), make_refill(RefillStatus.PENDING), make_refill()
    desk = FakeDesk()
    accounts = {row.provider_id: (row.provider, desk) for row in (wanted, running)}
    monkeypatch.setattr(wake_ups, "account_of", accounts.get)
    tasks.send_requests(provider_id=wanted.provider_id)
    tasks.poll_refills(provider_id=running.provider_id)
    assert desk.calls == [
        ("refill", [wanted.order.external_id]),
        ("refill_status", [running.followed_by]),
    ]
    assert fresh(other).status == RefillStatus.QUEUED


def test_a_bell_for_an_account_without_a_key_does_nothing():
    account = make_provider(key="")
    refill = make_refill(order=make_order(Status.COMPLETED, provider=account))
    running = make_refill(
        RefillStatus.PENDING, order=make_order(Status.COMPLETED, provider=account)
    )
    tasks.send_requests(provider_id=account.pk)
    tasks.poll_refills(provider_id=account.pk)
    assert fresh(refill).status == RefillStatus.QUEUED
    assert fresh(running).due_at == running.due_at
