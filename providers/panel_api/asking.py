"""Asking about many ids through batches of few: chunks, halves of a refused batch, lost rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from .errors import BatchRefused, RefusalCode, Unavailable
from .refusals import normalised
from .results import Unreadable

SAME_IN_A_ROW: Final = 5  # two halves, and each a half of theirs: no single id is in all of them

Row = TypeVar("Row")
Ask = Callable[[Sequence[str]], dict[str, Row | Unreadable]]


def chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The ids once each, in order, at most `size` together."""
    once = list(dict.fromkeys(ids))
    for start in range(0, len(once), size):
        yield once[start : start + size]


class SameRefusal:
    """Tells an error that is about the account from one that is about an id in a batch.

    Where batches are halved and the halves of one are asked about by turns, an id that spoils its
    batch leaves the other half well. Words that are known to be about an id never count.
    """

    def __init__(self) -> None:
        self._words, self._times = "", 0

    def is_about_the_account(self, reason: str, code: RefusalCode) -> bool:
        """Note one refusal; True once it was the same text too often in a row."""
        words = normalised(reason) if code is RefusalCode.UNLISTED else ""
        self._times = self._times + 1 if words and words == self._words else 1
        self._words = words
        return self._times >= SAME_IN_A_ROW

    def is_over(self) -> None:
        """Something was answered."""
        self._words, self._times = "", 0


def ask_all(ids: Sequence[str], ask: Ask[Row], *, size: int) -> dict[str, Row | Unreadable]:
    """Ask about any number of ids; every id has an entry in the result.

    A batch refused as a whole is halved until the culprit stands alone; an id without a row
    is asked about once more by itself. The same refusal again and again is about the account:
    Unavailable. Errors other than `BatchRefused` pass through.
    """
    known = _halving(chunks(ids, size), ask)
    lost = [one for one, row in known.items() if isinstance(row, Unreadable) and row.missing]
    if len(known) > 1:
        known |= _halving(chunks(lost, 1), ask)
    return {one: known[one] for one in dict.fromkeys(ids)}


def _halving(batches: Iterator[Sequence[str]], ask: Ask[Row]) -> dict[str, Row | Unreadable]:
    known: dict[str, Row | Unreadable] = {}
    same, waiting = SameRefusal(), deque(batches)
    while waiting:
        batch = waiting.popleft()
        try:
            known |= ask(batch)
            same.is_over()
        except BatchRefused as refusal:
            if same.is_about_the_account(refusal.reason, refusal.code):
                raise Unavailable(refusal.reason, refusal.evidence) from refusal
            if len(batch) == 1:
                known[batch[0]] = Unreadable(refusal.reason)
            else:
                waiting += chunks(batch, 1 if refusal.singly else (len(batch) + 1) // 2)
    return known
