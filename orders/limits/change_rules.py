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

AMOUNTS = ("per_order", "per_day")


class TakesAway(Exception):
    """What is set would be gone, because it was left empty: is that meant?"""

    def __init__(self, limit: SpendLimit, amounts: Mapping[str, Decimal]) -> None:
        super().__init__(*amounts)
        self.currency, self.amounts = limit.currency, amounts
        each = ", ".join(f"{name}: {_amount(amount)}" for name, amount in amounts.items())
        self.word = f"{limit_of(limit.role, limit.currency)} {each}"


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
) -> bool:
    """Write what this role may spend in this currency; without both amounts there is no limit.
    False: there was none, and none was written.
    Raises ChangedMeanwhile where another limit of theirs, or none, was
    `shown`, and TakesAway where an amount that is set was left empty, unless `agreed`."""
    with transaction.atomic():
        before = _raise_unless_shown(limit_of(role, currency), role, currency, shown)
        wanted = {"per_order": per_order, "per_day": per_day}
        lost = TakesAway(before, _left_empty(before, wanted)) if before else None
        if lost and lost.amounts and lost.word != agreed:
            raise lost
        if per_order is None and per_day is None:
            if before:
                StaffChange.objects.write_down(before, "no limit any more", by=by)
                SpendLimit.objects.filter(pk=before.pk).delete()
            return before is not None
        limit, _ = SpendLimit.objects.update_or_create(
            role=role, currency=currency, defaults=wanted
        )
        StaffChange.objects.write_down(limit, _in_words(limit), by=by)
    return True


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


def _in_words(limit: SpendLimit) -> str:
    """For everybody who reads it later, whatever way of writing numbers is theirs."""
    one, day = (
        "no limit" if amount is None else f"{plain(amount)} {limit.currency}"
        for amount in (limit.per_order, limit.per_day)
    )
    return f"{one} for one order, {day} in one day"


def _left_empty(limit: SpendLimit, wanted: Mapping[str, Decimal | None]) -> dict[str, Decimal]:
    """Each amount of it that is set, and that no amount is wanted in the place of."""
    set_now = {name: getattr(limit, name) for name in AMOUNTS if wanted[name] is None}
    return {name: amount for name, amount in set_now.items() if amount is not None}


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
