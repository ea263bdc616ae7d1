"""What a held catalog says of services that orders may wait for, written down to be asked fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.db import transaction

from core.rows.loops import in_halves
from providers.models import CatalogRun, ProposedTerms, Service

from .apply_changes import chunks
from .differences import Difference, KnownService
from .snapshots import COLUMNS, Values

TERMS = ("name", "type", "rate", "min", "max", "dripfeed")
_PLACES = tuple(COLUMNS.index(name) for name in TERMS)


def propose(run: CatalogRun, difference: Difference, *, still_ours: Callable[[], bool]) -> bool:
    """Write it before the run is held, so that no order goes out in between. False: somebody else
    has the lease by now, and nothing more was written.

    Terms that cannot be written are proposed as gone, for which orders wait as well."""
    for rows in chunks(_rows(run, difference)):
        if not still_ours():
            return False
        if broken := in_halves(rows, _write, what=f"proposals for account {run.provider_id}"):
            _write(_as_gone(run, [one.service_id for one in broken]))
    return True


def _write(rows: Sequence[ProposedTerms]) -> None:
    with transaction.atomic():
        ProposedTerms.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["service"],
            update_fields=["run", *TERMS, "is_offered"],
        )


def _rows(run: CatalogRun, difference: Difference) -> Iterator[ProposedTerms]:
    for change in difference.changed:
        after = change.known.with_choice(change.after)
        if change.is_back or _terms(after) != _terms(change.known.values):
            yield _row(run, change.known, after, is_offered=True)
    for gone in difference.gone:
        yield _row(run, gone, gone.values, is_offered=False)


def _row(
    run: CatalogRun, known: KnownService, values: Values, *, is_offered: bool
) -> ProposedTerms:
    return ProposedTerms(
        service_id=known.pk,
        provider_id=run.provider_id,
        run=run,
        is_offered=is_offered,
        **dict(zip(TERMS, _terms(values), strict=True)),
    )


def _as_gone(run: CatalogRun, services: list[int]) -> list[ProposedTerms]:
    """With the terms of our own rows."""
    ours = Service.objects.filter(pk__in=services).values_list("pk", *TERMS)
    return [
        ProposedTerms(
            service_id=pk,
            provider_id=run.provider_id,
            run=run,
            is_offered=False,
            **dict(zip(TERMS, terms, strict=True)),
        )
        for pk, *terms in ours
    ]


def _terms(values: Values) -> Values:
    return tuple(values[place] for place in _PLACES)
