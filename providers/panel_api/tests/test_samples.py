"""Every shape of answer met in the world, kept as a sample beside what must be made of it.

Row numbers are those of the dialect table; a case without `gives` must raise, and says what.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.panel_api import Credentials, Dialect, PackagePayload, PanelClient, ProviderError

from .plainly import plain_error, plainly
from .stub import KEY, URL, StubTransport, said

SAMPLES = Path(__file__).parent / "samples"

CALLS = {
    "services": lambda client, case: client.services(),
    "add": lambda client, case: client.add(
        PackagePayload(service_id="1", link="https://a.example/x")
    ),
    "status": lambda client, case: client.statuses_once(case["asked"]),
    "refill": lambda client, case: client.refill(case["asked"]),
    "refill_status": lambda client, case: client.refill_statuses_once(case["asked"]),
    "cancel": lambda client, case: client.cancel(case["asked"]),
    "balance": lambda client, case: client.balance(),
    "orders": lambda client, case: client.recent_orders(),
}

ROWS = {
    *("D01", "D02", "D03", "D05", "D06", "D07", "D09", "D10", "D11", "D12", "D13"),
    *("D15", "D16", "D17", "D18", "D21", "D22", "D23", "D27", "D28", "D29", "D30", "D31"),
    *("D32", "D33", "D34", "D35", "D36"),
    *("D37", "D39", "D40", "D42", "D43", "D46", "D47", "D48", "D49", "D50"),
    *("D53", "D55", "D58", "D61", "D62", "D63", "D64", "D65", "D68", "D70", "D71", "D72"),
    *("D73", "D74", "D75", "D77", "D79", "D80", "D83", "D84", "D85"),
}
# Not a shape of an answer; these are tests of their own in test_facts.py and test_sockets.py.
FACTS = {"D12", "D28", "D31", "D33", "D58", "D62"}


def cases() -> Iterator[Any]:
    for path in sorted(SAMPLES.glob("*.json")):
        for case in json.loads(path.read_text()):
            yield pytest.param(case, id=f"{path.stem}: {case['row']} {case['case']}")


@pytest.mark.parametrize("case", list(cases()))
def test_sample(case: dict[str, Any]) -> None:
    body = bytes.fromhex(case["hex"]) if "hex" in case else case["body"] * case.get("times", 1)
    http = {"http_status": case.get("http_status", 200), **case.get("http", {})}
    transport = StubTransport(said(body, **http))
    dialect = Dialect.from_profile(case.get("dialect", {}))
    client = PanelClient(Credentials(URL, KEY), dialect, transport)
    try:
        made = {"gives": plainly(CALLS[case["call"]](client, case))}
    except ProviderError as error:
        made = {"raises": plain_error(error)}
    assert made == {name: case[name] for name in ("gives", "raises") if name in case}


def test_every_row_of_the_dialect_table_is_kept() -> None:
    kept = {case["row"] for path in SAMPLES.glob("*.json") for case in json.loads(path.read_text())}
    assert kept >= ROWS - FACTS
