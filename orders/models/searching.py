"""What a search for orders asks the database, so that ids are found by index alone."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from core.row_numbers import row_number
from providers.models import Provider, Service

from ..links import link_key

LIST_SEARCH_MIN = 3
Orders = QuerySet[Any]

_ID = re.compile(r"#?[0-9]{1,64}")


def ids_in(text: str) -> list[str]:
    """The ids of a list of nothing else, apart by commas, semicolons, spaces or lines."""
    parts = [part.removeprefix("#") for part in re.split(r"[,;\s]+", text) if part]
    return list(dict.fromkeys(parts)) if all(map(_ID.fullmatch, parts)) else []


def known_by_ids(orders: Orders, ids: list[str]) -> Q:
    """Each by index, as one id alone is."""
    accounts = Provider.objects.values("pk")
    theirs = orders.exclude(external_id="").filter(provider__in=accounts, external_id__in=ids)
    referred = orders.exclude(reference="").filter(reference__in=ids)
    ours = [number for one in ids if (number := row_number(one)) is not None]
    return Q(pk__in=ours) | Q(pk__in=theirs.values("pk")) | Q(pk__in=referred.values("pk"))


def naming(orders: Orders, text: str) -> Q:
    """Numbers and short words are found by index alone; longer ones may stand anywhere."""
    if (number := row_number(text)) is not None:
        return _known_as(orders, text) | Q(pk=number)
    if len(text) < LIST_SEARCH_MIN:
        return _known_as(orders, text)
    anywhere = Q(link__icontains=text) | Q(reference__icontains=text) | Q(note__icontains=text)
    if "." in text:
        anywhere |= Q(link_key=link_key(text))  # the same place in another spelling
    named = Service.objects.matching(text).values("pk")
    anywhere |= Q(service__in=named)
    return Q(external_id=text) | anywhere | Q(tags__contains=f" {text.casefold()} ")


def _known_as(orders: Orders, text: str) -> Q:
    """The provider's id, or the start of a reference. Each is asked for by itself and with the
    condition of its index spelled out: SQLite would read every order for the plain `or`."""
    accounts = Provider.objects.values("pk")
    theirs = orders.exclude(external_id="").filter(provider__in=accounts, external_id=text)
    referred = orders.exclude(reference="").filter(reference__startswith=text)
    if connection.vendor == "sqlite":  # its LIKE uses no index
        referred = referred.filter(reference__gte=text, reference__lt=f"{text}{chr(0x10FFFF)}")
    return Q(pk__in=theirs.values("pk")) | Q(pk__in=referred.values("pk"))
