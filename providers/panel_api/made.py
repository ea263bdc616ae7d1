"""What an answer shows of something that may have been made, beside whatever else it says."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from .decode import says_success

_DEEPEST: Final = 8
_MOST_ROWS: Final = 1000
_LONGEST_NUMBER: Final = 64
_LETTERS: Final = re.compile(r"[^a-z]")
_DIGIT: Final = re.compile(r"[1-9]")
_HELD: Final = (
    r"(?:new|my|your|created|placed)?{0}s?(?:id|no|nr|num|number|ref|reference|uuid|key)?"
)
_NAMES: Final = {
    "order": re.compile(rf"(?:{_HELD.format('order')}|idorder)"),
    "refill": re.compile(rf"(?:{_HELD.format('refill')}|idrefill)"),
}


def may_be_made(body: Any, what: str) -> bool:
    """An "order" or a "refill" may stand behind this answer: it says success, or names one in
    whatever place and spelling. Wider than what is read as an id: it takes a proof away, and
    gives none. A bare `id` counts only inside what is called so, and rows beyond the first
    thousand of a list are not looked at."""
    return says_success(body) or _names(body, _NAMES[what], _DEEPEST)


def _names(part: Any, about: re.Pattern[str], depth: int, *, inside: bool = False) -> bool:
    """`inside` what is called so, where a bare `id` is its own."""
    if not depth:
        return True  # nobody looked
    if isinstance(part, list):
        rows = part[:_MOST_ROWS]
        return any(_names(one, about, depth - 1, inside=inside) for one in rows)
    if not isinstance(part, dict):
        return False
    for name, value in part.items():
        letters = _LETTERS.sub("", name.lower())
        is_so_called = bool(about.fullmatch(letters))
        if (is_so_called or (inside and letters == "id")) and _is_number(value):
            return True
        if _names(value, about, depth - 1, inside=inside or is_so_called):
            return True
    return False


def _is_number(value: Any) -> bool:
    """As an id is written, however oddly: no sentence, and not nothing."""
    if isinstance(value, list):
        return any(map(_is_number, value[:_MOST_ROWS]))
    if isinstance(value, str):
        text = value.strip()
        short = 0 < len(text) <= _LONGEST_NUMBER and not re.search(r"\s", text)
        return short and bool(_DIGIT.search(text))
    return value is True or (isinstance(value, int | Decimal) and value > 0)
