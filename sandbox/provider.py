"""The provider as a whole: its state, its actions, and how it comes back after a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.faults.modes import PHASES_OF
from sandbox.faults.rules import Faults
from sandbox.ledger.accounts import Account, Accounts
from sandbox.ledger.book import Book
from sandbox.ledger.catalog import Catalog
from sandbox.ledger.clock import Clock
from sandbox.ledger.ledger import Ledger
from sandbox.ledger.order import Order, Progress, Temper
from sandbox.ledger.parents import Parents
from sandbox.ledger.refills import Refills
from sandbox.protocol import following, placing
from sandbox.protocol.answers import catalog_answer, service_row
from sandbox.protocol.dialect import Dialect
from sandbox.protocol.limits import Halt, RateLimits
from sandbox.protocol.refusals import Refusal
from sandbox.protocol.traffic import Traffic

DEMO_KEY = "sandbox-demo-key-0001"


@dataclass(frozen=True, slots=True)
class Setup:
    """How a provider starts, and what `reset` returns it to.

    `latency` in real seconds a call; `drift` is the share of prices that move at each fetch.
    """

    seed: int = 1
    services: int = 500
    speed: float = 1.0
    accounts: tuple[tuple[str, Decimal, str], ...] = ((DEMO_KEY, Decimal("1000"), "USD"),)
    latency: float = 0.0
    drift: float = 0.0
    partial: float = 0.06
    canceled: float = 0.04
    pace: float = 1.0
    dialect: Dialect = field(default_factory=Dialect)
    limits: RateLimits = field(default_factory=RateLimits)
    state_dir: str | Path | None = None

    def __post_init__(self) -> None:
        if self.pace <= 0 or self.partial < 0 or self.canceled < 0:
            raise ValueError("pace is above 0, shares are not below 0")
        if not self.accounts or not all(key for key, _, _ in self.accounts):
            raise ValueError("a provider has at least one account, each with a key")


class Provider:
    """Everything the provider knows. Hold `lock` around each use."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.lock = threading.RLock()
        self.ledger = Ledger(setup.state_dir)
        self._start()
        self._recover()

    def _start(self) -> None:
        setup = self.setup
        self.dialect, self.latency = setup.dialect, setup.latency
        self.clock = Clock(setup.speed)
        self.accounts = Accounts(Account(*account) for account in setup.accounts)
        self.catalog = Catalog(setup.seed, setup.services)
        temper = Temper(setup.seed, setup.partial, setup.canceled, setup.pace)
        self.book = Book(temper, self.accounts, self.ledger)
        self.parents = Parents(self.book, self.catalog)
        self.refills = Refills(temper, self.ledger)
        self.halt = Halt(setup.limits)
        self.faults = Faults(setup.seed, PHASES_OF)
        self.traffic = Traffic()

    def _recover(self) -> None:
        from sandbox.ledger.recovery import replay

        if not replay(self):
            self.ledger.append("opened", seed=self.setup.seed)
        self.note_clock()

    def reset(self) -> None:
        """Everything as at the first start; a ledger file is set aside, not deleted."""
        self.ledger.set_aside()
        self._start()
        self._recover()

    def note_clock(self) -> None:
        now, speed = self.clock.now(), self.clock.speed
        self.ledger.append("clock", real=time.time(), virtual=now, speed=speed)

    def catch_up(self) -> None:
        """Let everything happen that is due by now: refunds, children of parents."""
        now = self.clock.now()
        while (due := self.book.due(now)) is not None:
            at, order = due
            if order.children is None:
                self.book.settle(order, at)
            else:
                self.parents.visit(order, at, self.dialect)

    def change_catalog(self, change: str, **terms: Any) -> None:
        """Do one of the catalog's changes, and keep it for a restart."""
        getattr(self.catalog, change)(**terms)
        self.ledger.append("catalog", change=change, terms=terms)

    def state(self, order: Order, now: float) -> Progress:
        if order.children is None:
            return self.book.progress(order, now)
        return self.parents.progress(order, now)

    def carry_out(self, account: Account, action: str, fields: Mapping[str, str]) -> Any:
        """JSON content that answers one call, or a function that makes it; raises `Refusal`."""
        if action == "orders" and "orders" not in fields and self.dialect.recent_orders:
            return following.recent_orders(self, account, fields)
        return ACTIONS[action](self, account, fields)

    def admit(self, account: Account, action: str) -> float:
        """0, or the real seconds the rate limits make this call wait."""
        return self.halt.wait_needed(account.fingerprint, STATUS_NAMES.get(action, action))


def services(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    dialect = provider.dialect
    if provider.setup.drift:
        provider.change_catalog("drift", share=provider.setup.drift)
    offered = list(provider.catalog.offered())
    if dialect.page_size:
        text = fields.get("offset", "0")
        offset = int(text) if text.isascii() and text.isdecimal() else 0
        offered = offered[offset : offset + dialect.page_size]

    def written() -> Any:
        """Made outside the lock: a large catalog takes a while."""
        rows = [service_row(service, account.currency, dialect) for service in offered]
        return catalog_answer(rows, dialect)

    return written


def unknown_action(name: str) -> Refusal:
    return Refusal("action" if name else "request")


ACTIONS: dict[str, Callable[[Provider, Account, Mapping[str, str]], Any]] = {
    "services": services,
    "packages": services,
    "add": placing.add,
    "status": following.status,
    "orders": following.status,
    "multi_status": following.status,
    "statuses": following.status,
    "refill": following.refill,
    "refill_status": following.refill_status,
    "cancel": following.cancel,
    "balance": following.balance,
}
STATUS_NAMES = dict.fromkeys(("orders", "multi_status", "multistatus", "statuses"), "status")
