"""One POST, sent at most once and ended by a deadline; every ending is a value, not an exception.

`Transport` is made once and lives long: reads share its kept connections, also between
threads. A write gets a connection of its own.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import requests
from requests.structures import CaseInsensitiveDict

from ..errors import UnsafeUrl
from .adapter import GuardedAdapter, tls_context
from .connection import Exchange, running
from .failures import AnswerRefused, exception_chain, in_words, let_go
from .urls import HTTPS_ONLY, CheckedAddress, checked_address, validate_url

KIB: Final = 1024
ANSWER_CAP: Final = 256 * KIB
CATALOG_CAP: Final = 64 * KIB * KIB
HEADER_CAP: Final = 64 * KIB
_PIECE: Final = 64 * KIB


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one POST ended. `failure` is empty when a whole answer came, whatever it says.

    `bytes_left` false proves that nothing was sent. `framed` is true when the end of the
    body was marked by a length or by chunks, so that it cannot have been cut short.
    What the other side wrote is repr-less, for it may echo the key, and whole, for a key that is
    cut is not found any more.
    """

    failure: str = ""
    bytes_left: bool = False
    http_status: int | None = None
    content_type: str = field(default="", repr=False)
    retry_after: str = field(default="", repr=False)
    location: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    framed: bool = False
    elapsed_ms: int = 0
    exception_chain: tuple[str, ...] = field(default=(), repr=False)


class Transport:
    """Where calls may go, and for how long. Safe to share between threads and after a fork.

    `loopback_origins`: the only exceptions to "https to a public host", for the sandbox.
    Times are seconds; `deadline` bounds a whole call, look-up and TLS included.
    """

    def __init__(
        self,
        *,
        loopback_origins: Collection[str] = frozenset(),
        ports: Collection[int] = HTTPS_ONLY,
        connect_timeout: float = 5.0,
        deadline: float = 20.0,
        catalog_deadline: float = 60.0,
        pool_size: int = 64,
        user_agent: str = "reseller-desk/1.0",
        ca_bundle: str = "",
    ) -> None:
        self.loopback_origins = frozenset(loopback_origins)
        self.ports = frozenset(ports)
        self.connect_timeout = connect_timeout
        self.deadline = deadline
        self.catalog_deadline = catalog_deadline
        self._pool_size = pool_size
        self._user_agent = user_agent
        self._ca_bundle = ca_bundle
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._kept: dict[tuple[bool, bool], GuardedAdapter] = {}
        self._process = os.getpid()

    def checked(self, url: str) -> str:
        """The address in its normal spelling, or UnsafeUrl with a message for staff."""
        return validate_url(url, ports=self.ports, loopback_origins=self.loopback_origins)

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        fresh: bool,
        catalog: bool = False,
        before_send: Callable[[], None] | None = None,
    ) -> Delivery:
        """Send one POST and read its answer; never raises for what the other side does.

        `fresh` uses a connection of its own and closes it. `before_send` runs with the
        connection up and nothing written: if it raises, nothing will be.
        """
        started = time.monotonic()
        try:
            where = checked_address(url, self.ports, self.loopback_origins)
        except UnsafeUrl as error:
            return Delivery(failure=str(error))
        seconds, cap = (
            (self.catalog_deadline, CATALOG_CAP) if catalog else (self.deadline, ANSWER_CAP)
        )
        request = self._prepared(where.url, body, headers, fresh=fresh)
        with running(seconds, before_send) as exchange:
            delivery = self._deliver(where, request, seconds, fresh=fresh, cap=cap)
        return _with_proof(delivery, exchange, started)

    def close(self) -> None:
        """Close the kept connections; the next call opens new ones."""
        with self._lock:
            kept, self._kept = self._kept, {}
        for adapter in kept.values():
            adapter.close()

    def _prepared(
        self, url: str, body: bytes, headers: Mapping[str, str], *, fresh: bool
    ) -> requests.PreparedRequest:
        """The request as it will be written; the address has passed a stricter check than
        requests' own, and there is nothing else that it could prepare."""
        request = requests.PreparedRequest()
        request.method, request.url, request.body = "POST", url, body
        request.headers = CaseInsensitiveDict(
            {
                "User-Agent": self._user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Connection": "close" if fresh else "keep-alive",
                **headers,
                "Content-Length": str(len(body)),
            }
        )
        return request

    def _deliver(
        self,
        where: CheckedAddress,
        request: requests.PreparedRequest,
        seconds: float,
        *,
        fresh: bool,
        cap: int,
    ) -> Delivery:
        adapter: GuardedAdapter | None = None
        try:
            adapter = self._adapter(where, fresh=fresh)
            # The adapter, not a Session: that would keep cookies between accounts and read
            # the whole body of a redirect, however long. The exchange bounds the call as a whole.
            timeout = (min(self.connect_timeout, seconds), seconds)
            response = adapter.send(request, stream=True, timeout=timeout, verify=True)
            return _answer(response, cap)
        except Exception as error:  # the list of what may come is long, and wrong outcomes cost
            failed = Delivery(failure=in_words(error), exception_chain=exception_chain(error))
            let_go(error)
            return failed
        finally:
            if fresh and adapter is not None:
                adapter.close()

    def _adapter(self, where: CheckedAddress, *, fresh: bool) -> GuardedAdapter:
        kind = (where.is_https, where.is_loopback)
        if fresh:
            return self._new_adapter(*kind, pool_size=1)
        with self._lock:
            if self._process != os.getpid():  # a forked child must not share its parent's sockets
                self._process, self._kept = os.getpid(), {}
            if kind not in self._kept:
                self._kept[kind] = self._new_adapter(*kind, pool_size=self._pool_size)
            return self._kept[kind]

    def _new_adapter(self, https: bool, loopback: bool, *, pool_size: int) -> GuardedAdapter:
        if https and self._tls is None:
            self._tls = tls_context(self._ca_bundle)
        return GuardedAdapter(https=https, loopback=loopback, tls=self._tls, pool_size=pool_size)


