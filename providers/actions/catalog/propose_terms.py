"""What a held catalog says of services that orders may wait for, written down to be asked fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import transaction

from providers.models import CatalogRun, ProposedTerms

from .apply_changes import chunks
from .differences import Difference, KnownService
from .snapshots import COLUMNS, Values

TERMS = ("name", "type", "rate", "min", "max", "dripfeed")
_PLACES = tuple(COLUMNS.index(name) for name in TERMS)


def propose(run: CatalogRun, difference: Difference, *, still_ours: Callable[[], bool]) -> bool:
    """Write it before the run is held, so that no order goes out in between. False: somebody else
    has the lease by now, and nothing more was written."""
    for rows in chunks(_rows(run, difference)):
        if not still_ours():
            return False
        with transaction.atomic():
            ProposedTerms.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["service"],
                update_fields=["run", *TERMS, "is_offered"],
            )
    return True


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


def _terms(values: Values) -> Values:
    return tuple(values[place] for place in _PLACES)
