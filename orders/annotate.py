"""What staff write on an order for themselves: the customer's reference, a note, tags."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.models import User

from .models import EventKind, Order

WORDS = {"reference": "Reference", "note": "Note", "tags": "Tags"}


def annotate(order: Order, *, actor: User | None, now: datetime, **written: str) -> bool:
    """Write `reference`, `note` or `tags` on the order, and what they were into its history.

    False: they say so already. Of two people who write at once the later one stands.
    """
    with transaction.atomic():
        before = Order.objects.values(*written).get(pk=order.pk)
        changed = {name: text for name, text in written.items() if before[name] != text}
        if not changed:
            return False
        Order.objects.filter(pk=order.pk).update(**changed)
        told = (_told(WORDS[name], before[name], text) for name, text in changed.items())
        order.remember(EventKind.NOTE, now=now, actor=actor, text="\n".join(told))
    for name, text in changed.items():
        setattr(order, name, text)
    return True


def _told(what: str, before: str, after: str) -> str:
    before, after = before.strip(), after.strip()
    if not after:
        return f"{what} removed: {before}"
    return f"{what}: {before} → {after}" if before else f"{what}: {after}"
