"""gunicorn's threads, with the waiting taken out of them.

Its own worker of threads waits for the first byte of a request in its loop and for the rest in a
thread, so a few that send half a request hold all threads. Here the loop takes requests in whole
and sends what a browser is slow to read: docs/decisions/slow-senders.md.
"""

from __future__ import annotations

import errno
import resource
import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.errors import ConfigError
from gunicorn.workers.gthread import TConn, ThreadWorker

from .line import Line
from .room import (
    LINGER_AT_MOST_SECONDS,
    LINGER_SECONDS,
    MOST_HEAD,
    MOST_HELD,
    REQUEST_SECONDS,
    SLOWEST,
    STOPPING_SECONDS,
    UNREAD_SECONDS,
)

_NOT_TODAY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)
_NO_MORE_FILES = (errno.EMFILE, errno.ENFILE)


class Conversation(TConn):  # type: ignore[misc]
    """One line and what gunicorn knows of it."""

    sock: Line

    def __init__(self, worker: PatientWorker, line: Line, client: Any, server: Any) -> None:
        super().__init__(worker.cfg, line, client, server)
        self.worker = worker
        self.data_ready = True  # no thread gets it before

    def close(self, graceful: bool = False) -> None:
        if graceful and self.sock.fileno() >= 0:
            self.worker.linger(self.sock)
        else:
            self.sock.close()


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """All but `handle` runs in the loop. `arriving`: requests that have not come whole, and since
    when; `unread`: answers not taken yet, and since when not a byte; `lingering`: lines that are
    done, until the other side hangs up, and since when; oldest first each."""

    def __init__(self, *told: Any, **also_told: Any) -> None:
        super().__init__(*told, **also_told)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.worker_connections: int = min(self.cfg.worker_connections, files // 2)
        self.arriving: dict[Conversation, float] = {}
        self.unread: dict[Conversation, float] = {}
        self.lingering: dict[Line, tuple[float, float]] = {}

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        if cfg.is_ssl:
            raise ConfigError("TLS is ended by the proxy in front of the desk.")
        super().check_config(cfg, log)

    # Taking requests in

    def accept(self, listener: Any) -> None:
        try:
            accepted, client = listener.accept()
        except OSError as problem:
            if problem.errno in _NO_MORE_FILES:
                self._make_room()
            elif problem.errno not in _NOT_TODAY:
                raise
            return
        if self.nr_conns + len(self.lingering) + 1 >= self.worker_connections:
            self._make_room()
        self.nr_conns += 1
        self.enqueue_req(Conversation(self, Line(accepted), client, listener.getsockname()))

    def enqueue_req(self, conn: Conversation) -> None:
        """A thread gets it once a request is whole."""
        line = conn.sock
        if conn.parser is not None:  # read ahead of the answer before
            line.incoming[:0] = conn.parser.unreader.take_buffered()
        line.begin()
        line.setblocking(False)
        self.arriving[conn] = time.monotonic()
        self.poller.register(line, selectors.EVENT_READ, partial(self._on_arriving, conn))
        self._answer_if_ready(conn)

    def _on_arriving(self, conn: Conversation, line: Line) -> None:
        if conn not in self.arriving:
            return  # it was dropped for another of the same moment
        try:
            is_there = line.take_in()
            if is_there:
                self._answer_if_ready(conn)
        except BlockingIOError:
            return
        except OSError:
            is_there = False
        if not is_there:
            self._drop(conn)
        elif len(line.incoming) > MOST_HEAD:
            self._hold_no_more_than_there_is_room_for()

    def _answer_if_ready(self, conn: Conversation) -> None:
        if conn.sock.is_ready:
            self._forget(conn)
            super().enqueue_req(conn)

    def _hold_no_more_than_there_is_room_for(self) -> None:
        held = {conn: len(conn.sock.incoming) for conn in self.arriving}
        held |= {conn: len(conn.sock.outgoing) for conn in self.unread}
        total = sum(held.values())
        for conn, size in held.items():
            if total > MOST_HELD and size > MOST_HEAD:
                total -= size
                self._drop(conn)

    def on_client_socket_readable(self, conn: Conversation, client: Line) -> None:
        if conn in self.keepalived_conns:
            super().on_client_socket_readable(conn, client)

    def _make_room(self) -> None:
        """Whoever is done goes first, then who has been asking for longest without an end."""
        if self.lingering:
            self._hang_up(next(iter(self.lingering)))
        elif self.arriving:
            self._drop(next(iter(self.arriving)))
        elif self.unread:
            self._drop(next(iter(self.unread)))
        else:
            self.murder_keepalived(force=True)

    # Giving answers

    def _keepalive_after(self, conn: Conversation, keepalive: bool) -> bool:
        """Of a request that was refused before it had come, the rest may still be on its way: it
        is read by the loop, and no other request is looked for behind it."""
        return bool(super()._keepalive_after(conn, keepalive and not conn.sock.is_cut))

    def finish_request(self, conn: Conversation, done: Future[Any]) -> None:
        line = conn.sock
        if line.fileno() < 0:
            super().finish_request(conn, done)
        elif line.outgoing:
            line.setblocking(False)
            self.unread[conn] = time.monotonic()
            told = partial(self._on_writable, conn, done)
            self.poller.register(line, selectors.EVENT_WRITE, told)
            self._hold_no_more_than_there_is_room_for()
        elif line.incoming and not done.cancelled() and not done.exception() and done.result():
            self.enqueue_req(conn)
        else:
            super().finish_request(conn, done)

    def _on_writable(self, conn: Conversation, done: Future[Any], line: Line) -> None:
        if conn not in self.unread:
            return
        try:
            if line.flush():
                self.unread.pop(conn)
                self.unread[conn] = time.monotonic()
        except OSError:
            self._drop(conn)
            return
        if not line.outgoing:
            self._forget(conn)
            self.finish_request(conn, done)

    # Hanging up

    def linger(self, line: Line) -> None:
        """Say that this was all, and read on until they hang up: closed at once, they might not
        get to read the answer."""
        try:
            line.shutdown(socket.SHUT_WR)
            line.setblocking(False)
            self.poller.register(line, selectors.EVENT_READ, self._on_lingering)
        except (OSError, KeyError, ValueError):
            line.close()
            return
        self.lingering[line] = (time.monotonic(), time.monotonic())

    def _on_lingering(self, line: Line) -> None:
        if line not in self.lingering:
            return
        try:
            is_there = line.discard()
        except BlockingIOError:
            return
        except OSError:
            is_there = False
        if is_there:
            self.lingering[line] = (self.lingering[line][0], time.monotonic())
        else:
            self._hang_up(line)

    def _hang_up(self, line: Line) -> None:
        del self.lingering[line]
        self.poller.unregister(line)
        line.close()

    def _forget(self, conn: Conversation) -> None:
        self.arriving.pop(conn, None)
        self.unread.pop(conn, None)
        self.poller.unregister(conn.sock)

    def _drop(self, conn: Conversation) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """gunicorn asks for it at least once a second, also while it stops."""
        super().murder_pending()
        for conn in list(self._overdue(time.monotonic())):
            self._drop(conn)
        now = time.monotonic()
        for line, (since, heard) in list(self.lingering.items()):
            if now - heard > LINGER_SECONDS or now - since > LINGER_AT_MOST_SECONDS:
                self._hang_up(line)

    def _overdue(self, now: float) -> Iterator[Conversation]:
        patience = REQUEST_SECONDS if self.alive else STOPPING_SECONDS
        for conn, since in self.arriving.items():
            if now - since > patience + len(conn.sock.incoming) / SLOWEST:
                yield conn
        for conn, since in self.unread.items():
            if now - since > UNREAD_SECONDS:
                yield conn
