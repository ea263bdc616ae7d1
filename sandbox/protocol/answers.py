"""Facts in the words of a dialect: rows, wrappers, numbers, errors."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sandbox.ledger.catalog import Service
from sandbox.ledger.order import Order, Progress
from sandbox.ledger.order_types import ORDER_TYPES
from sandbox.protocol.dialect import Dialect, status_word
from sandbox.protocol.refusals import Refusal

TYPE_CODES = {name: code for code, name in enumerate(ORDER_TYPES, start=1)}
_PLAIN_KEY = re.compile(r"[a-z_]+")


def money(amount: Decimal, dialect: Dialect) -> str | float:
    text = format(amount, "f")
    return float(text) if dialect.numbers == "number" else text


def count(number: int, dialect: Dialect) -> str | int:
    return number if dialect.numbers == "number" else str(number)


def order_number(order_id: str, dialect: Dialect) -> str | int:
    """An id as the dialect spells it; opaque ids are always text."""
    text = dialect.order_id_type == "text" or dialect.numbers == "text"
    number = order_id.isascii() and order_id.isdecimal() and len(order_id) < 19
    return int(order_id) if number and not text else order_id


def placed_answer(order: Order, balance: Decimal, dialect: Dialect) -> Any:
    spelled = order_number(order.id, dialect)
    if dialect.order_field == "bare":
        return spelled
    outer, _, inner = dialect.order_field.partition(".")
    answer: dict[str, Any] = {outer: {inner: spelled} if inner else spelled}
    if dialect.status_success:
        answer = {"status": "success", **answer}
    if dialect.add_extras:
        answer["charge"] = money(order.charge, dialect)
        answer["balance"] = money(balance, dialect)
    return answer


def charge_shown(order: Order, state: Progress, dialect: Dialect) -> Decimal:
    """What the provider says an order costs: where refunds come apart, what it took."""
    if dialect.refunds == "in_charge" or "charge" in (order.forced or {}):
        return state.charge
    return order.charge if order.children is None or order.runs else state.charge


def status_row(order: Order, state: Progress, currency: str, dialect: Dialect) -> dict[str, Any]:
    """One order's status, children listed where it has them."""
    row: dict[str, Any] = {
        "charge": money(charge_shown(order, state, dialect), dialect),
        "start_count": _start_count(state, dialect),
        "status": status_word(state.status, dialect.status_words),
        "remains": _remains(state, dialect),
    }
    if dialect.start_count == "absent":
        del row["start_count"]
    if order.children is not None:
        row = _parent_row(order, row, dialect)
    if dialect.status_order:
        row["order"] = order_number(order.id, dialect)
    if dialect.status_currency and "charge" in row:
        row["currency"] = dialect.reported_currency or currency
    return row


def _start_count(state: Progress, dialect: Dialect) -> str | int | None:
    if state.start_count is None or dialect.start_count == "null":
        return None
    return count(state.start_count, dialect)


def _remains(state: Progress, dialect: Dialect) -> str | int:
    if state.status in ("Canceled", "Refunded") and dialect.refunds == "apart":
        return count(0, dialect)
    if state.status == "Pending" and dialect.pending_remains == "zero":
        return count(0, dialect)
    if state.status == "Pending" and dialect.pending_remains == "unknown":
        return "Unknown"
    return count(state.remains, dialect)


