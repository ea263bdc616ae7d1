"""Faults in what an answer says: lies about ids, rows, prices, balances. The JSON stays valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.faults.rules import Fault
from sandbox.protocol.refusals import REFUSALS


@dataclass(frozen=True, slots=True)
class Answered:
    """The call being spoiled: `earlier_id` was answered before it, `old_balance` is a past one."""

    action: str
    fault: Fault
    earlier_id: str
    next_id: int
    old_balance: Decimal | None = None


Spoil = Callable[[Any, Answered], Any]
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _real_id(content: Any, call: Answered) -> Any:
    """The id in the answer, or the one that would have come where nothing was accepted."""
    found = content.get("order") if isinstance(content, dict) else None
    return call.next_id if found is None else found


def _id_lie(lie: Callable[[Any, Answered], Any]) -> Spoil:
    def spoil(content: Any, call: Answered) -> Any:
        if call.action != "add":
            return content
        return {"order": lie(_real_id(content, call), call)}

    return spoil


def _negative(real: Any, call: Answered) -> Any:
    return -int(real) if str(real).isdecimal() else -call.next_id


def _float(real: Any, call: Answered) -> Any:
    return float(real) if str(real).isdecimal() else float(call.next_id)


def _reused(real: Any, call: Answered) -> Any:
    earlier = call.earlier_id or str(real)
    return int(earlier) if earlier.isdecimal() else earlier


def order_and_error(content: Any, call: Answered) -> Any:
    if call.action != "add":
        return content
    return {"order": _real_id(content, call), "error": REFUSALS["broken"][0]}


def error_reply(content: Any, call: Answered) -> Any:
    """Any refusal, told whether it is true or not; option `reason` names it."""
    reason = str(call.fault.options.get("reason", "broken"))
    return {"error": REFUSALS[reason][0] if reason in REFUSALS else reason}


def whole_batch_error(content: Any, call: Answered) -> Any:
    return {"error": REFUSALS["order"][0]}


def _rows(content: Any) -> Iterator[dict[str, Any]]:
    """Every status row in an answer, alone or in a batch."""
    if isinstance(content, dict) and "status" in content:
        yield content
    elif isinstance(content, dict):
        yield from (row for row in content.values() if isinstance(row, dict))
    elif isinstance(content, list):
        yield from (row for row in content if isinstance(row, dict))


def _row_lie(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Spoil:
    def spoil(content: Any, call: Answered) -> Any:
        if call.action == "status":
            for row in _rows(content):
                if "status" in row:
                    row.update(change(row))
        return content

    return spoil


def _drifted(row: dict[str, Any]) -> dict[str, Any]:
    charge = Decimal(str(row.get("charge", "0"))) * Decimal("1.37") + Decimal("0.01")
    return {"charge": str(charge)}


def missing_rows(content: Any, call: Answered) -> Any:
    """Every second row of a batch is gone."""
    if isinstance(content, list):
        return content[1::2]
    if isinstance(content, dict) and "status" not in content and "error" not in content:
        return dict(list(content.items())[1::2])
    return content


def extra_rows(content: Any, call: Answered) -> Any:
    """A row nobody asked for."""
    stray = {"charge": "9.99", "start_count": "1", "status": "Completed", "remains": "0"}
    if isinstance(content, list):
        return [*content, {"order": call.next_id + 77, **stray}]
    if isinstance(content, dict) and "status" not in content and "error" not in content:
        return {**content, str(call.next_id + 77): stray}
    return content


def _catalog_lie(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Spoil:
    """Change the first service of a catalog."""

    def spoil(content: Any, call: Answered) -> Any:
        if call.action == "services" and isinstance(content, list) and content:
            return [content[0] | change(content[0]), *content[1:]]
        return content

    return spoil


def _of_catalog(change: Callable[[list[Any]], list[Any]]) -> Spoil:
    def spoil(content: Any, call: Answered) -> Any:
        is_catalog = call.action == "services" and isinstance(content, list)
        return change(content) if is_catalog else content

    return spoil


def wrong_types(content: Any, call: Answered) -> Any:
    """Every value is of a type nobody expects."""
    if call.action == "add":
        return {"order": {"value": [_real_id(content, call)]}}
    if isinstance(content, dict):
        return {name: [value] for name, value in content.items()}
    return {"0": content}


def balance_lag(content: Any, call: Answered) -> Any:
    """The balance of `seconds` ago; without them the one before the last change."""
    if call.action != "balance" or not isinstance(content, dict) or call.old_balance is None:
        return content
    return {**content, "balance": format(call.old_balance, "f")}


def other_currency(content: Any, call: Answered) -> Any:
    if isinstance(content, dict) and "currency" in content:
        return {**content, "currency": str(call.fault.options.get("currency", "XTS"))}
    return content


CONTENT_MODES: dict[str, Spoil] = {
    "bool_id": _id_lie(lambda real, call: True),
    "null_id": _id_lie(lambda real, call: None),
    "zero_id": _id_lie(lambda real, call: 0),
    "negative_id": _id_lie(_negative),
    "float_id": _id_lie(_float),
    "padded_id": _id_lie(lambda real, call: f" +{real} "),
    "unicode_id": _id_lie(lambda real, call: str(real).translate(ARABIC)),
    "reused_id": _id_lie(_reused),
    "order_and_error": order_and_error,
    "generic_error": error_reply,
    "error_reply": error_reply,
    "whole_batch_error": whole_batch_error,
    "wrong_types": wrong_types,
    "missing_rows": missing_rows,
    "extra_rows": extra_rows,
    "status_regress": _row_lie(lambda row: {"status": "In progress", "remains": "1"}),
    "unknown_status": _row_lie(lambda row: {"status": "Simmering"}),
    "charge_drift": _row_lie(_drifted),
    "remains_above_quantity": _row_lie(lambda row: {"remains": "99999999"}),
    "negative_remains": _row_lie(lambda row: {"remains": "-5"}),
    "null_values": _row_lie(lambda row: {"charge": None, "remains": None, "start_count": None}),
    "rate_negative": _catalog_lie(lambda row: {"rate": "-1.50"}),
    "rate_nan": _catalog_lie(lambda row: {"rate": float("nan")}),
    "rate_zero": _catalog_lie(lambda row: {"rate": "0"}),
    "rate_jump": _catalog_lie(lambda row: {"rate": str(Decimal(str(row["rate"])) * 1000)}),
    "min_above_max": _catalog_lie(lambda row: {"min": "1000", "max": "10"}),
    "html_names": _catalog_lie(lambda row: {"name": "<script>alert(1)</script>‮ \u200b&amp;"}),
    "huge_description": _catalog_lie(lambda row: {"description": "long " * 200_000}),
    "duplicate_services": _of_catalog(lambda rows: [*rows, *rows[:1]]),
    "broken_rows": _of_catalog(lambda rows: [None, "row", {"name": "no id"}, *rows]),
    "halved_catalog": _of_catalog(lambda rows: rows[: len(rows) // 2]),
    "empty_catalog": _of_catalog(lambda rows: []),
    "balance_lag": balance_lag,
    "other_currency": other_currency,
}
