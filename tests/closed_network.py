"""Tests speak to this machine and to nobody else."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


class NetworkIsClosed(RuntimeError):
    """A test tried to leave the machine: a stub is missing. No OSError, so nothing mistakes it
    for a provider that is down."""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _refuse_to_leave(address: Any) -> None:
    if isinstance(address, tuple) and not _is_loopback(str(address[0])):
        raise NetworkIsClosed(f"A test wanted to reach {address[0]}.")


@contextmanager
def closed_network() -> Iterator[None]:
    """Inside, only loopback and unix sockets connect, and only addresses and localhost resolve."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    getaddrinfo = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_to_leave(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_to_leave(address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_address(name) and name != "localhost":
            raise socket.gaierror(socket.EAI_NONAME, "names do not resolve in tests")
        return getaddrinfo(host, *args, **kwargs)

    with (
        patch.object(socket.socket, "connect", guarded_connect),
        patch.object(socket.socket, "connect_ex", guarded_connect_ex),
        patch.object(socket, "getaddrinfo", guarded_getaddrinfo),
    ):
        yield
