"""The servers of all modes, in a process of their own: `python -m tests.transport_matrix.provider`.

It says where they are in one line of JSON. For every line of input it then tells, in one line, what
each server saw since the last one. It ends with its input.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from providers.panel_api.tests.servers import Identity, Server, identity, serving

from .behaviours import ordered
from .mode import HOST, PLAIN, TLS, Listener, Mode
from .modes import MODES
from .truth import truth_of

Certificates = dict[str, Identity]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        shown, bundle = certificates(Path(scratch))
        elsewhere = {
            PLAIN: stack.enter_context(serving(ordered)),
            TLS: stack.enter_context(serving(ordered, tls=shown["good"].context)),
        }
        proxy = stack.enter_context(serving(ordered))
        servers = {
            (mode, over): stack.enter_context(open_listener(mode, over, shown))
            for mode in MODES
            for over in mode.over
        }
        for (_, over), server in servers.items():
            server.elsewhere = elsewhere[over].url
        ports = [[mode.name, over, server.port] for (mode, over), server in servers.items()]
        tell({"bundle": str(bundle), "proxy": proxy.origin, "ports": ports})
        for _ in sys.stdin:
            strangers = {"followed": [*elsewhere.values()], "proxied": [proxy]}
            tell(
                {
                    "truths": [[m.name, over, seen(m, one)] for (m, over), one in servers.items()],
                    **{name: sum(map(visits, them)) for name, them in strangers.items()},
                }
            )


def tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def seen(mode: Mode, server: Server) -> dict[str, Any]:
    """What this server saw since it was last asked; its callers must have hung up."""
    past, server.visits = server.visits, []
    for visit in past:
        if not visit.is_over.wait(5):
            raise RuntimeError(f"Somebody is still there: {mode.name} over {server.scheme}.")
    return asdict(truth_of(mode, past, is_tls=server.scheme == "https"))


def visits(server: Server) -> int:
    past, server.visits = server.visits, []
    return len(past)


@contextmanager
def open_listener(mode: Mode, over: str, shown: Certificates) -> Iterator[Server]:
    if mode.listener in (Listener.REFUSING, Listener.FULL):
        with shut_listener(mode.listener) as port:
            yield Server(port)
        return
    speaks_tls = (over == TLS and mode.listener is Listener.OPEN) or mode.shows == "port speaks TLS"
    context = shown.get(mode.shows, shown["good"]).context if speaks_tls else None
    with serving(mode.behave, tls=context, small_windows=mode.small_windows) as server:
        server.scheme = "https" if over == TLS else "http"
        yield server


@contextmanager
def shut_listener(listener: Listener) -> Iterator[int]:
    """A port that is bound and does not listen, or whose backlog others have filled."""
    with socket.socket() as silent, ExitStack() as stack:
        silent.bind((HOST, 0))
        if listener is Listener.FULL:
            silent.listen(0)
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(silent.getsockname())
        yield silent.getsockname()[1]


def certificates(folder: Path) -> tuple[Certificates, Path]:
    """What servers may show, and the file of those a caller shall believe."""
    good = ("panel.example", HOST)
    shown = {
        "good": identity(folder, *good, called="good"),
        "expired": identity(folder, *good, called="expired", begins_in=-4),
        "of tomorrow": identity(folder, *good, called="tomorrow", begins_in=1),
        "of another host": identity(folder, "other.example", called="other"),
        "TLS 1.1": identity(folder, *good, called="old"),
        "demanding": identity(folder, *good, called="demanding"),
        "unvouched": identity(folder, *good, called="unvouched"),
    }
    old = shown["TLS 1.1"].context
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # it is old, that is the point
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    shown["demanding"].context.verify_mode = ssl.CERT_REQUIRED
    bundle = folder / "believed.pem"
    believed = [one.bundle.read_text() for name, one in shown.items() if name != "unvouched"]
    bundle.write_text("".join(believed))
    return shown, bundle


if __name__ == "__main__":
    main()
