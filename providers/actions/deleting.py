"""An account that was typed wrongly and never used is deleted; every other one stays."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from core.models import User
from core.shown_fields import word_of

from ..identity import duplicates_of, rows_of
from ..models import BalanceReading, Provider, ProviderHealth, Service
from .accounts import end_duplicate_of
from .as_shown import which_account

log = logging.getLogger(__name__)
NOT_KNOWN: Final = "restored"  # the kind of halt after a database was put back
LIMITS: Final = ("two_people_above", "lost_amount", "lost_in_a_row")  # the least of all rows holds


def why_kept(provider: Provider) -> str:
    """Why the account cannot be deleted, in words; empty where nothing was ever done with it."""
    model: Any = apps.get_model  # the rooms above stand on this one
    if _has(model("orders", "Order"), provider=provider):
        return _("It has orders, which stay. Pause it instead.")
    if _has(model("orders", "Attempt"), provider=provider):
        return _("Something was sent to it, which stays known. Pause it instead.")
    if _has(model("orders", "UnmatchedOrder"), provider=provider):
        return _("A comparison after a restore lists orders of it. Pause it instead.")
    if _has(model("orders", "Halt"), kind=NOT_KNOWN, lifted_at=None):
        return _("The database was put back, and nobody knows yet what was sent to it since.")
    answered = ProviderHealth.objects.filter(provider=provider, last_ok_at__isnull=False)
    if answered.exists() or _has(BalanceReading, provider=provider):
        return _("It has answered: it is a real account. Pause it instead.")
    if _has(Service, provider=provider):
        return _("It has services. Pause it instead.")
    if duplicates_of(provider) and _has(model("orders", "Halt"), provider=provider, lifted_at=None):
        return _("A stop of it also holds for another row of this account. End that first.")
    return ""


def delete_provider(provider_id: int, *, actor: User, shown: str | None = None) -> str:
    """Delete an account that was never used; or why not, in words. `shown` says which account the
    page showed, at which address and with which key."""
    with transaction.atomic():
        # Its calls and orders wait for this row, or are seen by the questions; who changes the
        # rules of another row of the account waits for that.
        found = Provider.objects.filter(pk__in=[provider_id, *rows_of(provider_id)])
        locked = {row.pk: row for row in found.order_by("pk").select_for_update()}
        provider = locked.get(provider_id)
        if provider is None:
            return _("It was deleted already.")
        if shown is not None and shown != word_of(which_account(provider)):
            return _("Its address or key were changed since the page was drawn: look once more.")
        list(ProviderHealth.objects.select_for_update().filter(provider=provider))
        if words := why_kept(provider):
            return words
        others = duplicates_of(provider)
        limits = _narrowest([provider, *others]) if others else {}
        try:
            provider.delete()
        except ProtectedError:
            return _("Something refers to it, which stays. Pause it instead.")
        if others:
            _keep_limits(others[0], limits)
        end_duplicate_of(provider)
    log.info("account %s (%s) was deleted by %s", provider_id, provider.name, actor)
    return ""


def _narrowest(rows: list[Provider]) -> dict[str, Any]:
    """What holds for this account, whichever of its rows it is set on."""
    rules: Any = apps.get_model("orders", "Recovery").objects.filter(provider__in=rows)
    found = {name: set(rules.values_list(name, flat=True)) - {None} for name in LIMITS}
    found["lost_in_a_row"] -= {0}  # never
    return {name: min(values) for name, values in found.items() if values}


def _keep_limits(row: Provider, limits: dict[str, Any]) -> None:
    """A row that goes takes no limit of its account along."""
    rules: Any = apps.get_model("orders", "Recovery").objects
    rules.update_or_create(provider_id=row.pk, defaults=limits)


def _has(model: Any, **of: Any) -> bool:
    return bool(model.objects.filter(**of).exists())
