"""The line to one browser, of which a thread reads and writes without ever waiting for it."""

from __future__ import annotations

import errno
import re
import select
import socket
from contextlib import suppress
from typing import Any

from .room import MOST_BODY, MOST_HEAD, MOST_UNSENT, UNREAD_SECONDS

AT_ONCE = 256 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.I)
_EXPECTS = re.compile(rb"\r\nexpect:", re.I)


class Line(socket.socket):
    """`incoming` was taken in by the loop, for a thread to read; what a thread writes and the
    browser does not take yet lies in `outgoing`, for the loop to send."""

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(fileno=accepted.detach())
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.begin()

    # For the loop

    def begin(self) -> None:
        """Another request comes."""
        self._looked = self._head = self._body = 0
        self.is_cut = False

    def take_in(self) -> bool:
        """What has come. False: they hung up."""
        more = super().recv(AT_ONCE)
        self.incoming += more
        return bool(more)

    @property
    def is_ready(self) -> bool:
        """A thread can answer: all of it is here, or what is here is enough to refuse it."""
        if self.incoming and not self.incoming[:1].isalpha():
            self.is_cut = True  # no request begins like this
        elif not self._head and not self._find_head():
            self.is_cut = len(self.incoming) > MOST_HEAD
        elif self._body > MOST_BODY:
            self.is_cut = True
        return self.is_cut or 0 < self._head <= len(self.incoming) - self._body

    def _find_head(self) -> bool:
        found = self.incoming.find(b"\r\n\r\n", max(0, self._looked - 3))
        self._looked = len(self.incoming)
        if found < 0:
            return False
        self._head = found + 4
        head = bytes(self.incoming[: self._head])
        length = _LENGTH.search(head)
        self._body = int(length[1][:18]) if length else 0
        # One in chunks has no length, so that it is none to Django, and none is waited for.
        self.is_cut = bool(_CHUNKED.search(head))
        if self._body and _EXPECTS.search(head) and self._body <= MOST_BODY:
            with suppress(OSError):  # who has hung up is noticed by who reads
                self._send_now(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def flush(self) -> bool:
        """Send what can be sent now; True if it was something."""
        sent = self._send_now(self.outgoing)
        del self.outgoing[:sent]
        return sent > 0

    def discard(self) -> bool:
        """Read what nobody wants any more. False: they hung up."""
        return bool(super().recv(AT_ONCE))

    # For gunicorn, in a thread

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Of what was taken in; it ends there."""
        part = bytes(self.incoming[:bufsize])
        del self.incoming[:bufsize]
        return part

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        rest = memoryview(data)
        if not self.outgoing:
            rest = rest[self._send_now(rest) :]
        self.outgoing += rest
        while len(self.outgoing) > MOST_UNSENT:
            ready = select.poll()
            ready.register(self, select.POLLOUT)
            if not ready.poll(UNREAD_SECONDS * 1000):
                raise BrokenPipeError(errno.EPIPE, "nobody reads the answer")
            self.flush()

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        file.seek(offset)
        sent = 0
        while part := file.read(AT_ONCE if count is None else min(AT_ONCE, count - sent)):
            self.sendall(part)
            sent += len(part)
        return sent

    def _send_now(self, data: Any) -> int:
        try:
            return self.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
