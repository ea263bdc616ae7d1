"""What a provider turns out not to do, learned from its own answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from providers.models import Provider
from providers.panel_api import Dialect

TRIES = 5  # somebody else may be writing what they learned


def learn(provider: Provider, text: str, *, now: datetime, **changes: Any) -> bool:
    """Change single capabilities of the account's dialect, with a line in its history.

    False: they were known already, or address or key changed since `provider` was read.
    """
    for _ in range(TRIES):
        row = Provider.objects.filter(pk=provider.pk, version=provider.version).first()
        if row is None:
            return False
        dialect = Dialect.from_profile(row.dialect)
        wanted = dialect.changed(**changes)
        if wanted == dialect:
            return False
        same = Provider.objects.filter(pk=row.pk, version=row.version, dialect=row.dialect)
        with transaction.atomic():
            if same.update(dialect=wanted.to_profile()):
                row.remember(text, now=now)
                return True
    return False
