"""What an account has and this database does not know, written down for a person."""

from __future__ import annotations

from collections.abc import Iterable

from providers.models import Provider
from providers.panel_api import (
    Progress,
    RecentOrder,
    Unreadable,
)
from providers.same_ids import plain_id, spellings

from ..models import Order, ReconcileRun, UnmatchedOrder


def note_asked(
    run: ReconcileRun,
    provider: Provider,
    ids: list[str],
    said: dict[str, Progress | Unreadable],
) -> None:
    unmatched = run.halt.unmatched_orders.filter(account=provider.pk)
    unmatched.filter(external_id__in=ids, status="").update(status="not known there")
    found = {one: row for one, row in said.items() if isinstance(row, Progress)}
    for external_id in _unknown_here(provider, found):
        _note_unmatched(run, provider, external_id, found[external_id])


def note_listed(run: ReconcileRun, provider: Provider, rows: Iterable[RecentOrder]) -> None:
    listed = {row.order_id: row for row in rows if row.order_id}
    for external_id in _unknown_here(provider, listed):
        row = listed[external_id]
        quantity = "" if row.quantity is None else str(row.quantity)
        _note_unmatched(
            run,
            provider,
            external_id,
            row.progress,
            link=row.link[:2048],
            service_id=row.service_id[:64],
            quantity=quantity[:20],
        )


def _unknown_here(provider: Provider, ids: Iterable[str]) -> list[str]:
    wanted = list(ids)
    known = Order.objects.filter(provider=provider, external_id__in=spellings(wanted))
    ours = {plain_id(one) for one in known.values_list("external_id", flat=True)}
    return [one for one in wanted if plain_id(one) not in ours]


def _note_unmatched(
    run: ReconcileRun,
    provider: Provider,
    external_id: str,
    said: Progress | Unreadable,
    **payload: str,
) -> None:
    seen: dict[str, object] = {name: value for name, value in payload.items() if value}
    if isinstance(said, Progress):
        seen |= {"status": said.raw_status[:80] or "?", "charge": said.charge}
    row = UnmatchedOrder(
        halt=run.halt, account=provider.pk, provider=provider, external_id=external_id, **seen
    )
    UnmatchedOrder.objects.list_once(row)
    if row.link:
        seen["link_key"] = row.link_key
    listed = UnmatchedOrder.objects.filter(halt=run.halt)
    listed.known_as(provider.pk, external_id).update(**seen)
