"""A paste as rows: written down, its lines fixed, its good ones placed once, taken back."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from core.models import User
from core.rows import leases
from core.rows.bulk import write_columns
from core.rows.loops import one_by_one
from providers.models import Provider

from ..limits import doubtful_rows
from ..models import BatchLine, BatchState, Order, OrderBatch
from ..placing.place_orders import withdraw_order
from ..shown import restores
from ..status import NOT_SENT
from .read_paste import PastedLine

CHECKED = (
    "cells",
    "service",
    "link_key",
    "cost",
    "terms",
    "is_meant",
    "told_of",
    "is_left_out",
    "problems",
    "warnings",
    "is_good",
)
WITHDRAWN_AT_ONCE = 2_000
SHOWN = (
    *("number", "pk", "service", "link_key", "cost", "service__provider__currency"),
    *("cells", "is_meant", "told_of", "warnings"),
)
IDLE = (BatchState.CHECKED, BatchState.PLACED)
BOUGHT = (BatchState.PLACING, BatchState.PLACED)
Typed = Mapping[
    int, tuple[dict[str, str], bool, str, bool]
]  # by a line's key: its cells, whether meant, what it was told of, whether left out


def draft_batch(
    pasted: Sequence[PastedLine],
    *,
    provider: Provider | None,
    name: str,
    digest: str,
    by: User,
    now: datetime,
) -> tuple[OrderBatch, list[BatchLine]]:
    """The rows of a paste, not yet in the database; each line has its form key for good."""
    batch = OrderBatch(
        name=name,
        provider=provider,
        digest=digest,
        created_by=by,
        created_at=now,
        total=len(pasted),
    )
    lines = [
        BatchLine(batch=batch, number=line.number, cells=line.cells, form_key=uuid.uuid4())
        for line in pasted
    ]
    return batch, lines


def save_batch(batch: OrderBatch, lines: Sequence[BatchLine]) -> None:
    """Write down a batch that was drafted and checked."""
    batch.good = sum(line.is_good for line in lines)
    with transaction.atomic():
        batch.save(force_insert=True)
        for line in lines:
            line.batch = batch
        BatchLine.objects.bulk_create(lines)


def write_lines(batch: OrderBatch, lines: Sequence[BatchLine]) -> None:
    """Write what was found about lines that are not placed, and count the batch anew."""
    with transaction.atomic():
        _take_turn(batch)  # before any line: who places one holds the batch and then its line
        placed = set(
            BatchLine.objects.filter(
                pk__in=[line.pk for line in lines], order__isnull=False
            ).values_list("pk", flat=True)
        )
        rows = (
            (*(_column(line, name) for name in CHECKED), line.pk)
            for line in lines
            if line.pk not in placed
        )
        write_columns(BatchLine, CHECKED, rows)
        recount(batch)


def as_typed(lines: Iterable[BatchLine]) -> Typed:
    """What people have said of these lines, before they are checked."""
    return {line.pk: (line.cells, line.is_meant, line.told_of, line.is_left_out) for line in lines}


def fix_lines(
    batch: OrderBatch, lines: Sequence[BatchLine], *, unless_fixed: Typed | None = None
) -> bool:
    """Write what a person changed. False: the batch is being placed, so nothing is written.

    With `unless_fixed` lines that somebody has fixed since then are left as they are.
    """
    with transaction.atomic():
        idle = OrderBatch.objects.filter(pk=batch.pk, state__in=IDLE)
        if not idle.update(total=F("total")):  # placing cannot start until this is written
            return False
        if unless_fixed is not None:
            typed = as_typed(batch.lines.only("cells", "is_meant", "told_of", "is_left_out"))
            lines = [line for line in lines if typed.get(line.pk) == unless_fixed[line.pk]]
        write_lines(batch, lines)
    return True


def fix_line(batch: OrderBatch, line: BatchLine) -> list[tuple[Any, ...]] | None:
    """As `fix_lines`, of one: what is in the database of it then, empty where it cannot be placed.
    Read before anybody else can write it. None: nothing is written."""
    with transaction.atomic():
        if not fix_lines(batch, [line]):
            return None
        written = BatchLine.objects.filter(pk=line.pk, is_good=True, order=None)
        return list(written.values_list(*SHOWN))


def _column(line: BatchLine, name: str) -> object:
    return line.service_id if name == "service" else getattr(line, name)


def recount(batch: OrderBatch) -> None:
    """Bring the figures of the batch in line with its lines: one at a time, so that what an earlier
    look counted is never written last."""
    with transaction.atomic():
        _take_turn(batch)
        figures = batch.lines.aggregate(
            good=Count("pk", filter=Q(is_good=True, order=None)),
            placed=Count("pk", filter=Q(order__isnull=False)),
            left_out=Count("pk", filter=Q(is_left_out=True, order=None)),
        )
        OrderBatch.objects.filter(pk=batch.pk).update(**figures)


def _take_turn(batch: OrderBatch) -> None:
    """In a transaction: nobody else writes this batch until it ends, on SQLite too."""
    OrderBatch.objects.filter(pk=batch.pk).update(total=F("total"))


def bought_before(batch: OrderBatch) -> OrderBatch | None:
    """The newest other batch of the same lines that was placed or is being placed."""
    same = OrderBatch.objects.filter(digest=batch.digest, state__in=BOUGHT).exclude(pk=batch.pk)
    return same.select_related("placed_by").order_by("-pk").first()


@dataclass(frozen=True, slots=True)
class GoodLines:
    """What a page that offers to place the batch shows: which lines, of what, at what cost, with
    which warnings, beside what each is meant, what was bought `earlier`, and up to which restore
    of the database the page knew."""

    rows: list[tuple[Any, ...]]
    earlier: OrderBatch | None
    restores: str = ""

    @classmethod
    def of(cls, batch: OrderBatch, earlier: OrderBatch | None) -> GoodLines:
        good = batch.lines.filter(is_good=True, order=None).order_by("number")
        return cls(list(good.values_list(*SHOWN)), earlier, restores().word)

    def with_fixed(self, number: int, mine: list[tuple[Any, ...]]) -> GoodLines:
        """For a page that shows this line as it was written, `mine`, and the others as they were
        when it was drawn: not as somebody else may have changed them since."""
        others = [row for row in self.rows if row[0] != number]
        return replace(self, rows=sorted([*others, *mine], key=lambda row: row[0]))

    @property
    def digest(self) -> str:
        digest = hashlib.sha256(repr(self.earlier and self.earlier.pk).encode())
        for row in self.rows:
            digest.update(repr(row).encode(errors="replace"))
        digest.update(self.restores.encode())
        return digest.hexdigest()


def digest_of_good(batch: OrderBatch, earlier: OrderBatch | None) -> str:
    return GoodLines.of(batch, earlier).digest


def start_placing(
    batch: OrderBatch, *, by: User, again: bool, now: datetime, shown: str | None = None
) -> str:
    """Let the good lines be placed in the background; empty, or why not, in words.

    `again`: somebody has said to buy the same lines a second time. `shown` is the digest of the
    good lines that the person saw; None where nobody was shown any.
    """
    with transaction.atomic():
        # PostgreSQL locks batches of the same paste; SQLite let only one transaction in
        list(OrderBatch.objects.select_for_update().filter(digest=batch.digest).order_by("pk"))
        earlier = bought_before(batch)
        if earlier and not again:
            return (
                _("These lines were placed before as %s. Tick “Order them again” to do it twice.")
                % earlier
            )
        if not batch.lines.filter(is_good=True, order=None).exists():
            recount(batch)  # a page that offered it showed figures that are not those of its lines
            return _("No line can be placed yet. Fix the errors first.")
        if shown is not None and shown != digest_of_good(batch, earlier):
            return _(
                "Something changed after you opened this page. Check the lines, then place again."
            )
        idle = OrderBatch.objects.filter(pk=batch.pk, state__in=IDLE)
        started = idle.update(
            state=BatchState.PLACING,
            placed_by=by,
            placed_at=now,
            known_gap=doubtful_rows.known_gap(),
            **leases.RELEASED,
        )
    return "" if started else _("This mass order is being placed already, or was discarded.")


def discard(batch: OrderBatch) -> bool:
    """Put away a dry run. False: it was placed meanwhile."""
    checked = OrderBatch.objects.same_as(batch).filter(state=BatchState.CHECKED)
    return bool(checked.update(state=BatchState.DISCARDED))


def stop_placing(batch: OrderBatch) -> bool:
    """Place no more of it; what was placed stays. False: it was not being placed."""
    placing = OrderBatch.objects.same_as(batch).filter(state=BatchState.PLACING)
    return end_placing(placing, batch)


def end_placing(placing: QuerySet[OrderBatch], batch: OrderBatch) -> bool:
    """Placed, for now, if `placing` finds it. Its figures are of the same transaction: what is
    placed nobody counts again, so a worker that died in between would leave them wrong for good."""
    with transaction.atomic():
        ended = leases.release(placing, state=BatchState.PLACED)
        recount(batch)
    return ended


def withdraw_unsent(batch: OrderBatch, *, actor: User, now: datetime) -> tuple[int, bool]:
    """Take back orders of the batch that were not sent: how many, and whether more are left."""
    same = OrderBatch.objects.same_as(batch)
    unsent = batch.orders.filter(status__in=NOT_SENT, batch__in=same).order_by("-pk")
    orders: list[Order] = list(unsent[:WITHDRAWN_AT_ONCE])
    withdrawn = 0
    for start in range(0, len(orders), 100):
        with transaction.atomic():
            withdrawn += one_by_one(
                orders[start : start + 100],
                lambda order: withdraw_order(order, actor=actor, now=now),
                what="orders to withdraw",
            )
    return withdrawn, unsent.exists()
