"""Faults in how an answer travels: cut, dripped, never ending, not HTTP at all.

Each function sends what it sends; the connection is closed after it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from dataclasses import replace

from sandbox.faults.rules import Fault
from sandbox.protocol.wire import Reply, Wire

Wait = Callable[[float], bool]
Spoil = Callable[[Wire, Reply, Fault, Wait], None]
ENDLESS_BYTES = 256 << 20
BLOCK = b" " * 65_536


def reset(connection: socket.socket) -> None:
    """End a connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def finish(connection: socket.socket) -> None:
    """End a connection with FIN, whatever was left unread."""
    try:
        connection.settimeout(0.01)
        connection.shutdown(socket.SHUT_WR)
        for _ in range(64):
            if not connection.recv(65_536):
                break
    except OSError:
        pass
    connection.close()


def close_after_request(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    return None


def reset_after_request(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    reset(wire.socket)


def hang(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    """Say nothing for `seconds` (an hour unless told), then close."""
    wait(fault.seconds(3600))


def _drip(wire: Wire, content: bytes, fault: Fault, wait: Wait) -> None:
    """One byte every `seconds`, 0.05 unless told."""
    for byte in content:
        wire.send(bytes([byte]))
        if wait(fault.seconds(0.05)):
            return


def drip_headers(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    _drip(wire, reply.head(), fault, wait)
    wire.send(reply.body)


def drip_body(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    wire.send(reply.head())
    _drip(wire, reply.body, fault, wait)


def truncated_with_length(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    wire.send(reply.head() + reply.body[: len(reply.body) // 2])


def truncated_without_length(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    wire.send(reply.head("Connection: close") + reply.body[: len(reply.body) // 2])


def reset_mid_answer(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    """Half the answer, a moment for it to arrive, then RST."""
    wire.send(reply.head() + reply.body[: len(reply.body) // 2])
    wait(0.05)
    reset(wire.socket)


def bad_chunks(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    head = replace(reply, close=False).head("Transfer-Encoding: chunked", "Connection: close")
    wire.send(head + b"zz\r\n" + reply.body + b"\r\n0\r\n\r\n")


def unfinished_chunks(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    """A whole answer in chunks whose last, empty one never comes."""
    head = replace(reply, close=False).head("Transfer-Encoding: chunked", "Connection: close")
    wire.send(head + f"{len(reply.body):x}\r\n".encode() + reply.body + b"\r\n")


def garbage_status(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    wire.send(b"\x16\x03\x01 what is this\r\n\r\n" + reply.body)


def no_status(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    """The body alone, as before HTTP had headers."""
    wire.send(reply.body)


def header_flood(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    flood = [(f"X-Flood-{number}", "x") for number in range(int(fault.options.get("count", 500)))]
    wire.send(replace(reply, headers=flood, close=True).as_bytes())


def huge_header(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    wire.send(replace(reply, headers=[("X-Huge", "x" * 200_000)], close=True).as_bytes())


def endless_headers(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\n")
    _endless(wire, b"X-More: and more\r\n" * 512, fault, wait)


def endless_body(wire: Wire, reply: Reply, fault: Fault, wait: Wait) -> None:
    """Spaces without end: option `bytes` of them, 256 MB unless told, then the answer."""
    wire.send(reply.head("Connection: close"))
    if _endless(wire, BLOCK, fault, wait):
        wire.send(reply.body)


def _endless(wire: Wire, block: bytes, fault: Fault, wait: Wait) -> bool:
    left = int(fault.options.get("bytes", ENDLESS_BYTES))
    while left > 0:
        wire.send(block[:left])
        left -= len(block)
        if wait(0):
            return False
    return True


WIRE_MODES: dict[str, Spoil] = {
    "close_after_request": close_after_request,
    "reset_after_request": reset_after_request,
    "hang": hang,
    "drip_headers": drip_headers,
    "drip_body": drip_body,
    "truncated_with_length": truncated_with_length,
    "truncated_without_length": truncated_without_length,
    "reset_mid_answer": reset_mid_answer,
    "bad_chunks": bad_chunks,
    "unfinished_chunks": unfinished_chunks,
    "garbage_status": garbage_status,
    "no_status": no_status,
    "header_flood": header_flood,
    "huge_header": huge_header,
    "endless_headers": endless_headers,
    "endless_body": endless_body,
}
