"""Ids of a provider that stand for one order there: a number is the same with zeros before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import Case, CharField, F, Func, OuterRef, Value, When
from django.db.models.expressions import Combinable

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


def plain_number(column: str) -> Case:
    """What `plain_id` makes of the numbers in a column; NULL for what is none."""
    bare = Func(F(column), Value("0"), function="LTRIM", output_field=CharField())
    return Case(When(**{f"{column}__regex": r"^0*[1-9][0-9]*$"}, then=bare), default=None)


def spellings_beside(column: str, number: str) -> list[Combinable]:
    """As `spellings`, of a row of the query around: of its column, of which `plain_number` is
    there as `number`. Each is a value that an index is asked for."""
    zeros = (Value("0" * more) for more in range(1, LONGEST_PADDED))
    padded = (_Joined(some, OuterRef(number), output_field=CharField()) for some in zeros)
    return [OuterRef(column), OuterRef(number), *padded]


class _Joined(Func):
    """NULL where one of them is, as `Concat` is not."""

    template, arg_joiner = "(%(expressions)s)", " || "
