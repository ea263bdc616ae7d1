"""What the database knows of the first run, in one query."""

from __future__ import annotations

from dataclasses import dataclass, fields

from django.db.models import Exists, Subquery

from core.models import User
from orders.models import Order
from orders.status import ENDED_THERE, FINAL
from providers.models import Provider, ProviderHealth, Service


@dataclass(frozen=True, slots=True)
class Facts:
    """`provider` and `order` are the ids of the oldest account and the newest order."""

    provider: int | None
    has_key: bool
    has_answered: bool
    has_catalog: bool
    has_balance: bool
    has_funds: bool
    order: int | None
    order_status: str | None
    has_followed: bool

    @property
    def order_has_ended(self) -> bool:
        return self.order_status in FINAL


def read_facts(user: User) -> Facts:
    """Each is the first row that an index leads to. The person is the one row asked about."""
    oldest = Provider.objects.order_by("pk")
    newest = Order.objects.order_by("-pk")
    row = User.objects.filter(pk=user.pk).annotate(
        provider=Subquery(oldest.values("pk")[:1]),
        has_key=Exists(Provider.objects.with_key()),
        has_answered=Exists(ProviderHealth.objects.filter(last_ok_at__isnull=False)),
        has_catalog=Exists(Service.objects.offered()),
        has_balance=Exists(Provider.objects.filter(balance__isnull=False)),
        has_funds=Exists(Provider.objects.filter(balance__gt=0)),
        order=Subquery(newest.values("pk")[:1]),
        order_status=Subquery(newest.values("status")[:1]),
        has_followed=Exists(Order.objects.filter(status__in=sorted(ENDED_THERE))),
    )
    return Facts(**row.values(*(one.name for one in fields(Facts))).get())
