"""A number that the provider gives to the refills of two orders, by mistake or as a mere yes: which
of them it stands for nobody knows, so neither is followed by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, F, Max, Min, OuterRef

from providers.identity import rows_of
from providers.models import Provider
from providers.panel_api import RefillStarted
from providers.same_ids import plain_id, spellings

from ..models import EventKind, Order, OrderEvent, Refill
from ..models.refill import RefillQuerySet
from ..sending.halts import one_at_a_time
from ..status import REFILLS_AT_PROVIDER
from .batch_outcome import Answered, AnyOutcome
from .record_rows import all_but_broken

NUMBER_TWICE = "number_twice"
MOST_TOLD = 20  # orders whose refill has ended, the newest
_FOLLOWED: Final[dict[str, Any]] = {
    "status__in": sorted(REFILLS_AT_PROVIDER),
    "followed_by": F("external_id"),
}


def given_twice(outcome: AnyOutcome, provider: Provider) -> dict[str, str]:
    """The orders, by their ids at the provider, whose number in this answer is another order's
    too, each with that number. At whichever row of the account, in the transaction that writes the
    numbers, and before anybody else gives one. A second refill of one order may well have the
    number of the first."""
    rows = outcome.rows if isinstance(outcome, Answered) else {}
    numbers = {one: _number(said) for one, said in rows.items() if isinstance(said, RefillStarted)}
    named = {one: number for one, number in numbers.items() if number}
    if not named:
        return {}
    one_at_a_time(provider)
    holders = _holders(set(named.values()), rows_of(provider.pk))
    for one, number in named.items():
        holders[number].add(one)
    return {one: number for one, number in named.items() if len(holders[number]) > 1}


def lose_sight(provider: Provider, again: Mapping[str, Order | None], *, now: datetime) -> None:
    """No refill with one of these numbers is followed by it from here on: nothing proves whose it
    is, and a person closes it. The history of its order tells so, once, with the order to which the
    number was given `again`. In the caller's transaction, before it writes to any other refill. One
    whose history cannot be written is lost from sight all the same: it would be due for good, and
    keep the others of its account from being asked about."""
    rows = rows_of(provider.pk)
    followed = _with(again, rows).filter(**_FOLLOWED).select_related("order")

    def unfollow(refill: Refill) -> int:
        number = plain_id(refill.external_id)
        mine = Refill.objects.filter(pk=refill.pk, **_FOLLOWED)
        lost = {"followed_by": "", "code": NUMBER_TWICE, "reason": number, "changed_at": now}
        return mine.update(**lost)

    def lose(refill: Refill) -> None:
        number = plain_id(refill.external_id)
        if unfollow(refill):
            _tell(refill.order, number, again[number], "It is not followed by it any more.", now)

    by_key = list(followed.order_by("pk"))
    broken = all_but_broken(by_key, lose, what="refills of one number", may_all_fail=True)
    all_but_broken(broken, unfollow, what="refills without a history", may_all_fail=True)
    for number, order in again.items():
        if order is not None:
            _tell_ended(number, order, rows, now)


def without_given_twice(
    provider: Provider, batch: Sequence[Refill], *, now: datetime
) -> list[Refill]:
    """Those of the batch that can be asked about. The number of the others was given to another
    order too, before anybody looked for that, or at what has turned out to be the same account:
    they are lost from sight."""
    named = {one.pk: plain_id(one.external_id) for one in batch if _is_by_number(one)}
    if not named:
        return list(batch)
    holders = _holders(set(named.values()), rows_of(provider.pk))
    twice = {number for number, orders in holders.items() if len(orders) > 1}
    if twice:
        with transaction.atomic():
            one_at_a_time(provider)
            lose_sight(provider, dict.fromkeys(twice), now=now)
    return [one for one in batch if named.get(one.pk) not in twice]


def _is_by_number(refill: Refill) -> bool:
    return refill.followed_by == refill.external_id


def _with(numbers: Collection[str], rows: Sequence[int]) -> RefillQuerySet:
    known = Refill.objects.exclude(external_id="")  # as its index has it
    return known.filter(provider__in=rows, external_id__in=spellings(numbers))


def _holders(numbers: Collection[str], rows: Sequence[int]) -> dict[str, set[str]]:
    """The orders, by their ids at the provider, whose refill has each number: of many the first and
    the last."""
    found = defaultdict[str, set[str]](set)
    orders = (Min("order__external_id"), Max("order__external_id"))
    ends = _with(numbers, rows).values("external_id").annotate(first=orders[0], last=orders[1])
    for number, first, last in ends.values_list("external_id", "first", "last"):
        found[plain_id(number)] |= {first, last}
    return found


def _tell_ended(number: str, order: Order, rows: Sequence[int], now: datetime) -> None:
    """The orders whose refill had the number and has ended, or is followed by its order."""
    others = _with([number], rows).exclude(code=NUMBER_TWICE).exclude(order=order)
    told = OrderEvent.objects.telling(EventKind.REFILL, _evidence(number))
    newest = list(others.order_by("-pk").values_list("order", flat=True)[:MOST_TOLD])
    untold = Order.objects.filter(~Exists(told.filter(order=OuterRef("pk"))), pk__in=newest)
    all_but_broken(
        list(untold.order_by("pk")),
        lambda other: _tell(other, number, order, "", now),
        what="orders of a number given twice",
        may_all_fail=True,
    )


def _tell(order: Order, number: str, again: Order | None, then: str, now: datetime) -> None:
    whom = f"again, for order {again}" if again else "to another order’s refill as well"
    text = f"The provider gave the number {number} of its refill {whom}. {then}".strip()
    order.remember(EventKind.REFILL, now=now, text=text, evidence=_evidence(number))


def _evidence(number: str) -> dict[str, object]:
    return {"number_twice": number}


def _number(said: RefillStarted) -> str:
    return plain_id(said.refill_id[:64])
