"""What an account's provider is learned to do or to mean, kept in its dialect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from core.models import User
from providers.models import Provider
from providers.panel_api import Dialect

CAPABILITIES = (
    *("batch_size", "batch_status_action", "many_statuses", "refills", "cancels", "recent_orders"),
)
FORGOTTEN = "What was found out about what it can do is forgotten."
TRIES = 50  # each one lost is one that somebody else has won


def learn(provider: Provider, text: str, *, now: datetime, **changes: Any) -> bool:
    """Change single capabilities of the account's dialect, with a line in its history.

    False: they were known already, or address or key changed since `provider` was read.
    """
    return change_dialect(provider, lambda dialect: dialect.changed(**changes), text, now=now)


def forget_learned(provider: Provider, *, now: datetime, actor: User | None) -> bool:
    """Take back what was found out about what the provider can do, so that it is found out anew.

    How it is spoken to, what it means by its words and the name for ids of ours stay. False:
    nothing was learned.
    """
    usual = Dialect()
    forgotten = {name: getattr(usual, name) for name in CAPABILITIES}
    return change_dialect(
        provider, lambda dialect: dialect.changed(**forgotten), FORGOTTEN, now=now, actor=actor
    )


def name_parameter(provider: Provider, name: str, *, now: datetime, actor: User | None) -> bool:
    """The parameter of an order that takes an id of ours; "" for none. False: it was so already."""
    text = (
        f"An id of ours goes along with each order as “{name}”."
        if name
        else "No id of ours goes along with orders any more."
    )
    return change_dialect(
        provider,
        lambda dialect: dialect.changed(idempotency_parameter=name),
        text,
        now=now,
        actor=actor,
    )


def change_dialect(
    provider: Provider,
    change: Callable[[Dialect], Dialect],
    text: str,
    *,
    now: datetime,
    actor: User | None = None,
    phrase: str = "",
) -> bool:
    """Write what `change` makes of the dialect as it is now, with a line in the history.

    What others write meanwhile is never lost: `change` is asked again with theirs. False:
    nothing had to change, or address or key changed since `provider` was read.
    """
    for _ in range(TRIES):
        row = Provider.objects.filter(pk=provider.pk, version=provider.version).first()
        if row is None:
            return False
        dialect = Dialect.from_profile(row.dialect)
        wanted = change(dialect)
        if wanted == dialect:
            return False
        same = Provider.objects.filter(pk=row.pk, version=row.version, dialect=row.dialect)
        with transaction.atomic():
            if same.update(dialect=wanted.to_profile()):
                row.remember(text, now=now, actor=actor, phrase=phrase)
                provider.dialect = wanted.to_profile()
                return True
    return False
