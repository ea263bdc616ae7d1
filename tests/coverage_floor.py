"""What the suite has reached, against what it has to reach: `make coverage`, then this.

Two floors. Of all lines and branches that are no tests, nine in ten. Of the lines that decide about
money, each: what no test enters there is no proof but a hope. What runs where this report does not
look is named in `ELSEWHERE`, with the reason.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FLOOR = 90.0  # per cent of lines and branches together
MONEY = (  # from here an order is written, sent, counted, refunded or called lost
    "core/rows/leases.py",
    "core/money.py",
    "orders/aftersales/",
    "orders/charges.py",
    "orders/limits/",
    "orders/models/",
    "orders/placing/insert_order.py",
    "orders/placing/place_orders.py",
    "orders/polling/final_charge.py",
    "orders/reconciliation/balance_intervals.py",
    "orders/reconciliation/discrepancies.py",
    "orders/reconciliation/refunds.py",
    "orders/recovery/",
    "orders/restores/",
    "orders/sending/",
    "providers/actions/token_bucket.py",
    "providers/panel_api/refusals/",
)
ELSEWHERE = {  # function: why no test of this report enters it
    (
        "orders/sending/restore_check/guard.py",
        "database_identity",
    ): "asks PostgreSQL who it is; the report is of the suite on SQLite",
}


def unreached_money(files: dict[str, Any]) -> Iterator[tuple[str, list[int]]]:
    """Each file about money that has lines which no test enters, with those lines."""
    for name, file in sorted(files.items()):
        if not name.startswith(MONEY):
            continue
        elsewhere = {
            line
            for function, found in file["functions"].items()
            if (name, function) in ELSEWHERE
            for line in found["missing_lines"]
        }
        if lines := [line for line in file["missing_lines"] if line not in elsewhere]:
            yield name, lines


def needless(files: dict[str, Any]) -> Iterator[str]:
    """What `ELSEWHERE` names although it is gone, or is entered here too."""
    for name, function in ELSEWHERE:
        found = files.get(name, {}).get("functions", {}).get(function)
        if found is None or not found["missing_lines"]:
            yield f"{name}::{function}"


def main(report: Path) -> int:
    found = json.loads(report.read_text())
    percent = found["totals"]["percent_covered"]
    missed = list(unreached_money(found["files"]))
    excused = list(needless(found["files"]))
    print(f"{percent:.1f} % of lines and branches reached; the floor is {FLOOR:.0f} %.")
    for name, lines in missed:
        print(f"No test enters {name}:{', '.join(map(str, lines))}")
    for name in excused:
        print(f"{name} needs no excuse any more: take it out of ELSEWHERE.")
    print(f"No test enters {sum(len(lines) for _, lines in missed)} lines about money.")
    return int(percent < FLOOR or bool(missed) or bool(excused))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
