"""`python -m sandbox`: the sandbox as a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from decimal import Decimal

from sandbox.box import Sandbox, accounts_of
from sandbox.protocol.dialect import PRESETS
from sandbox.protocol.limits import RateLimits
from sandbox.provider import DEMO_KEY


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="panel API; 0 picks a free one")
    options.add_argument("--control-port", type=int, default=0, help="control API; 0 picks one")
    options.add_argument(
        "--control-token",
        default=os.environ.get("SANDBOX_CONTROL_TOKEN", ""),
        help="made up and printed unless given; also SANDBOX_CONTROL_TOKEN",
    )
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--services", type=int, default=500, help="catalog size, to 100000")
    options.add_argument("--speed", type=float, default=1.0, help="virtual seconds a second")
    options.add_argument("--pace", type=float, default=1.0, help="factor on all order times")
    options.add_argument("--partial", type=float, default=0.06, help="share that ends partial")
    options.add_argument("--canceled", type=float, default=0.04, help="share that ends canceled")
    options.add_argument("--drift", type=float, default=0.0, help="share of prices per fetch")
    options.add_argument(
        "--key",
        action="append",
        metavar="KEY[:BALANCE[:CURRENCY]]",
        help="an account; may be given more than once; also SANDBOX_KEYS, with spaces between",
    )
    options.add_argument("--balance", type=Decimal, default=Decimal(1000))
    options.add_argument("--latency-ms", type=float, default=0.0)
    options.add_argument("--dialect", choices=sorted(PRESETS), default="seed")
    options.add_argument("--adds-per-minute", type=int, default=0)
    options.add_argument("--state-dir", help="keeps the ledger, and all it tells, across restarts")
    options.add_argument("--certfile")
    options.add_argument("--keyfile")
    return options


def sandbox_from(chosen: argparse.Namespace) -> Sandbox:
    """ValueError for settings that make no sense."""
    accounts = accounts_of(
        chosen.key or os.environ.get("SANDBOX_KEYS", "").split() or [DEMO_KEY], chosen.balance
    )
    first = next(iter(accounts))
    balance, currency = accounts.pop(first)
    limits = {"add": chosen.adds_per_minute} if chosen.adds_per_minute else {}
    return Sandbox(
        seed=chosen.seed,
        services=chosen.services,
        latency=chosen.latency_ms / 1000,
        speed=chosen.speed,
        key=first,
        balance=balance,
        currency=currency,
        accounts=accounts,
        partial=chosen.partial,
        canceled=chosen.canceled,
        pace=chosen.pace,
        drift=chosen.drift,
        dialect=chosen.dialect,
        limits=RateLimits(per_minute=limits),
        state_dir=chosen.state_dir,
        host=chosen.host,
        port=chosen.port,
        control_port=chosen.control_port,
        control_token=chosen.control_token,
        tls=(chosen.certfile, chosen.keyfile or chosen.certfile) if chosen.certfile else None,
    )


def main() -> int:
    chosen = parser().parse_args()
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    try:
        box = sandbox_from(chosen).start()
    except (OSError, ValueError, ArithmeticError) as problem:
        print(f"sandbox: {problem}", file=sys.stderr)
        return 1
    ready = {
        "url": box.url,
        "control_url": box.control,
        "control_token": box.control_token,
        "accounts": box.accounts,
        "seed": chosen.seed,
        "services": chosen.services,
    }
    print(json.dumps(ready), flush=True)
    stopping.wait()
    box.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
