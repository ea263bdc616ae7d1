"""Writing a difference: only what differs, in short transactions, with a line for each change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import F

from core.rows.bulk import write_columns
from providers.models import CatalogRun, ChangeKind, Service, ServiceChange

from .differences import Changed, Difference, KnownService, said
from .snapshots import CATEGORY, COLUMNS, NAME, RATE, Values

CHUNK = 1000  # rows in one transaction: SQLite's one writer must not be kept for long
WRITTEN = (*COLUMNS, "search_text", "changed_at", "gone_at")
Row = TypeVar("Row")


def apply_difference(
    run: CatalogRun,
    difference: Difference,
    *,
    now: datetime,
    still_ours: Callable[[], bool],
) -> bool:
    """Write it, chunk by chunk, counting in the run. Work cut off is taken up by another diff.

    `still_ours` is asked before each chunk; when it says no, nothing more is written and
    False is returned.
    """
    CatalogRun.objects.filter(pk=run.pk).update(step="Writing", done=0, total=difference.size)
    for write in _steps(run, difference, now):
        if not still_ours():
            return False
        with transaction.atomic():
            counts = write()
            CatalogRun.objects.filter(pk=run.pk).update(
                **{name: F(name) + count for name, count in counts.items()},
                done=F("done") + sum(counts.values()) - counts.get("back", 0),
            )
    return True


def _steps(
    run: CatalogRun, difference: Difference, now: datetime
) -> Iterator[Callable[[], dict[str, int]]]:
    for new in chunks(difference.new):
        yield partial(_write_new, run, new, now, quiet=difference.is_first)
    for changed in chunks(difference.changed):
        yield partial(_write_changed, run, changed, now)
    for gone in chunks(difference.gone):
        yield partial(_write_gone, run, gone, now)


def _write_new(
    run: CatalogRun, new: Sequence[tuple[str, Values]], now: datetime, *, quiet: bool
) -> dict[str, int]:
    """`quiet`: the first catalog of an account is no news."""
    services = Service.objects.bulk_create(
        Service(
            provider_id=run.provider_id,
            external_id=external_id,
            search_text=_search_text(external_id, values),
            first_seen_at=now,
            changed_at=now,
            **dict(zip(COLUMNS, values, strict=True)),
        )
        for external_id, values in new
    )
    if not quiet:
        ServiceChange.objects.bulk_create(
            _line(run, service.pk, ChangeKind.NEW, "", said(service.rate), now)
            for service in services
        )
    return {"added": len(services)}


def _write_changed(run: CatalogRun, changed: Sequence[Changed], now: datetime) -> dict[str, int]:
    rows = (
        (
            *change.after,
            _search_text(change.known.external_id, change.after),
            now,
            None,
            change.known.pk,
        )
        for change in changed
    )
    write_columns(Service, WRITTEN, rows)
    _keep_choices([change.known.pk for change in changed])
    lines: list[ServiceChange] = []
    for change in changed:
        pk = change.known.pk
        if change.is_back:
            lines.append(_line(run, pk, ChangeKind.BACK, "", said(change.after[RATE]), now))
        lines.extend(_line(run, pk, *difference, now) for difference in change.differences())
    ServiceChange.objects.bulk_create(lines)
    return {"changed": len(changed), "back": sum(change.is_back for change in changed)}


def _keep_choices(pks: list[int]) -> None:
    """What is published does not overrule what staff chose, before the comparison or since."""
    chosen = Service.objects.filter(pk__in=pks).exclude(chosen_type="")
    chosen.exclude(type=F("chosen_type")).update(type=F("chosen_type"))


def _write_gone(run: CatalogRun, gone: Sequence[KnownService], now: datetime) -> dict[str, int]:
    write_columns(Service, ("gone_at", "changed_at"), ((now, now, one.pk) for one in gone))
    ServiceChange.objects.bulk_create(
        _line(run, one.pk, ChangeKind.GONE, said(one.values[RATE]), "", now) for one in gone
    )
    return {"gone": len(gone)}


def _line(
    run: CatalogRun, service_id: int, kind: ChangeKind, before: str, after: str, now: datetime
) -> ServiceChange:
    return ServiceChange(
        service_id=service_id,
        provider_id=run.provider_id,
        run=run,
        kind=kind,
        before=before,
        after=after,
        seen_at=now,
    )


def _search_text(external_id: str, values: Values) -> str:
    return Service.search_text_of(external_id, values[NAME], values[CATEGORY])


def chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
