"""Answers about orders: how they are going, and the provider's own list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ..dialect import Dialect
from ..refusals.classify import refusal_code_of_all, spacing_seconds, wait_seconds
from ..refusals.request_refusals import hear
from ..results import (
    OrderState,
    Progress,
    RecentOrder,
    Refused,
    Unreadable,
)
from . import coerce
from .decode import (
    ORDER_ID_NAMES,
    SUCCEEDED,
    Unexpected,
    folded,
    rows_by_id,
)
from .error_texts import REASON_LENGTH, OwnWords, error_texts
from .status_aliases import order_state

WORD_LENGTH: Final = 64
BESIDE: Final = " … "  # between sentences of one answer, as `classify` takes them apart
MOST_CHILDREN: Final = 10_000

_STATUS_MARKS: Final = frozenset({"status", "order_status", "charge", "remains"})
_START_NAMES: Final = ("start_count", "start_counter", "startcount", "startcounter", "start")
_REMAIN_NAMES: Final = ("remains", "remain", "remaining")
NO_ROW: Final = "The answer has no row for this id."


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
        return Unreadable(NO_ROW, missing=True)
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
        return without_progress([row] if isinstance(row, str) else [], dialect)
    try:
        row = folded(row)
    except Unexpected as error:
        return Unreadable(str(error))
    if ("error" in row or "errors" in row or "message" in row) and (said := error_texts(row)):
        return without_progress(said, dialect)
    children = _children(row.get("orders"))
    if children is None:
        return Unreadable(f"The row names more than {MOST_CHILDREN} orders.")
    raw = row.get("order_status")
    if raw is None:
        raw = row.get("status")
    word = coerce.text(raw, WORD_LENGTH + 1)
    if not word or word.lower() in SUCCEEDED:
        return Unreadable("The row has no status.")
    get, mark = row.get, dialect.decimal_mark
    return Progress(
        status=_state(raw, word, dialect),
        raw_status=word[:WORD_LENGTH],
        charge=_charge(get("charge"), dialect),
        start_count=coerce.counted(first_of(row, _START_NAMES), decimal_mark=mark),
        remains=coerce.counted(
            first_of(row, _REMAIN_NAMES), decimal_mark=mark, least=1 - coerce.COUNT_BOUND
        ),
        children=children,
        runs=coerce.whole(get("runs")) if "runs" in row else None,
        posts=coerce.whole(get("posts")) if "posts" in row else None,
        names_children=isinstance(get("orders"), list | str),
    )


def first_of(row: dict[str, Any], names: Sequence[str]) -> Any:
    return next((value for name in names if (value := row.get(name)) is not None), None)


def _state(raw: Any, word: str, dialect: Dialect) -> OrderState | None:
    if len(word) > WORD_LENGTH:
        return None  # what was read of it means nothing
    if dialect.status_codes and (state := dialect.status_codes.get(word)):
        return state
    return order_state(word, dialect.status_words) if isinstance(raw, str) else None


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


def without_progress(said: Sequence[str], dialect: Dialect) -> Unreadable:
    """A row without what was asked for, in the provider's words, if it has any."""
    reason = coerce.text("".join(said[:1]), REASON_LENGTH)
    if not reason:
        return Unreadable("The row is not an object.")
    return Unreadable(reason, refusal_code_of_all(said, dialect.refusals))


def refused(said: Sequence[str], dialect: Dialect) -> Refused:
    """A no for one row, in the provider's words: only all of them together prove anything, and any
    of them may be the one that says what stands in the way."""
    theirs = [one for one in said if not isinstance(one, OwnWords)]
    text = BESIDE.join(theirs or said)
    waits = wait_seconds(text), spacing_seconds(text)
    code, says = hear(said, dialect.refusals)
    reason = coerce.text(text, REASON_LENGTH)
    return Refused(reason, code, *waits, is_own=not theirs, says=says)


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
        quantity=coerce.counted(named.get("quantity"), decimal_mark=dialect.decimal_mark),
        service_id=coerce.identifier(named.get("service")) or "",
        created_at=_whole_text(named.get("created_at", named.get("date")), 40),
    )


def _whole_text(value: Any, longest: int) -> str:
    """A text that is compared: the beginning of a longer one says nothing."""
    text = coerce.text(value, longest + 1)
    return text if len(text) <= longest else ""
