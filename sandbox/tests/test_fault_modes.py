"""Every fault mode does on the wire what its name says, on the side of acceptance it was told."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import PHASES_OF, Sandbox
from sandbox.tests.fault_checks import ADD_CHECKS
from sandbox.tests.raw import answer, ask, exchange, form, http, order_fields, place


@pytest.fixture
def clean(shared: Sandbox) -> Iterator[Sandbox]:
    shared.reset()
    yield shared
    shared.clear_faults()


# Modes that show elsewhere, each with a test of its own below.
ELSEWHERE = {
    "refuse",
    "reused_id",
    "missing_rows",
    "extra_rows",
    "status_regress",
    "unknown_status",
    "charge_drift",
    "remains_above_quantity",
    "negative_remains",
    "null_values",
    "rate_negative",
    "rate_nan",
    "rate_zero",
    "rate_jump",
    "min_above_max",
    "html_names",
    "huge_description",
    "duplicate_services",
    "broken_rows",
    "halved_catalog",
    "empty_catalog",
    "balance_lag",
    "other_currency",
}
CASES = [(mode, phase) for mode in ADD_CHECKS for phase in PHASES_OF[mode]]


def test_every_mode_has_a_test() -> None:
    assert set(ADD_CHECKS) | ELSEWHERE == set(PHASES_OF)


@pytest.mark.parametrize(("mode", "phase"), CASES)
def test_a_mode_shows_on_the_wire_and_on_its_side_of_acceptance(
    clean: Sandbox, mode: str, phase: str
) -> None:
    options, check = ADD_CHECKS[mode]
    fields = order_fields(clean)
    clean.fault(mode, phase, **options)
    silent = options.get("seconds", 0) >= 0.4
    heard = ask(clean, "add", patience=0.2 if silent else 2.0, **fields)
    assert check(heard), (heard.end, heard.raw[:300])
    accepted = phase == "after" or mode.startswith("latency")
    assert len(clean.ledger()) == accepted


@pytest.mark.parametrize("phase", ["before", "after"])
def test_latency_takes_its_time(clean: Sandbox, phase: str) -> None:
    clean.fault("latency", phase, seconds=0.2)
    began = time.monotonic()
    ask(clean, "balance")
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("mode", ["drip_headers", "drip_body"])
def test_a_dripped_answer_is_whole_in_the_end(clean: Sandbox, mode: str) -> None:
    clean.fault(mode, action="add", seconds=0.001)
    assert place(clean) == clean.ledger()[0]["id"]


def test_a_refusing_provider_comes_back_on_the_same_port(clean: Sandbox) -> None:
    clean.refuse(0.3)
    assert ask(clean, "balance").end == "refused"
    time.sleep(0.45)
    assert ask(clean, "balance").status == 200


def test_a_reused_id_is_an_earlier_one_though_the_order_was_accepted(clean: Sandbox) -> None:
    first = place(clean)
    clean.fault("reused_id", action="add")
    assert place(clean) == first
    assert len(clean.ledger()) == 2


def _three_orders(box: Sandbox) -> list[str]:
    return [place(box, link=f"https://shop.example/{number}") for number in range(3)]


def test_rows_go_missing_and_strangers_come(clean: Sandbox) -> None:
    ids = _three_orders(clean)
    clean.fault("missing_rows", action="status", nth=1)
    clean.fault("extra_rows", action="status", nth=1)
    assert list(answer(clean, "status", orders=",".join(ids))) == [ids[1]]
    rows = answer(clean, "status", orders=",".join(ids))
    assert len(rows) == 4 and set(ids) < set(rows)


@pytest.mark.parametrize(
    ("mode", "field", "told"),
    [
        ("status_regress", "status", "In progress"),
        ("unknown_status", "status", "Simmering"),
        ("remains_above_quantity", "remains", "99999999"),
        ("negative_remains", "remains", "-5"),
        ("null_values", "charge", None),
    ],
)
def test_a_status_lies(clean: Sandbox, mode: str, field: str, told: str | None) -> None:
    order = place(clean)
    clean.advance(10_000)
    assert answer(clean, "status", order=order)["status"] == "Completed"
    clean.fault(mode, action="status")
    assert answer(clean, "status", order=order)[field] == told
    assert answer(clean, "status", orders=order)[order][field] == told
    assert clean.order(order)["status"] == "Completed"


def test_a_charge_drifts(clean: Sandbox) -> None:
    order = place(clean)
    clean.fault("charge_drift", action="status")
    assert float(answer(clean, "status", order=order)["charge"]) > float(
        clean.order(order)["charge"]
    )


@pytest.mark.parametrize(
    ("mode", "check"),
    [
        ("rate_negative", lambda rows: rows[0]["rate"] == "-1.50"),
        ("rate_nan", lambda rows: rows[0]["rate"] != rows[0]["rate"]),
        ("rate_zero", lambda rows: rows[0]["rate"] == "0"),
        ("rate_jump", lambda rows: float(rows[0]["rate"]) > 500),
        ("min_above_max", lambda rows: int(rows[0]["min"]) > int(rows[0]["max"])),
        ("html_names", lambda rows: "<script>" in rows[0]["name"]),
        ("huge_description", lambda rows: len(rows[0]["description"]) == 1_000_000),
        ("duplicate_services", lambda rows: rows[0] == rows[-1] and len(rows) == 41),
        ("broken_rows", lambda rows: rows[:2] == [None, "row"]),
        ("halved_catalog", lambda rows: len(rows) == 20),
        ("empty_catalog", lambda rows: rows == []),
    ],
)
def test_a_catalog_lies(clean: Sandbox, mode: str, check: Callable[[Any], bool]) -> None:
    clean.fault(mode, action="services")
    sent = http(clean, form(clean, "services"), extra="Connection: close\r\n")
    assert check(exchange(clean, sent, most=4 << 20).json())
    clean.clear_faults()
    assert len(answer(clean, "services")) == 40


def test_a_balance_lags_behind_the_last_order(clean: Sandbox) -> None:
    before = answer(clean, "balance")["balance"]
    place(clean)
    clean.fault("balance_lag", action="balance", times=1)
    clean.fault("other_currency", action="balance", nth=1)
    assert answer(clean, "balance")["balance"] == before
    told = answer(clean, "balance")
    assert told["balance"] != before and told["currency"] == "XTS"


def test_a_redirect_followed_is_seen(clean: Sandbox) -> None:
    assert exchange(clean, http(clean, b"x=1", path="/moved", extra="Connection: close\r\n"))
    assert clean.calls("moved") == 1 and clean.ledger() == []


def test_a_request_is_cut_while_it_still_comes(clean: Sandbox) -> None:
    clean.fault("reset_mid_request", "before", action="add")
    body = form(clean, "add", **order_fields(clean, comments="x" * 2_000_000))
    assert exchange(clean, http(clean, body)).end == "reset"
    assert clean.ledger() == [] and clean.calls("add") == 0


def test_rules_choose_by_action_turn_link_and_number_of_times(clean: Sandbox) -> None:
    fields = order_fields(clean)
    clean.fault("empty", "before", action="add", nth=[2, 3], link="/page$")
    assert ask(clean, "balance").body
    other = {**fields, "link": "https://shop.example/other"}
    bodies = [
        ask(clean, "add", **chosen).body for chosen in (fields, other, fields, fields, fields)
    ]
    assert [bool(body) for body in bodies] == [True, True, False, False, True]
    clean.clear_faults()
    clean.fault("empty", "before", times=1)
    assert [bool(ask(clean, "balance").body) for _ in range(2)] == [False, True]


def test_chance_is_the_same_for_the_same_seed() -> None:
    def pattern(seed: int) -> list[bool]:
        with Sandbox(seed=seed, services=5) as box:
            box.fault("empty", "before", probability=0.5)
            return [bool(ask(box, "balance").body) for _ in range(24)]

    assert pattern(7) == pattern(7) != pattern(8)
    assert 4 < sum(pattern(7)) < 20


@pytest.mark.parametrize(
    ("mode", "phase", "rule"),
    [
        ("no_such_mode", "before", {}),
        ("reset_at_accept", "after", {}),
        ("empty", "sideways", {}),
        ("hang_at_accept", "before", {"action": "add"}),
        ("refuse", "before", {}),
        ("empty", "before", {"link": "("}),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    clean: Sandbox, mode: str, phase: str, rule: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        clean.fault(mode, phase, **rule)


def test_a_hanging_call_ends_when_the_sandbox_stops() -> None:
    with Sandbox(services=5) as box:
        box.fault("hang", "after")
        customer = socket.create_connection((box.host, box.port), timeout=5)
        customer.sendall(http(box, form(box, "balance")))
        while not box.stats()["in_flight"]:
            time.sleep(0.01)
    assert customer.recv(10) == b""
    customer.close()
