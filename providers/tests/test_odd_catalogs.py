from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from core.clocks import database_now
from core.rows.loops import MOST_BROKEN
from providers.actions.catalog.mirror_catalog import NOT_WRITTEN, OWN_FAULT, mirror_run
from providers.actions.catalog.plausibility import _leapt
from providers.connect import Connect
from providers.models import ProposedTerms, Provider, ProviderHealth, RunState, Service
from providers.panel_api import Catalog, CatalogItem, Unreadable
from sandbox import PHASES_OF, Sandbox

from .test_mirroring import mirror, newest_run, rows

pytestmark = pytest.mark.services


@pytest.fixture
def mirrored(account: Provider) -> Provider:
    assert mirror(account) is RunState.APPLIED
    return account


@pytest.mark.parametrize(
    "mode",
    [
        "html",
        "challenge",
        "login_page",
        "plain_text",
        "empty",
        "null",
        "malformed_json",
        "nan",
        "nested_json",
        "utf16",
        "truncated_with_length",
        "truncated_without_length",
        "close_after_request",
        "reset_mid_answer",
        "garbage_status",
        "gzip_bomb",
        "http_301",
        "http_403",
        "http_429",
        "http_500",
        "http_503",
        "error_reply",
    ],
)
def test_an_answer_that_is_no_catalog_fails_the_run_and_changes_nothing(
    mirrored: Provider, box: Sandbox, mode: str
) -> None:
    before = rows()
    box.fault(mode, PHASES_OF[mode][-1], action="services")
    assert mirror(mirrored) is RunState.FAILED
    run = newest_run()
    assert run.error and "Traceback" not in run.error
    assert run.held_catalog is None
    assert rows() == before
    assert ProviderHealth.objects.get().last_error


@pytest.mark.parametrize(
    "mode",
    [
        "broken_rows",
        "duplicate_services",
        "min_above_max",
        "rate_negative",
        "rate_nan",
        "rate_zero",
        "rate_jump",
        "null_values",
        "wrong_types",
        "html_names",
        "huge_description",
        "huge_int",
        "duplicate_keys",
        "halved_catalog",
        "empty_catalog",
        "empty_list",
        "unicode_id",
        "wrong_content_type",
        "bom",
    ],
)
def test_a_catalog_of_odd_rows_never_makes_good_services_vanish(
    mirrored: Provider, box: Sandbox, mode: str
) -> None:
    box.fault(mode, action="services")
    state = mirror(mirrored)
    run = newest_run()
    assert state in (RunState.APPLIED, RunState.HELD, RunState.FAILED)
    assert (run.held_because != "") == (state is RunState.HELD)
    assert Service.objects.offered().count() == 60
    for service in Service.objects.all():
        assert len(service.name) <= 500 and len(service.description) <= 20_000
        assert service.rate is None or service.rate >= 0
        assert None in (service.min, service.max) or service.min <= service.max  # type: ignore[operator]  # None is left out


def told(*items: CatalogItem, unreadable: int = 0) -> Connect:
    """A provider that publishes these services and rows that cannot be read."""
    rows = tuple(Unreadable("Its rate is not an amount.", about=str(n)) for n in range(unreadable))
    client: Any = SimpleNamespace(services=lambda: Catalog(items, rows))
    return lambda account: client


def item(service_id: str, **over: Any) -> CatalogItem:
    dull: dict[str, Any] = {"name": "Visits", "type": "Default", "category": "Visits"}
    dull |= {"rate": Decimal(1), "min": 1, "max": 9}
    return CatalogItem(service_id, **dull | over)


@pytest.mark.parametrize(("unreadable", "state"), [(20, RunState.APPLIED), (21, RunState.HELD)])
def test_a_catalog_more_than_a_fifth_of_which_cannot_be_read_is_held_even_the_first(
    account: Provider, unreadable: int, state: RunState
) -> None:
    whole = told(*(item(str(1000 + n)) for n in range(100 - unreadable)), unreadable=unreadable)
    assert mirror_run(account, whole, clock=database_now) is state
    run = newest_run()
    assert (run.seen, run.unreadable) == (100, unreadable)
    assert run.unreadable_samples[0] == "Service 0: Its rate is not an amount."


