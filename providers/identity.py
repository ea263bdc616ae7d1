"""Which rows are one account upstream: the same server, asked with the same key."""

from __future__ import annotations

import hashlib
import ipaddress
from functools import lru_cache

from django.db.models import Q, QuerySet

from .models import Provider, Service
from .panel_api import UnsafeUrl
from .panel_api.http.urls import origin

_LOCAL = "localhost"


@lru_cache(maxsize=1024)
def server_of(url: str) -> tuple[str, int]:
    """Host and port, however the address is spelled: scheme, path and case do not make another
    server, and neither do the default ports of http and https."""
    try:
        found = origin(url)
    except UnsafeUrl:  # kept by an older release; it is not called either
        return url.casefold(), 0
    host = found.host.rstrip(".")
    try:
        if ipaddress.ip_address(host).is_loopback:
            host = _LOCAL
    except ValueError:
        pass
    return host, 443 if found.port == 80 else found.port


def upstream_digest(url: str, key_fingerprint: str) -> str:
    """What `Provider.upstream` holds: equal for rows of one account; empty without a key."""
    if not key_fingerprint:
        return ""
    host, port = server_of(url)
    return hashlib.sha256(f"{host} {port} {key_fingerprint}".encode()).hexdigest()


def same_account(provider: Provider) -> list[int]:
    """Every row of this account upstream, this one too, lowest first."""
    duplicates = _with(provider.url, provider.key_fingerprint)
    return sorted({provider.pk, *(row.pk for row in duplicates)})


def duplicates_of(provider: Provider) -> list[Provider]:
    """Other rows of this account: there may be some from before a second one was refused."""
    rows = _with(provider.url, provider.key_fingerprint)
    return [row for row in rows if row.pk != provider.pk]


def upstream_of(provider: Provider) -> tuple[object, ...]:
    """Equal for rows of one account upstream; a row without a key is like no other."""
    if not provider.key_fingerprint:
        return (provider.pk,)
    return (*server_of(provider.url), provider.key_fingerprint)


def rows_of(provider_id: int) -> list[int]:
    """The same for a row of which only the number is known."""
    itself = Provider.objects.filter(pk=provider_id)
    keyed = itself.exclude(key_fingerprint="").values("key_fingerprint")
    rows = Provider.objects.filter(Q(pk=provider_id) | Q(key_fingerprint__in=keyed))
    servers = {pk: server_of(url) for pk, url in rows.order_by("pk").values_list("pk", "url")}
    return [pk for pk, server in servers.items() if server == servers.get(provider_id)] or [
        provider_id
    ]


def same_service(service: Service) -> QuerySet[Service]:
    """This service at every row of its account upstream, this one too. No row is read before the
    query that it becomes a part of."""
    itself = Provider.objects.filter(pk=service.provider_id)
    known = itself.exclude(upstream="").values("upstream")
    rows = Provider.objects.filter(Q(pk=service.provider_id) | Q(upstream__in=known))
    return Service.objects.filter(provider__in=rows.values("pk"), external_id=service.external_id)


def lock_service(service: Service) -> Service:
    """Until this transaction ends, whoever else locks it waits, at whichever row of its account.
    As it is now, with its provider; raises Service.DoesNotExist."""
    rows = same_service(service).select_related("provider").order_by("pk")
    locked = rows.select_for_update(of=("self",), no_key=True)
    for row in locked:
        if row.pk == service.pk:
            return row
    raise Service.DoesNotExist


def row_of(url: str, key_fingerprint: str, *, besides: int | None = None) -> Provider | None:
    """A row that is this account already, `besides` apart."""
    found = (row for row in _with(url, key_fingerprint) if row.pk != besides)
    return next(found, None)


def _with(url: str, key_fingerprint: str) -> list[Provider]:
    if not key_fingerprint:
        return []
    rows = Provider.objects.filter(key_fingerprint=key_fingerprint).order_by("pk")
    server = server_of(url)
    return [row for row in rows.only("pk", "name", "url") if server_of(row.url) == server]
