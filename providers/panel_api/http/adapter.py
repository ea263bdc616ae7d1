"""The way every call leaves by: resolve once, pin the address, refuse all but public ones."""

from __future__ import annotations

import ipaddress
import re
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

import certifi
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.util.ssl_ import create_urllib3_context

from ..errors import UnsafeUrl
from .connection import POOLS, bounded
from .urls import is_public

HOSTS: Final = 32
_ADDRESS: Final = re.compile("[0-9.]+")  # nobody needs to be asked where it leads


def tls_context(ca_bundle: str = "") -> ssl.SSLContext:
    """TLS 1.2 or later with certificates verified; made once, since reading the roots is slow."""
    context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
    context.load_verify_locations(ca_bundle or certifi.where())
    return context


class GuardedAdapter(IPFilterAdapter):  # type: ignore[misc]  # it has no type hints
    """requests-hardened's filter with our connections, within the deadline, and stricter.

    With `loopback` it leads to this machine alone (the sandbox), otherwise never.
    """

    def __init__(
        self, *, https: bool, loopback: bool, tls: ssl.SSLContext | None, pool_size: int
    ) -> None:
        self._loopback = loopback
        self._tls = tls if https else None
        super().__init__(is_https_proto=https, allow_loopback=loopback)
        self.init_poolmanager(HOSTS, pool_size)

    def init_poolmanager(self, *args: Any, **pool_kwargs: Any) -> None:
        if self._tls is not None:
            pool_kwargs["ssl_context"] = self._tls
        super().init_poolmanager(*args, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def build_connection_pool_key_attributes(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        def look_up() -> Any:
            return super(GuardedAdapter, self).build_connection_pool_key_attributes(
                request, *args, **kwargs
            )

        is_address = _ADDRESS.fullmatch(urlsplit(request.url).hostname or "")
        host, pool = look_up() if is_address else bounded(look_up)
        address = ipaddress.ip_address(host["host"].strip("[]"))
        if not (address.is_loopback if self._loopback else is_public(address)):
            raise UnsafeUrl(f"The host name leads to {address}, which is not a public address.")
        return host, pool

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to add: the pool's own TLS context verifies."""
