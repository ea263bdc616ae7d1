"""Answers about orders: how they are going, refills, cancels, and the provider's own list."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from . import coerce
from .decode import (
    ORDER_ID_NAMES,
    REASON_LENGTH,
    SUCCEEDED,
    Unexpected,
    error_texts,
    folded,
    rows_by_id,
    succeeded,
)
from .dialect import Dialect
from .errors import RefusalCode
from .made import may_be_made
from .refusals import refusal_code, spacing_seconds, wait_seconds
from .results import (
    CancelAccepted,
    OrderState,
    Progress,
    RecentOrder,
    RefillProgress,
    RefillStarted,
    Refused,
    Unreadable,
)
from .words import order_state, refill_state

WORD_LENGTH: Final = 64
MOST_CHILDREN: Final = 10_000

_STATUS_MARKS: Final = frozenset({"status", "order_status", "charge", "remains"})
_START_NAMES: Final = ("start_count", "start_counter", "startcount", "startcounter", "start")
_REMAIN_NAMES: Final = ("remains", "remain", "remaining")
_REFILL_ID_NAMES: Final = ("refill", "refill_id", "refillid", "id")
_TAKEN: Final = SUCCEEDED | {
    *("1", "accepted", "requested", "queued", "canceled", "cancelled", "pending", "in progress"),
    *("processing", "canceling", "cancelling"),
}
_NO_ROW: Final = "The answer has no row for this id."
_NOT_TAKEN_ON: Final = "The refill was not taken on."


def statuses(body: Any, asked: Sequence[str], dialect: Dialect) -> dict[str, Progress | Unreadable]:
    """Every asked id with its progress, or with why there is none. Raises Unexpected."""
    rows = rows_by_id(body, asked, id_names=ORDER_ID_NAMES, marks=_STATUS_MARKS)
    return {
        one: progress(rows[one], dialect) if one in rows else Unreadable(_NO_ROW, missing=True)
        for one in asked
    }


def progress(row: Any, dialect: Dialect) -> Progress | Unreadable:
    """One order's row: an object, an object with an error, or only the error's text."""
    if type(row) is not dict:
        return _unreadable(row, dialect)
    try:
        row = folded(row)
    except Unexpected as error:
        return Unreadable(str(error))
    if ("error" in row or "errors" in row or "message" in row) and (said := error_texts(row)):
        return _unreadable(said[0], dialect)
    raw = row.get("order_status")
    if raw is None:
        raw = row.get("status")
    word = coerce.text(raw, WORD_LENGTH)
    if not word or word.lower() in SUCCEEDED:
        return Unreadable("The row has no status.")
    get = row.get
    return Progress(
        status=_state(raw, word, dialect),
        raw_status=word,
        charge=_charge(get("charge"), dialect),
        start_count=coerce.whole(_first(row, _START_NAMES)),
        remains=coerce.whole(_first(row, _REMAIN_NAMES), least=1 - coerce.COUNT_BOUND),
        currency=coerce.text(get("currency"), 10),
        children=_children(get("orders")) if "orders" in row else (),
        runs=coerce.whole(get("runs")) if "runs" in row else None,
        posts=coerce.whole(get("posts")) if "posts" in row else None,
    )


def _first(row: dict[str, Any], names: Sequence[str]) -> Any:
    return next((value for name in names if (value := row.get(name)) is not None), None)


def _state(raw: Any, word: str, dialect: Dialect) -> OrderState | None:
    if dialect.status_codes and (state := dialect.status_codes.get(word)):
        return state
    return order_state(word, dialect.status_words) if isinstance(raw, str) else None


def _charge(value: Any, dialect: Dialect) -> Decimal | None:
    charge = coerce.money(value, decimal_mark=dialect.decimal_mark)
    return charge if charge is not None and charge >= 0 else None


def _children(orders: Any) -> tuple[str, ...]:
    if isinstance(orders, str):
        orders = [part.strip() for part in orders.split(",")]
    if not isinstance(orders, list):
        return ()
    ids = (
        coerce.issued_id(one.get("order") if isinstance(one, dict) else one)
        for one in orders[:MOST_CHILDREN]
    )
    return tuple(dict.fromkeys(one for one in ids if one))


def _unreadable(said: Any, dialect: Dialect) -> Unreadable:
    if not isinstance(said, str) or not said.strip():
        return Unreadable("The row is not an object.")
    return Unreadable(coerce.text(said, REASON_LENGTH), refusal_code(said, dialect.refusals))


def refused(said: str, dialect: Dialect) -> Refused:
    """A no for one row, in the provider's words."""
    reason = coerce.text(said, REASON_LENGTH)
    code = refusal_code(said, dialect.refusals)
    return Refused(reason, code, wait_seconds(said), spacing_seconds(said))


def refills(
    body: Any, asked: Sequence[str], dialect: Dialect
) -> dict[str, RefillStarted | Refused]:
    """Every asked order with its refill's id, or with the refusal. Raises Unexpected."""
    marks = frozenset({"refill", "refill_id"})
    rows = rows_by_id(body, asked, id_names=("order", "order_id", "orderid"), marks=marks)
    return {one: _refill(rows.get(one), dialect) for one in asked}


