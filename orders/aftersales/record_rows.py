"""Writing down what one call said of each of its refills or cancels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import transaction

from core.rows.loops import NOT_OF_A_ROW, in_halves

from ..models import CancelRequest, Refill
from .batch_outcome import NOT_WRITTEN, Answered, AnyOutcome

log = logging.getLogger(__name__)
Row = TypeVar("Row", Refill, CancelRequest)


def record_rows(
    rows: Sequence[Row], outcome: AnyOutcome, settle: Callable[[Row, AnyOutcome], object]
) -> list[Row]:
    """Have each of them settled by this outcome. Returns those whose answer cannot be written
    down: they are settled as lost, and keep no other from its own.

    All of several that fail are no fault of theirs, nor is what no value of a row brings about:
    it is raised, and the file keeps the answer until it can be written. What polling cannot write
    needs no file, as the next question brings it again.
    """

    def by(outcome: AnyOutcome) -> Callable[[Sequence[Row]], None]:
        def settle_some(some: Sequence[Row]) -> None:
            with transaction.atomic():
                for row in some:
                    settle(row, outcome)

        return settle_some

    most = max(len(rows) - 1, 1)
    what = "answers to refills and cancels"
    broken = in_halves(rows, by(outcome), what=what, ends=NOT_OF_A_ROW, most=most)
    for row in broken:  # no file keeps it either, once the others are written
        order_id = row.order.external_id
        about = outcome.about(order_id) if isinstance(outcome, Answered) else outcome
        log.error("the answer to the %s counts as lost: %s", row, about)
    in_halves(broken, by(NOT_WRITTEN), what=what, ends=NOT_OF_A_ROW, most=len(broken))
    return broken
