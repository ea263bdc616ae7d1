"""Answers about refills and cancels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..dialect import Dialect
from ..errors import RefusalCode
from ..made import may_be_made
from ..refusals.classify import refusal_code
from ..results import (
    CancelAccepted,
    RefillProgress,
    RefillStarted,
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
    succeeded,
)
from .decode_orders import (
    BESIDE,
    NO_ROW,
    WORD_LENGTH,
    first_of,
    refused,
    without_progress,
)
from .error_texts import (
    REASON_LENGTH,
    OwnWords,
    error_texts,
    sentence,
)
from .failure import why_request_failed
from .other_words import other_words
from .status_aliases import refill_state

_REFILL_ID_NAMES: Final = ("refill", "refill_id", "refillid", "id")

_TAKEN: Final = SUCCEEDED | {
    *("1", "accepted", "requested", "queued", "canceled", "cancelled", "pending", "in progress"),
    *("processing", "canceling", "cancelling"),
}

# What stands inside `{"refill": {…}}` or `{"cancel": {…}}` as its number.
_NUMBERS: Final = {
    "refill": ("refill_id", "refillid", "id"),
    "cancel": ("cancel_id", "request_id", "id"),
}

_NOT_TAKEN_ON: Final = "The refill was not taken on."

_NOT_CANCELED: Final = "The cancel was not taken."


def refills(
    body: Any, asked: Sequence[str], dialect: Dialect
) -> dict[str, RefillStarted | Refused]:
    """Every asked order with its refill's id, or with the refusal. Raises Unexpected."""
    marks = frozenset({"refill", "refill_id"})
    rows = rows_by_id(body, asked, id_names=("order", "order_id", "orderid"), marks=marks)
    return {one: _refill(rows.get(one), dialect) for one in asked}


def _refill(row: Any, dialect: Dialect) -> RefillStarted | Refused:
    if row is None:
        return Refused(NO_ROW, is_own=True)
    value = row
    if isinstance(row, dict):
        if said := error_texts(row):
            return _said_no(said, row, "refill", dialect)
        named = folded(row)
        value = named.get("refill_id", named.get("refill"))
        if against := why_request_failed(row, dialect.refusals, is_taken=_is_named(value)):
            return _objected(against)
    if isinstance(value, dict):
        return _refill_inside(value, row, dialect)
    if value is True or (isinstance(value, str) and value.lower() in SUCCEEDED):
        return RefillStarted("")
    if refill_id := coerce.issued_id(value):
        return RefillStarted(refill_id)
    return _no_word_of_success(row, value, _NOT_TAKEN_ON, dialect)


def _is_named(value: Any) -> bool:
    """A refill or cancel is there: true, or its number."""
    return value is True or isinstance(value, dict) or bool(coerce.issued_id(value))


def _refill_inside(value: dict[str, Any], row: Any, dialect: Dialect) -> RefillStarted | Refused:
    """`{"refill": {…}}`: an error, or the refill's id with how it begins."""
    named = folded(value)
    refill_id = coerce.issued_id(first_of(named, _NUMBERS["refill"]))
    if said := error_texts(value):
        return _said_no(said, row, "refill", dialect)
    if against := why_request_failed(value, dialect.refusals, is_taken=bool(refill_id)):
        return _objected(against)
    if not refill_id:
        return _no_word_of_success(row, named.get("status"), _NOT_TAKEN_ON, dialect)
    return RefillStarted(refill_id)


def _said_no(said: Sequence[str], row: dict[str, Any], what: str, dialect: Dialect) -> Refused:
    """Words beside what may be a refill, or a cancel that was taken, prove nothing, whatever they
    say, and none do beside other words of the same row."""
    if may_be_made(row, what) or _reads_as_taken(row, what):
        return Refused(said[0][:REASON_LENGTH], is_own=isinstance(said[0], OwnWords))
    return _unless_beside_others(said, row, dialect)


def _unless_beside_others(said: Sequence[str], row: Any, dialect: Dialect) -> Refused:
    if others := other_words(row, said, dialect.refusals):
        return Refused(BESIDE.join([*said, *others])[:REASON_LENGTH])
    return refused(said, dialect)


