from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import doorbell
from core.clocks import database_now
from providers import tasks
from providers.actions.catalog.runs import open_run
from providers.actions.connection_checks import open_report
from providers.actions.leases import acquire_lease, ensure_leases
from providers.actions.ringing import due_work
from providers.models import CatalogRun, LeaseKind, Provider, ProviderHealth, Service
from sandbox import Sandbox
from tests.builders import make_provider

pytestmark = pytest.mark.services
HOUR = timedelta(hours=1)


def test_a_new_account_is_due_for_both(account: Provider) -> None:
    now = database_now()
    due = due_work(now=now)  # an account without leases gets them
    assert (due.balances, due.catalogs) == ([account.pk], [account.pk])


def test_an_account_without_a_key_is_left_alone(db: None) -> None:
    provider = make_provider(key="")
    ensure_leases(provider.pk, due_at=database_now() - HOUR)
    due = due_work(now=database_now())
    assert (due.balances, due.catalogs) == ([], [])


def test_an_account_whose_breaker_has_run_out_is_probed(account: Provider) -> None:
    now = database_now()
    ensure_leases(account.pk, due_at=now + HOUR)
    ProviderHealth.objects.update(open_until=now + timedelta(seconds=10))
    assert due_work(now=now).balances == []
    assert due_work(now=now + timedelta(seconds=10)).balances == [account.pk]


def test_a_run_whose_bell_was_lost_is_rung_again(account: Provider) -> None:
    now = database_now()
    ensure_leases(account.pk, due_at=now + HOUR)
    open_run(account, now=now)
    assert due_work(now=now).catalogs == []
    assert due_work(now=now + timedelta(seconds=20)).catalogs == [account.pk]
    acquire_lease(account.pk, LeaseKind.CATALOG, now=now, seconds=300)
    assert due_work(now=now + timedelta(seconds=20)).catalogs == []


def test_the_bells_carry_ids_and_nothing_else(
    account: Provider, doorbell_rung: list[tuple[str, dict[str, int]]]
) -> None:
    report = open_report(account, actor=None, now=database_now() - HOUR)
    tasks.ring_due()
    assert doorbell_rung == [
        ("providers.read_balance", {"provider_id": account.pk}),
        ("providers.mirror", {"provider_id": account.pk}),
        ("providers.examine", {"report_id": report.pk}),
    ]


def test_each_task_does_its_work(account: Provider, box: Sandbox) -> None:
    tasks.read_balance(provider_id=account.pk)
    tasks.mirror(provider_id=account.pk)
    tasks.check_connection(report_id=open_report(account, actor=None, now=database_now()).pk)
    account.refresh_from_db()
    assert account.balance == 1000
    assert Service.objects.count() == 60
    assert account.connection_reports.get().ended_at


@pytest.mark.parametrize("mode", ["html", "http_500", "http_429", "http_401", "hang_up"])
def test_no_task_raises_for_what_a_provider_does(
    account: Provider, box: Sandbox, mode: str
) -> None:
    if mode == "hang_up":
        box.refuse(60)
    else:
        box.fault(mode)
    tasks.read_balance(provider_id=account.pk)
    ProviderHealth.objects.update(slow_until=None, open_until=None)
    tasks.mirror(provider_id=account.pk)
    tasks.check_connection(report_id=open_report(account, actor=None, now=database_now()).pk)
    assert CatalogRun.objects.get().error


def test_a_bell_for_what_is_gone_is_not_heard(db: None) -> None:
    tasks.read_balance(provider_id=999)
    tasks.mirror(provider_id=999)
    tasks.check_connection(report_id=999)
    assert not CatalogRun.objects.exists(), "no row was made for an account that is not there"


def test_a_bell_that_cannot_be_rung_costs_the_page_nothing(
    admin: Client,
    account: Provider,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def no_thread(name: str, **ids: int) -> None:
        assert (name, ids) == ("providers.mirror", {"provider_id": account.pk})
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(doorbell, "ring", no_thread)
    with django_capture_on_commit_callbacks(execute=True) as rung:
        answer = admin.post(reverse("provider-mirror", args=[account.pk]))
    assert (answer.status_code, len(rung)) == (302, 1)
    assert due_work(now=database_now() + timedelta(seconds=20)).catalogs == [account.pk]
