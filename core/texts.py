"""What a text may hold that comes in from outside, and the signs in it that nobody can see."""

from __future__ import annotations

import re
import unicodedata

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")  # what no text column of PostgreSQL holds
_UNSEEN = frozenset({"Cc", "Cf"})


def readable(text: str) -> str:
    """The text with a sign to see, the one bytes that are no UTF-8 become, for each impossible
    character. Nothing is left out, so that whoever typed it can mend it."""
    return _IMPOSSIBLE.sub(UNREADABLE, text)


def without_unseen(text: str) -> str:
    """Without zero-width signs, marks of direction, byte order marks and controls; any kind of
    space is a plain one. For what is a number, an id or a link, never for words of people."""
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = (
        " " if unicodedata.category(sign) in ("Zs", "Zl", "Zp") or sign in "\t\r\n" else sign
        for sign in text
        if sign in "\t\r\n" or unicodedata.category(sign) not in _UNSEEN
    )
    return "".join(kept).strip()
