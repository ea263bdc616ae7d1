"""Writing down what one call said of each of its refills or cancels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Model

from core.rows.loops import NOT_OF_A_ROW, in_halves

from ..models import CancelRequest, Refill
from .batch_outcome import Answered, AnyOutcome, without_words

log = logging.getLogger(__name__)
Row = TypeVar("Row", Refill, CancelRequest)
Written = TypeVar("Written", bound=Model)
WHAT: Final = "answers to refills and cancels"


def record_rows(
    rows: Sequence[Row], outcome: AnyOutcome, settle: Callable[[Row, AnyOutcome], object]
) -> None:
    """Have each of them settled by this outcome; those whose answer cannot be written down as lost,
    or as not sent where that is proven. What polling cannot write needs no file, as the next
    question brings it again.

    Where not even that can be written, a row stays claimed, and the reaper takes it for lost also
    where it was not sent: then nothing that the database takes tells so, and a doubt is safe.
    """

    def by(outcome: AnyOutcome) -> Callable[[Row], object]:
        return lambda row: settle(row, outcome)

    broken = all_but_broken(rows, by(outcome), what=WHAT)
    for row in broken:  # no file keeps it either, once the others are written
        order_id = row.order.external_id
        about = outcome.about(order_id) if isinstance(outcome, Answered) else outcome
        log.error("the answer to the %s is known to this log alone: %s", row, about)
    all_but_broken(broken, by(without_words(outcome)), what=WHAT, may_all_fail=True)


def all_but_broken(
    rows: Sequence[Written],
    act: Callable[[Written], object],
    *,
    what: str,
    may_all_fail: bool = False,
) -> list[Written]:
    """Do it for each of them, as part of writing down what one call said. Returns those for which
    it cannot be written: they are left as they were, and keep no other from its own.

    All of several that fail are no fault of theirs, nor is what no value of a row brings about:
    it is raised, and the file keeps the answer until it can be written. They `may_all_fail` where
    no answer is lost by that.
    """
    most = len(rows) if may_all_fail else max(len(rows) - 1, 1)
    return in_halves(rows, _each(act), what=what, ends=NOT_OF_A_ROW, most=most)


def _each(act: Callable[[Written], object]) -> Callable[[Sequence[Written]], None]:
    def do_some(some: Sequence[Written]) -> None:
        with transaction.atomic():
            for row in some:
                act(row)

    return do_some