def _reads_as_taken(row: dict[str, Any], what: str) -> bool:
    """By what stands there alone, whatever error or code of one stands beside it."""
    try:
        named = _only(row, (what, f"{what}_id", "status", "success"))
        values = [named[name] for name in (what, f"{what}_id") if named.get(name) is not None]
        if not values:
            return succeeded(named.get("status")) or succeeded(named.get("success"))
        return any(_is_taken(value, what) for value in values)
    except Unexpected:
        return True  # one name stands there twice


def _is_taken(value: Any, what: str) -> bool:
    """It has the number, or the word, of one that is there."""
    if not isinstance(value, dict):
        return value is True or _sentence(value).strip().lower() in _TAKEN
    named = _only(value, ("status", *_NUMBERS[what]))
    word = named.get("status")
    has_number = any(coerce.issued_id(named.get(name)) for name in _NUMBERS[what])
    return has_number or word is True or _sentence(word).strip().lower() in _TAKEN


def _only(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return folded({name: value for name, value in row.items() if name.strip().lower() in names})


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
        else Unreadable(NO_ROW, missing=True)
        for one in asked
    }


def _refill_progress(row: Any, dialect: Dialect) -> RefillProgress | Unreadable:
    if isinstance(row, dict):
        if ("error" in row or "message" in row) and (said := error_texts(row)):
            return without_progress(said, dialect)
        row = folded(row).get("status")
    if isinstance(row, dict):
        return without_progress(error_texts(row), dialect)
    word = coerce.text(row, WORD_LENGTH + 1)
    if not word:
        return Unreadable("The row has no status.")
    if len(word) > WORD_LENGTH:  # what was read of it means nothing
        return RefillProgress(None, word[:WORD_LENGTH])
    if refusal_code(word, dialect.refusals) is not RefusalCode.UNLISTED:
        return without_progress([word], dialect)
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
        return Refused(NO_ROW, is_own=True)
    value = row
    if isinstance(row, dict):
        if said := error_texts(row):
            return _said_no(said, row, "cancel", dialect)
        row = folded(row)
        value = row.get("cancel")
        if against := why_request_failed(row, dialect.refusals, is_taken=_is_named(value)):
            return _objected(against)
        if value is None and (succeeded(row.get("status")) or succeeded(row.get("success"))):
            return CancelAccepted()
    if isinstance(value, dict):
        return _cancel_inside(value, row, dialect)
    if value is True or value == 1 or (isinstance(value, str) and value.lower() in _TAKEN):
        return CancelAccepted()
    if request_id := coerce.issued_id(value):
        return CancelAccepted(request_id)
    return _no_word_of_success(row, value, _NOT_CANCELED, dialect)


def _cancel_inside(value: dict[str, Any], row: Any, dialect: Dialect) -> CancelAccepted | Refused:
    """`{"cancel": {…}}`: an error, or a request that was taken, with its id or its state."""
    if said := error_texts(value):
        return _said_no(said, row, "cancel", dialect)
    named = folded(value)
    request_id = coerce.issued_id(first_of(named, _NUMBERS["cancel"])) or ""
    if against := why_request_failed(value, dialect.refusals, is_taken=bool(request_id)):
        return _objected(against)
    word = _sentence(named.get("status"))
    if word.lower() in _TAKEN or named.get("status") is True or (request_id and not word):
        return CancelAccepted(request_id)
    return _no_word_of_success(row, word, _NOT_CANCELED, dialect)


def _objected(against: str) -> Refused:
    """What speaks against it proves nothing; a flag has no words of theirs."""
    return Refused(against[:REASON_LENGTH], is_own=isinstance(against, OwnWords))


def _no_word_of_success(row: Any, value: Any, otherwise: str, dialect: Dialect) -> Refused:
    """What stands where a success would, in the provider's words if it is any."""
    if word := _sentence(value):
        return _unless_beside_others([word], row, dialect)
    return Refused(otherwise, is_own=True)


def _sentence(value: Any) -> str:
    return sentence(value) if isinstance(value, str) else ""
