"""Numbers that came in as text and may be asked of a database."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 18  # digits that every column of numbers holds, on every database


def row_number(text: object) -> int | None:
    """The plain digits of `text` as a number; None for all else, and for more than fit a column.

    Other digits than 0 to 9 are none: Python would read them, and a page would show another.
    """
    written = str(text)
    plain = written.isascii() and written.isdigit() and len(written) <= LONGEST
    return int(written) if plain else None
