"""A listening socket with a thread for each connection; can close for a while and open again."""

from __future__ import annotations

import errno
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

from sandbox.faults.spoiled_wire import finish

BACKLOG = 1024


class Listener:
    """Accepts on `host:port` (0 picks a free one) and gives each connection to `serve`.

    `greet` sees the bare connection first, before any TLS, and may turn it away.
    """

    def __init__(
        self,
        host: str,
        port: int,
        serve: Callable[[socket.socket], None],
        greet: Callable[[socket.socket], bool] = lambda connection: True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host, self._serve, self._greet, self._tls = host, serve, greet, tls
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._closed_for = 0.0
        self._closed = threading.Event()
        self._nudge, self._nudged = socket.socketpair()
        self._socket = self._bind(port)
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._accept_all, name="listener", daemon=True)
        self._thread.start()

    def refuse(self, seconds: float) -> None:
        """Close the port and all connections now; back after so many real seconds."""
        self._closed.clear()
        self._closed_for = seconds
        self._nudge.send(b"x")
        self._closed.wait(5)

    def stop(self) -> None:
        self.stopping.set()
        self._nudge.send(b"x")
        self._thread.join(5)
        self._drop_all()
        self._nudge.close()
        self._nudged.close()

    def _bind(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self.host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
        return listening

    def _accept_all(self) -> None:
        while not self.stopping.is_set():
            with selectors.DefaultSelector() as selector:
                selector.register(self._socket, selectors.EVENT_READ)
                selector.register(self._nudged, selectors.EVENT_READ)
                while not self.stopping.is_set() and not self._closed_for:
                    ready = [key.fileobj for key, _ in selector.select()]
                    if self._nudged in ready:
                        self._nudged.recv(64)
                    if self._socket in ready:
                        self._accept()
            self._socket.close()
            if self._closed_for and not self.stopping.is_set():
                self._stay_closed()

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError as problem:
            if problem.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.05)
            return
        connection.setblocking(True)
        with self._guard:
            self._open.add(connection)
        threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _stay_closed(self) -> None:
        self._drop_all()
        seconds, self._closed_for = self._closed_for, 0.0
        self._closed.set()
        self.stopping.wait(seconds)
        while not self.stopping.is_set():
            try:
                self._socket = self._bind(self.port)
                return
            except OSError:
                self.stopping.wait(0.05)

    def _attend(self, bare: socket.socket) -> None:
        connection = bare
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._greet(connection):
                return
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                with self._guard:
                    self._open.add(connection)
            self._serve(connection)
        except OSError:
            return
        finally:
            with self._guard:
                self._open -= {bare, connection}
            finish(connection)

    def _drop_all(self) -> None:
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