def _with_proof(delivery: Delivery, exchange: Exchange, started: float) -> Delivery:
    """The delivery with what the exchange knows; a killed one has failed, whatever it read."""
    changes: dict[str, Any] = {
        "bytes_left": exchange.bytes_left,
        "elapsed_ms": round((time.monotonic() - started) * 1000),
    }
    if exchange.killed:
        changes["failure"] = "No whole answer came within the time allowed."
    elif not exchange.bytes_left and not delivery.failure:
        changes["failure"] = "An answer came before anything was asked."
    elif exchange.cut_off and not delivery.failure:
        changes["failure"] = "An answer came although the request did not arrive whole."
    return replace(delivery, **changes)


def _answer(response: requests.Response, cap: int) -> Delivery:
    headers, raw = response.headers, response.raw
    try:
        _check_headers(headers)
        body = _body(raw, cap)
    except BaseException:
        raw.close()
        raise
    raw.release_conn()
    chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return Delivery(
        http_status=response.status_code,
        content_type=headers.get("Content-Type", ""),
        retry_after=headers.get("Retry-After", ""),
        location=headers.get("Location", ""),
        body=body,
        framed=chunked or "Content-Length" in headers,
    )


def _check_headers(headers: Mapping[str, str]) -> None:
    if sum(len(name) + len(value) for name, value in headers.items()) > HEADER_CAP:
        raise AnswerRefused("The answer's headers are too large.")
    if headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise AnswerRefused("The answer is compressed, though we asked for a plain one.")
    if not re.fullmatch("[0-9]+", headers.get("Content-Length", "0"), re.ASCII):
        raise AnswerRefused("The answer's length is not a number.")


def _body(raw: Any, cap: int) -> bytes:
    pieces, size = [], 0
    while piece := raw.read(_PIECE, decode_content=False):
        size += len(piece)
        if size > cap:
            raise AnswerRefused(f"The answer is larger than {cap // KIB} KiB.")
        pieces.append(piece)
    return b"".join(pieces)
