"""A resolver for the names of the table; all others are asked for as before."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

ADDRESSES: Final = {
    "panel.example": "127.0.0.1",
    "inside.example": "10.0.0.1",
    "outside.example": "93.184.216.34",
}


@contextmanager
def resolving() -> Iterator[None]:
    """Inside, `slow.example` is never resolved and `missing.example` does not exist."""
    over, ask = threading.Event(), socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in ADDRESSES:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ADDRESSES[name], port))]
        if name == "slow.example":
            over.wait(30)
        if str(name).endswith(".example"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return ask(host, port, *args, **kwargs)

    with patch.object(socket, "getaddrinfo", answer):
        try:
            yield
        finally:
            over.set()
