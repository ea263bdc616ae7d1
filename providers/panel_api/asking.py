"""Asking about many ids through batches of few: chunks, halves of a refused batch, lost rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .errors import BatchRefused
from .results import Unreadable

Row = TypeVar("Row")
Ask = Callable[[Sequence[str]], dict[str, Row | Unreadable]]


def chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The ids once each, in order, at most `size` together."""
    once = list(dict.fromkeys(ids))
    for start in range(0, len(once), size):
        yield once[start : start + size]


def ask_all(ids: Sequence[str], ask: Ask[Row], *, size: int) -> dict[str, Row | Unreadable]:
    """Ask about any number of ids; every id has an entry in the result.

    A batch refused as a whole is halved until the culprit stands alone; an id without a row
    is asked about once more by itself. Errors other than `BatchRefused` pass through.
    """
    known: dict[str, Row | Unreadable] = {}
    for chunk in chunks(ids, size):
        known |= _halving(chunk, ask)
    lost = [one for one, row in known.items() if isinstance(row, Unreadable) and row.missing]
    for one in lost if len(known) > 1 else ():
        known |= _halving([one], ask)
    return known


def _halving(ids: Sequence[str], ask: Ask[Row]) -> dict[str, Row | Unreadable]:
    try:
        return ask(ids)
    except BatchRefused as refusal:
        if len(ids) == 1:
            return {ids[0]: Unreadable(refusal.reason)}
        size = 1 if refusal.singly else (len(ids) + 1) // 2
    known: dict[str, Row | Unreadable] = {}
    for part in chunks(ids, size):
        known |= _halving(part, ask)
    return known
