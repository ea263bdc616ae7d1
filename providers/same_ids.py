"""Ids of a provider that stand for one order there: a number is the same with zeros before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LONGEST_PADDED: Final = 20  # digits; no number that is searched for has more


def plain_id(external_id: str) -> str:
    """The one form in which ids are compared. What is no number stays as it is written."""
    is_number = external_id.isascii() and external_id.isdecimal()
    return external_id.lstrip("0") or external_id if is_number else external_id


def spellings(ids: Iterable[str]) -> set[str]:
    """Every form in which one of these may be stored."""
    found = set[str]()
    for one in ids:
        plain = plain_id(one)
        found |= {one, plain}
        if plain.isascii() and plain.isdecimal():
            found.update(plain.zfill(size) for size in range(len(plain), LONGEST_PADDED + 1))
    return found
