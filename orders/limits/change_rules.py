"""Changing the rules of what may be ordered. Everything is written to the admin log."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction

from core.models import User
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
            _log(rule, ADDITION, f"blocked: {reason}" if reason else "blocked", by)
    except IntegrityError as error:
        raise_unless_broken(error, "orders_blockedlink.pattern")
        return False
    return True


def unblock_links(rule: BlockedLink, *, by: User) -> bool:
    """Take a pattern off the list. False: somebody did meanwhile."""
    with transaction.atomic():
        if not BlockedLink.objects.filter(pk=rule.pk).delete()[0]:
            return False
        _log(rule, DELETION, "no longer blocked", by)
    return True


def set_limit(
    role: str, currency: str, *, per_order: Decimal | None, per_day: Decimal | None, by: User
) -> None:
    """Write what this role may spend in this currency; without both amounts there is no limit."""
    with transaction.atomic():
        if per_order is None and per_day is None:
            for limit in SpendLimit.objects.filter(role=role, currency=currency):
                _log(limit, DELETION, "no limit any more", by)
                limit.delete()
            return
        limit, _ = SpendLimit.objects.update_or_create(
            role=role, currency=currency, defaults={"per_order": per_order, "per_day": per_day}
        )
        words = f"one order: {_amount(per_order)}, one day: {_amount(per_day)}"
        _log(limit, CHANGE, words, by)


def set_tolerance(percent: Decimal, *, by: User) -> None:
    """By how many percent a service may have become dearer than was agreed to."""
    with transaction.atomic():
        row, _ = PriceTolerance.objects.update_or_create(pk=1, defaults={"percent": percent})
        _log(row, CHANGE, "changed", by)


def _amount(limit: Decimal | None) -> str:
    return "no limit" if limit is None else plain(limit)


def _log(rule: BlockedLink | PriceTolerance | SpendLimit, flag: int, words: str, by: User) -> None:
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(rule),
        object_id=str(rule.pk),
        object_repr=str(rule)[:200],
        action_flag=flag,
        change_message=words,
    )