def _parent_row(order: Order, row: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    children = [order_number(child, dialect) for child in order.children or ()]
    if order.runs:
        extra: dict[str, Any] = {"runs": count(order.runs, dialect), "orders": children}
        return {"status": row["status"], **extra} if dialect.parents == "bare" else row | extra
    subscription: dict[str, Any] = {
        "status": row["status"],
        "expiry": order.fields.get("expiry"),
        "posts": order.fields.get("posts"),
        "orders": children,
    }
    return subscription if dialect.parents == "bare" else subscription | {"charge": row["charge"]}


def service_row(service: Service, currency: str, dialect: Dialect) -> dict[str, Any]:
    text_id = dialect.service_ids == "text" or dialect.numbers == "text"
    row: dict[str, Any] = {
        dialect.service_id_field: str(service.id) if text_id else service.id,
        "name": service.name,
        "type": type_name(service.type, dialect.type_names),
        "category": service.category,
        "rate": money(service.rate, dialect),
        "min": count(service.min, dialect),
        "max": count(service.max, dialect),
    }
    if dialect.rate_unit == "one" and not ORDER_TYPES[service.type].package:
        row["rate1K"] = row["rate"]
        row["rate"] = money(service.rate / 1000, dialect)
    if dialect.flags != "absent":
        row["refill"] = _refill_flag(service, dialect)
        row["cancel"] = flag(service.cancel, dialect.flags)
    if dialect.catalog_extras != "none":
        null = dialect.catalog_extras == "null"
        row["dripfeed"] = flag(service.dripfeed, dialect.flags)
        row[dialect.description_field] = None if null else service.description
        row[dialect.time_field] = None if null else service.average_time
    if dialect.catalog_currency:
        row["currency"] = dialect.reported_currency or currency
    return row


def flag(value: bool, flags: str) -> bool | int | str:
    if flags in ("number", "text"):
        return int(value) if flags == "number" else str(int(value))
    return ("Yes" if value else "No") if flags == "words" else value


def _refill_flag(service: Service, dialect: Dialect) -> bool | int | str:
    if dialect.flags == "words":
        return "30 days" if service.refill else "No"
    return flag(service.refill, dialect.flags)


def type_name(name: str, spelling: str) -> str | int:
    snake = name.lower().replace(" ", "_")
    spellings: dict[str, str | int] = {
        "snake": snake,
        "capital_snake": snake[:1].upper() + snake[1:],
        "lower": name.lower(),
        "codes": TYPE_CODES[name],
    }
    return spellings.get(spelling, name)


def catalog_answer(rows: list[dict[str, Any]], dialect: Dialect) -> Any:
    if not rows and dialect.empty_catalog == "words":
        return {"status": "success", "data": "Empty Data"}
    if dialect.catalog_wrap == "status_data":
        return {"status": "success", "data": rows}
    return {dialect.catalog_wrap: rows} if dialect.catalog_wrap else rows


def balance_answer(balance: Decimal, currency: str, dialect: Dialect) -> dict[str, Any]:
    currency = dialect.reported_currency or currency
    shown: str | float = format(balance, "f")
    if dialect.balance_format == "number" or dialect.numbers == "number":
        shown = float(shown)
    elif dialect.balance_format == "grouped":
        shown = f"{balance:,.2f}"
    elif dialect.balance_format == "decorated":
        shown = f"${balance:,.2f} {currency}"
    outer, _, inner = dialect.balance_field.partition(".")
    return {outer: {inner: shown} if inner else shown, dialect.currency_field: currency}


def error_text(refusal: Refusal, dialect: Dialect) -> str:
    return refusal.text(dialect.errors)


def error_answer(refusal: Refusal, dialect: Dialect) -> dict[str, Any]:
    text = error_text(refusal, dialect)
    shapes: dict[str, dict[str, Any]] = {
        "text": {"error": text},
        "object": {"error": {"code": refusal.text("codes"), "message": text}},
        "list": {"errors": [text]},
        "fields": {"errors": {refusal.reason: [text]}},
        "message": {"status": "fail", "message": text},
        "success_false": {"success": False, "msg": text},
    }
    return shapes[dialect.error_shape]


def error_status(refusal: Refusal, dialect: Dialect) -> int:
    if refusal.reason == "method":
        return 405
    if dialect.error_http == "typed":
        return refusal.http_status
    return 400 if dialect.error_http == "bad_request" else 200


def respell_keys(answer: Any, keys: str) -> Any:
    """Field names in another case; ids used as keys stay as they are."""
    if keys == "seed":
        return answer
    if isinstance(answer, list):
        return [respell_keys(item, keys) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {_respelled(name, keys): respell_keys(item, keys) for name, item in answer.items()}


def _respelled(name: str, keys: str) -> str:
    if not _PLAIN_KEY.fullmatch(name):
        return name
    return name.upper() if keys == "upper" else name[:1].upper() + name[1:]
