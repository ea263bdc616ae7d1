"""The row of a new order: what it is made of, what it may cost, and what it waits for."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from core.models import User
from core.regional.desk_days import desk_day
from providers.panel_api import CostRange

from ..draft import OrderDraft
from ..models import Order
from ..models.spend import SpendChange, count_at_first
from ..status import HoldReason, Status


def _what_it_waits_for(
    draft: OrderDraft, now: datetime, starts_at: datetime | None, behind: Order | None
) -> dict[str, Any]:
    """The status a new order begins with, and the reason when it is held."""
    provider = draft.service.provider
    line = Order.objects.on_link(provider.pk, draft.link_key)
    blocker = line.filter(pk=behind.pk).first() if behind else None
    reason = HoldReason.NONE
    if starts_at is not None and starts_at > now:
        reason = HoldReason.SCHEDULED
    elif blocker is not None:
        reason = HoldReason.LINK_BUSY
    elif not provider.is_active:
        reason = HoldReason.PROVIDER_PAUSED
    status = Status.HELD if reason else Status.QUEUED
    return {"status": status, "hold_reason": reason, "blocked_by": blocker}


def insert(
    draft: OrderDraft,
    placed_by: User | None,
    now: datetime,
    *,
    currency: str,
    starts_at: datetime | None,
    behind: Order | None,
    **more: Any,
) -> Order:
    """Its row, as it was agreed to, with what it takes of its person's day."""
    service, payload = draft.service, draft.payload
    (low, high), terms = _estimate(draft), draft.terms
    order = Order(
        provider=service.provider,
        service=service,
        placed_by=placed_by,
        form_key=draft.form_key,
        type=payload.type_name,
        payload=payload.wire(),
        link=draft.link,
        link_key=draft.link_key,
        units=payload.units,
        rate=terms.rate,
        terms=terms.as_json(),
        spend_day=desk_day(starts_at or now),
        estimate=low,
        estimate_high=high,
        send_after=now,
        created_at=now,
        changed_at=now,
        starts_at=starts_at,
        **_what_it_waits_for(draft, now, starts_at, behind),
        **more,
    )
    changes = count_at_first(order, currency, now=now)
    order.save(force_insert=True)
    SpendChange.objects.bulk_create(changes)
    return order


def _estimate(draft: OrderDraft) -> tuple[Decimal | None, Decimal | None]:
    """Lowest and highest cost; the highest is None where there is no bound."""
    rate = draft.terms.rate
    if rate is None:
        return None, None
    cost = draft.payload.cost(rate)
    if isinstance(cost, CostRange):
        return cost.low, cost.high
    return cost, cost
