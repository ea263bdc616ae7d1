"""When two links are the same place. Links are compared by key and sent as written."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit


def normalised_link(link: str) -> str:
    """Without scheme, "www.", default port, fragment and trailing slash; host in lower case.

    What is not a web address (a username, say) is compared without case and leading "@".
    """
    text = link.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return text.casefold()
    if "." not in host:
        return text.casefold().removeprefix("@")
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{where}{parts.path.rstrip('/')}{query}"


def link_key(link: str) -> str:
    """64 hex digits that are equal for links to the same place."""
    return hashlib.sha256(normalised_link(link).encode()).hexdigest()