def test_what_hides_or_turns_text_around_is_taken_out_of_it(account: Provider) -> None:
    hostile = item(
        "7",
        name="Vi\u202esits\u200b\n of\x00 the\u2066 day",
        category="\u200d",
        description="One\nTwo\ufeff",
        average_time="👩\u200d🔧 soon",
    )
    assert mirror_run(account, told(hostile), clock=database_now) is RunState.APPLIED
    row = Service.objects.get()
    assert (row.name, row.category) == ("Visits  of the day", "")
    assert (row.description, row.average_time) == ("One\nTwo", "👩\u200d🔧 soon")


def test_a_price_no_column_can_hold_is_set_aside(account: Provider) -> None:
    dear = item("7", rate=Decimal(10) ** 15)
    whole = told(dear, *(item(str(n)) for n in range(100, 110)))
    assert mirror_run(account, whole, clock=database_now) is RunState.APPLIED
    assert Service.objects.count() == 10
    assert newest_run().unreadable_samples == ["Service 7: Its rate is beyond all bounds."]


NO_COLUMN = 2**70  # no database has a whole number that long, and no decoder lets it through


def test_a_service_that_the_write_refuses_keeps_no_other_from_being_mirrored(
    account: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    poison = item("104", max=NO_COLUMN)
    others = [item(str(n)) for n in range(100, 110) if n != 104]
    assert mirror_run(account, told(*others, poison), clock=database_now) is RunState.APPLIED
    assert set(Service.objects.values_list("external_id", flat=True)) == {
        one.service_id for one in others
    }
    run = newest_run()
    assert (run.seen, run.added, run.unreadable, run.error) == (10, 9, 1, "")
    assert run.unreadable_samples == [f"Service 104: {NOT_WRITTEN}"]
    assert "is broken and left alone" in caplog.text


def test_a_change_that_the_write_refuses_leaves_its_service_as_it_is(account: Provider) -> None:
    known = [item(str(n)) for n in range(100, 110)]
    assert mirror_run(account, told(*known), clock=database_now) is RunState.APPLIED
    dearer = [item(one.service_id, rate=Decimal(2)) for one in known[1:8]]  # 108 and 109 are gone
    poison = item("100", rate=Decimal(2), min=NO_COLUMN, max=NO_COLUMN)
    assert mirror_run(account, told(poison, *dearer), clock=database_now) is RunState.APPLIED
    rates = Service.objects.offered().order_by("pk").values_list("external_id", "rate")
    assert list(rates) == [("100", Decimal(1)), *((str(n), Decimal(2)) for n in range(101, 108))]
    run = newest_run()
    assert (run.changed, run.gone, run.unreadable) == (7, 2, 1)
    assert Service.objects.get(external_id="100").changes.count() == 0, "nor is it told of"


def test_terms_that_cannot_be_proposed_are_not_bought_at_as_before(account: Provider) -> None:
    known = [item(str(n)) for n in range(100, 110)]
    assert mirror_run(account, told(*known), clock=database_now) is RunState.APPLIED
    leapt = [item(one.service_id, rate=Decimal(20)) for one in known[1:]]
    poison = item("100", rate=Decimal(20), min=NO_COLUMN, max=NO_COLUMN)
    assert mirror_run(account, told(poison, *leapt), clock=database_now) is RunState.HELD
    proposed = ProposedTerms.objects.order_by("service")
    assert list(proposed.values_list("rate", "is_offered")) == [
        (Decimal(1), False),
        *[(Decimal(20), True)] * 9,
    ]


def test_a_write_that_is_refused_again_and_again_is_a_fault_of_our_own(account: Provider) -> None:
    poison = [item(str(n), max=NO_COLUMN) for n in range(MOST_BROKEN + 1)]
    assert mirror_run(account, told(*poison), clock=database_now) is RunState.FAILED
    assert newest_run().error == OWN_FAULT


def test_a_fault_of_our_own_ends_the_run_and_says_so(
    account: Provider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("providers.actions.catalog.mirror_catalog.known_services", lambda _: 1 / 0)
    assert mirror(account) is RunState.FAILED
    assert "at the desk" in newest_run().error
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("before", "after", "leapt"),
    [("1", "0", True), ("0", "1", True), ("0", "0", False), ("1", "10", True), ("1", "2", False)],
)
def test_a_price_that_becomes_nothing_is_a_leap(before: str, after: str, leapt: bool) -> None:
    assert _leapt(Decimal(before), Decimal(after)) is leapt
