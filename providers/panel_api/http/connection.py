"""Connections that know the very moment a request begins to leave, and when to give up.

Exception types do not tell "sent" from "not sent": a hang in the TLS handshake and a hang
after the request raise the same. So the connection sets a mark on the running `Exchange`
just before it hands the first byte to the socket.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class DeadlinePassed(OSError):
    """The exchange ran out of time."""


class PreSendCheckFailed(Exception):
    """The caller's check before sending said no. Not an OSError: urllib3 swallows some."""


class Deadline:
    """A moment of `time.monotonic`, and what happens then unless it is called off before."""

    __slots__ = ("ends_at", "strike")

    def __init__(self, ends_at: float, strike: Callable[[], None]) -> None:
        self.ends_at = ends_at
        self.strike: Callable[[], None] | None = strike

    def call_off(self) -> None:
        self.strike = None


class Watchdog:
    """One thread for the whole process that strikes when a time is up, and sleeps until the next.

    A thread for each call would have to be started before the call could go on: with sixteen
    leases at work that wait is longer than the work. A strike must be short and not raise. Safe to
    share between threads and after a fork.
    """

    def __init__(self) -> None:
        self._start_over()
        os.register_at_fork(after_in_child=self._start_over)

    def _start_over(self) -> None:
        """A forked child has neither the thread nor what its parent waits for."""
        self._watched: list[tuple[float, int, Deadline]] = []
        self._changed = threading.Condition()
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def watch(self, ends_at: float, strike: Callable[[], None]) -> Deadline:
        deadline = Deadline(ends_at, strike)
        with self._changed:
            heappush(self._watched, (ends_at, next(self._numbers), deadline))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif self._watched[0][2] is deadline:
                self._changed.notify()
        return deadline

    def _run(self) -> None:
        while True:
            strike = self._next().strike
            if strike is not None:
                strike()

    def _next(self) -> Deadline:
        """The first deadline, once it has passed. Those called off are passed over on the way."""
        with self._changed:
            while True:
                while self._watched and self._watched[0][2].strike is None:
                    heappop(self._watched)
                if not self._watched:
                    self._changed.wait()
                elif (left := self._watched[0][0] - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    return heappop(self._watched)[2]


WATCHDOG = Watchdog()


class Exchange:
    """One request and its answer: its deadline, its pre-send check, and what is known to have left.

    `bytes_left` is the mark. `cut_off` means that the writing broke off: the other side has at
    most a part of the request, so nothing it says is about the whole. `killed` means that the
    watchdog has shut the socket: whatever was read then, even a clean HTTP 200, is not an answer.
    """

    def __init__(self, seconds: float, before_send: Callable[[], None] | None = None) -> None:
        self.bytes_left = False
        self.cut_off = False
        self.killed = False
        self._before_send = before_send
        self._ends_at = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    @property
    def seconds_left(self) -> float:
        """Time until the deadline, never less than a millisecond: zero would mean "no wait"."""
        return max(0.001, self._ends_at - time.monotonic())

    def watch(self, sock: socket.socket) -> None:
        """Let the watchdog shut this socket. It holds a duplicate: TLS takes the original."""
        duplicate = socket.socket(sock.family, sock.type, sock.proto, os.dup(sock.fileno()))
        with self._lock:
            previous, self._socket = self._socket, duplicate
            self._shut_if_killed()
        if previous is not None:
            previous.close()

    def depart(self, sock: socket.socket) -> None:
        """Pass the pre-send check and set the mark; the next thing to happen is the first byte."""
        if self.bytes_left:
            return
        if self._socket is None:  # a kept connection; a new one is watched since it connected
            self.watch(sock)
        if self._before_send is not None:
            try:
                self._before_send()
            except Exception as refusal:
                raise PreSendCheckFailed(str(refusal) or type(refusal).__name__) from refusal
        with self._lock:
            if self.killed or time.monotonic() >= self._ends_at:  # a busy watchdog comes late
                raise DeadlinePassed("the deadline passed before the request was written")
            self.bytes_left = True

    def write(self, send: Callable[[Any], None], piece: Any) -> None:
        """Hand over a piece of the request. urllib3 swallows some errors of this and reads on.

        Each piece within the deadline: a process that stood still between two of them would
        complete a request that others have long given up on.
        """
        try:
            if time.monotonic() >= self._ends_at:
                raise DeadlinePassed("the deadline passed while the request was written")
            send(piece)
        except BaseException:
            self.cut_off = True
            raise

    def _kill(self) -> None:
        with self._lock:
            self.killed = True
            self._shut_if_killed()

    def _shut_if_killed(self) -> None:
        if self.killed and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Its socket is shut when its time is up, and let go after the block."""
        deadline = WATCHDOG.watch(self._ends_at, self._kill)
        try:
            yield
        finally:
            deadline.call_off()
            with self._lock:
                watched, self._socket = self._socket, None
            if watched is not None:
                watched.close()


Result = TypeVar("Result")
_running: ContextVar[Exchange] = ContextVar("running_exchange")


@contextlib.contextmanager
def running(seconds: float, before_send: Callable[[], None] | None = None) -> Iterator[Exchange]:
    """An exchange that the connections of this thread belong to while the block runs."""
    exchange = Exchange(seconds, before_send)
    token = _running.set(exchange)
    try:
        with exchange.watched():
            yield exchange
    finally:
        _running.reset(token)


def bounded(step: Callable[[], Result]) -> Result:
    """Run a step that has no timeout of its own (a DNS look-up) within the deadline."""
    outcome: list[Any] = [None, DeadlinePassed("the name was not resolved in time")]

    def run() -> None:
        try:
            outcome[:] = [step(), None]
        except Exception as error:
            outcome[1] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_running.get().seconds_left)
    if outcome[1] is not None:
        raise outcome[1]
    result: Result = outcome[0]
    return result


class MarkedHTTPConnection(HTTPConnection):
    """A plain connection, for the sandbox only."""

    def _new_conn(self) -> socket.socket:
        return _watched(self, super()._new_conn)

    def send(self, data: Any) -> None:
        _departed(self).write(super().send, data)


class MarkedHTTPSConnection(HTTPSConnection):
    """A TLS connection; the mark is set after the handshake and the certificate check."""

    def _new_conn(self) -> socket.socket:
        return _watched(self, super()._new_conn)

    def send(self, data: Any) -> None:
        _departed(self).write(super().send, data)


def _watched(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    exchange = _running.get()
    connection.timeout = min(float(connection.timeout or 60), exchange.seconds_left)
    sock = connect()
    exchange.watch(sock)
    return sock


def _departed(connection: HTTPConnection) -> Exchange:
    """The running exchange, connected and with its mark set."""
    exchange = _running.get()
    if connection.sock is None:
        connection.connect()
    sock: socket.socket = connection.sock
    exchange.depart(sock)
    return exchange


class MarkedHTTPPool(HTTPConnectionPool):
    ConnectionCls = MarkedHTTPConnection


class MarkedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = MarkedHTTPSConnection


POOLS = {"http": MarkedHTTPPool, "https": MarkedHTTPSPool}
