"""`make chaos`: exit code 0 only when nothing was violated and the controls were."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from . import report
from .controls import CONTROLS, MOST_ORDERS, Control, run_control
from .history import read_blows, read_terms
from .plan import Terms, plan_of
from .run import run

OUT = Path(__file__).parent / "results"
DATABASES = {"sqlite": ("sqlite",), "postgres": ("postgres",), "both": ("sqlite", "postgres")}


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one run for each")
    parser.add_argument("--database", choices=DATABASES, default="both")
    parser.add_argument("--kills-every", type=float, default=2.0, help="seconds, on average")
    parser.add_argument("--faults", type=float, default=0.2, help="share of orders sent")
    parser.add_argument("--accounts", type=int, default=28)
    parser.add_argument("--prices", choices=("equal", "mixed"), default="equal")
    parser.add_argument("--pastes", type=float, default=0.3, help="share of orders pasted")
    parser.add_argument("--minutes", type=float, default=0, help="then people stop ordering")
    parser.add_argument(
        "--restore", action="store_true", help="a backup is restored after the fire"
    )
    parser.add_argument("--steady", action="store_true", help="no price moves and no clock steps")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--into", type=Path, help="a page whose report is replaced by this one")
    parser.add_argument("--replay", type=Path, help="a history: the same plan, the same blows")
    parser.add_argument("--no-controls", action="store_true")
    return parser


def main() -> int:
    chosen = options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is ended too
    blows = read_blows(chosen.replay) if chosen.replay else None
    outcomes, controls = [], []
    for terms in [read_terms(chosen.replay)] if chosen.replay else runs_of(chosen):
        print(f"{terms.database}, seed {terms.seed}: {terms.orders} orders …", flush=True)
        outcome = run(terms, chosen.out / f"{terms.database}-{terms.seed}", blows)
        outcomes.append(outcome)
        found = {kind: count for kind, count in outcome.counted.items() if count}
        print(f"  {outcome.seconds:.0f} s, {outcome.statuses}; violations: {found or 'none'}")
    if not chosen.no_controls:
        first = outcomes[0].terms
        orders = min(first.orders, MOST_ORDERS)
        controls = run_controls(replace(first, database="sqlite", orders=orders, accounts=7))
    report.write(chosen.out, outcomes, controls)
    if chosen.into:
        report.put_into(chosen.into, report.for_a_page(outcomes, controls))
    print(f"\n{report.as_markdown(outcomes, controls)}\n{chosen.out / 'report.json'}")
    return 0 if report.result(outcomes, controls) == "holds" else 1


def runs_of(chosen: argparse.Namespace) -> list[Terms]:
    return [
        Terms(
            chosen.orders,
            seed,
            database,
            chosen.kills_every,
            chosen.faults,
            chosen.accounts,
            chosen.prices,
            chosen.pastes,
            chosen.minutes,
            chosen.restore,
            chosen.steady,
        )
        for database in DATABASES[chosen.database]
        for seed in chosen.seeds
    ]


def run_controls(terms: Terms) -> list[Control]:
    """All three beside each other."""
    print("controls …", flush=True)
    began = time.monotonic()
    planned_orders = plan_of(terms)
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch, ThreadPoolExecutor(3) as pool:
        work = [
            pool.submit(run_control, name, planned_orders, terms, Path(scratch) / name)
            for name in CONTROLS
        ]
        found = [one.result() for one in work]
    print(f"  {time.monotonic() - began:.0f} s")
    return found


if __name__ == "__main__":
    sys.exit(main())
