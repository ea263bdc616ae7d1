"""The provider's own list of our newest orders, where it has one: the strongest evidence."""

from __future__ import annotations

from core.clocks import Clock
from providers.actions.calling import ask
from providers.models import Provider
from providers.panel_api import Progress, RecentOrder

from ...models import Attempt, Order, Recovery
from ...status import Resolution
from . import deciding, windows
from .deciding import Decided
from .looking import TellsOfIds, spend
from .matching import decide


def search(
    provider: Provider,
    client: TellsOfIds,
    rules: Recovery,
    lost: list[Attempt],
    done: Decided,
    *,
    clock: Clock,
) -> None:
    """Look the due orders up in the list. Where the key is used elsewhere too, rows that fit are
    only shown to a person."""
    now = clock()
    due = [a for a in lost if deciding.is_open(a) and a.look_at is not None and a.look_at <= now]
    due = [attempt for attempt in due if attempt.looked_at is None]
    if not due or client.dialect.recent_orders is not True:
        return
    spend(rules, clock=clock)
    rows = ask(provider, client.recent_orders, clock=clock)
    taken = windows.claimed(provider, [row.order_id for row in rows])
    free = {row.order_id: row for row in rows if row.order_id not in taken}
    edges = {a.pk: frozenset(i for i, row in free.items() if _is(a.order, row)) for a in lost}
    fitting = {one for able in edges.values() for one in able}
    told = {one: said for one in fitting if isinstance(said := free[one].progress, Progress)}
    deciding.count_calls(due, 1)
    done.looked += len(due)
    text = f"Its list of our newest orders has {len(fitting)} that may be it."
    deciding.tell(due, text, {"rows": len(rows), "ours": sorted(fitting)}, now)
    deciding.keep_candidates(due, told)
    if not rules.key_is_ours_alone or rules.stopped_because or told.keys() != fitting:
        return
    verdict = decide(edges, fitting)
    done.found += deciding.adopt_found(verdict, lost, told, now=now, by=Resolution.LISTING)
    gone = [a for a in due if a.pk in verdict.absent and _covers(a, rows, taken, rules, clock)]
    done.absent += deciding.show_absent(
        deciding.reread(gone), by=Resolution.LISTING, now=now, evidence={"rows": len(rows)}
    )


def _is(order: Order, row: RecentOrder) -> bool:
    """The row says what this order would: the link as it was sent, and nothing that differs."""
    service = str(order.wish.get("service", ""))
    quantity = str(order.wish.get("quantity", ""))
    same_link = bool(row.link) and row.link == order.link
    same_service = not row.service_id or row.service_id == service
    same_quantity = row.quantity is None or not quantity or str(row.quantity) == quantity
    return same_link and same_service and same_quantity


def _covers(
    attempt: Attempt,
    rows: tuple[RecentOrder, ...],
    taken: set[str],
    rules: Recovery,
    clock: Clock,
) -> bool:
    """The list reaches back to an order from before this one, and it can no longer appear."""
    over = (clock() - attempt.started_at).total_seconds() >= rules.grace_seconds
    if not over or not taken:
        return False
    earlier = Attempt.objects.filter(
        provider=attempt.provider_id, started_at__lt=attempt.started_at, external_id__in=taken
    )
    return earlier.exists() and len(rows) > 0
