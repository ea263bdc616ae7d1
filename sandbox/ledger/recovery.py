"""Coming back after a restart: the ledger's events, played again without side effects."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.ledger.order import Order
from sandbox.ledger.refills import Refill

if TYPE_CHECKING:
    from sandbox.provider import Provider


def replay(provider: Provider) -> bool:
    """Rebuild everything the ledger tells; False where it tells nothing.

    ValueError when the ledger was written with another seed.
    """
    told = False
    for event in provider.ledger.replay():
        told = True
        _EVENTS[event["event"]](provider, event)
    for order in provider.book.orders.values():
        if order.children is not None:
            provider.parents.watch(order)
    return told


def _opened(provider: Provider, event: dict[str, Any]) -> None:
    if event["seed"] != provider.setup.seed:
        raise ValueError(f"the state directory belongs to seed {event['seed']}")


def _clock(provider: Provider, event: dict[str, Any]) -> None:
    away = max(0.0, time.time() - event["real"])
    behind = event["virtual"] + away * event["speed"] - provider.clock.now()
    provider.clock.shift(behind)


def _order(provider: Provider, event: dict[str, Any]) -> None:
    facts = {name: value for name, value in event.items() if name in Order.__slots__}
    order = Order(**facts | {"charge": Decimal(event["charge"])})
    provider.book.remember(order, sequential=event["sequential"])
    if event["paid"]:
        _pay(provider, order.account, -order.charge)


def _refund(provider: Provider, event: dict[str, Any]) -> None:
    order, amount = provider.book.orders[event["id"]], Decimal(event["amount"])
    provider.book.record_refund(order, amount)
    _pay(provider, order.account, amount)


def _pay(provider: Provider, account: str, amount: Decimal) -> None:
    try:
        provider.accounts.named(account).balance += amount
    except KeyError:
        raise ValueError("the state directory knows an account that has no key here") from None


def _balance(provider: Provider, event: dict[str, Any]) -> None:
    provider.accounts.named(event["account"]).balance = Decimal(event["amount"])


def _cancel(provider: Provider, event: dict[str, Any]) -> None:
    provider.book.record_cancel(provider.book.orders[event["id"]], event["at"])


def _override(provider: Provider, event: dict[str, Any]) -> None:
    provider.book.orders[event["id"]].forced = event["forced"]


def _refill(provider: Provider, event: dict[str, Any]) -> None:
    task = Refill(event["refill"], event["id"], event["account"], event["at"])
    provider.refills.remember(task)


def _catalog(provider: Provider, event: dict[str, Any]) -> None:
    getattr(provider.catalog, event["change"])(**event["terms"])


_EVENTS = {
    "opened": _opened,
    "clock": _clock,
    "order": _order,
    "refund": _refund,
    "balance": _balance,
    "cancel": _cancel,
    "override": _override,
    "refill": _refill,
    "catalog": _catalog,
}
