"""The action `add`: everything that is checked before an order is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.ledger.accounts import Account
from sandbox.ledger.catalog import Service
from sandbox.ledger.order import ZERO, Order, round_charge
from sandbox.ledger.order_types import ORDER_TYPES, Limits, Wanted, check_order
from sandbox.protocol.answers import placed_answer
from sandbox.protocol.refusals import Refusal

if TYPE_CHECKING:
    from sandbox.provider import Provider

KEPT_FIELDS = frozenset({"key", "action", "service", "link", "request_id"})


def add(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    """Accept an order and answer its id; raises `Refusal` where it is not accepted."""
    order = replayed(provider, account, fields) or accept(provider, account, fields)
    return placed_answer(order, account.balance, provider.dialect)


def replayed(provider: Provider, account: Account, fields: Mapping[str, str]) -> Order | None:
    """The order an earlier call with the same `request_id` made, where the dialect knows it."""
    if provider.dialect.request_id == "ignored":
        return None
    request_id = fields.get("request_id", "")
    if not request_id:
        if provider.dialect.request_id == "required":
            raise Refusal("request_id")
        return None
    order_id = provider.book.by_request.get((account.fingerprint, request_id))
    return provider.book.orders[order_id] if order_id else None


def accept(provider: Provider, account: Account, fields: Mapping[str, str]) -> Order:
    service = wanted_service(provider, fields)
    kind = ORDER_TYPES[service.type]
    limits = Limits(service.min, service.max, service.dripfeed, provider.dialect.least_runs)
    now = provider.clock.now()
    wanted = check_order(kind, fields, limits, now)
    duplicate = identical(provider, account, service, wanted, now)
    if duplicate is not None:
        return duplicate
    guard_link(provider, account, wanted, now)
    charge = price(service, wanted, provider.dialect.charge_places)
    if charge > account.balance:
        raise Refusal("funds")
    extra = {name: text for name, text in fields.items() if name not in KEPT_FIELDS}
    request_id = fields.get("request_id", "")
    if provider.dialect.request_id == "ignored":
        request_id = ""
    order = provider.book.accept(
        account, service, wanted, charge, now, provider.dialect, extra, request_id
    )
    if order.children is not None:
        provider.parents.watch(order)
    return order


def wanted_service(provider: Provider, fields: Mapping[str, str]) -> Service:
    text = fields.get("service", "")
    known = text.isascii() and text.isdecimal() and len(text) <= 10
    service = provider.catalog.get(int(text)) if known else None
    if service is None:
        raise Refusal("service")
    return service


def price(service: Service, wanted: Wanted, places: int) -> Decimal:
    """What acceptance takes; a subscription pays as its posts come."""
    if service.type == "Subscriptions":
        return round_charge(ZERO, places)
    if ORDER_TYPES[service.type].package:
        return round_charge(service.rate, places)
    return round_charge(service.rate * wanted.total / 1000, places)


def identical(
    provider: Provider, account: Account, service: Service, wanted: Wanted, now: float
) -> Order | None:
    """The same order placed within the dialect's window; raises where that is refused."""
    window = provider.dialect.dedup_window
    if not window:
        return None
    for order_id in reversed(provider.book.by_link.get((account.fingerprint, wanted.link), [])):
        order = provider.book.orders[order_id]
        if now - order.accepted_at > window:
            return None
        if order.service == service.id and order.quantity == wanted.total:
            if provider.dialect.dedup_answer == "refuse":
                raise Refusal("identical")
            return order
    return None


def guard_link(provider: Provider, account: Account, wanted: Wanted, now: float) -> None:
    if not provider.dialect.link_guard:
        return
    for order_id in provider.book.by_link.get((account.fingerprint, wanted.link), []):
        if not provider.state(provider.book.orders[order_id], now).ended:
            raise Refusal("link_busy")
