"""Which orders may have been sent before the database was put back, with nobody to know it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q

from ..status import HoldReason, JobKind
from .event import EventKind, OrderEvent


def may_have_been_sent() -> Q:
    """Those that waited when a gap was found, or that a mass order or a bulk action of before has
    placed since, and that nobody has released since. What was released before says nothing: the
    database that knows of it was put back in the meantime."""
    row: Any = apps.get_model  # their modules stand on that of the order, and it on this one
    released = OrderEvent.objects.filter(
        order=OuterRef(OuterRef("pk")),
        pk__gt=OuterRef("events_through"),
        kind=EventKind.MOVED,
        evidence__released=HoldReason.RESTORED.value,
    )
    again = row("orders", "BulkItem").objects.filter(
        made=OuterRef(OuterRef("pk")),
        job__kind=JobKind.REORDER,
        job__created_at__lte=OuterRef("found_at"),
    )
    gaps = row("orders", "JournalGap").objects.filter(
        ~Exists(released),
        Q(orders_through__gte=OuterRef("pk"))
        | Q(found_at__gte=OuterRef("batch__created_at"))
        | Exists(again),
        provider=OuterRef("provider"),
    )
    return Q(Exists(gaps))
