"""Those who say half of something and keep the line: a desk stands them before any log-in."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

HOST = "localhost"
HALF_HEADER = f"GET /log-in/ HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode()
HALF_BODY = (
    f"POST /log-in/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100000\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\nusername="
).encode()
HALF_CHUNKS = (
    f"POST /log-in/ HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
).encode()
MANY = 200
Connect = Callable[[], socket.socket]


def plainly(port: int) -> Connect:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=10)


def by_tls(port: int) -> Connect:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return lambda: context.wrap_socket(plainly(port)(), server_hostname=HOST)


@contextmanager
def slow_senders(connect: Connect, *halves: bytes, count: int = MANY) -> Iterator[None]:
    """So many at once, each with one of these halves."""
    with ExitStack() as stack:
        for number in range(count):
            line = stack.enter_context(connect())
            line.sendall(halves[number % len(halves)])
        yield


def seconds_for(connect: Connect, path: str = "/healthz") -> float:
    """How long one who asks properly waits for the whole answer, which has to be a good one."""
    began = time.monotonic()
    with connect() as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while more := line.recv(65536):
            said += more
    assert said.startswith(b"HTTP/1.1 200 "), said[:300]
    return time.monotonic() - began


def answers_in_time(connect: Connect, *, within: float = 1, patience: float = 10) -> bool:
    """Three that ask one after the other wait for a second each at most. On a machine that does
    other things beside it may take a few tries to find such three; where threads are held, none
    are found."""
    began, in_a_row = time.monotonic(), 0
    while in_a_row < 3 and time.monotonic() - began < patience:
        try:
            in_a_row = in_a_row + 1 if seconds_for(connect) <= within else 0
        except OSError:
            in_a_row = 0
    return in_a_row == 3
