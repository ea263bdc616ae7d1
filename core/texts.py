"""What a text may hold that comes in from outside, and the signs in it that nobody can see."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

LONGEST_TEXT = 500  # of a reason, a note or a line of history: its column and its field
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")  # what no text column of PostgreSQL holds


def readable(text: str) -> str:
    """The text with a sign to see, the one bytes that are no UTF-8 become, for each impossible
    character. Nothing is left out, so that whoever typed it can fix it."""
    return _IMPOSSIBLE.sub(UNREADABLE, text)


def without_unseen(text: str) -> str:
    """Without zero-width signs, marks of direction and byte order marks, and with plain spaces.
    For what is a number, an id or a link, never for words of people. Controls stay, to be refused:
    no keyboard and no page puts them in by the way."""
    if text.isascii():
        return text.strip()
    kinds = ((sign, unicodedata.category(sign)) for sign in text)
    return "".join(" " if kind == "Zs" else sign for sign, kind in kinds if kind != "Cf").strip()


def readable_json(value: Any) -> Any:
    """The same for every text in a JSON value, the names in its objects among them."""
    match value:
        case str():
            return readable(value)
        case dict():
            return {readable(str(name)): readable_json(part) for name, part in value.items()}
        case list() | tuple():
            return [readable_json(part) for part in value]
    return value
