from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from core.clocks import CONNECTION_CHECK_CUT_OFF_SECONDS, database_now
from core.encryption import encrypt
from providers.actions import connection_checks
from providers.actions.connection_checks import open_report, run_check, waiting_reports
from providers.actions.learning import FORGOTTEN, forget_learned
from providers.connect import client_for
from providers.models import ConnectionReport, Provider, ProviderHealth
from providers.panel_api import Dialect
from providers.panel_api.connection_check.check import check_connection
from providers.panel_api.connection_check.findings import CheckResult
from sandbox import Sandbox

pytestmark = pytest.mark.services


def checked(account: Provider, *, with_empty_order: bool = False) -> ConnectionReport:
    report = open_report(account, actor=None, now=database_now(), with_empty_order=with_empty_order)
    assert run_check(report, client_for, clock=database_now)
    report.refresh_from_db()
    return report


def levels(report: ConnectionReport) -> dict[str, str]:
    return {finding["topic"]: finding["level"] for finding in report.findings}


def test_a_provider_that_is_well_gets_a_report_and_costs_nothing(
    account: Provider, box: Sandbox
) -> None:
    report = checked(account)
    assert report.ended_at and report.services_seen == 60
    assert "fail" not in levels(report).values()
    assert {"add", "refill", "cancel"}.isdisjoint(box.stats()["calls"])
    row = Provider.objects.get()
    assert row.balance == Decimal(1000)
    assert row.dialect["many_statuses"] is True
    assert ProviderHealth.objects.get().last_ok_at


def test_a_check_writes_no_balance_over_a_later_one(
    account: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = open_report(account, actor=None, now=database_now())
    look = check_connection

    def checking(*args: Any, **options: Any) -> CheckResult:
        result = look(*args, **options)
        Provider.objects.update(balance=Decimal(5), balance_at=database_now())
        return result

    monkeypatch.setattr(connection_checks, "check_connection", checking)
    assert run_check(report, client_for, clock=database_now)
    row = Provider.objects.get()
    assert (row.balance, row.dialect["many_statuses"]) == (Decimal(5), True)


def test_a_wrong_key_is_named_and_marked(account: Provider) -> None:
    Provider.objects.update(key_ciphertext=encrypt("not-the-key-at-all"))
    account.refresh_from_db()
    report = checked(account)
    assert levels(report)["key"] == "fail"
    assert ProviderHealth.objects.get().key_refused_at


@pytest.mark.parametrize("mode", ["html", "http_500", "close_after_request", "plain_text"])
def test_a_provider_that_does_not_answer_is_said_to_be_so(
    account: Provider, box: Sandbox, mode: str
) -> None:
    box.fault(mode)
    report = checked(account)
    assert "fail" in levels(report).values()
    assert ProviderHealth.objects.get().open_until


def test_an_account_without_a_key_gets_a_report_that_says_so(account: Provider) -> None:
    Provider.objects.update(key_ciphertext="")
    account.refresh_from_db()
    report = checked(account)
    assert report.ended_at and "no key" in report.findings[0]["words"]


def test_one_connection_check_at_a_time(account: Provider) -> None:
    report = open_report(account, actor=None, now=database_now())
    assert open_report(account, actor=None, now=database_now()) == report
    ConnectionReport.objects.update(step="Connecting")
    assert not run_check(report, client_for, clock=database_now)


def test_what_was_learned_is_not_written_over_a_new_address(
    account: Provider, box: Sandbox
) -> None:
    report = open_report(account, actor=None, now=database_now())
    assert report.provider.version == 1
    Provider.objects.update(version=2)
    run_check(report, client_for, clock=database_now)
    assert Provider.objects.get().dialect == {}


def test_with_an_empty_order_it_finds_the_parameter_that_takes_our_ids(
    account: Provider, box: Sandbox
) -> None:
    box.dialect(request_id="required")
    checked(account)
    assert "idempotency_parameter" not in Provider.objects.get().dialect
    report = checked(account, with_empty_order=True)
    assert levels(report)["repeats"] == "ok" and box.ledger() == []
    assert Provider.objects.get().dialect["idempotency_parameter"] == "request_id"


@pytest.mark.parametrize("name", ["ref", ""])
def test_a_parameter_that_an_admin_named_meanwhile_stays(account: Provider, name: str) -> None:
    Provider.objects.update(dialect={"idempotency_parameter": "custom_id"})
    account.refresh_from_db()  # as the worker reads it, before the admin's change
    report = open_report(account, actor=None, now=database_now())
    Provider.objects.update(dialect={"idempotency_parameter": name} if name else {})
    run_check(report, client_for, clock=database_now)
    assert Provider.objects.get().dialect.get("idempotency_parameter", "") == name


def test_a_lost_bell_is_found_and_a_dead_check_is_ended(account: Provider) -> None:
    now = database_now()
    report = open_report(account, actor=None, now=now)
    assert waiting_reports(now=now) == []
    assert waiting_reports(now=now + timedelta(seconds=60)) == [report.pk]
    ConnectionReport.objects.update(step="Connecting")
    later = now + timedelta(seconds=CONNECTION_CHECK_CUT_OFF_SECONDS)
    assert waiting_reports(now=later) == []
    report.refresh_from_db()
    assert report.ended_at == later and "cut off" in report.findings[-1]["words"]


def test_the_key_is_in_no_finding(account: Provider, box: Sandbox) -> None:
    box.fault("error_reply", reason=f"The key {box.key} is unknown to us")
    report = checked(account)
    assert box.key not in str(report.findings)


def test_what_staff_allow_at_most_is_not_learned_as_a_limit_of_the_provider(
    account: Provider,
) -> None:
    Provider.objects.update(batch_size=1, dialect={"batch_size": 1, "many_statuses": False})
    account.refresh_from_db()
    report = checked(account)
    assert "could not be finished" not in str(report.findings)
    assert Dialect.from_profile(Provider.objects.get().dialect).batch_size == 100


def test_what_was_learned_can_be_forgotten_and_the_rest_stays(account: Provider) -> None:
    stays = {"json_body": True, "refusals": {"nope": "funds"}, "services_page_size": 500}
    learned = {"batch_size": 1, "many_statuses": False, "refills": False, "cancels": False}
    Provider.objects.update(dialect={**stays, **learned})
    account.refresh_from_db()
    assert forget_learned(account, now=database_now(), actor=None)
    assert Provider.objects.get().dialect == stays
    assert account.events.get().text == FORGOTTEN
    assert not forget_learned(account, now=database_now(), actor=None)


def test_a_report_of_an_earlier_release_shows_the_level_of_each_finding(account: Provider) -> None:
    made = database_now()
    stored = [{"topic": "key", "verdict": "fail", "words": "Wrong.", "detail": ""}]
    report = ConnectionReport.objects.create(provider=account, findings=stored, run_at=made)
    import_module("providers.migrations.0016_finding_levels").to_level(apps, None)
    report.refresh_from_db()
    assert levels(report) == {"key": "fail"} and "verdict" not in report.findings[0]
