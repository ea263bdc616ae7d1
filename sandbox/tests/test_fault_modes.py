"""Every fault mode does on the wire what its name says, on the side of acceptance it was told."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from sandbox import PHASES_OF, Sandbox
from sandbox.tests.raw import Heard, answer, ask, exchange, form, http, place, wish

Check = Callable[[Heard], object]


@pytest.fixture
def clean(shared: Sandbox) -> Iterator[Sandbox]:
    shared.reset()
    yield shared
    shared.clear_faults()


def _strictly_unreadable(heard: Heard) -> bool:
    try:
        json.loads(heard.body.decode())
    except (ValueError, RecursionError):
        return True
    return False


def _twice(heard: Heard) -> bool:
    names = json.loads(heard.body, object_pairs_hook=lambda pairs: [name for name, _ in pairs])
    return len(names) == 2 and len(set(names)) == 1


def _short_of_length(heard: Heard) -> bool:
    return len(heard.body) < int(heard.headers["content-length"])


def _bomb(heard: Heard) -> bool:
    opened = zlib.decompress(heard.body, 31)
    return len(opened) > 100_000 and len(heard.body) < 2_000


def _corrupt(heard: Heard) -> bool:
    try:
        gzip.decompress(heard.body)
    except (OSError, EOFError, zlib.error):
        return heard.headers["content-encoding"] == "gzip"
    return False


def _has_status(status: int, heard: Heard) -> bool:
    return heard.status == status


def _redirects(status: int, heard: Heard) -> bool:
    return heard.status == status and heard.headers["location"] == "/moved"


def _order(heard: Heard) -> Any:
    return heard.json()["order"]


# Modes that show in the answer to an `add`, and what must be heard of them.
ADD_CHECKS: dict[str, tuple[dict[str, Any], Check]] = {
    "latency": ({"seconds": 0.15}, lambda h: h.status == 200),
    "latency_lognormal": ({"seconds": 0.1, "sigma": 0.01}, lambda h: h.status == 200),
    "close_at_accept": ({}, lambda h: (h.raw, h.end) in ((b"", "closed"), (b"", "reset"))),
    "reset_at_accept": ({}, lambda h: (h.raw, h.end) == (b"", "reset")),
    "hang_at_accept": ({"seconds": 5}, lambda h: (h.raw, h.end) == (b"", "silent")),
    "close_mid_request": ({}, lambda h: (h.raw, h.end) == (b"", "closed")),
    "reset_mid_request": ({}, lambda h: (h.raw, h.end) == (b"", "reset")),
    "close_after_request": ({}, lambda h: (h.raw, h.end) == (b"", "closed")),
    "reset_after_request": ({}, lambda h: (h.raw, h.end) == (b"", "reset")),
    "hang": ({"seconds": 5}, lambda h: (h.raw, h.end) == (b"", "silent")),
    "drip_headers": ({"seconds": 0.4}, lambda h: len(h.raw) == 1 and h.end == "silent"),
    "drip_body": ({"seconds": 0.4}, lambda h: len(h.body) == 1 and h.end == "silent"),
    "truncated_with_length": ({}, lambda h: _short_of_length(h) and h.end == "closed"),
    "truncated_without_length": (
        {},
        lambda h: "content-length" not in h.headers and _strictly_unreadable(h),
    ),
    "reset_mid_answer": ({}, lambda h: h.status == 200 and h.end == "reset"),
    "bad_chunks": ({}, lambda h: h.body.startswith(b"zz\r\n")),
    "unfinished_chunks": ({}, lambda h: h.body.endswith(b"}\r\n") and h.end == "closed"),
    "garbage_status": ({}, lambda h: not h.raw.startswith(b"HTTP/")),
    "no_status": ({}, lambda h: h.raw.startswith(b"{")),
    "header_flood": ({}, lambda h: h.head.count(b"X-Flood-") == 500),
    "huge_header": ({}, lambda h: len(h.headers["x-huge"]) == 200_000),
    "endless_headers": ({"bytes": 400_000}, lambda h: len(h.raw) > 300_000),
    "endless_body": ({"bytes": 400_000}, lambda h: len(h.body) > 300_000),
    "html": ({}, lambda h: h.status == 200 and b"<h1>" in h.body),
    "login_page": ({}, lambda h: h.status == 200 and b"password" in h.body),
    "challenge": ({}, lambda h: h.status == 403 and b"Just a moment" in h.body),
    "plain_text": ({}, lambda h: h.headers["content-type"] == "text/plain"),
    "empty": ({}, lambda h: h.status == 200 and h.body == b""),
    "empty_list": ({}, lambda h: h.json() == []),
    "empty_object": ({}, lambda h: h.json() == {}),
    "null": ({}, lambda h: h.json() is None),
    "malformed_json": ({}, _strictly_unreadable),
    "trailing_comma": ({}, lambda h: h.body.endswith(b",}") and _strictly_unreadable(h)),
    "duplicate_keys": ({}, _twice),
    "nan": ({}, lambda h: b"NaN" in h.body),
    "infinity": ({}, lambda h: b"1e999" in h.body),
    "huge_int": ({}, lambda h: len(h.body) > 5_000 and _strictly_unreadable(h)),
    "nested_json": ({}, lambda h: h.body.startswith(b"[[[") and _strictly_unreadable(h)),
    "bom": ({}, lambda h: h.body.startswith(b"\xef\xbb\xbf{")),
    "utf16": ({}, lambda h: h.body[:2] in (b"\xff\xfe", b"\xfe\xff")),
    "invalid_utf8": ({}, _strictly_unreadable),
    "gzip": ({}, lambda h: gzip.decompress(h.body).startswith(b"{")),
    "gzip_corrupt": ({}, _corrupt),
    "gzip_bomb": ({"bytes": 200_000}, _bomb),
    "wrong_content_type": ({}, lambda h: h.headers["content-type"] == "image/png"),
    "bool_id": ({}, lambda h: _order(h) is True),
    "null_id": ({}, lambda h: _order(h) is None),
    "zero_id": ({}, lambda h: _order(h) == 0),
    "negative_id": ({}, lambda h: _order(h) < 0),
    "float_id": ({}, lambda h: isinstance(_order(h), float)),
    "padded_id": ({}, lambda h: _order(h).startswith(" +")),
    "unicode_id": ({}, lambda h: _order(h).isdecimal() and not _order(h).isascii()),
    "wrong_types": ({}, lambda h: isinstance(_order(h), dict)),
    "order_and_error": ({}, lambda h: set(h.json()) == {"order", "error"}),
    "generic_error": ({}, lambda h: "Something went wrong" in h.json()["error"]),
    "error_reply": ({"reason": "funds"}, lambda h: h.json()["error"].startswith("Not enough")),
    "whole_batch_error": ({}, lambda h: h.json() == {"error": "Incorrect order ID"}),
    **{
        f"http_{status}": ({}, partial(_has_status, status))
        for status in (400, 401, 403, 404, 405, 413, 500, 502, 503, 504)
    },
    **{
        f"http_{status}": ({"location": "/moved"}, partial(_redirects, status))
        for status in (301, 302, 303, 307, 308)
    },
    "http_429": (
        {"retry_after": 9},
        lambda h: h.status == 429 and h.headers["retry-after"] == "9",
    ),
}
# Modes that show elsewhere, each with a test of its own below.
ELSEWHERE = {
    "refuse", "reused_id", "missing_rows", "extra_rows", "status_regress", "unknown_status",
    "charge_drift", "remains_above_quantity", "negative_remains", "null_values", "rate_negative",
    "rate_nan", "rate_zero", "rate_jump", "min_above_max", "html_names", "huge_description",
    "duplicate_services", "broken_rows", "halved_catalog", "empty_catalog", "balance_lag",
    "other_currency",
}  # fmt: skip
CASES = [(mode, phase) for mode in ADD_CHECKS for phase in PHASES_OF[mode]]


def test_every_mode_has_a_test() -> None:
    assert set(ADD_CHECKS) | ELSEWHERE == set(PHASES_OF)


@pytest.mark.parametrize(("mode", "phase"), CASES)
def test_a_mode_shows_on_the_wire_and_on_its_side_of_acceptance(
    clean: Sandbox, mode: str, phase: str
) -> None:
    options, check = ADD_CHECKS[mode]
    fields = wish(clean)
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
    body = form(clean, "add", **wish(clean, comments="x" * 2_000_000))
    assert exchange(clean, http(clean, body)).end == "reset"
    assert clean.ledger() == [] and clean.calls("add") == 0


def test_rules_choose_by_action_turn_link_and_number_of_times(clean: Sandbox) -> None:
    fields = wish(clean)
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
