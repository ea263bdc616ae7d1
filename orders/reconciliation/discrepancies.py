"""Differences that a person has to look at: opened once, closed once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from core.models import User
from core.money import plain
from core.shown_fields import ChangedMeanwhile, word_of
from core.texts import LONGEST_TEXT

from ..models import Discrepancy, DiscrepancyKind, Statement, StatementState


def update_discrepancies(statement: Statement, *, now: datetime) -> None:
    """Open a discrepancy for a day that is not explained, keep an open one to the figures of today,
    and close it when the day is explained after all."""
    found = Discrepancy.objects.open().filter(statement=statement)
    if statement.state == StatementState.FITS:
        found.update(closed_at=now, note="Explained by what was learned later.")
    elif statement.state == StatementState.DIFFERS:
        told = _told(statement, DiscrepancyKind.MISSING)
        if not found.update(**told) and not _is_balanced(statement):
            _open(statement, told, now=now, by=None)
    else:
        cleared = found.filter(kind=DiscrepancyKind.MISSING)
        cleared.update(closed_at=now, note="No money is missing by what was learned later.")


def _is_balanced(statement: Statement) -> bool:
    """Somebody has closed a discrepancy about this very amount."""
    same = statement.discrepancies.filter(difference=statement.difference, closed_by__isnull=False)
    return same.exists()


def ask_about(statement: Statement, *, by: User, now: datetime) -> Discrepancy:
    """A person wants the money that came in looked into: a jump up can hide a loss."""
    return _open(statement, _told(statement, DiscrepancyKind.SURPLUS), now=now, by=by)


def about_what(discrepancy: Discrepancy) -> str:
    """What a person closes: an open one is kept to the figures of today."""
    opened = discrepancy.opened_at.isoformat()
    return f"{opened} {discrepancy.kind} {plain(discrepancy.difference)}"


def close_discrepancy(
    discrepancy: Discrepancy,
    *,
    by: User,
    note: str,
    now: datetime,
    shown: Mapping[str, str] | None = None,
) -> bool:
    """False: somebody else closed it first. Raises ChangedMeanwhile where it was about another
    amount when it was `shown`."""
    is_open = Discrepancy.objects.open().filter(pk=discrepancy.pk)
    with transaction.atomic():
        row = is_open.select_for_update().first()
        if row and shown is not None and shown.get("told") != word_of(about_what(row)):
            raise ChangedMeanwhile({"told": row.words})
        return bool(is_open.update(closed_at=now, closed_by=by, note=note[:LONGEST_TEXT]))


def _open(
    statement: Statement, told: dict[str, Any], *, now: datetime, by: User | None
) -> Discrepancy:
    """One open discrepancy a statement, whoever comes first."""
    discrepancy = Discrepancy(
        statement=statement,
        provider_id=statement.provider_id,
        day=statement.day,
        opened_at=now,
        opened_by=by,
        **told,
    )
    Discrepancy.objects.bulk_create([discrepancy], ignore_conflicts=True)
    return Discrepancy.objects.open().for_list().get(statement=statement)


def _told(statement: Statement, kind: DiscrepancyKind) -> dict[str, Any]:
    amount = statement.difference if kind == DiscrepancyKind.MISSING else statement.added
    return {
        "kind": kind,
        "difference": amount,
        "words": _words(statement, kind),
        "numbers": numbers_of(statement),
    }


def _words(statement: Statement, kind: DiscrepancyKind) -> str:
    currency = statement.provider.currency
    if kind == DiscrepancyKind.MISSING:
        return (
            f"The balance fell by {plain(-statement.difference)} {currency} more than the charges, "
            "refunds and money put in of the day explain."
        )
    return (
        f"{plain(statement.added)} {currency} came in that no refund explains. If less was put "
        "in, the rest of the jump is money nobody knows of; if more, some is missing."
    )


_AMOUNTS = {
    "opening": "Balance before",
    "charged": "Charged",
    "refunded": "Refunded",
    "added": "Top-up",
    "closing": "Balance after",
    "low": "Expected change, at least",
    "high": "Expected change, at most",
    "actual": "Actual change",
    "difference": "Difference",
}
_OTHERS = {
    "opening_at": "First reading",
    "closing_at": "Last reading",
    "movements": "Charges and refunds",
    "unpriced": "Orders without a price",
}


def numbers_of(statement: Statement) -> dict[str, Any]:
    """The statement as JSON; amounts as text, to the last digit."""
    return {
        **{name: plain(getattr(statement, name)) for name in _AMOUNTS},
        "opening_at": statement.opening_at.isoformat(),
        "closing_at": statement.closing_at.isoformat(),
        "movements": statement.movements,
        "unpriced": statement.unpriced,
    }


def numbers_in_words(discrepancy: Discrepancy) -> list[tuple[str, Any]]:
    """The numbers the discrepancy was opened with, named as on the page of the day."""
    named = _AMOUNTS | _OTHERS
    return [
        (words, discrepancy.numbers[name])
        for name, words in named.items()
        if name in discrepancy.numbers
    ]
