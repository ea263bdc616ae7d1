"""What the suite has reached, against what it has to reach: `make coverage`, then this.

Two floors. Of all lines and branches that are no tests, nine in ten. Of the code that decides about
money, every line: what no test enters there is no proof but a hope.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FLOOR = 90.0  # per cent of lines and branches together
MONEY = (  # from here an order is written, sent, counted, refunded or called lost
    "core/leases.py",
    "core/money.py",
    "orders/aftersales/",
    "orders/charges.py",
    "orders/limits/",
    "orders/models/",
    "orders/placing/place_orders.py",
    "orders/recovery/",
    "orders/restores/",
    "orders/sending/",
    "providers/actions/pacing.py",
    "providers/panel_api/refusals/",
)


def unreached_money(files: dict[str, Any]) -> Iterator[str]:
    """`file:line, line` for each file about money with lines that no test enters."""
    for name, file in sorted(files.items()):
        if name.startswith(MONEY) and file["missing_lines"]:
            yield f"{name}:{', '.join(map(str, file['missing_lines']))}"


def main(report: Path) -> int:
    found = json.loads(report.read_text())
    percent = found["totals"]["percent_covered"]
    missed = list(unreached_money(found["files"]))
    print(f"{percent:.1f} % of lines and branches reached; the floor is {FLOOR:.0f} %.")
    for place in missed:
        print(f"No test enters {place}")
    return int(percent < FLOOR or bool(missed))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
