"""The tasks around refills and cancels: what the sweep ends, takes for lost and rings for."""

from __future__ import annotations

import pytest

from orders import wake_ups
from orders.aftersales import tasks
from orders.status import CancelStatus, RefillStatus, Status
from orders.tests.aftersales.test_send_requests import FakeDesk, fresh
from tests.builders import make_cancel, make_order, make_provider, make_refill

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
