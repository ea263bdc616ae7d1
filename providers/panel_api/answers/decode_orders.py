"""Answers about orders: how they are going, refills, cancels, and the provider's own list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ..dialect import Dialect
from ..errors import RefusalCode
from ..made import may_be_made
from ..refusals.classify import meaning, refusal_code, spacing_seconds, wait_seconds
from ..results import (
    CancelAccepted,
    OrderState,
    Progress,
    RecentOrder,
    RefillProgress,
    RefillStarted,
    Refused,
    Unreadable,
)
from . import coerce
from .decode import (
    ORDER_ID_NAMES,
    REASON_LENGTH,
    SUCCEEDED,
    Unexpected,
    error_texts,
    folded,
    rows_by_id,
    sentence,
    succeeded,
)
from .status_aliases import order_state, refill_state

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
_NOT_CANCELED: Final = "The cancel was not taken."


def statuses(body: Any, asked: Sequence[str], dialect: Dialect) -> dict[str, Progress | Unreadable]:
    """Every asked id with its progress, or with why there is none. Raises Unexpected."""
    rows = rows_by_id(body, asked, id_names=ORDER_ID_NAMES, marks=_STATUS_MARKS)
    alike = dict[str, Progress | Unreadable]()
    return {one: _status(rows, one, dialect, alike) for one in asked}


def _status(
    rows: Mapping[str, Any], one: str, dialect: Dialect, alike: dict[str, Progress | Unreadable]
) -> Progress | Unreadable:
    """Most ids of a batch that are refused are refused in the same words: what a row that holds
    nothing but these means is found once and kept in `alike`."""
    if one not in rows:
        return Unreadable(_NO_ROW, missing=True)
    row = rows[one]
    said = row.get("error") if isinstance(row, dict) and len(row) == 1 else None
    if not isinstance(said, str):
        return progress(row, dialect)
    if said not in alike:
        alike[said] = progress(row, dialect)
    return alike[said]


def progress(row: Any, dialect: Dialect) -> Progress | Unreadable:
    """One order's row: an object, an object with an error, or only the error's text."""
    if type(row) is not dict:
        return _unreadable([row] if isinstance(row, str) else [], dialect)
    try:
        row = folded(row)
    except Unexpected as error:
        return Unreadable(str(error))
    if ("error" in row or "errors" in row or "message" in row) and (said := error_texts(row)):
        return _unreadable(said, dialect)
    children = _children(row.get("orders"))
    if children is None:
        return Unreadable(f"The row names more than {MOST_CHILDREN} orders.")
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
        children=children,
        runs=coerce.whole(get("runs")) if "runs" in row else None,
        posts=coerce.whole(get("posts")) if "posts" in row else None,
    )


def _first(row: dict[str, Any], names: Sequence[str]) -> Any:
    return next((value for name in names if (value := row.get(name)) is not None), None)


def _state(raw: Any, word: str, dialect: Dialect) -> OrderState | None:
    if _is_cut(raw):
        return None
    if dialect.status_codes and (state := dialect.status_codes.get(word)):
        return state
    return order_state(word, dialect.status_words) if isinstance(raw, str) else None


def _is_cut(raw: Any) -> bool:
    """Longer than a word for a status: what was read of it means nothing."""
    return len(coerce.text(raw, WORD_LENGTH + 1)) > WORD_LENGTH


def _charge(value: Any, dialect: Dialect) -> Decimal | None:
    charge = coerce.money(value, decimal_mark=dialect.decimal_mark)
    return charge if charge is not None and charge >= 0 else None


def _children(orders: Any) -> tuple[str, ...] | None:
    """The ids a parent names; None for more than are read."""
    if isinstance(orders, str):
        orders = [part.strip() for part in orders.split(",")]
    if not isinstance(orders, list):
        return ()
    if len(orders) > MOST_CHILDREN:
        return None
    ids = (coerce.issued_id(one.get("order") if isinstance(one, dict) else one) for one in orders)
    return tuple(dict.fromkeys(one for one in ids if one))


def _unreadable(said: Sequence[str], dialect: Dialect) -> Unreadable:
    """A row without what was asked for, in the provider's words, if it has any."""
    reason = coerce.text("".join(said[:1]), REASON_LENGTH)
    if not reason:
        return Unreadable("The row is not an object.")
    return Unreadable(reason, meaning(said, dialect.refusals))


