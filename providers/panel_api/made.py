"""What an answer shows of something that may have been made, beside whatever else it says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any, Final

from .answers import coerce
from .answers.decode import MOST_ROWS, ORDER_ID_NAMES, WRAPPERS, says_success
from .answers.error_texts import error_texts, sentence

_DEEPEST: Final = 8
ANY_ERROR: Final = 400  # from this HTTP code on a message alone is an error
_LETTERS: Final = re.compile(r"[^a-z]")
_DIGIT: Final = re.compile(r"[1-9]")
_CHARGE: Final = re.compile(r"(?:order|total|amount|your)?charged?(?:amount|total)?")
_TAKEN: Final = re.compile(
    r"\b(?:created|placed|saved|stored|accepted|queued|received|submitted|successful(?:ly)?|"
    r"awaiting|waits|on hold|pending|processing|in progress|started|starts|scheduled)\b"
)
_SPACE: Final = re.compile(r"\s")
_FAILED: Final = re.compile(r"error|fail|refus|reject|invalid|denied|skipped|missing|not_?found")
_HELD: Final = (
    r"(?:new|my|your|created|placed)?{0}s?"
    r"(?:ids?|no|nr|nums?|numbers?|refs?|references?|uuids?|keys?)?"
)
_NAMES: Final = {
    "order": re.compile(rf"(?:{_HELD.format('order')}|idorder)"),
    "refill": re.compile(rf"(?:{_HELD.format('refill')}|idrefill)"),
    "cancel": re.compile(rf"(?:{_HELD.format('cancel')}|idcancel)"),
}


def may_be_made(body: Any, what: str) -> bool:
    """An "order", a "refill" or a "cancel" may stand behind this answer: it says success, or names
    one in whatever place and spelling, or what was charged for an order. Wider than what is read as
    an id: it takes a proof away, and gives none. A bare `id` counts only inside what is called so,
    and an object that shows nothing of itself is one; an empty list says that there is none. What
    is longer or deeper than is looked through may hold one."""
    if says_success(body) or _names(body, _NAMES[what], _DEEPEST):
        return True
    if what != "order":
        return False
    if _is_charged(body, _DEEPEST) or _is_keyed_by_id(body, _DEEPEST):
        return True
    classified = frozenset(error_texts(body, ANY_ERROR))
    return _tells_of_one(body, classified, _DEEPEST) or any(
        True for _ in _possible_ids(body, _DEEPEST)
    )


def _tells_of_one(part: Any, classified: frozenset[str], depth: int) -> bool:
    """Some words in it tell of an order that was taken: one that waits for money, say. The
    sentences that are `classified`, each by what is known of it, are no such words, nor are
    addresses."""
    if isinstance(part, str):
        is_classified = sentence(part) in classified or "://" in part
        return not is_classified and bool(_TAKEN.search(part.lower()))
    if not isinstance(part, dict | list) or not depth:
        return False  # `_names` has said that nobody looked
    inside = part.values() if isinstance(part, dict) else part
    return any(_tells_of_one(one, classified, depth - 1) for one in inside)


def answers_for_one(body: Any, ids: Collection[str]) -> bool:
    """A refill of one of these orders may stand behind the answer, which names it by its order
    alone: as a key with a number, as the `order` of a row that has an id of its own, or in a list
    that is not called one of what failed. Longer or deeper than is looked through may hold one."""
    return _answers_for(body, frozenset(ids), _DEEPEST)


def _answers_for(part: Any, ids: frozenset[str], depth: int, *, failed: bool = False) -> bool:
    if not isinstance(part, dict | list) or not part:
        return False
    if not depth or len(part) > MOST_ROWS:
        return True  # nobody looked
    if isinstance(part, list):
        if not failed and any(_as_id(one) in ids for one in part):
            return True
        return any(_answers_for(one, ids, depth - 1, failed=failed) for one in part)
    if any(_as_id(name) in ids and _is_number(value, depth) for name, value in part.items()):
        return True
    if _is_number(part.get("id"), depth) and _as_id(part.get("order")) in ids:
        return True
    return any(
        _answers_for(value, ids, depth - 1, failed=failed or bool(_FAILED.search(name.lower())))
        for name, value in part.items()
    )


def _as_id(value: Any) -> str:
    is_scalar = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if is_scalar else ""


def candidate_id(body: Any) -> str:
    """The only id anywhere in an answer to `add` that could be the order's; empty for none, and
    for several. It proves nothing: it is what a person or a search may look at."""
    found = set(_possible_ids(body, _DEEPEST))
    return found.pop() if len(found) == 1 else ""


def _names(part: Any, about: re.Pattern[str], depth: int, *, inside: bool = False) -> bool:
    """`inside` what is called so, where a bare `id` is its own."""
    if not depth:
        return True  # nobody looked
    if isinstance(part, list):
        rows = (_names(one, about, depth - 1, inside=inside) for one in part)
        return len(part) > MOST_ROWS or any(rows)
    if not isinstance(part, dict):
        return False
    for name, value in part.items():
        letters = _LETTERS.sub("", name.lower())
        is_so_called = bool(about.fullmatch(letters))
        if (is_so_called or (inside and letters == "id")) and _is_number(value, depth):
            return True
        if is_so_called and value == {}:
            return True
        if _names(value, about, depth - 1, inside=inside or is_so_called):
            return True
    return False


def _is_charged(part: Any, depth: int) -> bool:
    """Money was taken: more than nothing stands where a charge is named."""
    if not isinstance(part, dict | list) or not depth:
        return False  # `_names` has said that nobody looked
    if isinstance(part, list):
        return any(_is_charged(one, depth - 1) for one in part)
    return any(
        (_CHARGE.fullmatch(_LETTERS.sub("", name.lower())) and _is_amount(value))
        or _is_charged(value, depth - 1)
        for name, value in part.items()
    )


def _is_keyed_by_id(part: Any, depth: int) -> bool:
    """A row stands under its number, as in an answer about several: not in what is called an
    error, where a number says which field or which line."""
    if not isinstance(part, dict) or not depth:
        return False  # `_names` has said that nobody looked
    return any(
        isinstance(value, dict)
        and not _FAILED.search(name.lower())
        and (_is_bare_number(name) or _is_keyed_by_id(value, depth - 1))
        for name, value in part.items()
    )


def _is_amount(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_DIGIT.search(value))
    return isinstance(value, int | Decimal) and value > 0


def _is_number(value: Any, depth: int) -> bool:
    """As an id is written, however oddly: no sentence, and not nothing."""
    if isinstance(value, list):
        if not depth or len(value) > MOST_ROWS:
            return True  # nobody looked
        return any(_is_number(one, depth - 1) for one in value)
    if isinstance(value, str):
        text = value.strip()
        return bool(_DIGIT.search(text)) and not _SPACE.search(text)
    return value is True or (isinstance(value, int | Decimal) and value > 0)


def _possible_ids(part: Any, depth: int) -> Iterator[str]:
    """Each of them; "" for what was not looked through."""
    if not isinstance(part, dict | list) or not part:
        return
    if not depth or (isinstance(part, list) and len(part) > MOST_ROWS):
        yield ""
    elif isinstance(part, list):
        for one in part:
            yield from _possible_ids(one, depth - 1)
    else:
        for name, value in part.items():
            lower = name.strip().lower()
            if lower in ORDER_ID_NAMES or (lower in WRAPPERS and _is_bare_number(value)):
                yield from _ids_of(value)
            if lower in WRAPPERS:
                yield from _possible_ids(value, depth - 1)


def _is_bare_number(value: Any) -> bool:
    """In the place of an order, as some name a new one: `{"data": 7}`."""
    text = str(value).strip() if isinstance(value, int | str) and value is not True else ""
    return text.isascii() and text.isdecimal()


def _ids_of(value: Any) -> Iterator[str]:
    if isinstance(value, list) and len(value) > MOST_ROWS:
        yield ""
        return
    for one in value if isinstance(value, list) else (value,):
        one = one.strip() if isinstance(one, str) else one
        if found := coerce.issued_id(one):
            yield found
