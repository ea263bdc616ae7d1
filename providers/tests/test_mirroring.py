from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.clocks import database_now
from core.money import plain
from core.roles import Role
from providers.actions.catalog.mirror_catalog import mirror_run
from providers.actions.catalog.read_now import read_now
from providers.actions.catalog.runs import approve_run, open_run, refuse_run
from providers.actions.leases import acquire_lease, release_lease
from providers.connect import client_for
from providers.models import (
    CatalogRun,
    ChangeKind,
    Lease,
    LeaseKind,
    Provider,
    ProviderHealth,
    RunState,
    Service,
    ServiceChange,
)
from sandbox import Sandbox
from tests.builders import make_user

pytestmark = pytest.mark.services


def mirror(account: Provider) -> RunState | None:
    return mirror_run(account, client_for, clock=database_now)


def newest_run() -> CatalogRun:
    return CatalogRun.objects.newest_first()[0]


def kinds() -> list[str]:
    return sorted(ServiceChange.objects.values_list("kind", flat=True))


def rows() -> list[Any]:
    return list(Service.objects.order_by("pk").values())


@pytest.fixture
def mirrored(account: Provider) -> Provider:
    assert mirror(account) is RunState.APPLIED
    return account


def test_the_first_catalog_becomes_our_rows_without_being_news(
    mirrored: Provider, box: Sandbox
) -> None:
    truth = box.services()
    assert Service.objects.count() == len(truth) == 60
    for published in truth:
        row = Service.objects.get(external_id=str(published["id"]))
        assert (row.name, row.category) == (published["name"], published["category"])
        assert row.rate == Decimal(published["rate"])
        assert (row.min, row.max) == (published["min"], published["max"])
        assert (row.refill, row.cancel) == (published["refill"], published["cancel"])
    run = newest_run()
    assert (run.state, run.seen, run.added, run.unreadable) == (RunState.APPLIED, 60, 60, 0)
    assert kinds() == []


def test_an_unchanged_catalog_writes_no_service(mirrored: Provider) -> None:
    before = rows()
    with CaptureQueriesContext(connection) as queries:
        assert mirror(mirrored) is RunState.APPLIED
    assert rows() == before
    written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE"))]
    assert written and not any("providers_service" in sql for sql in written)


def test_every_kind_of_difference_leaves_a_line(mirrored: Provider, box: Sandbox) -> None:
    old = box.service("Default")
    box.edit_service(
        old["id"],
        name="Website visits · North",
        category="Visits",
        rate="7.125",
        min=old["min"] + 1,
        max=old["max"] + 1,
        refill=not old["refill"],
        cancel=not old["cancel"],
        description="Now with a longer story.",
    )
    assert mirror(mirrored) is RunState.APPLIED
    assert kinds() == sorted(
        ["name", "category", "rate", "min", "max", "refill", "cancel", "description"]
    )
    row = Service.objects.get(external_id=str(old["id"]))
    assert row.rate == Decimal("7.125")
    assert "north" in row.search_text
    price = ServiceChange.objects.get(kind=ChangeKind.RATE)
    assert (Decimal(price.before), price.after) == (Decimal(old["rate"]), "7.125")
    assert newest_run().changed == 1


def test_a_service_that_goes_and_comes_back_is_one_row_all_along(
    mirrored: Provider, box: Sandbox
) -> None:
    pks = set(Service.objects.values_list("pk", flat=True))
    box.change_catalog(remove=0.1)
    assert mirror(mirrored) is RunState.APPLIED
    gone = newest_run().gone
    assert 0 < gone == 60 - len(box.services()) == Service.objects.exclude(gone_at=None).count()
    box.change_catalog(restore=True)
    assert mirror(mirrored) is RunState.APPLIED
    assert newest_run().back == gone
    assert set(Service.objects.values_list("pk", flat=True)) == pks
    assert not Service.objects.exclude(gone_at=None).exists()
    assert kinds() == sorted(["gone"] * gone + ["back"] * gone)


def test_a_new_service_after_the_first_catalog_is_news(mirrored: Provider, box: Sandbox) -> None:
    box.edit_service(9001, name="Map listings · Iceland")
    assert mirror(mirrored) is RunState.APPLIED
    assert kinds() == ["new"]
    change = ServiceChange.objects.get()
    assert change.service.name == "Map listings · Iceland"
    assert change.after == plain(change.service.rate or Decimal(0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"empty": True}, "no service that can be read"),
        ({"halve": True}, "services are gone"),
        ({"remove": 0.3}, "services are gone"),
    ],
    ids=["empty", "halved", "a third gone"],
)
def test_a_catalog_that_shrank_is_held_and_nothing_is_written(
    mirrored: Provider, box: Sandbox, change: dict[str, Any], words: str
) -> None:
    before = rows()
    box.change_catalog(**change)
    assert mirror(mirrored) is RunState.HELD
    assert words in newest_run().held_because
    assert rows() == before
    assert kinds() == []


def test_prices_that_leap_are_held(mirrored: Provider, box: Sandbox) -> None:
    for truth in box.services()[:20]:
        box.edit_service(truth["id"], rate=str(Decimal(truth["rate"]) * 1000))
    assert mirror(mirrored) is RunState.HELD
    assert "The price of 20 of 60" in newest_run().held_because


