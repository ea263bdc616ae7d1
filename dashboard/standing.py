"""How an account is doing, in two words and a colour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from providers.models import Provider, ProviderHealth


@dataclass(frozen=True, slots=True)
class Standing:
    """`worry` is what a person should do something about; empty when nobody must."""

    label: str
    color: str
    worry: str = ""


def standing(provider: Provider, now: datetime) -> Standing:
    """The first thing worth saying. A balance that is low is said by `balance_worry`."""
    health: ProviderHealth | None = getattr(provider, "health", None)
    if not provider.has_key:
        return Standing("No key", "red", "It has no key: nothing can be sent or followed.")
    if health and health.key_refused_at:
        return Standing("Key refused", "red", "It refuses our key: nothing can be sent.")
    if not provider.is_active:
        return Standing("Paused", "yellow")
    if health is None or (health.last_ok_at is None and health.last_error_at is None):
        return Standing("Not called yet", "secondary")
    if health.closed_until and health.closed_until > now:
        return Standing("Down", "red", "It does not answer. We try again by ourselves.")
    if health.funds_refused_at:
        return Standing("Out of funds", "orange", "It says the balance is too low to order.")
    if health.slow_until and health.slow_until > now:
        return Standing("Slowed down", "yellow")
    return Standing("Healthy", "green")


def balance_worry(provider: Provider) -> str:
    """What is wrong with the balance, for those who may see balances."""
    return "Its balance is below the line you set." if provider.is_low else ""
