"""How long answers take to decode, beside `json.loads` alone: `python -m benchmarks.decoding`.

Prints a table and one JSON line; exits with 1 when a stated bar is missed.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from benchmarks.report import report
from providers.panel_api import Dialect
from providers.panel_api.answers import decode_catalog, decode_orders
from providers.panel_api.answers.strict_json import parse

BARS = {"100 statuses, ms": 1.0, "10,000 services, ms": 100.0}
ROUNDS = 25


def hundred_statuses() -> str:
    rows = {
        str(23501 + n): {
            "charge": f"0.{27819 + n}",
            "start_count": str(3572 + n),
            "status": "In progress",
            "remains": str(157 + n),
            "currency": "USD",
        }
        for n in range(100)
    }
    return json.dumps(rows)


def ten_thousand_services() -> str:
    rows = [
        {
            "service": n,
            "name": f"Service {n} · fast · 30 days",
            "type": "Default",
            "category": f"Category {n % 100}",
            "rate": f"{n % 90}.{n % 97:02d}",
            "min": "50",
            "max": "10000",
            "refill": True,
            "cancel": False,
            "dripfeed": True,
            "description": f"What service {n} does, in a sentence of the usual length.",
        }
        for n in range(1, 10_001)
    ]
    return json.dumps(rows)


def milliseconds(step: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        step()
    return (time.process_time() - began) * 1000 / times


def interleaved(
    ours: Callable[[], object], plain: Callable[[], object], times: int
) -> tuple[float, float, float]:
    """Best CPU ms of ours and of json.loads, and the median ratio of neighbouring rounds.

    The best, because a busy machine only ever adds to it.
    """
    pairs = [(milliseconds(ours, times), milliseconds(plain, times)) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    mine, theirs = (min(side) for side in zip(*pairs, strict=True))
    return mine, theirs, ratio


def main() -> int:
    dialect = Dialect()
    statuses, services = hundred_statuses(), ten_thousand_services()
    asked = list(json.loads(statuses))
    cases = {
        "100 statuses": (
            lambda: decode_orders.statuses(parse(statuses), asked, dialect),
            lambda: json.loads(statuses),
            20,
        ),
        "10,000 services": (
            lambda: decode_catalog.catalog(parse(services), dialect),
            lambda: json.loads(services),
            1,
        ),
    }
    figures: dict[str, float] = {}
    for name, (ours, plain, times) in cases.items():
        mine, theirs, ratio = interleaved(ours, plain, times)
        figures[f"{name}, ms"] = round(mine, 3)
        figures[f"{name}, json.loads ms"] = round(theirs, 3)
        figures[f"{name}, ratio"] = round(ratio, 2)
    met = all(figures[name] < bar for name, bar in BARS.items())
    return report({"name": "decoding", "figures": figures, "bars": BARS, "met": met})


if __name__ == "__main__":
    sys.exit(main())
