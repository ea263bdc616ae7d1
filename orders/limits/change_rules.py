"""Changing the rules of what may be ordered. Everything is written down."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from core.models import StaffChange, User
from core.money import plain
from core.rows.constraints import raise_unless_broken

from ..models import BlockedLink, PriceTolerance, SpendLimit


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


def unblock_links(rule: BlockedLink, *, by: User) -> bool:
    """Take a pattern off the list. False: somebody did meanwhile."""
    with transaction.atomic():
        if not BlockedLink.objects.filter(pk=rule.pk).delete()[0]:
            return False
        StaffChange.objects.write_down(rule, "no longer blocked", by=by)
    return True


def set_limit(
    role: str, currency: str, *, per_order: Decimal | None, per_day: Decimal | None, by: User
) -> None:
    """Write what this role may spend in this currency; without both amounts there is no limit."""
    with transaction.atomic():
        if per_order is None and per_day is None:
            for limit in SpendLimit.objects.filter(role=role, currency=currency):
                StaffChange.objects.write_down(limit, "no limit any more", by=by)
                limit.delete()
            return
        limit, _ = SpendLimit.objects.update_or_create(
            role=role, currency=currency, defaults={"per_order": per_order, "per_day": per_day}
        )
        words = f"one order: {_amount(per_order)}, one day: {_amount(per_day)}"
        StaffChange.objects.write_down(limit, words, by=by)


def set_tolerance(percent: Decimal, *, by: User) -> None:
    """By how many percent a service may have become dearer than was agreed to."""
    with transaction.atomic():
        row, _ = PriceTolerance.objects.update_or_create(pk=1, defaults={"percent": percent})
        StaffChange.objects.write_down(row, "changed", by=by)


def _amount(limit: Decimal | None) -> str:
    return "no limit" if limit is None else plain(limit)
