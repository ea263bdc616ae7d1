"""Finding out that an account answers again, by the cheapest call that is known to work there."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q

from core.clocks import Clock
from providers.actions import calling
from providers.models import Provider, ProviderHealth
from providers.panel_api import ProviderError

from ..models import Order
from .poll_batch import TellsStatuses

Wanted = list[tuple[int, bool]]


def accounts_to_probe(now: datetime) -> Wanted:
    """(account, whether to ask for a status): those whose breaker lets one call through, and those
    that are well but for their last call, the balance. A balance costs nothing; where it is what
    fails, the status of an order tells more, if there is one to ask about."""
    idle = Q(probe_until=None) | Q(probe_until__lte=now)
    due = Q(open_until__lte=now, key_refused_at=None)
    unsure = Q(open_until=None, last_error_at__gt=F("last_ok_at")) & ~Q(provider__balance_error="")
    found = ProviderHealth.objects.filter(due & idle | unsure).exclude(provider__key_ciphertext="")
    rows = found.order_by("pk").values_list("pk", "provider__balance_error", "open_until")
    wanted = [(pk, bool(error and _newest_id(pk)), open_until) for pk, error, open_until in rows]
    return [(pk, by_status) for pk, by_status, open_until in wanted if by_status or open_until]


def probe_by_status(provider: Provider, client: TellsStatuses, *, clock: Clock) -> bool:
    """Ask about the newest order of the account. True: it answered, so it is well."""
    external_id = _newest_id(provider.pk)
    if not external_id:
        return False
    try:
        calling.ask(provider, lambda: client.statuses_once([external_id]), clock=clock)
    except (ProviderError, calling.MustWait):
        return False
    return True


def _newest_id(provider_id: int) -> str:
    known = Order.objects.filter(provider=provider_id).exclude(external_id="").order_by("-pk")
    return known.values_list("external_id", flat=True).first() or ""
