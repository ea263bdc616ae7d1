"""What the sweep looks for again and again is found by indexes that hold few rows."""

from __future__ import annotations

import pytest
from django.db import connection

from orders.models import Order
from orders.sending import sweep_due
from orders.status import HoldReason, Outcome, Status
from providers.models import Provider, ProviderHealth, ProviderState
from tests.builders import NOON, make_attempt, make_order, make_provider
from tests.query_counts import queries_of
from tests.query_plans import plans_of, scans_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_lost_sends_are_reaped_by_the_index_of_sends_under_way(many_orders: None) -> None:
    (look,) = plans_of(lambda: sweep_due.reap_lost_sends(now=NOON))
    assert "attempt_to_reap" in look


def test_lost_answers_are_found_by_the_index_of_unknown_sends(many_orders: None) -> None:
    make_attempt(make_order(Status.UNCONFIRMED), outcome=Outcome.UNKNOWN, resolved_by=None)
    looks = [
        plan
        for plan in plans_of(lambda: sweep_due.accounts_to_recover(NOON))
        if "orders_attempt" in plan
    ]
    assert len(looks) == 3
    assert all("attempt_to_recover" in plan for plan in looks)


def test_no_queued_order_is_read_where_no_account_is_in_trouble() -> None:
    make_order(Status.QUEUED)
    asked = queries_of(lambda: list(sweep_due._wanted_moves()))
    assert not [sql for sql in asked if "'queued'" in sql]


def test_of_a_paused_account_its_own_queue_is_read(many_orders: None) -> None:
    make_order(Status.QUEUED)
    paused = make_order(Status.QUEUED, provider=make_provider(state=ProviderState.PAUSED))
    assert scans_of(lambda: list(sweep_due._wanted_moves())) == []
    if connection.vendor == "sqlite":  # PostgreSQL weighs these few rows
        plans = plans_of(lambda: list(sweep_due._wanted_moves()))
        assert any("orders_order USING INDEX order_to_send (provider_id=?)" in one for one in plans)
    assert [(order.pk, reason) for order, _, reason in sweep_due._wanted_moves()] == [
        (paused.pk, HoldReason.PROVIDER_PAUSED)
    ]


def test_each_kind_of_trouble_is_found_and_an_account_in_two_once() -> None:
    accounts = [make_order(Status.QUEUED).provider for _ in range(4)]
    paused, keyless, refused, broke = accounts
    Provider.objects.filter(pk=paused.pk).update(state=ProviderState.PAUSED, key_ciphertext="")
    Provider.objects.filter(pk=keyless.pk).update(key_ciphertext="")
    ProviderHealth.objects.filter(provider=refused).update(key_refused_at=NOON)
    ProviderHealth.objects.filter(provider=broke).update(funds_refused_at=NOON)
    sweep_due.hold_and_release(now=NOON)
    held = dict(Order.objects.filter(status=Status.HELD).values_list("provider", "hold_reason"))
    assert held == {
        paused.pk: HoldReason.PROVIDER_PAUSED,
        keyless.pk: HoldReason.KEY,
        refused.pk: HoldReason.KEY,
        broke.pk: HoldReason.FUNDS,
    }
