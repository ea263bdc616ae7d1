"""Calls every mode once with the real client, many at a time; the servers tell what is so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final
from unittest.mock import patch

from providers.panel_api import Credentials, PanelClient, Transport

from .mode import DEADLINE, TLS, Mode, Outcome
from .modes import BY_NAME
from .names import resolving
from .truth import NOTHING, Truth

KEY: Final = "matrix-key-0123456789"
ROOT: Final = Path(__file__).parent.parent.parent
_PROXIES: Final = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY")

Call = Callable[[PanelClient, Mode], object]


@dataclass(frozen=True, slots=True)
class Run:
    """One call of one mode: what the client claimed and what was so."""

    mode: Mode
    over: str
    outcome: Outcome
    order_id: str
    seconds: float
    truth: Truth = NOTHING
    ending: str = ""
    words: str = ""
    bytes_left: bool | None = None
    shows_key: bool = False

    @property
    def name(self) -> str:
        return f"{self.mode.name} ({self.over})"


@dataclass(frozen=True, slots=True)
class Pass:
    """The whole table once."""

    runs: tuple[Run, ...]
    followed: int
    proxied: int


@dataclass
class Provider:
    """The other process, as seen from here."""

    bundle: str
    ports: dict[tuple[str, str], int]
    _asks: IO[str]
    _tells: IO[str]
    _transports: dict[tuple[Any, ...], Transport] = field(default_factory=dict)

    def client(self, mode: Mode, over: str) -> PanelClient:
        """Modes with the same options share a transport, as accounts at a desk do."""
        url = _url(mode, over, self.ports[mode.name, over])
        kind = tuple(mode.options.items())
        if kind not in self._transports:
            self._transports[kind] = self._transport(**mode.options)
        return PanelClient(Credentials(url, KEY), transport=self._transports[kind])

    def _transport(self, **options: Any) -> Transport:
        known = {
            _url(BY_NAME[name], over, port)
            for (name, over), port in self.ports.items()
            if BY_NAME[name].known
        }
        return Transport(
            loopback_origins={"/".join(url.split("/")[:3]) for url in known},
            ports=set(self.ports.values()),
            ca_bundle=self.bundle,
            **{"deadline": DEADLINE, "connect_timeout": DEADLINE, **options},
        )

    def truths(self) -> dict[str, Any]:
        """What the servers saw since they were last asked."""
        self._asks.write("\n")
        self._asks.flush()
        told: dict[str, Any] = json.loads(self._tells.readline())
        return told


def _url(mode: Mode, over: str, port: int) -> str:
    return mode.url.format(scheme="https" if over == TLS else "http", port=port)


@contextmanager
def provider() -> Iterator[Provider]:
    """The servers, the names that lead to them, and proxies in the environment to tempt us."""
    command = [sys.executable, "-m", "tests.transport_matrix.provider"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        told = json.loads(process.stdout.readline())
        ports = {(name, over): port for name, over, port in told["ports"]}
        tempting = {**dict.fromkeys(_PROXIES, told["proxy"]), "no_proxy": "", "NO_PROXY": ""}
        with patch.dict(os.environ, tempting), resolving():
            yield Provider(told["bundle"], ports, process.stdin, process.stdout)


def add(client: PanelClient, mode: Mode) -> object:
    return client.add(mode.payload, before_send=mode.pre_send_check)


def read(client: PanelClient, mode: Mode) -> object:
    return client.balance()


def call_all(
    there: Provider, call: Call = add, *, only: Iterable[str] = (), at_once: int = 24
) -> Pass:
    """Every mode, or only some, over everything it runs over, once."""
    wanted = set(only) or BY_NAME.keys()
    places = [place for place in there.ports if place[0] in wanted]
    with ThreadPoolExecutor(at_once) as pool:
        runs = list(pool.map(lambda place: _run(there, call, *place), places))
    told = there.truths()
    truths = {(name, over): Truth(**seen) for name, over, seen in told["truths"]}
    with_truth = tuple(replace(run, truth=truths[run.mode.name, run.over]) for run in runs)
    return Pass(with_truth, told["followed"], told["proxied"])


def _run(there: Provider, call: Call, name: str, over: str) -> Run:
    """One call, and no more of it than is compared: what is kept here counts as memory."""
    mode = BY_NAME[name]
    client = there.client(mode, over)
    began, ending = time.monotonic(), None
    try:
        ending = call(client, mode)
    except Exception as error:
        ending = error.with_traceback(None)  # else it would hold this frame, and this frame it
    seconds = time.monotonic() - began
    evidence = getattr(ending, "evidence", None)
    return Run(
        mode,
        over,
        Outcome.of(ending),
        str(getattr(ending, "order_id", "")),
        seconds,
        ending=type(ending).__name__,
        words=str(ending)[:100],
        bytes_left=getattr(evidence, "bytes_left", None),
        shows_key=KEY in f"{ending!r} {ending} {evidence!r}",
    )
