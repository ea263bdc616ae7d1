"""The provider's spelling stops here and in the `decode_…` modules beside it.

This one reads what every answer has in common: what an error looks like, where an id is,
how a list is wrapped. Sources: the protocol, and the dialects kept as samples in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from ..refusals.classify import LONGEST_SENTENCE, adds_nothing, refusal_code
from ..results import Placed
from . import coerce

NOTHING: Final[tuple[object, ...]] = (None, "", False, 0, [], {})
ERROR_NAMES: Final = frozenset({"error", "errors", "status", "success", "message", "msg", "detail"})
# Where an answer with an error may say more, and other than the error does.
_MORE_WORDS: Final = (
    *("message", "msg", "detail", "details", "description", "info", "note", "notice", "warning"),
    *("warnings", "reason", "text"),
)
FAILED: Final = frozenset({"error", "fail", "failed", "failure", "false", "0"})
SUCCEEDED: Final = frozenset({"success", "successful", "ok", "true"})
ORDER_ID_NAMES: Final = ("order", "order_id", "orderid", "id")
REASON_LENGTH: Final = LONGEST_SENTENCE
OF_ANOTHER: Final = "The row under this id names another one."
UNREAD: Final = "It said more than is read."  # no reviewed sentence, and never one

# Where an accepted `add` holds the new id, in the order they are believed. An `id` says less.
_ORDER_NAMES: Final = ("order", "order_id", "orderid")
WRAPPERS: Final = ("data", "result", "response", "order", "payload", "orders")
MOST_ROWS: Final = 1000
_DEEPEST: Final = 3
_DEEPEST_SENTENCE: Final = 8
_MOST_SENTENCES: Final = 20
_ORDER_ROW: Final = frozenset({"charge", "remains", "start_count"})


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


def sentence(said: str) -> str:
    """One sentence of a provider. What is longer than is read is one sign longer, and is so told
    from what ends there."""
    return coerce.text(said, REASON_LENGTH + 1)


def error_texts(body: Any, http_status: int = 200) -> tuple[str, ...]:
    """What the provider says went wrong, in its own words; empty when it says nothing did. Each is
    a `sentence`, and UNREAD stands for what was not read."""
    if not isinstance(body, dict):
        return ()
    row: dict[str, Any] = {}
    for name, value in body.items():
        if (lower := name.strip().lower()) in ERROR_NAMES:
            row[lower] = row.get(lower) or value
    if not row:
        return ()
    message = _first_text(row.get("message"), row.get("msg"), row.get("detail"))
    speaking = [name for name in ("error", "errors") if row.get(name) not in NOTHING]
    if speaking:
        said = [text for name in speaking for text in _texts(row[name])] or [message or "error"]
        return tuple(dict.fromkeys([*said, *_more_words(body)]))
    failed = _failed(row) and not _ORDER_ROW & body.keys()
    if message and (failed or http_status >= 400):
        return (message,)
    if failed and (inner := _first_text(at_path(body, ("data", "msg")))):
        return (inner,)
    return ()


def _more_words(body: dict[str, Any]) -> Iterator[str]:
    """What stands beside an error in words of its own: it may be told there that the order was
    taken all the same."""
    for name, value in body.items():
        if name.strip().lower() in _MORE_WORDS:
            yield from (text for text in _texts(value) if not adds_nothing(text))


def _failed(row: dict[str, Any]) -> bool:
    status, success = row.get("status"), row.get("success", True)
    return status is False or str(status).lower() in FAILED or str(success).lower() in FAILED


def _first_text(*values: Any) -> str:
    for value in values:
        if isinstance(value, str) and value.strip():
            return sentence(value)
    return ""


def _texts(said: Any, depth: int = _DEEPEST_SENTENCE) -> tuple[str, ...]:
    """Sentences out of a text, a list, an object with a message, or lists by field name."""
    if isinstance(said, str):
        return (sentence(said),) if said.strip() else ()
    if said and not depth and isinstance(said, list | dict):
        return (UNREAD,)
    if isinstance(said, list):
        texts = tuple(text for part in said[:_MOST_SENTENCES] for text in _texts(part, depth - 1))
        return texts if len(said) <= _MOST_SENTENCES else (*texts, UNREAD)
    return _of_object(said, depth) if isinstance(said, dict) else ()


def _of_object(said: dict[str, Any], depth: int) -> tuple[str, ...]:
    """One sentence of an error that is an object: the first that is known, be it a code."""
    named = {name.strip().lower(): value for name, value in said.items()}
    spoken = [named.get(name) for name in ("message", "msg", "error", "code", "type")]
    texts = [sentence(text) for text in spoken if isinstance(text, str)]
    if not texts:
        return _texts(list(said.values()), depth - 1)
    listed = (text for text in texts if refusal_code(text) != "unlisted")
    return (next(listed, texts[0]),)


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
    for name in _ORDER_NAMES:
        value = row.get(name)
        if isinstance(value, dict):
            return _only_id(value, (*_ORDER_NAMES, "id"))
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
    if any(row.get(name) is not None for name in _ORDER_NAMES):
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
