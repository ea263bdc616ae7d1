"""The orders as a file: every order once, numbers exact, and nothing in it that runs."""

from __future__ import annotations

import csv
import gzip
import io
import re
import secrets
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.roles import Role
from orders.lists import csv_export
from orders.models import Order
from orders.status import Status
from orders.terms import Terms
from providers.models import Service
from tests.builders import make_order, make_provider, make_service, make_user
from tests.query_counts import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.services]

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "−"]
BEFORE = [
    "",
    " ",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u2003",
    "\x00",
    "word\n",
    "word\r\n ",
    "word\r\u00a0",
    "word\x0b",
    "word\u2028",
    "\u202e",
]
PAYLOADS = [f"{before}{start}cmd|' /C calc'!A0" for before in BEFORE for start in STARTS] + [
    '=HYPERLINK("https://evil.example","x")',
    '"=1+1',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3",
    '=1+1","=1+1',
    "+4915112345",
    "@lumen",
    "⁼1+1",
    "\t=1+1",
    "\r\n=1+1",
    "-",
    "=",
]
LINE = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def read(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/orders/export/{query}")
    assert answer.status_code == 200 and answer.streaming
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def is_live(cell: str) -> bool:
    """Whether a spreadsheet might run it, told anew and more simply than by the exporter."""
    if cell[:1] in ("\t", "\r", "\n"):
        return True
    for line in LINE.split(cell):
        bare = "".join(c for c in line if unicodedata.category(c)[0] not in "ZC")
        if unicodedata.normalize("NFKC", bare)[:1] in tuple("=+-@−") or line.startswith("\t"):
            return True
    return False


def test_a_line_tells_the_order_in_the_terms_of_the_field(staff: Client) -> None:
    service = make_service(make_provider(name="Northwind", currency="EUR"), external_id="77")
    order = make_order(
        Status.PARTIAL,
        service=service,
        external_id="9912984",
        units=500,
        remains=25,
        start_count=7,
        charge=Decimal("0.270000001"),
        reference="INV-7",
        note="soon",
        tags=" spring urgent ",
        placed_by=make_user(username="ada"),
        link="https://lumen.example/ü",
    )
    [line] = read(staff)
    expected = {
        "id": str(order.pk),
        "provider": "Northwind",
        "order": "9912984",
        "service": "77",
        "quantity": "500",
        "status": "Partial",
        "remains": "25",
        "start_count": "7",
        "charge": "0.270000001",
        "currency": "EUR",
        "reference": "INV-7",
        "note": "soon",
        "tags": "spring urgent",
        "placed_by": "ada",
        "link": "https://lumen.example/ü",
        "placed_at_utc": "2026-11-23 12:00:00",
        "parent": "",
    }
    assert {name: line[name] for name in expected} == expected


def test_the_name_is_the_one_the_service_had(staff: Client) -> None:
    make_order()
    order = make_order()
    agreed = Terms.of(order.service).as_json() | {"name": "Visits of then"}
    Order.objects.filter(pk=order.pk).update(terms=agreed)
    Service.objects.update(name="Another product")
    lines = read(staff)
    assert [line["name"] for line in lines] == ["Visits of then", "Another product"]


def test_numbers_are_numbers_and_text_is_text(staff: Client) -> None:
    make_order(Status.COMPLETED, charge=Decimal("0.000000000001"), estimate=Decimal("123456789"))
    line = staff.get("/orders/export/").getvalue().decode().splitlines()[1]
    assert ',0.000000000001,123456789,0.9,"USD",' in line
    assert re.match(r'\d+,"', line)


@pytest.mark.parametrize("column", ["reference", "note", "tags", "link", "external_id", "reason"])
def test_nothing_in_the_file_is_a_live_formula(staff: Client, column: str) -> None:
    field: Any = Order._meta.get_field(column)
    longest = field.max_length
    payloads = [payload for payload in PAYLOADS if len(payload) <= longest]
    if connection.vendor == "postgresql":
        payloads = [payload for payload in payloads if "\x00" not in payload]
    assert sum(is_live(payload) for payload in payloads) >= 60
    for payload in payloads:
        over: dict[str, Any] = {column: payload}
        make_order(Status.COMPLETED, **over)
    lines = read(staff)
    assert len(lines) == len(payloads)
    for line in lines:
        assert not [cell for cell in line.values() if is_live(cell)], line


@pytest.mark.parametrize("text", ["https://lumen.example/a=b", "a - b", "2\nb", "ümlaut"])
def test_dull_text_stays_as_it_is(text: str) -> None:
    assert csv_export.inert(text) == text


def test_names_of_others_are_inert_too(staff: Client) -> None:
    make_order(service=make_service(make_provider(name="=1+1"), name="@x", external_id="-1"))
    [line] = read(staff)
    assert (line["provider"], line["name"], line["service"]) == ("'=1+1", "'@x", "'-1")


def test_every_order_of_the_filter_is_in_it_once(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_export, "CHUNK", 3)
    ended = [make_order(Status.COMPLETED).pk for _ in range(6)]
    for _ in range(4):
        make_order(Status.QUEUED)
    assert [int(line["id"]) for line in read(staff, "?group=ended")] == ended[::-1]
    assert [int(line["id"]) for line in read(staff, "?status=completed")] == ended[::-1]
    assert len(read(staff)) == 10


def test_a_compressed_file_is_sent_as_it_is_written(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_export, "CHUNK", 1)
    for _ in range(4):
        make_order(
            terms={"name": secrets.token_urlsafe(60_000)}
        )  # more than is kept back to be compressed
    plain = staff.get("/orders/export/").getvalue()
    answer = staff.get("/orders/export/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in answer.headers
    pieces = iter(answer.streaming_content)  # type: ignore[attr-defined]  # it streams
    begun: list[bytes] = []
    asked = queries_of(lambda: begun.extend([next(pieces), next(pieces)]))
    assert len(asked) <= 2  # of the four that tell the orders
    assert gzip.decompress(b"".join([*begun, *pieces])) == plain


def test_only_the_ticked_ones(staff: Client) -> None:
    orders = [make_order() for _ in range(3)]
    picked = f"?scope=picked&order={orders[0].pk}&order={orders[2].pk}&order=x"
    assert [line["id"] for line in read(staff, picked)] == [str(orders[2].pk), str(orders[0].pk)]


def test_a_slip_in_the_filter_exports_nothing(staff: Client) -> None:
    make_order()
    answer = staff.get("/orders/export/?since=tomorrow&q=lumen")
    assert answer.headers["Location"] == "/orders/?q=lumen&since=tomorrow"


def test_an_order_that_comes_or_goes_meanwhile_spoils_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_export, "CHUNK", 2)
    orders = [make_order() for _ in range(6)]
    lines = csv_export.export_lines(Order.objects.all())
    next(lines), next(lines)
    orders[2].delete()
    make_order()
    rest = "".join(lines)
    assert [line.split(",")[0] for line in rest.splitlines()] == [
        str(orders[number].pk) for number in (3, 1, 0)
    ]


def test_no_transaction_is_open_while_it_is_sent(staff: Client) -> None:
    make_order()
    with CaptureQueriesContext(connection) as queries:
        read(staff)
    assert not [query for query in queries if query["sql"].startswith(("BEGIN", "SAVEPOINT"))]


def test_ten_orders_take_the_queries_of_one(staff: Client) -> None:
    make_order()
    one = queries_of(lambda: read(staff))
    for _ in range(9):
        make_order(placed_by=make_user())
    assert len(queries_of(lambda: read(staff))) == len(one)
    assert len(read(staff)) == 10


def test_viewers_take_nothing_away(client_for_role: Any) -> None:
    assert client_for_role(Role.VIEWER).get("/orders/export/").status_code == 403
