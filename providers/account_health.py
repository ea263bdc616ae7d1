"""How an account is doing: one answer, with a code for logic, a label for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core import clocks
from core.clocks import still_ahead

from .models import Provider, ProviderHealth

SLOW_MS = 3000


class AccountState(StrEnum):
    """In the order in which they are looked at: the first that holds is how the account is.
    `SLOWED` is healthy to people, only its sentence differs."""

    NO_KEY = "no_key"
    KEY_UNREADABLE = "key_unreadable"
    KEY_REFUSED = "key_refused"
    PAUSED = "paused"
    MOVED = "moved"
    NEVER_CALLED = "never_called"
    DOWN = "down"
    OUT_OF_FUNDS = "out_of_funds"
    RATE_LIMITED = "rate_limited"
    SLOW = "slow"
    BALANCE_UNREAD = "balance_unread"
    SLOWED = "slowed"
    HEALTHY = "healthy"


_LABELS: dict[AccountState, tuple[str, str]] = {
    AccountState.NO_KEY: ("No key", "red"),
    AccountState.KEY_UNREADABLE: ("Stored key cannot be read", "red"),
    AccountState.KEY_REFUSED: ("Key refused", "red"),
    AccountState.PAUSED: ("Paused", "yellow"),
    AccountState.MOVED: ("Catalog not read there yet", "orange"),
    AccountState.NEVER_CALLED: ("Not called yet", "secondary"),
    AccountState.DOWN: ("Not answering", "red"),
    AccountState.OUT_OF_FUNDS: ("Out of funds", "orange"),
    AccountState.RATE_LIMITED: ("Rate-limited", "orange"),
    AccountState.SLOW: ("Slow", "orange"),
    AccountState.BALANCE_UNREAD: ("Balance cannot be read", "yellow"),
    AccountState.SLOWED: ("Healthy", "green"),
    AccountState.HEALTHY: ("Healthy", "green"),
}
_STOPS_ORDERS = frozenset(
    {
        AccountState.NO_KEY,
        AccountState.KEY_UNREADABLE,
        AccountState.KEY_REFUSED,
        AccountState.MOVED,
        AccountState.DOWN,
        AccountState.OUT_OF_FUNDS,
    }
)
_KEEPS_ORDERS = _STOPS_ORDERS | {AccountState.PAUSED, AccountState.RATE_LIMITED}
_WANTS_A_KEY = frozenset({AccountState.NO_KEY, AccountState.KEY_REFUSED})
_IS_TROUBLE = _STOPS_ORDERS | {AccountState.RATE_LIMITED, AccountState.SLOW}


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """`sentence` says why or what follows; a page writes `until`, if there is one, behind it."""

    state: AccountState
    sentence: str = ""
    until: datetime | None = None

    @property
    def label(self) -> str:
        return _LABELS[self.state][0]

    @property
    def color(self) -> str:
        return _LABELS[self.state][1]

    @property
    def is_trouble(self) -> bool:
        """Worth an alert on the account's own page."""
        return self.state in _IS_TROUBLE

    @property
    def stops_orders(self) -> bool:
        """Nothing is sent there, although nobody paused it."""
        return self.state in _STOPS_ORDERS

    @property
    def keeps_orders(self) -> bool:
        """Orders wait there, whether or not somebody wants them to."""
        return self.state in _KEEPS_ORDERS

    @property
    def wants_a_key(self) -> bool:
        return self.state in _WANTS_A_KEY


def account_health(provider: Provider, *, now: datetime) -> AccountHealth:
    """The worst that is known of this account, from its row and its health row."""
    health = provider.health_or_none
    return _credentials(provider, health) or _calls(provider, health, now)


def _credentials(provider: Provider, health: ProviderHealth | None) -> AccountHealth | None:
    if not provider.has_key:
        return AccountHealth(
            AccountState.NO_KEY, "It cannot be called until an admin gives it a key."
        )
    if health is None:
        return None
    if health.key_unreadable_at is not None:
        return AccountHealth(
            AccountState.KEY_UNREADABLE,
            "This account cannot be used: its key was stored under an encryption key that is not "
            "in FIELD_ENCRYPTION_KEYS. Put that one back, or enter the key again.",
        )
    if health.key_refused_at is not None:
        return AccountHealth(
            AccountState.KEY_REFUSED,
            "The provider does not accept the key or the account: nothing can be sent.",
        )
    return None


def _calls(provider: Provider, health: ProviderHealth | None, now: datetime) -> AccountHealth:
    if not provider.is_active:
        return AccountHealth(AccountState.PAUSED, "Somebody has paused it. Orders wait.")
    is_down = health is not None and health.open_until is not None
    if provider.moved_at is not None and not is_down:
        return AccountHealth(
            AccountState.MOVED,
            "Its address was changed: orders, refills and cancels wait until its catalog there is "
            "read and applied.",
        )
    if health is None or (health.last_ok_at is None and health.last_error_at is None):
        return AccountHealth(AccountState.NEVER_CALLED)
    if health.open_until is not None:
        again = still_ahead(health.open_until, now, clocks.BREAKER_SECONDS[-1])
        return AccountHealth(
            AccountState.DOWN, "Paused after errors, orders wait. Next check", again or now
        )
    if health.funds_refused_at is not None:
        return AccountHealth(AccountState.OUT_OF_FUNDS, "It says the balance is too low to order.")
    if until := still_ahead(health.slow_until, now, clocks.RETRY_AFTER_CAP_SECONDS):
        return AccountHealth(
            AccountState.RATE_LIMITED, "It asked for fewer calls. Called again", until
        )
    return _answers(provider, health)


def _answers(provider: Provider, health: ProviderHealth) -> AccountHealth:
    if health.latency_ms is not None and health.latency_ms > SLOW_MS:
        seconds = health.latency_ms / 1000
        return AccountHealth(AccountState.SLOW, f"It takes {seconds:.1f} s to answer.")
    if provider.balance_error:
        return AccountHealth(
            AccountState.BALANCE_UNREAD, "Its balance cannot be read. Orders are sent all the same."
        )
    if health.pace < 1:
        return AccountHealth(AccountState.SLOWED, f"Slowed to {health.pace:.0%}.")
    return AccountHealth(AccountState.HEALTHY)
