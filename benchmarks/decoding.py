"""How long answers take to decode, beside `json.loads` alone: `python -m benchmarks.decoding`.

Prints a table, then one JSON line; exits with 1 when a stated bar is missed.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from providers.panel_api import Dialect, decode_catalog, decode_orders
from providers.panel_api.strict_json import parse

BARS_MS = {"100 statuses": 1.0, "10,000 services": 100.0}
ROUNDS = 15


def hundred_statuses() -> str:
    rows = {
        str(23501 + n): {
            "charge": f"0.{27819 + n}", "start_count": str(3572 + n), "status": "In progress",
            "remains": str(157 + n), "currency": "USD",
        }
        for n in range(100)
    }  # fmt: skip
    return json.dumps(rows)


def ten_thousand_services() -> str:
    rows = [
        {
            "service": n, "name": f"Service {n} · fast · 30 days", "type": "Default",
            "category": f"Category {n % 100}", "rate": f"{n % 90}.{n % 97:02d}", "min": "50",
            "max": "10000", "refill": True, "cancel": False, "dripfeed": True,
            "description": f"What service {n} does, in a sentence of the usual length.",
        }
        for n in range(1, 10_001)
    ]  # fmt: skip
    return json.dumps(rows)


def milliseconds(step: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - began) * 1000 / times


def interleaved(
    ours: Callable[[], object], plain: Callable[[], object], times: int
) -> tuple[float, float, float]:
    """Median ms of ours and of json.loads, and the median ratio of neighbouring rounds."""
    pairs = [(milliseconds(ours, times), milliseconds(plain, times)) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
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
    report: dict[str, dict[str, float | bool]] = {}
    for name, (ours, plain, times) in cases.items():
        mine, theirs, ratio = interleaved(ours, plain, times)
        good = mine < BARS_MS[name]
        report[name] = {
            "ms": round(mine, 3), "json_loads_ms": round(theirs, 3), "ratio": round(ratio, 2),
            "bar_ms": BARS_MS[name], "met": good,
        }  # fmt: skip
        print(f"{name:>16}: {mine:7.2f} ms, {ratio:.1f} × json.loads, bar {BARS_MS[name]:g} ms")
    print(json.dumps({"benchmark": "decoding", **report}))
    return 0 if all(row["met"] for row in report.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