def _refill(row: Any, dialect: Dialect) -> RefillStarted | Refused:
    if row is None:
        return Refused(_NO_ROW)
    value = row
    if isinstance(row, dict):
        if said := error_texts(row):
            return _no_refill(said[0], row, dialect)
        row = folded(row)
        value = row.get("refill_id", row.get("refill"))
    if isinstance(value, dict):
        return _refill_inside(value, dialect)
    if value is True or (isinstance(value, str) and value.lower() in SUCCEEDED):
        return RefillStarted("")
    if refill_id := coerce.issued_id(value):
        return RefillStarted(refill_id)
    return refused(_sentence(value) or _NOT_TAKEN_ON, dialect)


def _refill_inside(value: dict[str, Any], dialect: Dialect) -> RefillStarted | Refused:
    """`{"refill": {…}}`: an error, or the refill's id with how it begins."""
    named = folded(value)
    refill_id = coerce.issued_id(_first(named, ("refill_id", "refillid", "id")))
    if said := error_texts(value):
        return _no_refill(said[0], {"refill": value}, dialect)
    if not refill_id:
        return refused(_sentence(named.get("status")) or _NOT_TAKEN_ON, dialect)
    return RefillStarted(refill_id)


def _no_refill(reason: str, row: dict[str, Any], dialect: Dialect) -> Refused:
    """Words beside what may be a refill prove nothing, whatever they say."""
    return Refused(reason) if may_be_made(row, "refill") else refused(reason, dialect)


def refill_statuses(
    body: Any, asked: Sequence[str], dialect: Dialect
) -> dict[str, RefillProgress | Unreadable]:
    """Every asked refill with how it is going. Raises Unexpected."""
    by_order = dialect.refill_status_by_order
    names = ORDER_ID_NAMES if by_order else _REFILL_ID_NAMES
    rows = rows_by_id(body, asked, id_names=names, marks=frozenset({"status"}))
    return {
        one: _refill_progress(rows[one], dialect)
        if one in rows
        else Unreadable(_NO_ROW, missing=True)
        for one in asked
    }


def _refill_progress(row: Any, dialect: Dialect) -> RefillProgress | Unreadable:
    if isinstance(row, dict):
        if ("error" in row or "message" in row) and (said := error_texts(row)):
            return _unreadable(said[0], dialect)
        row = folded(row).get("status")
    if isinstance(row, dict):
        return _unreadable((*error_texts(row), "")[0], dialect)
    word = coerce.text(row, WORD_LENGTH)
    if not word:
        return Unreadable("The row has no status.")
    if refusal_code(word, dialect.refusals) is not RefusalCode.UNLISTED:
        return _unreadable(word, dialect)
    return RefillProgress(refill_state(word, dialect.refill_words), word)


def cancels(
    body: Any, asked: Sequence[str], dialect: Dialect
) -> dict[str, CancelAccepted | Refused]:
    """Every asked order with whether its cancel was taken. Raises Unexpected."""
    marks = frozenset({"cancel", "status", "success"})
    rows = rows_by_id(body, asked, id_names=("order", "order_id", "orderid"), marks=marks)
    return {one: _cancel(rows.get(one), dialect) for one in asked}


def _cancel(row: Any, dialect: Dialect) -> CancelAccepted | Refused:
    if row is None:
        return Refused(_NO_ROW)
    value = row
    if isinstance(row, dict):
        if said := error_texts(row):
            return refused(said[0], dialect)
        row = folded(row)
        value = row.get("cancel")
        if value is None and (succeeded(row.get("status")) or succeeded(row.get("success"))):
            return CancelAccepted()
    if isinstance(value, dict):
        return _cancel_inside(value, dialect)
    if value is True or value == 1 or (isinstance(value, str) and value.lower() in _TAKEN):
        return CancelAccepted()
    if request_id := coerce.issued_id(value):
        return CancelAccepted(request_id)
    return refused(_sentence(value) or "The cancel was not taken.", dialect)


def _cancel_inside(value: dict[str, Any], dialect: Dialect) -> CancelAccepted | Refused:
    """`{"cancel": {…}}`: an error, or a request that was taken, with its id or its state."""
    if said := error_texts(value):
        return refused(said[0], dialect)
    named = folded(value)
    request_id = coerce.issued_id(_first(named, ("cancel_id", "request_id", "id"))) or ""
    word = _sentence(named.get("status"))
    if word.lower() in _TAKEN or named.get("status") is True or (request_id and not word):
        return CancelAccepted(request_id)
    return refused(word or "The cancel was not taken.", dialect)


def _sentence(value: Any) -> str:
    return coerce.text(value, REASON_LENGTH) if isinstance(value, str) else ""


def recent_orders(body: Any, dialect: Dialect) -> tuple[RecentOrder, ...]:
    """The provider's list of our newest orders, as it is ordered there. Raises Unexpected."""
    if isinstance(body, dict):
        folded_body = folded(body)
        body = folded_body.get("orders", folded_body.get("data"))
    if not isinstance(body, list):
        raise Unexpected("The answer is not a list of orders.")
    read = (_recent_order(row, dialect) for row in body)
    return tuple(order for order in read if order is not None)


def _recent_order(row: Any, dialect: Dialect) -> RecentOrder | None:
    if not isinstance(row, dict):
        return None
    named = folded(row)
    ids = (coerce.issued_id(named.get(name)) for name in ORDER_ID_NAMES)
    order_id = next((one for one in ids if one), None)
    if order_id is None:
        return None
    return RecentOrder(
        order_id=order_id,
        progress=progress(row, dialect),
        link=coerce.text(named.get("link"), 2000),
        quantity=coerce.whole(named.get("quantity")),
        service_id=coerce.identifier(named.get("service")) or "",
        created_at=coerce.text(named.get("created_at", named.get("date")), 40),
    )
