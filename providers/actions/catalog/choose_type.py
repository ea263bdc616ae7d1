"""Choosing the order form of a service where its published type is unknown or wrong."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.models import User
from providers.models import ChangeKind, Service, ServiceChange
from providers.panel_api import type_name


def choose_type(service: Service, chosen: str, *, actor: User | None, now: datetime) -> bool:
    """Give the service the form of this type from now on; empty takes the choice back.

    `chosen` is a name of the table. False: somebody chose, or the provider published another
    type, since the service was read. Orders placed before stay as they are.
    """
    becomes = chosen or type_name(service.published_type)
    as_read = Service.objects.filter(
        pk=service.pk, chosen_type=service.chosen_type, published_type=service.published_type
    )
    with transaction.atomic():
        if not as_read.update(chosen_type=chosen, type=becomes, changed_at=now):
            return False
        before, after = _said(service.type, service.chosen_type), _said(becomes, chosen)
        ServiceChange.objects.create(
            service=service,
            provider_id=service.provider_id,
            kind=ChangeKind.TYPE,
            before=before,
            after=after,
            seen_at=now,
        )
        service.provider.remember(
            f"Order form of service {service.external_id}: {before} → {after}.",
            now=now,
            actor=actor,
        )
    service.chosen_type, service.type, service.changed_at = chosen, becomes, now
    return True


def _said(kind: str, chosen: str) -> str:
    return f"{chosen}, chosen by staff" if chosen else f"{kind or 'none'}, as published"
