"""What the balance of an account leaves: as it was read, less what is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from providers.identity import rows_of
from providers.models import Provider

from ..models import Order, OrderQuerySet
from ..models.spend import due_by_currency
from ..status import NOT_SENT, Status

MAY_LEAVE = sorted(NOT_SENT | {Status.SENDING, Status.UNCONFIRMED})


@dataclass(frozen=True, slots=True)
class Funds:
    """`on_its_way` is what may leave the balance and may not be in it yet, by our estimates."""

    balance: Decimal
    balance_at: datetime | None
    on_its_way: Decimal

    @property
    def left(self) -> Decimal:
        return self.balance - self.on_its_way


def funds_of(provider: Provider) -> Funds | None:
    """None while no balance is known."""
    if provider.balance is None:
        return None
    currency, nothing = provider.currency, Decimal(0)
    sums = (due_by_currency(part).get(currency, nothing) for part in _not_in_balance(provider))
    return Funds(provider.balance, provider.balance_at, sum(sums, nothing))


def _not_in_balance(provider: Provider) -> list[OrderQuerySet]:
    """At any row of the account. A drip-feed's runs are paid with their parent. Each is read by an
    index: a form asks while it is typed in, at a desk with many orders."""
    paid = Order.objects.filter(provider__in=rows_of(provider.pk), parent=None)
    there = paid.exclude(status__in=MAY_LEAVE)
    parts = [paid.filter(status__in=MAY_LEAVE)]
    if provider.balance_at is not None:
        # By when it was sent, whenever it was placed: one that waited is paid when it goes.
        parts.append(there.filter(sent_at__gt=provider.balance_at))
    return parts
