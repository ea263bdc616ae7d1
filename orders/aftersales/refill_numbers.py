"""A number that the provider gives to the refills of two orders, by mistake or as a mere yes: which
of them it stands for nobody knows, so the later one is not followed by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from providers.identity import rows_of
from providers.models import Provider
from providers.panel_api import RefillStarted
from providers.same_ids import plain_id, spellings

from ..models import EventKind, Order, Refill
from ..sending.halts import one_at_a_time
from .batch_outcome import Answered, AnyOutcome

NUMBER_TWICE = "number_twice"


def given_twice(outcome: AnyOutcome, provider: Provider) -> dict[str, set[int]]:
    """The orders, by their ids at the provider, whose number in this answer is another order's,
    each with the orders here whose refill has it. At whichever row of the account, in the
    transaction that writes the numbers, and before anybody else gives one. A second refill of one
    order may well have the number of the first."""
    rows = outcome.rows if isinstance(outcome, Answered) else {}
    numbers = {one: _number(said) for one, said in rows.items() if isinstance(said, RefillStarted)}
    named = {number for number in numbers.values() if number}
    if not named:
        return {}
    one_at_a_time(provider)
    same = {"provider__in": rows_of(provider.pk), "external_id__in": spellings(named)}
    known = Refill.objects.exclude(external_id="").filter(**same)  # as its index has it
    holders: Mapping[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, pk, one in known.values_list("external_id", "order_id", "order__external_id"):
        holders[plain_id(number)][one].add(pk)
    for one, number in numbers.items():
        holders[number].setdefault(one, set())
    others = {
        one: [pks for other, pks in holders[number].items() if other != one]
        for one, number in numbers.items()
        if number
    }
    return {one: set[int]().union(*found) for one, found in others.items() if found}


def tell_others(order: Order, number: str, others: set[int], *, now: datetime) -> None:
    """In the history of the orders whose refill has this number."""
    for other in Order.objects.filter(pk__in=others).order_by("pk"):
        text = f"The provider gave the number {number} of its refill again, for order {order}."
        other.remember(EventKind.REFILL, now=now, text=text)


def _number(said: RefillStarted) -> str:
    return plain_id(said.refill_id[:64])
