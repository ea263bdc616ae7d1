"""Which addresses the desk is willing to send a key to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import Final, NamedTuple

import idna
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES

from ..errors import UnsafeUrl

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

HTTPS_ONLY: Final = frozenset({443})
_GLOBAL_UNICAST_V6: Final = ipaddress.IPv6Network("2000::/3")
_TEREDO: Final = ipaddress.IPv6Network("2001::/32")
# One strict grammar, so that no two parsers can read one address differently.
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#:@\\\[\]\s]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?(?P<query>[A-Za-z0-9._~!$'()*+,;=:@%/?&-]*))?"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", re.ASCII)
_SECRET_IN_QUERY: Final = re.compile(r"(?:^|&)(?:api_?)?(?:key|token|secret|password)=", re.I)
_LOCAL_SUFFIXES: Final = (".localhost", ".local", ".internal", ".home.arpa", ".onion", ".lan")
_LONGEST: Final = 500


class Origin(NamedTuple):
    """Scheme, host and port of an address; the port is always said."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


class CheckedAddress(NamedTuple):
    """An address in its normal spelling that may be called; `is_loopback`: the sandbox's own."""

    url: str
    is_https: bool
    is_loopback: bool


def validate_url(
    url: str, *, ports: Collection[int] = HTTPS_ONLY, loopback_origins: Collection[str] = ()
) -> str:
    """The address in its one normal spelling, safe to save and to call.

    Only https to a public host name, on a port of `ports`. `loopback_origins` such as
    "http://127.0.0.1:8711" are let through as they are, for the sandbox. Raises UnsafeUrl
    with a message for staff. What the name resolves to is checked anew on every call.
    """
    return checked_address(url, ports, loopback_origins).url


def checked_address(
    url: str, ports: Collection[int], loopback_origins: Collection[str]
) -> CheckedAddress:
    """As `validate_url`, with what a connection has to know of it."""
    scheme, host, port, path, query = _parts(url)
    if f"{scheme}://{host}:{port}" in loopback_origins:
        found = f"{scheme}://{host}:{port}{path}{query}"
        return CheckedAddress(found, scheme == "https", is_loopback=True)
    if scheme != "https":
        raise UnsafeUrl("The address must begin with https://.")
    if port not in ports:
        raise UnsafeUrl(
            f"Port {port} is not allowed. DESK_PROVIDER_PORTS in the desk's settings allows it."
        )
    shown_port = "" if port == 443 else f":{port}"
    found = f"https://{_public_name(host)}{shown_port}{path}{query}"
    return CheckedAddress(found, is_https=True, is_loopback=False)


def origin(url: str) -> Origin:
    """Scheme, host and port of an address that `validate_url` has passed."""
    scheme, host, port, _, _ = _parts(url)
    return Origin(scheme, host, port)


def _parts(url: str) -> tuple[str, str, int, str, str]:
    """Scheme, host, port, path and query with its `?`; UnsafeUrl where the text is not plain."""
    if not isinstance(url, str) or not 0 < len(url) <= _LONGEST:
        raise UnsafeUrl(f"An address has 1 to {_LONGEST} characters.")
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise UnsafeUrl("The address must not hold a user name or password.")
    if not (match := _URL.fullmatch(url)):
        raise UnsafeUrl("This is not a plain web address such as https://panel.example/api/v2.")
    scheme, host = match["scheme"].lower(), match["host"].lower()
    if scheme not in ("http", "https"):
        raise UnsafeUrl("The address must begin with https://.")
    query = match["query"] or ""
    if _SECRET_IN_QUERY.search(query):
        raise UnsafeUrl("Leave the key out of the address; it has a field of its own.")
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not 0 < port < 65536:
        raise UnsafeUrl("The port is not a number from 1 to 65535.")
    return scheme, host, port, match["path"] or "/", f"?{query}" if query else ""


def _public_name(host: str) -> str:
    """The host as ASCII, if it is a public DNS name and nothing that hides an IP address."""
    if host.endswith("."):
        raise UnsafeUrl("The host name must not end in a dot.")
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise UnsafeUrl("The host name is not a valid international name.") from None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UnsafeUrl("The host name is not valid.")
    if _is_number(labels[-1]):
        raise UnsafeUrl("Give the provider's host name, not an IP address.")
    if len(labels) < 2 or name.endswith(_LOCAL_SUFFIXES):
        raise UnsafeUrl("The host name is not a public one.")
    return name


def _is_number(label: str) -> bool:
    """Whether a resolver would read a name that ends so as an IPv4 address."""
    return label.isdigit() or bool(re.fullmatch(r"0x[0-9a-f]*", label))


def is_public(address: IPAddress) -> bool:
    """Globally routable unicast, and no tunnel that could lead back inside."""
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in _GLOBAL_UNICAST_V6 or address in _TEREDO
    ):
        return False
    if any(address in network for network in EXTRA_BLOCKED_NET_RANGES):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
