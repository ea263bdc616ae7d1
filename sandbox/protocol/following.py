"""The actions that follow orders: status, refill, refill_status, cancel, balance, orders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.ledger.accounts import Account
from sandbox.ledger.order import Order
from sandbox.protocol.answers import (
    balance_answer,
    charge_shown,
    count,
    error_answer,
    error_text,
    money,
    order_number,
    status_row,
)
from sandbox.protocol.dialect import status_word
from sandbox.protocol.refusals import Refusal

if TYPE_CHECKING:
    from sandbox.provider import Provider

Row = dict[str, Any]


def asked_ids(provider: Provider, text: str) -> list[str]:
    """Ids from `1,2` or `[1,2]`; at most the dialect's batch limit."""
    dialect = provider.dialect
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text, parse_int=str)
        except (ValueError, RecursionError):
            raise Refusal("request") from None
        ids = [str(item).strip() for item in listed]
    elif dialect.batch_format == "json_only":
        raise Refusal("request")
    else:
        ids = [item.strip() for item in text.split(",")]
    if len(ids) > dialect.batch_limit and dialect.over_limit == "refuse":
        raise Refusal("batch", limit=dialect.batch_limit)
    return ids[: dialect.batch_limit]


def own_order(provider: Provider, account: Account, order_id: str) -> Order:
    order = provider.book.find(account, order_id)
    if order is None:
        raise Refusal("order")
    return order


