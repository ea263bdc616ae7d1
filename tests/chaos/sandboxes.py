"""The providers of a run: sandboxes in processes of their own, and the trouble they make."""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from dashboard.supervisor.child import bound_to_parent
from sandbox import RemoteSandbox
from sandbox.control.levers import Levers
from sandbox.ledger.dice import fingerprint

from .checker import Bought
from .plan import QUANTITIES, SERVICES_USED, Panel, Terms

SPEED = 600
LONGEST_LIFE = 8000.0  # virtual seconds after which every order has ended
BALANCE = 1_000_000
SERVICES = 60
HANG_SECONDS = 4
LATE_SECONDS = 2.8  # accepted after the desk has given up

# mode, its phases, its options; each share of the faults is spread evenly over one mix
BOTH = ("before", "after")
Mode = tuple[str, tuple[str, ...], dict[str, Any]]
MIXES: dict[str, tuple[Mode, ...]] = {
    "answers lost": (
        ("close_after_request", BOTH, {}),
        ("reset_after_request", BOTH, {}),
        ("truncated_without_length", BOTH, {}),
        ("unfinished_chunks", BOTH, {}),
    ),
    "proxies": (
        ("http_502", BOTH, {}),
        ("http_504", BOTH, {"keep_body": True}),
        ("html", BOTH, {}),
        ("http_429", BOTH, {"retry_after": "1"}),
    ),
    "slow": (
        ("hang", BOTH, {"seconds": HANG_SECONDS}),
        ("latency", BOTH, {"seconds": 1.0}),
        ("latency", ("before",), {"seconds": LATE_SECONDS}),
        ("drip_body", BOTH, {"seconds": 0.2}),
    ),
    "words": (
        ("generic_error", BOTH, {}),
        ("malformed_json", BOTH, {}),
        ("empty", BOTH, {}),
        ("order_and_error", ("after",), {}),
        ("null_id", ("after",), {}),
        ("error_reply", ("before",), {"reason": "link"}),
    ),
    "sockets": (
        ("reset_mid_answer", BOTH, {}),
        ("bad_chunks", BOTH, {}),
        ("garbage_status", BOTH, {}),
    ),
}
# The action is not known yet when a request is cut off in the middle: any call may be hit.
OTHER_FAULTS = (
    ("http_503", "before", "status"),
    ("missing_rows", "after", "status"),
    ("reset_mid_request", "before", ""),
)
OTHER_SHARE = 0.05


class Provider:
    """One sandbox process with the keys of its accounts, which never leave this process' memory
    but by the form they are entered in and the sandbox's environment."""

    def __init__(self, panel: Panel, directory: Path, seed: int) -> None:
        self.panel, self.directory, self.seed = panel, directory, seed
        self.keys = {name: _new_key() for name in panel.accounts}
        self.fired: Counter[str] = Counter()

    def start(self) -> None:
        """Without waiting for it; whoever wants to use it calls `connect`."""
        self.directory.mkdir(parents=True)
        command = [
            sys.executable,
            "-m",
            "sandbox",
            "--seed",
            str(self.seed),
            "--speed",
            str(SPEED),
            "--services",
            str(SERVICES),
            "--balance",
            str(BALANCE),
            "--state-dir",
            str(self.directory / "state"),
        ]
        environment = {**os.environ, "SANDBOX_KEYS": " ".join(self.keys.values())}
        with (self.directory / "sandbox.log").open("wb") as log:
            self.process = subprocess.Popen(
                bound_to_parent(command),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def connect(self) -> None:
        assert self.process.stdout is not None
        place = json.loads(self.process.stdout.readline())
        self.url = place["url"]
        self.use(RemoteSandbox(place["control_url"], place["control_token"]))

    def use(self, levers: Levers) -> None:
        """Pull these; choose what people buy there."""
        self.levers = levers
        if self.panel.switches:
            self.levers.dialect(**dict(self.panel.switches))
        self.catalog = {int(one["id"]): one for one in self.levers.services()}
        wanted = [
            one
            for one in self.catalog.values()
            if one["type"] == "Default"
            and one["min"] <= min(QUANTITIES)
            and one["max"] >= max(QUANTITIES)
        ]
        self.services = [str(one["id"]) for one in wanted[:SERVICES_USED]]
        if len(self.services) < SERVICES_USED:
            raise LookupError(f"the catalog of {self.panel.name} has too few services that fit")

    @property
    def origin(self) -> str:
        return str(self.url).removesuffix("/api/v2")

    def misbehave(self, mix: str, share: float) -> None:
        """Of all orders sent from now on, `share` go wrong, each in one of the ways of `mix`."""
        self.behave()
        rules = [(mode, phase, how) for mode, phases, how in MIXES[mix] for phase in phases]
        each = share / len(rules)
        for position, (mode, phase, how) in enumerate(rules):
            rest = 1 - position * each  # the rules before this one have not fired
            self.levers.fault(mode, phase, action="add", probability=each / rest, **how)
        for mode, phase, action in OTHER_FAULTS:
            self.levers.fault(mode, phase, action=action, probability=OTHER_SHARE)

    def behave(self) -> None:
        """Take all faults back, and count how often they struck."""
        for rule in self.levers.pull("GET", "/faults", {})["faults"]:
            self.fired[f"{rule['action']} {rule['phase']}"] += rule["fired"]
        self.levers.clear_faults()

    @property
    def faulty_adds(self) -> int:
        """How many orders sent were hit, as far as the faults have been taken back."""
        return sum(count for key, count in self.fired.items() if key.startswith("add"))

    def age(self) -> None:
        """Let every order it has come to its end."""
        self.levers.advance(LONGEST_LIFE)

    def ledger(self) -> list[Bought]:
        names = {fingerprint(key): name for name, key in self.keys.items()}
        return [
            Bought(
                names[row["account"]],
                str(row["id"]),
                str(row["service"]),
                row["link"],
                row["quantity"],
                Decimal(row["charge_now"]),
                Decimal(row["charge"]),
            )
            for row in self.levers.ledger()
        ]

    def spent(self, account: str) -> Decimal:
        """By its balance: what it has taken for good."""
        return BALANCE - self.levers.balance(fingerprint(self.keys[account]))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def _new_key() -> str:
    """With signs that are written otherwise in a form, in JSON and in an address."""
    return f"ck+{secrets.token_hex(12)}/{secrets.token_hex(4)}=%&"


def start_all(panels: tuple[Panel, ...], directory: Path, terms: Terms) -> list[Provider]:
    providers = [
        Provider(panel, directory / panel.name, terms.seed + number)
        for number, panel in enumerate(panels)
    ]
    for provider in providers:
        provider.start()
    return providers


def connect_all(providers: Sequence[Provider]) -> None:
    """Wait until each can be called."""
    for provider in providers:
        provider.connect()


def first_mix(seed: int) -> str:
    return random.Random(f"mix-{seed}").choice(list(MIXES))
