"""What of its provider's account keeps an order waiting: its one health, where it matters."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from providers.account_health import AccountHealth, AccountState, account_health
from providers.models import Provider
from providers.panel_api import RefusalCode

from .models import Attempt, Order, Refill
from .models.event import PAST
from .status import REFILLS_TO_SEND, HoldReason, Status

_BY_THE_ACCOUNT = frozenset({HoldReason.KEY, HoldReason.FUNDS, HoldReason.PROVIDER_PAUSED})


def account_trouble(order: Order, *, now: datetime) -> AccountHealth | None:
    """None when the order does not wait, or not for its account."""
    held = order.status == Status.HELD and order.hold_reason in _BY_THE_ACCOUNT
    if order.status != Status.QUEUED and not held:
        return None
    health = account_health(order.provider, now=now)
    return health if health.keeps_orders else None


def request_trouble(order: Order, *, now: datetime) -> AccountHealth | None:
    """What keeps its refills and cancels from being sent: money does not."""
    return _of_requests(order.provider, now=now)


def refill_trouble(refill: Refill, *, now: datetime) -> AccountHealth | None:
    """None when it is not to be sent, or does not wait for its account."""
    is_to_be_sent = refill.status in REFILLS_TO_SEND
    return _of_requests(refill.provider, now=now) if is_to_be_sent else None


def _of_requests(provider: Provider, *, now: datetime) -> AccountHealth | None:
    health = account_health(provider, now=now)
    is_kept = health.keeps_orders and health.state is not AccountState.OUT_OF_FUNDS
    return health if is_kept else None


def hold_words(order: Order, *, is_named: bool = False) -> str:
    """What a held order waits for. For funds also those that were not refused themselves: they are
    not tried while another one was, and once that is forgotten until the balance pays for them;
    `is_named` says which one was refused, by a query more."""
    is_refused = bool(order.reason) and not order.reason.startswith(PAST)
    if order.status != Status.HELD or order.hold_reason != HoldReason.FUNDS or is_refused:
        return str(order.get_hold_reason_display())
    health = order.provider.health_or_none
    if health is None or health.funds_refused_at is None:
        return _("Waits until the balance pays for it")
    number = refused_for_funds(order.provider_id).first() if is_named else None
    if number in (None, order.pk):
        return _("Waiting: the provider refused an order for its balance")
    return _("Waiting: the provider refused order #%(number)s for its balance") % {"number": number}


def refused_for_funds(provider_id: int) -> QuerySet[Order, int]:
    """The numbers of the orders that wait for funds and were refused, the last one first."""
    # By an expression: with the bare column SQLite would walk all orders of the account.
    held = Order.objects.held_for(HoldReason.FUNDS).filter(Exact(F("provider_id") + 0, provider_id))
    refused = held.exclude(Q(reason="") | Q(reason__startswith=PAST))
    tries = Attempt.objects.filter(order=OuterRef("pk"), code=RefusalCode.FUNDS)
    newest = tries.order_by("-pk").values("pk")[:1]
    for_funds = refused.annotate(newest=Subquery(newest)).filter(newest__isnull=False)
    return for_funds.order_by("-newest").values_list("pk", flat=True)