def status(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    if "orders" not in fields:
        order = own_order(provider, account, fields.get("order", ""))
        return _status_row(provider, account, order)
    ids = asked_ids(provider, fields["orders"])
    dialect = provider.dialect
    rows: list[tuple[str, Row]] = []
    for order_id in reversed(ids) if dialect.batch_reversed else ids:
        found = provider.book.find(account, order_id)
        if found is not None:
            rows.append((order_id, _status_row(provider, account, found)))
        elif dialect.batch_errors != "missing":
            rows.append((order_id, _error_row(provider)))
    if dialect.batch_extra:
        stray = {"charge": "1.00", "start_count": "0", "status": "Completed", "remains": "0"}
        rows.append((str(provider.book.last_number + 100_000), stray))
    return _batch(provider, rows)


def _status_row(provider: Provider, account: Account, order: Order) -> Row:
    state = provider.state(order, provider.clock.now())
    return status_row(order, state, account.currency, provider.dialect)


def _error_row(provider: Provider) -> Any:
    refusal = Refusal("order")
    if provider.dialect.batch_errors == "text":
        return error_text(refusal, provider.dialect)
    return error_answer(refusal, provider.dialect)


def _batch(provider: Provider, rows: list[tuple[str, Any]]) -> Any:
    dialect = provider.dialect
    if len(rows) == 1 and dialect.batch_of_one == "flat":
        return rows[0][1]
    if dialect.batch == "list_without_ids":
        return [row for _, row in rows]
    if dialect.batch == "list_with_ids":
        return [
            {"order": order_number(order_id, dialect)}
            | (row if isinstance(row, dict) else {"error": row})
            for order_id, row in rows
        ]
    answer = dict(rows)
    return {"orders": answer} if dialect.batch == "wrapped" else answer


def recent_orders(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    """The account's newest orders, newest first; `limit` of them, 100 unless told."""
    text = fields.get("limit", "100")
    limit = int(text) if text.isascii() and text.isdecimal() else 100
    now, dialect = provider.clock.now(), provider.dialect
    rows: list[Row] = []
    for order in reversed(provider.book.orders.values()):
        if len(rows) >= min(limit, 1000):
            break
        if order.account != account.fingerprint:
            continue
        state = provider.state(order, now)
        moment = datetime.fromtimestamp(order.accepted_at, UTC)
        rows.append(
            {
                "order": order_number(order.id, dialect),
                "service": order.service,
                "charge": money(charge_shown(order, state, dialect), dialect),
                "status": status_word(state.status, dialect.status_words),
                "link": order.link,
                "quantity": count(order.quantity, dialect),
                "created_at": moment.strftime("%Y-%m-%d %H:%M:%S"),
            }
        )
    return rows


def refill(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    if not provider.dialect.refills:
        raise Refusal("action")
    if "orders" not in fields:
        return {"refill": _start_refill(provider, account, fields.get("order", ""), single=True)}
    rows = []
    for order_id in asked_ids(provider, fields["orders"]):
        try:
            outcome: Any = _start_refill(provider, account, order_id)
        except Refusal as refusal:
            outcome = error_answer(refusal, provider.dialect)
        rows.append({"order": order_number(order_id, provider.dialect), "refill": outcome})
    return rows


def _start_refill(
    provider: Provider, account: Account, order_id: str, *, single: bool = False
) -> str | int:
    """The new task's id; text in single answers, a number in lists, as the protocol shows."""
    order = own_order(provider, account, order_id)
    service = provider.catalog.services.get(order.service)
    if service is None or not service.refill or order.children is not None:
        raise Refusal("refill_disabled")
    now = provider.clock.now()
    if provider.state(order, now).status not in ("Completed", "Partial"):
        raise Refusal("refill_early")
    task = provider.refills.start(
        order, now, provider.dialect.refill_cap, provider.dialect.refill_spacing
    )
    if provider.dialect.numbers == "seed":
        return task.id if single else int(task.id)
    return order_number(task.id, provider.dialect)


def refill_status(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    if not provider.dialect.refills:
        raise Refusal("action")
    if "refills" in fields:
        rows = []
        for refill_id in asked_ids(provider, fields["refills"]):
            try:
                outcome: Any = _refill_state(provider, account, refill_id)
            except Refusal as refusal:
                outcome = error_answer(refusal, provider.dialect)
            rows.append({"refill": order_number(refill_id, provider.dialect), "status": outcome})
        return rows
    refill_id = fields.get("refill", "")
    if provider.dialect.refill_by_order and "order" in fields:
        task = provider.refills.latest.get(fields["order"])
        refill_id = task.id if task else ""
    return {"status": _refill_state(provider, account, refill_id)}


def _refill_state(provider: Provider, account: Account, refill_id: str) -> str | int:
    task = provider.refills.tasks.get(refill_id)
    if task is None or task.account != account.fingerprint:
        raise Refusal("refill")
    word = task.status(provider.clock.now(), provider.book.temper)
    if provider.dialect.refill_typo and word == "In progress":
        return "In progess"
    return status_word(word, provider.dialect.status_words)


def cancel(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    if not provider.dialect.cancels:
        raise Refusal("action")
    dialect, rows = provider.dialect, []
    for order_id in asked_ids(provider, fields.get("orders", fields.get("order", ""))):
        row: Row = {"order": order_number(order_id, dialect)}
        try:
            row["cancel"] = _request_cancel(provider, account, order_id)
        except Refusal as refusal:
            error = error_answer(refusal, dialect)
            row |= error if dialect.cancel_shape == "flat" else {"cancel": error}
        rows.append(row)
    return rows


def _request_cancel(provider: Provider, account: Account, order_id: str) -> int | bool:
    """Asking twice is asking once."""
    order = own_order(provider, account, order_id)
    service = provider.catalog.services.get(order.service)
    now = provider.clock.now()
    if service is None or not service.cancel:
        raise Refusal("cancel_disabled")
    if provider.state(order, now).ended:
        raise Refusal("cancel_ended")
    if order.cancel_at is None:
        provider.book.cancel(order, now)
    if provider.dialect.cancel_value == "request_id":
        return 1000 + order.number
    return True if provider.dialect.cancel_value == "true" else 1


def balance(provider: Provider, account: Account, fields: Mapping[str, str]) -> Any:
    del fields
    return balance_answer(account.balance, account.currency, provider.dialect)
