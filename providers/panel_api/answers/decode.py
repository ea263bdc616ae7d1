"""The provider's spelling stops here and in the `decode_…` modules beside it.

This one reads what every answer has in common: where an id is, how a list is wrapped. What an error
looks like is in `error_texts`. Sources: the protocol, and the dialects kept as samples in tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from ..results import Placed
from . import coerce

SUCCEEDED: Final = frozenset({"success", "successful", "ok", "true"})
ORDER_ID_NAMES: Final = ("order", "order_id", "orderid", "id")
OF_ANOTHER: Final = "The row under this id names another one."

# Where an accepted `add` holds the new id, in the order they are believed. An `id` says less.
ORDER_NAMES: Final = ("order", "order_id", "orderid")
WRAPPERS: Final = ("data", "result", "response", "order", "payload", "orders")
MOST_ROWS: Final = 1000
_DEEPEST: Final = 3


class Unexpected(ValueError):
    """The answer has a shape that nobody has described to us."""


class WithoutIds(Unexpected):
    """A list whose rows do not say what they are about; positions are never trusted."""


def folded(row: dict[str, Any]) -> dict[str, Any]:
    """The row with lower-case names, not a copy if it had them; Unexpected when two are one."""
    names = tuple(row)
    lower = _lower(names)
    if lower is None:
        return row
    if len(set(lower)) != len(names):
        raise Unexpected("A row names one field twice.")
    return dict(zip(lower, row.values(), strict=True))


@lru_cache(256)
def _lower(names: tuple[str, ...]) -> tuple[str, ...] | None:
    """The names in lower case and without spaces around; None when they are so already. The rows
    of a list share theirs."""
    lower = tuple(name.strip().lower() for name in names)
    return None if lower == names else lower


def at_path(body: Any, path: Sequence[str]) -> Any:
    """The value under these names, whatever their case; None when there is none."""
    for name in path:
        if not isinstance(body, dict):
            return None
        body = folded(body).get(name.lower())
    return body


def succeeded(status: Any) -> bool:
    """A `status` that speaks of the call, not of an order."""
    return status is True or (isinstance(status, str) and status.strip().lower() in SUCCEEDED)


def says_success(body: Any) -> bool:
    """The answer as a whole calls itself a success."""
    row = body if isinstance(body, dict) else {}
    return row.get("success") is True or succeeded(row.get("status"))


def placed_id(body: Any, *, framed: bool) -> str | None:
    """The id an answer to `add` names; None unless it is one plausible id in a known place.

    A bare number counts only when `framed`: without a stated length it may be cut short. Raises
    Unexpected when a row names one field twice, and where more is wrapped than is looked through.
    """
    if isinstance(body, int) and framed:
        return coerce.issued_id(body)
    if isinstance(body, list):
        body = body[0] if len(body) == 1 else None
    if not isinstance(body, dict):
        return None
    row = folded(body)
    for name in ORDER_NAMES:
        value = row.get(name)
        if isinstance(value, dict):
            return _only_id(value, (*ORDER_NAMES, "id"))
        if value is not None:
            return coerce.issued_id(value)
    inside = [inner for name in WRAPPERS if _names_order(inner := row.get(name))]
    if inside:
        return placed_id(inside[0], framed=False) if len(inside) == 1 else None
    named = at_path(row, ("data", "id"))  # the one wrapping whose bare `id` is the order's
    return coerce.issued_id(row.get("id") if named is None else named)


def _names_order(inner: Any, depth: int = _DEEPEST) -> bool:
    if not isinstance(inner, dict | list) or not inner:
        return False
    if depth < 0 or (isinstance(inner, list) and len(inner) > MOST_ROWS):
        raise Unexpected("An order may stand deeper in the answer than is looked.")
    if isinstance(inner, list):
        return any(_names_order(one, depth - 1) for one in inner)
    row = folded(inner)
    if any(row.get(name) is not None for name in ORDER_NAMES):
        return True
    return any(_names_order(row.get(name), depth - 1) for name in WRAPPERS)


def _only_id(row: dict[str, Any], names: Sequence[str]) -> str | None:
    """The one id that a row has under these names; None for none, and for two that differ."""
    ids = {
        coerce.issued_id(value) for name in names if (value := folded(row).get(name)) is not None
    }
    return ids.pop() if len(ids) == 1 else None


def placed(body: Any, order_id: str) -> Placed:
    """An accepted order with the charge and balance the provider volunteers."""
    if isinstance(body, list):
        body = body[0]
    row = folded(body) if isinstance(body, dict) else {}
    for name in WRAPPERS:
        if isinstance(inner := row.get(name), dict):
            row = {**row, **folded(inner)}
    return Placed(
        order_id=order_id,
        charge=coerce.money(row.get("charge")),
        balance=coerce.money(row.get("balance")),
    )


def rows_by_id(
    body: Any, asked: Sequence[str], *, id_names: Sequence[str], marks: frozenset[str]
) -> dict[str, Any]:
    """The rows of an answer about `asked`, by id; ids nobody asked for are left out.

    `marks` are the names by which a lone row is known. Unexpected for shapes not understood.
    """
    if isinstance(body, dict) and not any(one in body for one in asked):
        body = _unwrapped(body)
    if isinstance(body, list):
        return _listed(body, asked, id_names)
    if not isinstance(body, dict):
        raise Unexpected("The answer is neither an object nor a list.")
    found = {one: _own(body[one], one, id_names) for one in asked if one in body}
    if found:
        return found
    if marks & {name.strip().lower() for name in body}:
        return _lone(body, asked, id_names)
    if all(isinstance(row, dict) for row in body.values()):
        return {}
    raise Unexpected("The answer is not about what was asked.")


def _own(row: Any, one: str, names: Sequence[str]) -> Any:
    """The row under this id, unless it names another one: a bare `id` may be its own number."""
    if not isinstance(row, dict):
        return row
    named = {coerce.issued_id(row[name]) for name in names if name in row and name != "id"}
    return row if named <= {None, one} else OF_ANOTHER


def _unwrapped(body: dict[str, Any]) -> Any:
    for name, inner in body.items():
        lower = name.lower()
        if lower in ("data", "result") and isinstance(inner, dict | list):
            return inner
        spoken = body.get("status")
        plural = lower in ("orders", "statuses", "refills")
        holds_rows = isinstance(inner, dict) or (
            isinstance(inner, list) and inner and isinstance(inner[0], dict)
        )
        if plural and holds_rows and (spoken is None or succeeded(spoken)):
            return inner
    return body


def _lone(body: dict[str, Any], asked: Sequence[str], id_names: Sequence[str]) -> dict[str, Any]:
    if len(asked) != 1:
        raise Unexpected("One row came where several were asked for.")
    named = _id_of(folded(body), id_names)
    if named is not None and named != asked[0]:
        raise Unexpected("The answer is about something else.")
    return {asked[0]: body}


def _listed(rows: list[Any], asked: Sequence[str], id_names: Sequence[str]) -> dict[str, Any]:
    wanted, found = set(asked), dict[str, Any]()
    for row in rows:
        if not isinstance(row, dict):
            raise WithoutIds("The answer is a list whose rows do not name their ids.")
        about = _id_of(folded(row), id_names)
        if about is None:
            if len(asked) == len(rows) == 1:
                return {asked[0]: row}
            raise WithoutIds("The answer is a list whose rows do not name their ids.")
        if about in wanted:
            same = about not in found or found[about] == row
            found[about] = row if same else "The answer has two different rows for this id."
    return found


def _id_of(row: Mapping[str, Any], names: Sequence[str]) -> str | None:
    for name in names:
        named = row.get(name)
        if named is not None and (value := coerce.identifier(named)) is not None:
            return value
    return None
