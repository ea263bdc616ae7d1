"""Held orders that go on by nothing but a person, or by money a person puts in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from core.regional.numbers import grouped
from orders.models import Order
from orders.oldest_work import WAITS_FOR_BALANCE
from orders.placing.before_sending import UNTIL_A_PERSON
from orders.status import HoldReason, Status

from .attention_item import AttentionItem, capped, many

_HELD_BY_PEOPLE = {
    HoldReason.STAFF.value: "by staff",
    HoldReason.SPEND_LIMIT.value: "for a spend limit",
    HoldReason.BLOCKED_LINK.value: "for a blocked link",
}


def held_by_reason() -> Counter[str]:
    """What nothing but a person lets go."""
    held = Order.objects.filter(status=Status.HELD, hold_reason__in=UNTIL_A_PERSON)
    return Counter(dict(held.order_by().values_list("hold_reason").annotate(Count("pk"))))


def held_items(held: Counter[str]) -> Iterator[AttentionItem]:
    """What no item of its own tells."""
    yield from _without_money()
    reasons = Counter({one: held[one] for one in _HELD_BY_PEOPLE if held[one]})
    if reasons:
        why = ", ".join(f"{grouped(n)} {_HELD_BY_PEOPLE[one]}" for one, n in reasons.most_common())
        them = "it" if reasons.total() == 1 else "them"
        yield AttentionItem(
            "player-pause",
            "yellow",
            f"{many(reasons.total())} held until somebody releases {them}",
            f"{why}. Nothing else lets {them} go.",
            f"{reverse('orders')}?status={Status.HELD}",
            _("Review"),
        )


def _without_money() -> Iterator[AttentionItem]:
    """While a refusal stands the account is out of funds, which is told of it."""
    if count := capped(Order.objects.held_for(HoldReason.FUNDS).filter(WAITS_FOR_BALANCE)):
        yield AttentionItem(
            "wallet",
            "orange",
            f"{many(count)} held until the balance pays for {'it' if count == 1 else 'them'}",
            _("Top it up, or release them to be tried all the same."),
            f"{reverse('orders')}?status={Status.HELD}",
            _("Review"),
        )
