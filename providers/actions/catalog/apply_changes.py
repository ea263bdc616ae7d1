"""Writing a difference: only what differs, in short transactions, with a line for each change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F

from core.rows.bulk import write_columns
from core.rows.loops import in_halves
from providers.models import CatalogRun, ChangeKind, Service, ServiceChange

from .differences import Changed, Difference, KnownService, said
from .snapshots import CATEGORY, COLUMNS, NAME, RATE, Values

CHUNK = 1000  # rows in one transaction: SQLite's one writer must not be kept for long
WRITTEN = (*COLUMNS, "search_text", "changed_at", "gone_at")
Row = TypeVar("Row")
Write = Callable[[Sequence[Any]], dict[str, int]]  # of what, by the column that counts it


def apply_difference(
    run: CatalogRun,
    difference: Difference,
    *,
    now: datetime,
    still_ours: Callable[[], bool],
) -> list[str] | None:
    """Write it, chunk by chunk, counting in the run. Work cut off is taken up by another diff.

    `still_ours` is asked before each write; when it says no, nothing more is written and
    None is returned. Otherwise the ids of services that could not be written: as one whose row
    cannot be read, such a one is left as it is, and keeps no other from being written.
    """
    CatalogRun.objects.filter(pk=run.pk).update(step="Writing", done=0, total=difference.size)
    left, what = list[str](), f"services of account {run.provider_id}"
    try:
        for chunk, write, id_of in _steps(run, difference, now):
            step = partial(_write_counted, run, write, still_ours)
            left += map(id_of, in_halves(chunk, step, what=what, ends=(_NotOurs,)))
    except _NotOurs:
        return None
    return left


class _NotOurs(Exception):
    """Somebody else has the lease."""


def _write_counted(
    run: CatalogRun, write: Write, still_ours: Callable[[], bool], rows: Sequence[Any]
) -> None:
    if not still_ours():
        raise _NotOurs
    with transaction.atomic():
        counts = write(rows)
        CatalogRun.objects.filter(pk=run.pk).update(
            **{name: F(name) + count for name, count in counts.items()},
            done=F("done") + sum(counts.values()) - counts.get("back", 0),
        )


def _steps(
    run: CatalogRun, difference: Difference, now: datetime
) -> Iterator[tuple[list[Any], Write, Callable[[Any], str]]]:
    """What is written, by what, and which service each of it is about."""
    for new in chunks(difference.new):
        yield new, partial(_write_new, run, now, difference.is_first), itemgetter(0)
    for changed in chunks(difference.changed):
        yield changed, partial(_write_changed, run, now), attrgetter("known.external_id")
    for gone in chunks(difference.gone):
        yield gone, partial(_write_gone, run, now), attrgetter("external_id")


def _write_new(
    run: CatalogRun, now: datetime, quiet: bool, new: Sequence[tuple[str, Values]]
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


def _write_changed(run: CatalogRun, now: datetime, changed: Sequence[Changed]) -> dict[str, int]:
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


def _write_gone(run: CatalogRun, now: datetime, gone: Sequence[KnownService]) -> dict[str, int]:
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
