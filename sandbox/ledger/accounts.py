"""Customers of the provider: a key, a balance, a currency."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.ledger.dice import fingerprint

REMEMBERED_BALANCES = 256


@dataclass(slots=True)
class Account:
    """`past` holds (virtual time, balance until then) for answers that lag."""

    key: str = field(repr=False)
    balance: Decimal
    currency: str = "USD"
    past: deque[tuple[float, Decimal]] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED_BALANCES), repr=False
    )
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        self.fingerprint = fingerprint(self.key)

    def change(self, amount: Decimal, now: float) -> None:
        self.past.append((now, self.balance))
        self.balance += amount

    def balance_before(self, moment: float) -> Decimal:
        """The balance as it stood at an earlier virtual time."""
        for changed_at, before in self.past:
            if changed_at > moment:
                return before
        return self.balance

    def as_json(self) -> dict[str, Any]:
        return {
            "account": self.fingerprint,
            "key_ends": self.key[-4:] if len(self.key) >= 12 else "",
            "balance": str(self.balance),
            "currency": self.currency,
        }


class Accounts:
    """All customers, found by key or by fingerprint."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._by_key = {account.key: account for account in accounts}
        self._by_fingerprint = {account.fingerprint: account for account in self._by_key.values()}

    def with_key(self, key: str) -> Account | None:
        return self._by_key.get(key)

    def named(self, name: str) -> Account:
        """By fingerprint; an empty name is the first account. KeyError when there is none."""
        if not name:
            return next(iter(self._by_key.values()))
        return self._by_fingerprint[name]

    def all(self) -> list[Account]:
        return list(self._by_key.values())
