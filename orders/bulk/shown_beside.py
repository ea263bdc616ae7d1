"""What there was for the services and links of many orders when a second time was confirmed: their
numbers, and which of these were told as not there by a person's word. "3-5,9;4" in the form."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from ..status import BY_WORD
from .bulk_action import MOST
from .chosen_orders import read as read_numbers
from .chosen_orders import spelled


class ShownBeside(NamedTuple):
    numbers: frozenset[int] = frozenset()
    by_word: frozenset[int] = frozenset()

    @classmethod
    def of(cls, statuses: Mapping[int, str]) -> ShownBeside:
        by_word = (number for number, status in statuses.items() if status in BY_WORD)
        return cls(frozenset(statuses), frozenset(by_word))

    def tells_of(self, number: int, status: str) -> bool:
        """It was shown, and stands as it was told."""
        return number in self.numbers and (number in self.by_word) == (status in BY_WORD)

    def __str__(self) -> str:
        return f"{spelled(self.numbers)};{spelled(self.by_word)}" if self.numbers else ""


def says_how_they_stand(text: str) -> bool:
    """Not where it is of a desk of before, that carried the numbers alone."""
    return ";" in text or not text


@lru_cache(maxsize=4)
def read(text: str) -> ShownBeside:
    """A job asks once for each of its orders. Raises NotChosen. Numbers alone may all have been
    told as not there: beside one that is, they say nothing."""
    numbers, is_told, by_word = text.partition(";")
    shown = _numbers(numbers)
    return ShownBeside(shown, _numbers(by_word) if is_told else shown)


def _numbers(text: str) -> frozenset[int]:
    return frozenset(read_numbers(text, most=MOST) if text else ())
