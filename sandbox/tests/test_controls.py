"""The catalog, the limits, and the levers: what a test can do to the provider."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox import PHASES_OF, PRESETS, Dialect, Sandbox
from sandbox.ledger.catalog import Catalog
from sandbox.ledger.order_types import ORDER_TYPES
from sandbox.tests.raw import answer, ask, order_fields, place


def test_the_documentation_names_every_mode_switch_and_preset() -> None:
    text = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    names = [*PHASES_OF, *PRESETS, *(switch.name for switch in fields(Dialect))]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_catalog_is_the_same_for_a_seed_and_has_every_type() -> None:
    one, same, other = Catalog(4, 500), Catalog(4, 500), Catalog(5, 500)
    assert one.services == same.services != other.services
    kinds = Counter(service.type for service in one.services.values())
    assert set(kinds) == set(ORDER_TYPES) and kinds["Default"] > 400
    assert len({service.category for service in one.services.values()}) >= 20
    assert all(service.min <= service.max for service in one.services.values())
    assert all(service.rate > 0 for service in one.services.values())
    places = {-int(service.rate.as_tuple().exponent) for service in one.services.values()}
    assert places == {2, 3, 4, 5}
    assert {service.type for service in Catalog(1, 32).services.values()} == set(ORDER_TYPES)


def test_a_catalog_has_a_hundred_thousand_services_at_most() -> None:
    assert len(Catalog(1, 100_000).services) == 100_000
    with pytest.raises(ValueError, match="100,000"):
        Catalog(1, 100_001)


def test_prices_drift_and_services_come_and_go(box: Sandbox) -> None:
    before = {row["service"]: row["rate"] for row in answer(box, "services")}
    box.change_catalog(drift={"share": 0.5, "step": 0.2})
    after = {row["service"]: row["rate"] for row in answer(box, "services")}
    moved = [number for number in before if before[number] != after[number]]
    assert 5 < len(moved) < 35
    assert all(abs(Decimal(after[n]) / Decimal(before[n]) - 1) < Decimal("0.25") for n in moved)
    assert 10 < box.change_catalog(halve=True) < 30
    gone = set(before) - {row["service"] for row in answer(box, "services")}
    refused = answer(box, "add", **order_fields(box, service=min(gone)))
    assert refused == {"error": "Incorrect service ID"}
    assert box.change_catalog(empty=True) == 0 and answer(box, "services") == []
    assert box.change_catalog(restore=True) == 40
    box.edit_service(1, rate="2.5", name="Website visits · new")
    assert answer(box, "services")[0]["rate"] == "2.5"
    box.close_service(1)
    assert "1" not in {str(row["service"]) for row in answer(box, "services")}
    box.edit_service(1, rate="2.5")
    assert answer(box, "services")[0]["rate"] == "2.5"
    box.edit_service(99, type="Default")
    assert answer(box, "services")[-1]["service"] == 99


def test_prices_can_drift_between_any_two_fetches() -> None:
    with Sandbox(services=40, drift=0.5) as box:
        assert answer(box, "services") != answer(box, "services")


@pytest.mark.parametrize(("style", "status"), [("http", 429), ("text", 200)])
def test_calls_over_the_limit_are_turned_away(shared: Sandbox, style: str, status: int) -> None:
    shared.reset()
    shared.limits({"balance": 2}, style=style, window=30)
    heard = [ask(shared, "balance") for _ in range(3)]
    assert [one.status for one in heard] == [200, 200, status]
    assert heard[2].json() == {"error": "Rate limit exceeded"}
    assert heard[2].headers.get("retry-after") == ("30" if style == "http" else None)
    assert ask(shared, "services").status == 200
    shared.limits({"*": 1})
    assert [ask(shared, "status", order=1).status for _ in range(2)] == [200, 429]
    shared.limits()
    assert ask(shared, "balance").status == 200


def test_adds_need_space_between_them(shared: Sandbox) -> None:
    shared.reset()
    shared.limits(add_spacing=0.2)
    first, second = (ask(shared, "add", **order_fields(shared)) for _ in range(2))
    assert (first.status, second.status, len(shared.ledger())) == (200, 429, 1)
    time.sleep(0.25)
    assert ask(shared, "add", **order_fields(shared)).status == 200
    shared.limits()


def test_an_order_can_be_forced_and_let_go(box: Sandbox) -> None:
    order = place(box, quantity=100)
    box.force(order, progress=0.4, status="In progress", start_count=7)
    row = answer(box, "status", order=order)
    assert (row["status"], row["remains"], row["start_count"]) == ("In progress", "60", "7")
    box.force(order, status="Partial", progress=0.5)
    truth = box.order(order)
    assert Decimal(truth["charge_now"]) * 2 == Decimal(truth["charge"])
    assert box.balance() == 1000 - Decimal(truth["charge_now"])
    box.force(order)
    assert answer(box, "status", order=order)["status"] == "Pending"
    with pytest.raises(ValueError, match="no wings"):
        box.force(order, wings=2)
    with pytest.raises(ValueError, match="there is no"):
        box.force(1, status="Completed")


def test_the_ledger_counts_calls_and_pages(box: Sandbox) -> None:
    ids = [place(box) for _ in range(3)]
    whole = box.pull("GET", "/ledger", {"after": 1, "limit": 1})
    assert whole["total"] == 3 and [row["id"] for row in whole["orders"]] == ids[1:2]
    assert whole["calls"] == {"add": 3} and box.calls("add") == 3
    assert json.dumps(whole)


def test_the_clock_runs_and_stands() -> None:
    with Sandbox(services=5, speed=100) as box:
        before = box.now()
        time.sleep(0.05)
        assert box.now() - before >= 5
        box.set_speed(0)
        stood = box.now()
        time.sleep(0.02)
        assert box.now() == stood
        with pytest.raises(ValueError, match="go back"):
            box.advance(-1)
