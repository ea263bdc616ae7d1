"""Changing the rules of what may be ordered. Everything is written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from core.models import StaffChange, User
from core.money import plain
from core.rows.constraints import raise_unless_broken
from core.shown_fields import ChangedMeanwhile, own_changes, word_of

from ..models import BlockedLink, PriceTolerance, SpendLimit
from .agree_terms import tolerance


class TakesAway(Exception):
    """One amount of a limit would be gone with a change of the other: is that meant?"""

    def __init__(self, limit: SpendLimit, name: str) -> None:
        super().__init__(name)
        self.name, self.currency = name, limit.currency
        self.amount: Decimal | None = getattr(limit, name)
        self.word = f"{limit_of(limit.role, limit.currency)} {name}: {_amount(self.amount)}"


def block_links(pattern: str, *, reason: str, by: User, now: datetime) -> bool:
    """Put a pattern on the list. False: somebody put it there a moment ago."""
    try:
        with transaction.atomic():
            rule = BlockedLink.objects.create(
                pattern=pattern, reason=reason, added_by=by, added_at=now
            )
            words = f"blocked: {reason}" if reason else "blocked"
            StaffChange.objects.write_down(rule, words, by=by)
    except IntegrityError as error:
        raise_unless_broken(error, "orders_blockedlink.pattern")
        return False
    return True


def unblock_links(rule: BlockedLink, *, by: User, shown: str | None = None) -> bool:
    """Take a pattern off the list. False: somebody did meanwhile. Raises ChangedMeanwhile where
    another rule was `shown` under its number, of a database that was put back."""
    if shown is not None and shown != word_of(rule):
        raise ChangedMeanwhile({"pattern": rule.pattern})
    with transaction.atomic():
        if not BlockedLink.objects.filter(pk=rule.pk).delete()[0]:
            return False
        StaffChange.objects.write_down(rule, "no longer blocked", by=by)
    return True


def set_limit(
    role: str,
    currency: str,
    *,
    per_order: Decimal | None,
    per_day: Decimal | None,
    by: User,
    shown: Mapping[str, str] | None = None,
    agreed: str = "",
) -> SpendLimit | None:
    """Write what this role may spend in this currency; without both amounts there is no limit.
    The limit there was. Raises ChangedMeanwhile where another limit of theirs, or none, was
    `shown`, and TakesAway where one amount would be lost beside the other, unless `agreed`."""
    with transaction.atomic():
        before = _raise_unless_shown(limit_of(role, currency), role, currency, shown)
        if per_order is None and per_day is None:
            if before:
                StaffChange.objects.write_down(before, "no limit any more", by=by)
                SpendLimit.objects.filter(pk=before.pk).delete()
            return before
        for name, wanted in (("per_order", per_order), ("per_day", per_day)):
            lost = TakesAway(before, name) if before and wanted is None else None
            if lost and lost.amount is not None and lost.word != agreed:
                raise lost
        limit, _ = SpendLimit.objects.update_or_create(
            role=role, currency=currency, defaults={"per_order": per_order, "per_day": per_day}
        )
        StaffChange.objects.write_down(limit, said(limit), by=by)
    return before


def set_tolerance(percent: Decimal, *, by: User, shown: Mapping[str, str] | None = None) -> bool:
    """By how many percent a service may have become dearer than was agreed to. False:
    it is as it was shown. Raises ChangedMeanwhile where another one was `shown`."""
    with transaction.atomic():
        if shown is not None:
            list(PriceTolerance.objects.select_for_update())
            if not own_changes({"percent": percent}, shown=shown, now={"percent": tolerance()}):
                return False
        row, _ = PriceTolerance.objects.update_or_create(pk=1, defaults={"percent": percent})
        StaffChange.objects.write_down(row, "changed", by=by)
    return True


def limit_of(role: str, currency: str) -> str:
    return f"{role} {currency}"


def said(limit: SpendLimit) -> str:
    return f"one order: {_amount(limit.per_order)}, one day: {_amount(limit.per_day)}"


def _raise_unless_shown(
    name: str, role: str, currency: str, shown: Mapping[str, str] | None
) -> SpendLimit | None:
    row = SpendLimit.objects.select_for_update().filter(role=role, currency=currency).first()
    so = said(row) if row else None
    if shown is not None and shown.get(name, word_of(None)) != word_of(so):
        raise ChangedMeanwhile({name: so})
    return row


def _amount(limit: Decimal | None) -> str:
    return "no limit" if limit is None else plain(limit)
