"""A whole sandbox: the provider, its panel port and its control port, started and stopped."""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import socket
import ssl
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from sandbox.control.controls import control
from sandbox.control.levers import Levers
from sandbox.ledger.dice import fingerprint
from sandbox.protocol.connection import PanelConnections
from sandbox.protocol.dialect import Dialect, preset
from sandbox.protocol.limits import RateLimits
from sandbox.protocol.listener import Listener
from sandbox.protocol.wire import BadRequest, Request, Wire, json_reply
from sandbox.provider import DEMO_KEY, Provider, Setup

Amount = Decimal | str | int


class Sandbox(Levers):
    """A provider on free local ports, for `with`.

    `latency` in real seconds a call; `speed` in virtual seconds per real one (0: only `advance`
    moves the clock); `partial` and `canceled` are shares of orders that end so; `pace` stretches
    all order times; `accounts` maps further keys to (balance, currency). ValueError for settings
    that make no sense.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        services: int = 50,
        latency: float = 0.0,
        speed: float = 1.0,
        key: str = DEMO_KEY,
        balance: Amount = 1000,
        currency: str = "USD",
        accounts: Mapping[str, tuple[Amount, str]] | None = None,
        partial: float = 0.06,
        canceled: float = 0.04,
        pace: float = 1.0,
        drift: float = 0.0,
        dialect: str | Dialect = "seed",
        limits: RateLimits | None = None,
        state_dir: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        control_token: str = "",
        tls: tuple[str | Path, str | Path] | None = None,
    ) -> None:
        rows = [(key, Decimal(str(balance)), currency)]
        for other, (amount, money) in (accounts or {}).items():
            rows.append((other, Decimal(str(amount)), money))
        self.setup = Setup(
            seed,
            services,
            speed,
            tuple(rows),
            latency,
            drift,
            partial,
            canceled,
            pace,
            preset(dialect) if isinstance(dialect, str) else dialect,
            limits or RateLimits(),
            state_dir,
        )
        self.key, self.host = key, host
        self.control_token = control_token or secrets.token_urlsafe(16)
        self._ports = (port, control_port)
        self._tls = tls
        self._running = False

    def start(self) -> Self:
        """Open both ports; OSError where one is taken."""
        self.provider = Provider(self.setup)
        panel = PanelConnections(self.provider, self._wait)
        self._panel = Listener(
            self.host, self._ports[0], panel.serve, panel.greet, self._tls_context()
        )
        try:
            self._control = Listener(self.host, self._ports[1], self._serve_control)
        except OSError:
            self._panel.stop()
            raise
        self._running = True
        return self

    def stop(self) -> None:
        """Close both ports and every connection; the ledger file stays."""
        if self._running:
            self._running = False
            self._panel.stop()
            self._control.stop()
            with self.provider.lock:
                self.provider.ledger.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self._panel.port}"

    @property
    def url(self) -> str:
        """Where the panel API is spoken."""
        return f"{self.origin}/api/v2"

    @property
    def control(self) -> str:
        """Where the control API is spoken; it wants `control_token`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self._control.port}"

    @property
    def port(self) -> int:
        return self._panel.port

    @property
    def accounts(self) -> list[str]:
        """The fingerprints of all keys, in order."""
        return [fingerprint(key) for key, _, _ in self.setup.accounts]

    def pull(self, method: str, path: str, terms: dict[str, Any]) -> Any:
        status, content = control(self.provider, self._panel.refuse, method, path, terms)
        if status != 200:
            raise ValueError(content["error"])
        return content

    def _wait(self, seconds: float) -> bool:
        """True when the sandbox is stopping."""
        return self._panel.stopping.wait(seconds) if seconds else self._panel.stopping.is_set()

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._tls)
        return context

    def _serve_control(self, connection: socket.socket) -> None:
        wire = Wire(connection)
        try:
            while (request := wire.read_head()) is not None:
                wire.read_some(request)
                wire.read_rest(request)
                status, content = self._controlled(request)
                reply = json_reply(content, status)
                reply.close = not request.keep_alive
                wire.send(reply.as_bytes())
                if reply.close:
                    return
        except BadRequest as problem:
            wire.send(json_reply({"error": str(problem)}, 400).as_bytes())

    def _controlled(self, request: Request) -> tuple[int, Any]:
        shown = request.headers.get("x-control-token", "")
        if not hmac.compare_digest(shown.encode(), self.control_token.encode()):
            return 401, {"error": "X-Control-Token is missing or wrong"}
        terms: Any = request.query
        if request.body:
            try:
                terms = json.loads(request.body)
            except ValueError:
                return 400, {"error": "the body is not JSON"}
        if not isinstance(terms, dict):
            return 400, {"error": "the body is not a JSON object"}
        path = request.path.rstrip("/")
        return control(self.provider, self._panel.refuse, request.method, path, terms)


class RemoteSandbox(Levers):
    """The same levers on a sandbox in another process, through its control API.

    `control_url` and the token as its first line of output tells them.
    """

    def __init__(self, control_url: str, control_token: str) -> None:
        self._place = urlsplit(control_url).netloc
        self._token = control_token

    def pull(self, method: str, path: str, terms: dict[str, Any]) -> Any:
        connection = http.client.HTTPConnection(self._place, timeout=60)
        try:
            headers = {"X-Control-Token": self._token}
            if method == "GET":
                connection.request(method, f"{path}?{urlencode(terms)}", headers=headers)
            else:
                connection.request(method, path, json.dumps(terms), headers)
            answer = connection.getresponse()
            content = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(content.get("error", answer.reason))
        return content


def accounts_of(texts: Iterable[str], balance: Decimal) -> dict[str, tuple[Amount, str]]:
    """Accounts from `key`, `key:balance` or `key:balance:currency`."""
    accounts: dict[str, tuple[Amount, str]] = {}
    for text in texts:
        key, _, rest = text.partition(":")
        amount, _, currency = rest.partition(":")
        accounts[key] = (Decimal(amount) if amount else balance, currency or "USD")
    return accounts
