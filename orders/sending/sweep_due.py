"""What is done again and again so that nothing is forgotten. Every step is safe to repeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet
from django.db.models.lookups import IsNull

from core import clocks
from core.failpoints import failpoint
from core.rows.loops import one_by_one
from providers.actions.leases import held as held_leases
from providers.identity import rows_of
from providers.models import Lease, LeaseKind, Provider, ProviderHealth, ProviderState

from .. import link_queue
from ..models import Attempt, Halt, Order, PollSchedule, Recovery
from ..oldest_work import ACCOUNT_TAKES_THEM
from ..status import Doubt, HaltKind, HoldReason, Outcome, Status
from . import record_outcome

SWEEP_SIZE = 500  # orders moved in one sweep; the next one goes on


def reap_lost_sends(*, now: datetime) -> int:
    """Claims past their lease become unconfirmed: sent perhaps, answer lost. Never re-queued.

    The list only says where to look; each row is decided on as it is when its turn comes. It is in
    the order of the index of sends under way: by number, SQLite would walk every send there was.
    """
    lost = Attempt.objects.past_their_lease(now).order_by("lease_until", "pk")
    found = list(lost.values_list("pk", flat=True)[:SWEEP_SIZE])
    return one_by_one(found, lambda pk: _reap(pk, now), what="lost sends")


def _reap(attempt_id: int, now: datetime) -> bool:
    reaped = record_outcome.take_for_lost(attempt_id, now=now)
    failpoint("reap.recorded")
    return reaped


def providers_to_ring(now: datetime) -> list[int]:
    """Accounts with orders that may be sent now and nobody sending: bells that were lost are rung
    again here."""
    due = Order.objects.filter(provider=OuterRef("pk")).due_to_send(now)
    halted = Halt.objects.standing().filter(Q(provider=None) | Q(provider=OuterRef("pk")))
    busy = held_leases(LeaseKind.PLACING, now=now).filter(provider=OuterRef("pk"))
    callable_now = Provider.objects.active().with_key().filter(moved_at=None)
    callable_now = callable_now.exclude(Exists(halted))
    callable_now = callable_now.exclude(Exists(busy)).exclude(health__open_until__isnull=False)
    return list(callable_now.filter(Exists(due)).values_list("pk", flat=True))


def accounts_to_recover(now: datetime) -> list[int]:
    """Accounts with a lost order to look for, a hold to end, or a calibration to make."""
    # By an expression: with the bare column SQLite would walk all sends that nobody has resolved.
    unresolved = IsNull(F("resolved_by_id") + 0, True)
    lost = Attempt.objects.filter(unresolved, outcome=Outcome.UNKNOWN)
    held = Halt.objects.standing().filter(kind=HaltKind.ANSWER_LOST)
    wanted = Recovery.objects.filter(enabled=True, key_is_ours_alone=True, stopped_because="")
    stale = Q(calibrated_at=None) | Q(calibrated_at__lt=now - timedelta(days=1))
    poor = Q(calibrated_at__lt=now - timedelta(seconds=clocks.CATALOG_LEASE_SECONDS))
    uncalibrated = wanted.filter(stale | poor & ~Q(calibration__foreign_errors=True))
    may_search = Q(provider__recovery__key_is_ours_alone=True, provider__recovery__enabled=True)
    for_prices = lost.filter(may_search, provider__recovery__stopped_because="")
    for_prices = for_prices.filter(
        searched_at__lt=F("search_at"), search_at__lte=now, range_closed_at=None
    )
    sources = (lost.filter(searched_at=None), held, uncalibrated, for_prices)
    found = {pk for source in sources for pk in source.values_list("provider_id", flat=True)}
    found |= set(_accounts_to_close(lost))
    found -= set(held_leases(LeaseKind.RECOVERY, now=now).values_list("provider_id", flat=True))
    here = Provider.objects.with_key().filter(pk__in=found, moved_at=None)
    return sorted(here.values_list("pk", flat=True))


def _accounts_to_close(lost: QuerySet[Attempt]) -> Iterator[int]:
    """Where an order was accepted, by any row of the account, when a lost one could no longer
    appear."""
    waiting = lost.filter(range_closed_at=None).exclude(code=Doubt.IS_THERE).order_by()
    firsts = waiting.values_list("provider_id").annotate(first=Min("surely_after"))
    for provider_id, first in firsts.filter(first__isnull=False):
        sent = Attempt.objects.in_row_order()
        later = sent.filter(provider__in=rows_of(provider_id), pk__gt=first)
        if later.filter(outcome=Outcome.ACCEPTED).exists():
            yield provider_id


def accounts_to_poll(now: datetime, *, leases: int) -> list[int]:
    """Accounts with orders to ask about and nobody asking, at most as many as leases are free.

    The account that has waited longest comes first, so that more accounts than leases take
    turns. One that was moved is not asked before its catalog is read: under the number of an order
    another one may stand there.
    """
    polling = Lease.objects.filter(kind=LeaseKind.POLLING)
    busy = held_leases(LeaseKind.POLLING, now=now)
    free = leases - busy.count()
    if free <= 0:
        return []
    due = PollSchedule.objects.filter(provider=OuterRef("pk")).due(now)
    waiting = (
        Provider.objects.with_key()
        .filter(moved_at=None)
        .exclude(pk__in=busy.values("provider"))
        .filter(Exists(due))
        .annotate(last_turn=polling.filter(provider=OuterRef("pk")).values("due_at")[:1])
    )
    ordered = waiting.order_by(F("last_turn").asc(nulls_first=True), "pk")
    return list(ordered.values_list("pk", flat=True)[:free])


def forget_funds_refusals(*, now: datetime) -> int:
    """A balance read after the refusal that pays for at least one held order ends the wait."""
    refused = ProviderHealth.objects.filter(
        funds_refused_at__isnull=False, provider__balance_at__gt=F("funds_refused_at")
    ).select_related("provider")
    return one_by_one(refused, _forget_if_paid, what="funds refusals")


def _forget_if_paid(health: ProviderHealth) -> bool:
    held = Order.objects.filter(
        provider=health.provider, status=Status.HELD, hold_reason=HoldReason.FUNDS
    )
    cheapest = held.aggregate(least=Min("estimate"))["least"]
    if cheapest is None or (health.provider.balance or 0) < cheapest:
        return False
    unchanged = ProviderHealth.objects.filter(
        pk=health.pk, funds_refused_at=health.funds_refused_at
    )
    return bool(unchanged.update(funds_refused_at=None))


def hold_and_release(*, now: datetime) -> int:
    """Orders follow their account: held while it cannot take them, released when it can. Those
    that wait for a time or for their link are queued when that has come."""

    def move(wanted: tuple[Order, Status, HoldReason]) -> bool:
        order, to, reason = wanted
        return order.move(to, now=now, hold_reason=reason, send_after=now)

    moved = link_queue.start_scheduled(now=now) + len(link_queue.release_free(now=now))
    return moved + one_by_one(_wanted_moves(), move, what="holds and releases")


def _wanted_moves() -> Iterator[tuple[Order, Status, HoldReason]]:
    queued = Order.objects.filter(status=Status.QUEUED).select_related("provider")
    for accounts, reason in _taking_none():
        found = list(accounts.values_list("pk", flat=True))  # few, and often none
        in_turn = queued.filter(provider__in=found).order_by("provider_id", "send_after", "pk")
        for order in in_turn[:SWEEP_SIZE]:
            yield order, Status.HELD, reason
    held = Order.objects.filter(status=Status.HELD).select_related("provider__health")
    for is_over in ACCOUNT_TAKES_THEM:  # of funds, see `forget_funds_refusals`
        for order in held.filter(is_over).order_by("pk")[:SWEEP_SIZE]:
            yield order, Status.QUEUED, HoldReason.NONE


def _taking_none() -> Iterator[tuple[QuerySet[Provider], HoldReason]]:
    """Accounts that can take no order now, and why."""
    active = Provider.objects.active()
    keyless = Q(key_ciphertext="") | Q(health__key_refused_at__isnull=False)
    yield Provider.objects.filter(state=ProviderState.PAUSED), HoldReason.PROVIDER_PAUSED
    yield active.filter(keyless), HoldReason.KEY
    yield active.filter(health__funds_refused_at__isnull=False), HoldReason.FUNDS
