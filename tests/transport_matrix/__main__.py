"""`make matrix`: the whole table, its figures, and exit code 1 when a bar was missed."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Final

from . import naive
from .callers import Pass, Provider, call_all, provider, read
from .figures import Figures
from .memory import Peak

WARMING: Final = ("an order", "a refusal", "refused", "close after the request")


def main() -> int:
    asked = arguments()
    logging.disable(logging.WARNING)  # the address filter tells of every address it refuses
    with provider() as there:
        figures = measured(there, asked.passes)
    show(figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures.as_json(), indent=1) + "\n")
    return 1 if figures.missed() else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.transport_matrix", description=__doc__)
    parser.add_argument("--passes", type=int, default=4, help="how often the table is called")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures here")
    return parser.parse_args()


def measured(there: Provider, passes: int) -> Figures:
    """One pass with one caller, whose memory is measured; the others with many at once."""
    call_all(there, only=WARMING)
    peak = Peak()
    alone = call_all(there, at_once=1)
    megabytes = peak.growth
    adds: list[Pass] = [alone, *(call_all(there) for _ in range(passes - 1))]
    reads = call_all(there, read)
    control = call_all(there, naive.careless(there), only=naive.MODES)
    return Figures(
        runs=[run for one in adds for run in one.runs],
        reads=reads.runs,
        control=control,
        followed=sum(one.followed for one in (*adds, reads)),
        proxied=sum(one.proxied for one in (*adds, reads)),
        megabytes=megabytes,
    )


def show(figures: Figures) -> None:
    print(f"{'must be':12} {'over':6} {'is':>6} {'is not':>7}")
    for expected, over, right, wrong in figures.by_class():
        print(f"{expected:12} {over:6} {right:6} {wrong:7}")
    print()
    for name, (figure, bar) in figures.lines().items():
        print(f"{name:38} {figure:>8}   {f'(bar: {bar})' if bar else ''}".rstrip())
    for found in figures.found:
        print(f"FOUND {found}")
    missed = figures.missed()
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bars met")


if __name__ == "__main__":
    sys.exit(main())
