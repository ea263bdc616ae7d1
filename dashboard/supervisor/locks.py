"""What one desk has to itself: its data directory and its port."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .refusal import Refused

LOOPBACK = "127.0.0.1"


@contextmanager
def claimed(data_dir: Path) -> Iterator[None]:
    """Hold the data directory; the kernel lets go of it however this process ends."""
    with (data_dir / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Refused(
                f"A desk is already running on {data_dir} (process {lock.read().strip() or '?'}). "
                "Stop it first, or set DESK_DATA_DIR to another directory."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def listen(port: int) -> socket.socket:
    """The socket web is handed. It outlives web: while that starts again, browsers wait."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except (OSError, OverflowError) as problem:
        listener.close()
        raise Refused(_why_not(port, problem)) from None
    listener.listen(128)
    return listener


def _why_not(port: int, problem: Exception) -> str:
    choose = (
        f"Choose another port: PORT={_next(port)} make run, or manage.py up --port {_next(port)}"
    )
    match problem:
        case OSError(errno=errno.EADDRINUSE):
            return f"Port {port} is in use by another program. {choose}"
        case OSError(errno=errno.EACCES):
            return f"Port {port} is reserved for the system. {choose}"
    return f"{port} is no port to listen on. {choose}"


def _next(port: int) -> int:
    return port + 1 if 1024 <= port < 65_535 else 8001


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """True when somebody listens there."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
