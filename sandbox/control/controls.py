"""What can be asked of a sandbox and done to it: the control API, without its transport."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sandbox.faults.modes import DOWN_MODES
from sandbox.ledger.order import Order
from sandbox.protocol.dialect import PRESETS, Dialect, preset
from sandbox.protocol.limits import RateLimits

if TYPE_CHECKING:
    from sandbox.provider import Provider

Terms = Mapping[str, Any]
Refuse = Callable[[float], None]


def order_truth(provider: Provider, order: Order, now: float) -> dict[str, Any]:
    """One order as it really is: what was accepted, and where it stands."""
    state = provider.state(order, now)
    return {
        "id": order.id,
        "account": order.account,
        "service": order.service,
        "type": order.type,
        "link": order.link,
        "quantity": order.quantity,
        "charge": str(order.charge),
        "accepted_at": order.accepted_at,
        "fields": order.fields,
        "parent": order.parent,
        "children": order.children,
        "request_id": order.request_id,
        "status": state.status,
        "remains": state.remains,
        "start_count": state.start_count,
        "charge_now": str(state.charge),
        "refunded": str(order.refunded),
        "cancel_requested": order.cancel_at is not None,
    }


def ledger(provider: Provider, terms: Terms) -> Any:
    """Orders accepted through `add`, oldest first; `children` adds what parents begot.

    `after` leaves out that many of the oldest, `limit` caps how many come.
    """
    now, children = provider.clock.now(), _truth(terms.get("children", False))
    orders = [o for o in provider.book.orders.values() if children or not o.parent]
    first = int(terms.get("after", 0))
    last = first + int(terms["limit"]) if "limit" in terms else None
    return {
        "total": len(orders),
        "calls": dict(provider.traffic.calls),
        "orders": [order_truth(provider, order, now) for order in orders[first:last]],
    }


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes")


def stats(provider: Provider, terms: Terms) -> Any:
    return {
        **provider.traffic.as_json(),
        "orders": len(provider.book.orders),
        "refills": len(provider.refills.tasks),
        "services": sum(1 for _ in provider.catalog.offered()),
        "faults": [fault.as_json() for fault in provider.faults.rules],
        "latency": provider.latency,
    }


def faults(provider: Provider, terms: Terms) -> Any:
    return {"faults": [fault.as_json() for fault in provider.faults.rules]}


def change_faults(provider: Provider, terms: Terms) -> Any:
    """`add` one rule, `set` a list of rules in place of all, `clear` all or one by number."""
    if "clear" in terms:
        number = terms["clear"]
        provider.faults.clear(0 if isinstance(number, bool) else int(number))
    if "set" in terms:
        provider.faults.clear()
    for rule in [*terms.get("set", ()), *([terms["add"]] if "add" in terms else ())]:
        if rule.get("mode") in DOWN_MODES:
            raise ValueError("refuse is done at once: POST /refuse")
        provider.faults.add(**rule)
    return faults(provider, terms)


def clock(provider: Provider, terms: Terms) -> Any:
    return {"now": provider.clock.now(), "speed": provider.clock.speed}


def change_clock(provider: Provider, terms: Terms) -> Any:
    """`advance` virtual seconds, set the `speed`, or both."""
    if "speed" in terms:
        provider.clock.set_speed(float(terms["speed"]))
    if "advance" in terms:
        provider.clock.advance(float(terms["advance"]))
    provider.note_clock()
    provider.catch_up()
    return clock(provider, terms)


def reset(provider: Provider, terms: Terms) -> Any:
    provider.reset()
    return stats(provider, terms)


def catalog(provider: Provider, terms: Terms) -> Any:
    """The services on offer as they really are; `type` picks those of one."""
    wanted = terms.get("type")
    return {
        "version": provider.catalog.version,
        "services": [
            {**{name: getattr(s, name) for name in s.__slots__}, "rate": str(s.rate)}
            for s in provider.catalog.offered()
            if not wanted or s.type == wanted
        ],
    }


def change_catalog(provider: Provider, terms: Terms) -> Any:
    """`drift`, `remove` (a fraction), `halve`, `empty`, `restore`, `edit` or `close` (one)."""
    step = {"halve": ("remove", {"fraction": 0.5}), "empty": ("remove", {"fraction": 1.0})}
    change, details = "", {}
    if "drift" in terms:
        change, details = "drift", terms["drift"] if isinstance(terms["drift"], dict) else {}
    elif "remove" in terms:
        change, details = "remove", {"fraction": float(terms["remove"])}
    elif "edit" in terms:
        change, details = "edit", dict(terms["edit"])
        details["number"] = details.pop("service")
    elif "close" in terms:
        change, details = "close", {"number": int(terms["close"])}
    elif "restore" in terms:
        change = "restore"
    else:
        name = next((name for name in step if name in terms), "")
        if not name:
            raise ValueError("drift, remove, halve, empty, restore, edit or close")
        change, details = step[name]
    provider.change_catalog(change, **details)
    offered = sum(1 for _ in provider.catalog.offered())
    return {"version": provider.catalog.version, "services": offered}


def dialect(provider: Provider, terms: Terms) -> Any:
    switches = {name: getattr(provider.dialect, name) for name in Dialect.__slots__}
    return {"switches": switches, "presets": list(PRESETS)}


def change_dialect(provider: Provider, terms: Terms) -> Any:
    """A `preset` starts anew; without one the single switches change what is."""
    switches = {name: value for name, value in terms.items() if name != "preset"}
    if "preset" in terms:
        provider.dialect = preset(str(terms["preset"]), **switches)
    else:
        provider.dialect = provider.dialect.changed(**switches)
    return dialect(provider, terms)


def balances(provider: Provider, terms: Terms) -> Any:
    provider.catch_up()
    return {"accounts": [account.as_json() for account in provider.accounts.all()]}


def change_balance(provider: Provider, terms: Terms) -> Any:
    """`set` the balance of an `account` (a fingerprint; the first unless told), or `add` to it."""
    account = provider.accounts.named(str(terms.get("account", "")))
    target = account.balance + Decimal(str(terms.get("add", 0)))
    if "set" in terms:
        target = Decimal(str(terms["set"]))
    if not target.is_finite():
        raise ValueError("a balance is a number")
    account.change(target - account.balance, provider.clock.now())
    facts = {"account": account.fingerprint, "amount": str(target)}
    provider.ledger.append("balance", **facts)
    return account.as_json()


def limits(provider: Provider, terms: Terms) -> Any:
    return provider.halt.limits.as_json()


def change_limits(provider: Provider, terms: Terms) -> Any:
    """New limits in place of all; nothing given lifts them."""
    provider.halt = type(provider.halt)(RateLimits(**terms))
    return limits(provider, terms)


def change_latency(provider: Provider, terms: Terms) -> Any:
    provider.latency = max(0.0, float(terms["seconds"]))
    return {"latency": provider.latency}


def one_order(provider: Provider, terms: Terms) -> Any:
    order = provider.book.orders[str(terms["order"])]
    return order_truth(provider, order, provider.clock.now())


def change_order(provider: Provider, terms: Terms) -> Any:
    """Force `status`, `progress` (0 to 1), `remains`, `charge`, `start_count`; none lets go."""
    order = provider.book.orders[str(terms["order"])]
    forced = {name: value for name, value in terms.items() if name != "order"}
    unknown = set(forced) - {"status", "progress", "remains", "charge", "start_count"}
    if unknown:
        raise ValueError(f"an order has no {', '.join(sorted(unknown))} to force")
    now = provider.clock.now()
    provider.book.override(order, forced or None, now)
    provider.catch_up()
    return order_truth(provider, order, now)


CONTROLS: dict[tuple[str, str], Callable[[Provider, Terms], Any]] = {
    ("GET", "/ledger"): ledger,
    ("GET", "/stats"): stats,
    ("GET", "/faults"): faults,
    ("POST", "/faults"): change_faults,
    ("GET", "/clock"): clock,
    ("POST", "/clock"): change_clock,
    ("POST", "/reset"): reset,
    ("GET", "/catalog"): catalog,
    ("POST", "/catalog"): change_catalog,
    ("GET", "/dialect"): dialect,
    ("POST", "/dialect"): change_dialect,
    ("GET", "/balance"): balances,
    ("POST", "/balance"): change_balance,
    ("GET", "/limits"): limits,
    ("POST", "/limits"): change_limits,
    ("POST", "/latency"): change_latency,
    ("GET", "/orders"): one_order,
    ("POST", "/orders"): change_order,
}


def control(
    provider: Provider, refuse: Refuse, method: str, path: str, terms: Terms
) -> tuple[int, Any]:
    """Do one control call; the HTTP status and the content of its answer."""
    if (method, path) == ("POST", "/refuse"):
        refuse(float(terms.get("seconds", 1.0)))
        return 200, {"refused": True}
    lever = CONTROLS.get((method, path))
    if lever is None:
        known = any(path == route for _, route in CONTROLS)
        return (405 if known else 404), {"error": "no such control"}
    try:
        with provider.lock:
            provider.catch_up()
            return 200, lever(provider, terms)
    except KeyError as missing:
        return 404, {"error": f"there is no {missing}"}
    except (ValueError, TypeError, ArithmeticError, re.error) as problem:
        return 400, {"error": f"{type(problem).__name__}: {problem}"}