def test_exactly_the_held_catalog_is_applied(mirrored: Provider, box: Sandbox) -> None:
    box.change_catalog(halve=True)
    mirror(mirrored)
    held = newest_run()
    shown = (held.added, held.changed, held.gone, held.back)
    stayed = len(box.services())
    box.change_catalog(empty=True)  # what the provider says later is another story
    assert approve_run(held, actor=make_user(Role.MANAGER), now=database_now())
    assert mirror(mirrored) is RunState.APPLIED
    held.refresh_from_db()
    assert (held.added, held.changed, held.gone, held.back) == shown
    assert held.held_catalog is None
    assert Service.objects.offered().count() == stayed
    assert box.calls("services") == 2


@pytest.mark.parametrize("ago", [0, 3600], ids=["now", "with a clock that was set back"])
def test_an_approved_catalog_is_none_that_was_read_now(
    mirrored: Provider, box: Sandbox, ago: int
) -> None:
    box.change_catalog(halve=True)
    mirror(mirrored)
    assert approve_run(newest_run(), actor=make_user(Role.MANAGER), now=database_now())

    def clock() -> datetime:
        return database_now() - timedelta(seconds=ago)

    assert not read_now(mirrored, client_for, clock=clock)
    assert newest_run().state == RunState.APPLIED
    assert read_now(mirrored, client_for, clock=clock)


def test_a_refused_catalog_leaves_everything_as_it_was(mirrored: Provider, box: Sandbox) -> None:
    box.change_catalog(halve=True)
    mirror(mirrored)
    held = newest_run()
    assert refuse_run(held, actor=make_user(Role.MANAGER), now=database_now())
    held.refresh_from_db()
    assert (held.state, held.held_catalog) == (RunState.REFUSED, None)
    assert Service.objects.offered().count() == 60
    assert not approve_run(held, actor=make_user(Role.MANAGER), now=database_now())
    assert mirrored.events.get().text.startswith("Held catalog refused")


def test_a_newer_run_overtakes_a_held_one(mirrored: Provider, box: Sandbox) -> None:
    box.change_catalog(halve=True)
    mirror(mirrored)
    held = newest_run()
    box.change_catalog(restore=True)
    mirror(mirrored)
    held.refresh_from_db()
    assert (held.state, held.held_catalog) == (RunState.SUPERSEDED, None)
    assert not approve_run(held, actor=make_user(Role.MANAGER), now=database_now())


def test_a_held_run_is_not_approved_while_a_newer_one_is_under_way(
    mirrored: Provider, box: Sandbox
) -> None:
    box.change_catalog(halve=True)
    mirror(mirrored)
    held = newest_run()
    open_run(mirrored, now=database_now())
    assert not approve_run(held, actor=make_user(Role.MANAGER), now=database_now())
    held.refresh_from_db()
    assert held.state == RunState.HELD


def test_a_failed_fetch_keeps_the_held_run(mirrored: Provider, box: Sandbox) -> None:
    box.change_catalog(halve=True)
    mirror(mirrored)
    held = newest_run()
    box.fault("http_500", action="services")
    assert mirror(mirrored) is RunState.FAILED
    held.refresh_from_db()
    assert held.state == RunState.HELD


def test_another_workers_lease_is_respected(account: Provider, box: Sandbox) -> None:
    holder = acquire_lease(account.pk, LeaseKind.CATALOG, now=database_now(), seconds=60)
    assert holder
    assert mirror(account) is None
    assert not CatalogRun.objects.exists()
    release_lease(account.pk, LeaseKind.CATALOG, holder)
    assert mirror(account) is RunState.APPLIED


def test_who_lost_the_lease_stops_writing_and_the_next_one_goes_on(
    account: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = iter([True, False])
    with monkeypatch.context() as patch:
        patch.setattr("providers.actions.catalog.apply_changes.CHUNK", 25)
        patch.setattr("providers.actions.leases.renew_lease", lambda *_, **__: next(lost))
        assert mirror(account) is RunState.RUNNING
    assert Service.objects.count() == 25
    assert mirror(account) is RunState.APPLIED
    run = CatalogRun.objects.get()
    assert (run.added, Service.objects.count()) == (60, 60)
    assert kinds() == []  # still the first catalog


def test_the_next_catalog_is_due_when_staff_want_it(mirrored: Provider) -> None:
    lease = Lease.objects.get(kind=LeaseKind.CATALOG)
    assert lease.due_at is not None and lease.holder == ""
    assert 5.9 < (lease.due_at - database_now()).total_seconds() / 3600 < 6.1


def test_an_account_that_may_not_be_called_yet_waits_with_its_run_open(account: Provider) -> None:
    mirror(account)
    ProviderHealth.objects.update(slow_until=database_now() + timedelta(minutes=10))
    assert mirror(account) is RunState.RUNNING
    assert newest_run().step.startswith("Waiting until")


def test_a_changed_address_stops_a_run_under_way(
    account: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = Provider.objects.get(pk=account.pk)
    Provider.objects.update(version=7)
    assert mirror(stale) is RunState.FAILED
    assert "changed" in newest_run().error
    assert not Service.objects.exists()
