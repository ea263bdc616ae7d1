"""Between which prices a service was sold when the provider took an order with a certain number.

A price that moves unread makes one lost order look like another. It has not moved where the account
is charged what the list says, as orders of the service from before show, and where the price was
seen near enough before the send and again after the provider had the order, with no news of it in
between. Before is an order that was charged, or a whole catalog. After is an order with a higher
number that was charged, or a whole catalog that was read so long after the order had been seen that
not even a copy kept on the way is from before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.db.models import Q

from core import clocks
from providers.models import CatalogRun, ChangeKind, RunState, ServiceChange
from providers.panel_api import Dialect

from ....charges import CHARGE_TOLERANCE
from ....models import Attempt, Order
from ....polling.status_aliases import is_known
from ....status import MONEY_BACK, Outcome, Resolution
from ....terms import at_rate
from .. import wait_clock
from ..id_range import NEIGHBOURS, number_of, starts_others
from ..recovery_run import RecoveryRun

AS_LISTED = 3  # of the newest orders before must have been charged by the list, or all there are
RUNS_IN_ORDER = 5
_NEWS = frozenset({ChangeKind.NEW, ChangeKind.GONE, ChangeKind.BACK, ChangeKind.TYPE})
_NOT_BELIEVED = Q(state=RunState.HELD) | Q(state=RunState.RUNNING, held_catalog__isnull=False)
_NEVER_WRITTEN = Q(state__in=(RunState.REFUSED, RunState.SUPERSEDED)) | (
    Q(state=RunState.FAILED) & ~Q(held_because="")
)


class Unproven(Exception):
    """The price may have been any; why, in words for staff. `waits`: a catalog that is read later
    may show it."""

    def __init__(self, words: str, *, waits: bool = False) -> None:
        super().__init__(words)
        self.waits = waits


@dataclass(frozen=True, slots=True)
class Charged:
    """An order of the service. `least` and `most` are the prices at which its charge can have come
    about. `is_word_known`: of its last status, which else may mean that a part was given back; its
    flag does not tell, for a weightier one takes its place."""

    attempt: Attempt
    number: int
    least: Decimal
    most: Decimal
    is_word_known: bool

    @property
    def is_as_listed(self) -> bool:
        rate = self.attempt.order.rate
        return rate is not None and self.least <= rate <= self.most

    @property
    def is_sight(self) -> bool:
        """Its number is from its own answer, for what a search has linked proves nothing for
        another search; and nothing speaks for a charge below its cost."""
        is_whole = self.is_word_known and not starts_others(self.attempt.order)
        return self.attempt.resolution == Resolution.NONE and is_whole


def costs_around(
    run: RecoveryRun, attempt: Attempt, number: int, *, place: Decimal, is_read: bool
) -> tuple[Decimal, Decimal]:
    """What this order can have cost, at least and at most, if it is the provider's `number`.

    `place` is one unit of the last place that the provider writes; `is_read`: a whole catalog was
    read just now, long enough after this number was seen. Raises Unproven.
    """
    order = attempt.order
    if order.service.provider_id != run.provider.pk:
        raise Unproven("It left from another row of this account.")
    if attempt.provider_version != run.provider.version:
        raise Unproven("The account has had another address or key since.")
    near = list(_charged(attempt, place, Dialect.from_profile(run.provider.dialect)))
    sights = [one for one in near if one.is_sight]
    below = [one for one in sights if one.number < number]
    before, after = below[-AS_LISTED:], [one for one in sights if one.number > number][:1]
    _check_charges(before, attempt, after)
    _check_amounts(below, order)
    if not after and not is_read:
        raise Unproven("No catalog was read long enough after it was sent.", waits=True)
    since = _seen_before(before[-1].attempt.started_at, attempt)
    now = run.clock()
    until = after[0].attempt.started_at if after else now
    if not timedelta(0) <= until - since <= timedelta(seconds=clocks.STEADY_WITHIN_SECONDS):
        raise Unproven("Its price was not seen near enough before and after it was sent.")
    rates: list[Decimal | None] = [order.rate, *_news(order, since, now)]
    charges = [*before, *after, *_others_between(near, before[-1], after)]
    rates += [rate for one in charges for rate in (one.least, one.most)]
    return _costs(order, rates)


def _charged(attempt: Attempt, place: Decimal, dialect: Dialect) -> Iterator[Charged]:
    """Those of its service that were sent around it, with the same key."""
    order = attempt.order
    sends = Attempt.objects.in_row_order().filter(
        provider=attempt.provider_id,
        provider_version=attempt.provider_version,
        outcome=Outcome.ACCEPTED,
        order__service=order.service_id,
        order__charge__isnull=False,
        order__estimate__gt=0,
    )
    sends = sends.exclude(order__status__in=MONEY_BACK).select_related("order")
    before = list(sends.filter(pk__lt=attempt.pk).order_by("-pk")[:NEIGHBOURS])
    after = sends.filter(pk__gt=attempt.pk).order_by("pk")[:NEIGHBOURS]
    for send in (*before[::-1], *after):
        number, one = number_of(send.external_id), send.order
        if number is None or one.rate is None or one.estimate != one.estimate_high:
            continue
        slack = max(one.estimate * CHARGE_TOLERANCE, place)
        low, high = (one.rate * (one.charge + by) / one.estimate for by in (-slack, slack))
        is_word_known = not one.raw_status or is_known(one.raw_status, dialect)
        yield Charged(send, number, low, high, is_word_known)


def _check_charges(before: list[Charged], attempt: Attempt, after: list[Charged]) -> None:
    if not before:
        raise Unproven("No order of its service from before it has been charged.")
    if not all(one.is_as_listed for one in before):
        raise Unproven("Orders of its service were not charged what the list said.")
    sends = [*(one.attempt for one in before), attempt, *(one.attempt for one in after)]
    if not wait_clock.times_agree(sends):
        raise Unproven("An order that was sent later has a lower number, or a clock was set.")


def _check_amounts(below: list[Charged], order: Order) -> None:
    """A least amount that is charged, or rounding, shows only where little is paid."""
    cost = order.estimate
    small = (one for one in below if cost is not None and (one.attempt.order.estimate or 0) <= cost)
    if not any(one.is_as_listed for one in small):
        raise Unproven("No order of its service that cost as little was charged by the list.")


def _others_between(near: list[Charged], before: Charged, after: list[Charged]) -> list[Charged]:
    """They prove no price, and may show that it moved."""
    end = after[0].number if after else max(one.number for one in near) + 1
    return [one for one in near if not one.is_sight and before.number < one.number < end]


def _seen_before(charged: datetime, attempt: Attempt) -> datetime:
    """When its price was seen last before the send: by a charge, or by a whole catalog, which may
    have been old when it was read."""
    if attempt.started_at - charged > timedelta(seconds=clocks.CHARGED_WITHIN_SECONDS):
        raise Unproven("No order of its service was charged on the day before it.")
    runs = CatalogRun.objects.filter(provider=attempt.provider_id)
    newest = list(runs.order_by("-pk").values_list("started_at", flat=True)[:RUNS_IN_ORDER])
    if any(later < earlier for later, earlier in pairwise(newest)):
        raise Unproven("A clock was set between two catalogs.")
    apart = timedelta(seconds=clocks.READINGS_APART_SECONDS)
    whole = runs.filter(state=RunState.APPLIED, held_because="", unreadable=0)
    run = whole.filter(ended_at__lte=attempt.started_at - apart).order_by("-started_at").first()
    if run is None:
        return charged
    return max(charged, run.started_at - timedelta(seconds=clocks.CATALOG_LAG_SECONDS))


def _news(order: Order, since: datetime, now: datetime) -> Iterator[Decimal | None]:
    """The prices of its service that catalogs have told since then."""
    runs = CatalogRun.objects.filter(provider=order.service.provider_id)
    if runs.filter(_NOT_BELIEVED | _NEVER_WRITTEN & Q(ended_at__gte=since)).exists():
        raise Unproven("A catalog came that was not believed.")
    if runs.filter(started_at__gt=clocks.furthest(now, 0)).exists():
        raise Unproven("A clock was set since a catalog was read.")
    told = ServiceChange.objects.filter(service=order.service_id, seen_at__gte=since)
    for kind, before, after in told.values_list("kind", "before", "after"):
        if kind in _NEWS:
            raise Unproven("The service has changed around its send.")
        if kind == ChangeKind.RATE:
            yield from (Decimal(rate) if rate else None for rate in (before, after))


def _costs(order: Order, rates: Sequence[Decimal | None]) -> tuple[Decimal, Decimal]:
    known = [rate for rate in rates if rate is not None]
    low = at_rate(order.estimate, order.rate, min(known, default=None), units=order.units)
    high = at_rate(order.estimate_high, order.rate, max(known, default=None), units=order.units)
    if low is None or high is None or len(known) < len(rates):
        raise Unproven("Nobody knows what it costs.")
    return low, high
