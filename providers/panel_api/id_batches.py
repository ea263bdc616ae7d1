"""Asking about many ids through batches of few: chunks, halves of a refused batch, lost rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, TypeVar

from .errors import BatchRefused, RefusalCode, Unavailable
from .refusals.classify import normalised
from .results import Unreadable

SAME_IN_A_ROW: Final = 5  # a batch, its halves, and the halves of one
MANY_TOGETHER: Final = 8  # a batch of so many, and two of them alone, tell as much

Row = TypeVar("Row")
Ask = Callable[[Sequence[str]], dict[str, Row | Unreadable]]


def chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The ids once each, in order, at most `size` together."""
    once = list(dict.fromkeys(ids))
    for start in range(0, len(once), size):
        yield once[start : start + size]


class SameRefusal:
    """Tells an error that is about the account from one that is about an id in a batch.

    An id that spoils its batch is in every batch that is refused for it, in whatever order the
    halves are asked about. Words that are known to be about an id never count.
    """

    def __init__(self) -> None:
        self._words, self._times = "", 0
        self._in_all: set[str] = set()
        self._alone: set[str] = set()
        self._most = 0

    def is_about_the_account(self, ids: Collection[str], reason: str, code: RefusalCode) -> bool:
        """Note one refusal of a question about `ids`; True once it was the same text too often in a
        row, or of many ids together and of two each alone, and no single id was in all of them."""
        words, asked = normalised(reason) if code is RefusalCode.UNLISTED else "", set(ids)
        goes_on = bool(words) and words == self._words
        self._times = self._times + 1 if goes_on else 1
        self._in_all = self._in_all & asked if goes_on else asked
        alone = asked if len(asked) == 1 else set()
        self._alone = self._alone | alone if goes_on else alone
        self._most = max(self._most if goes_on else 0, len(asked))
        self._words = words
        return (self.explains_no_id() or self._times >= SAME_IN_A_ROW) and not self._in_all

    def explains_no_id(self) -> bool:
        """Many ids together were refused so, and two of them each alone."""
        return self._most >= MANY_TOGETHER and len(self._alone) > 1

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
            if same.is_about_the_account(batch, refusal.reason, refusal.code):
                raise Unavailable(refusal.reason, refusal.evidence) from refusal
            if len(batch) == 1:
                known[batch[0]] = Unreadable(refusal.reason)
            else:
                waiting += chunks(batch, 1 if refusal.singly else (len(batch) + 1) // 2)
    return known