def refused(said: Sequence[str], dialect: Dialect) -> Refused:
    """A no for one row, in the provider's words: only all of them together prove anything."""
    first = said[0]
    reason, code = coerce.text(first, REASON_LENGTH), meaning(said, dialect.refusals)
    return Refused(reason, code, wait_seconds(first), spacing_seconds(first))


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
            return _no_refill(said, row, dialect)
        row = folded(row)
        value = row.get("refill_id", row.get("refill"))
    if isinstance(value, dict):
        return _refill_inside(value, dialect)
    if value is True or (isinstance(value, str) and value.lower() in SUCCEEDED):
        return RefillStarted("")
    if refill_id := coerce.issued_id(value):
        return RefillStarted(refill_id)
    return refused([_sentence(value) or _NOT_TAKEN_ON], dialect)


def _refill_inside(value: dict[str, Any], dialect: Dialect) -> RefillStarted | Refused:
    """`{"refill": {…}}`: an error, or the refill's id with how it begins."""
    named = folded(value)
    refill_id = coerce.issued_id(_first(named, ("refill_id", "refillid", "id")))
    if said := error_texts(value):
        return _no_refill(said, {"refill": value}, dialect)
    if not refill_id:
        return refused([_sentence(named.get("status")) or _NOT_TAKEN_ON], dialect)
    return RefillStarted(refill_id)


def _no_refill(said: Sequence[str], row: dict[str, Any], dialect: Dialect) -> Refused:
    """Words beside what may be a refill prove nothing, whatever they say."""
    if may_be_made(row, "refill"):
        return Refused(said[0][:REASON_LENGTH])
    return refused(said, dialect)


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
            return _unreadable(said, dialect)
        row = folded(row).get("status")
    if isinstance(row, dict):
        return _unreadable(error_texts(row), dialect)
    word = coerce.text(row, WORD_LENGTH)
    if not word:
        return Unreadable("The row has no status.")
    if _is_cut(row):
        return RefillProgress(None, word)
    if refusal_code(word, dialect.refusals) is not RefusalCode.UNLISTED:
        return _unreadable([word], dialect)
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
            return refused(said, dialect)
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
    return refused([_sentence(value) or _NOT_CANCELED], dialect)


def _cancel_inside(value: dict[str, Any], dialect: Dialect) -> CancelAccepted | Refused:
    """`{"cancel": {…}}`: an error, or a request that was taken, with its id or its state."""
    if said := error_texts(value):
        return refused(said, dialect)
    named = folded(value)
    request_id = coerce.issued_id(_first(named, ("cancel_id", "request_id", "id"))) or ""
    word = _sentence(named.get("status"))
    if word.lower() in _TAKEN or named.get("status") is True or (request_id and not word):
        return CancelAccepted(request_id)
    return refused([word or _NOT_CANCELED], dialect)


def _sentence(value: Any) -> str:
    return sentence(value) if isinstance(value, str) else ""


def recent_orders(body: Any, dialect: Dialect) -> tuple[RecentOrder, ...]:
    """The provider's list of our newest orders, as it is ordered there, each of its rows. Raises
    Unexpected."""
    if isinstance(body, dict):
        folded_body = folded(body)
        body = folded_body.get("orders", folded_body.get("data"))
    if not isinstance(body, list):
        raise Unexpected("The answer is not a list of orders.")
    return tuple(_recent_order(row, dialect) for row in body)


def _recent_order(row: Any, dialect: Dialect) -> RecentOrder:
    if not isinstance(row, dict):
        return RecentOrder("", progress(row, dialect))
    named = folded(row)
    ids = (coerce.issued_id(named.get(name)) for name in ORDER_ID_NAMES)
    return RecentOrder(
        order_id=next((one for one in ids if one), ""),
        progress=progress(row, dialect),
        link=_whole_text(named.get("link"), 2000),
        quantity=coerce.whole(named.get("quantity")),
        service_id=coerce.identifier(named.get("service")) or "",
        created_at=_whole_text(named.get("created_at", named.get("date")), 40),
    )


def _whole_text(value: Any, longest: int) -> str:
    """A text that is compared: the beginning of a longer one says nothing."""
    text = coerce.text(value, longest + 1)
    return text if len(text) <= longest else ""
