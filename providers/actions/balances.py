"""What an account has left, read and kept."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from core import clocks
from core.clocks import Clock
from core.encryption import WrongEncryptionKey
from providers.connect import Connect, NoKey
from providers.models import BalanceReading, LeaseKind, Provider
from providers.panel_api import Balance, PanelClient, ProviderError, Unavailable

from .calling import MustWait, ask, note_no_way_in
from .leases import account_lease

MOST_BALANCE = 10**15


def balance_run(provider: Provider, connect: Connect, *, clock: Clock) -> BalanceReading | None:
    """Read the balance if nobody else does just now, and say when it is next due.

    Nothing a provider does is raised: it is in the account's health and in `balance_error`.
    """
    wait: float = clocks.BALANCE_EVERY_SECONDS
    with account_lease(provider.pk, LeaseKind.BALANCE, clock=clock) as lease:
        if lease is None:
            return None
        try:
            reading = read_balance(provider, connect(provider), clock=clock)
            if reading is None:
                wait = 0  # to be asked with its new key
            return reading
        except MustWait as busy:
            wait = busy.seconds
        except (NoKey, WrongEncryptionKey) as error:
            note_no_way_in(provider, error, now=clock())
        except ProviderError:
            pass  # noted already, and `balance_error` says so
        finally:
            lease.due_at = clock() + timedelta(seconds=wait)
    return None


def read_balance(provider: Provider, client: PanelClient, *, clock: Clock) -> BalanceReading | None:
    """Ask for the balance and keep the reading; the account repeats the newest one.

    Where it cannot be read the last known one stays with its age, `balance_error` says why,
    and the error is raised. None: address or key changed since `provider` was read, so it is the
    balance of another account; or somebody else has asked since this was asked for, as where this
    worker stood still with the answer.
    """
    unread = not_read_since(provider)
    try:
        balance = ask(
            provider, client.balance, clock=clock, answered=_answered_oddly, placing_needs_it=False
        )
        if abs(balance.amount) >= MOST_BALANCE:
            raise Unavailable("The balance is beyond all bounds.")
    except ProviderError as error:
        unread.update(balance_error=error.reason[:300])
        raise
    return keep_balance(provider, balance, clock=clock, where=unread)


def keep_balance(
    provider: Provider, balance: Balance, *, clock: Clock, where: QuerySet[Provider]
) -> BalanceReading | None:
    """Write down a balance the provider has told us, while the account is the one of `where`. None:
    as `read_balance`."""
    now = clock()
    reading = BalanceReading(
        provider=provider, amount=balance.amount, currency=balance.currency[:8], read_at=now
    )
    newest = {
        "balance": reading.amount,
        "balance_currency": reading.currency,
        "balance_at": now,
        "balance_error": "",
    }
    with transaction.atomic():
        if not where.update(**newest):
            return None
        reading.save(force_insert=True)
    for name, value in newest.items():
        setattr(provider, name, value)
    return reading


def not_read_since(provider: Provider) -> QuerySet[Provider]:
    """This account, as long as nobody has written down what a later question was answered with:
    neither a balance nor an error. To be had before it is asked."""
    same = Provider.objects.filter(pk=provider.pk, version=provider.version)
    known = same.values("balance_at", "balance_error").first()
    return same.filter(**known) if known else same.none()


def _answered_oddly(error: ProviderError) -> bool:
    """The provider is up and spoke JSON; we only cannot tell the amount from it."""
    if not isinstance(error, Unavailable) or error.evidence is None:
        return False
    said = error.evidence.body_excerpt.lstrip()
    return error.evidence.http_status == 200 and said[:1] == "{" and '"error' not in said.lower()
