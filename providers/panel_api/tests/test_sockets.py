"""Real sockets: fences, connections and their sharing, and what staff are told.

What every way of going wrong comes to is in the table of tests/transport_matrix.
"""

from __future__ import annotations

import gc
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from providers.panel_api import (
    Credentials,
    NotSent,
    OutcomeUnknown,
    PackagePayload,
    PanelClient,
    Placed,
    ProviderError,
    Transport,
    Unavailable,
)
from providers.panel_api.http.connection import WATCHDOG, Exchange
from providers.panel_api.http.failures import in_words

from .servers import OK, ORDER, Caller, Server, after_reading, identity, saying, serving
from .stub import KEY

DEADLINE = 0.25
PAYLOAD = PackagePayload(service_id="1", link="https://a.example/x")


def client_of(server: Server, **options: Any) -> PanelClient:
    options = {"deadline": DEADLINE, "connect_timeout": DEADLINE, **options}
    transport = Transport(loopback_origins={server.origin}, **options)
    return PanelClient(Credentials(server.url, KEY), transport=transport)


def test_a_refused_connection_is_not_sent() -> None:
    with socket.socket() as kept:  # bound and not listening: no other test can have its port
        kept.bind(("127.0.0.1", 0))
        client = client_of(Server(kept.getsockname()[1]))
        with pytest.raises(NotSent, match="refused") as raised:
            client.add(PAYLOAD)
        assert raised.value.evidence is not None
        assert not raised.value.evidence.bytes_left
        with pytest.raises(Unavailable, match="refused"):
            client.balance()


def test_the_pre_send_check_stands_after_connecting_and_before_the_first_byte() -> None:
    seen: list[int] = []

    def pre_send_check() -> None:
        deadline = time.monotonic() + 1
        while not server.accepted and time.monotonic() < deadline:
            time.sleep(0.001)
        seen.append(server.accepted)
        raise NotSent("The kill switch is on.")

    with serving(after_reading(lambda caller: caller.answer(ORDER))) as server:
        with pytest.raises(NotSent, match="kill switch"):
            client_of(server, deadline=2).add(PAYLOAD, before_send=pre_send_check)
        assert seen == [1]
        time.sleep(0.02)
        assert server.heard == b""


@pytest.mark.parametrize(
    "trouble", [BrokenPipeError(), ConnectionResetError(104, "x"), KeyError("x"), TimeoutError()]
)
def test_whatever_the_pre_send_check_raises_nothing_is_written(trouble: Exception) -> None:
    def pre_send_check() -> None:
        raise trouble

    with serving(saying(OK + b"\r\n" + ORDER)) as server:
        with pytest.raises(NotSent):
            client_of(server).add(PAYLOAD, before_send=pre_send_check)
        time.sleep(0.02)
        assert server.heard == b""


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: %s\r\n\r\n{}",
        b"%s is no HTTP\r\n\r\n",
    ],
    ids=["header", "status line"],
)
def test_no_part_of_a_key_is_kept_where_what_it_stands_in_is_cut(answer: bytes) -> None:
    for before in range(60, 200, len(KEY) - 4):
        raw = answer % (b"x" * before + KEY.encode() + b"y" * 300)
        with serving(saying(raw)) as server, pytest.raises(OutcomeUnknown) as raised:
            client_of(server).add(PAYLOAD)
        kept = repr(raised.value.evidence)
        assert KEY[:6] not in kept and "xxxx" in kept


def test_every_write_has_a_connection_of_its_own_and_reads_share_one() -> None:
    def behave(caller: Caller) -> None:
        while caller.read():
            caller.answer(b'{"order":7,"balance":"1"}')

    with serving(behave) as server:
        client = client_of(server)
        client.balance()
        client.add(PAYLOAD)
        client.add(PAYLOAD)
        assert server.accepted == 3
        assert server.received[1].count(b"Connection: close") == 1
        client.balance()
        assert server.accepted == 3
        assert b"Accept-Encoding: identity" in server.received[2]
        client.transport.close()


def test_cookies_of_one_account_do_not_reach_another() -> None:
    def behave(caller: Caller) -> None:
        while caller.read():
            caller.answer(b'{"balance":"1"}', b"Set-Cookie: session=first; Path=/")

    with serving(behave) as server:
        client = client_of(server)
        client.balance()
        PanelClient(Credentials(server.url, "another-key"), transport=client.transport).balance()
        assert b"cookie" not in server.heard.lower()


def test_32_threads_share_one_transport() -> None:
    def behave(caller: Caller) -> None:
        while caller.read():
            caller.answer(b'{"balance":"1"}')

    with serving(behave) as server:
        client, together = client_of(server, deadline=5), threading.Barrier(32)

        def five_times(_: int) -> list[str]:
            together.wait()
            return [str(client.balance().amount) for _ in range(5)]

        with ThreadPoolExecutor(32) as pool:
            assert list(pool.map(five_times, range(32))) == [["1"] * 5] * 32
        assert server.accepted <= 64
        client.transport.close()


def test_a_forked_child_does_not_share_its_parent_s_connections() -> None:
    def behave(caller: Caller) -> None:
        while caller.read():
            caller.answer(b'{"balance":"1"}')

    with serving(behave) as server:
        client = client_of(server)
        client.balance()
        client.transport._process = -1  # as a child would find it
        client.balance()
        assert server.accepted == 2


def test_a_killed_call_never_counts_as_answered() -> None:
    """The watchdog cuts dripping headers: http.client then sees a clean, empty 200."""
    dripping = after_reading(lambda caller: caller.drip(OK + b"X: y\r\n" * 9 + b"\r\n"))
    with serving(dripping) as server:
        delivery = client_of(server).transport.post(server.url, b"a=1", {}, fresh=True)
    assert delivery.failure == "No whole answer came within the time allowed."
    assert delivery.bytes_left


def test_errors_do_not_hold_the_request_of_the_library() -> None:
    with serving(after_reading(lambda caller: None)) as server:
        try:
            client_of(server).add(PAYLOAD)
        except ProviderError as error:
            assert error.__cause__ is None
            assert error.__context__ is None


def test_a_failed_call_lets_go_of_its_request() -> None:
    """The libraries' errors and frames hold each other, and in them the body with the key."""

    def alive() -> int:
        return sum(type(one) is requests.PreparedRequest for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = alive()
        with serving(after_reading(lambda caller: None)) as server, pytest.raises(ProviderError):
            client_of(server).add(PAYLOAD)
        assert alive() == before
    finally:
        gc.enable()


def test_a_busy_watchdog_does_not_let_a_late_request_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Timer, "start", lambda timer: None)
    with serving(saying(OK + b"\r\n" + ORDER)) as server:
        with pytest.raises(NotSent):
            client_of(server, deadline=0.1).add(PAYLOAD, before_send=lambda: time.sleep(0.15))
        assert server.heard == b""


def test_the_rest_of_a_request_does_not_follow_after_a_standstill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The whole process stood still after the first bytes: the watchdog did, too. By the time it
    goes on, the order may have been shown not to be there."""
    write = Exchange.write

    def standing_still(exchange: Exchange, send: Any, piece: Any) -> None:
        write(exchange, send, piece)
        time.sleep(0.3)

    monkeypatch.setattr(WATCHDOG, "watch", lambda *_: SimpleNamespace(call_off=lambda: None))
    monkeypatch.setattr(Exchange, "write", standing_still)
    with serving(saying(OK + b"\r\n" + ORDER)) as server:
        with pytest.raises(OutcomeUnknown):
            client_of(server, deadline=0.2).add(PAYLOAD)
        assert b"action=add" not in server.heard


def test_what_was_broken_off_is_not_called_slow() -> None:
    lost = NewConnectionError(None, "could not connect")  # type: ignore[arg-type]
    lost.__cause__ = ConnectionResetError(104, "reset")
    assert in_words(lost) == "The connection was broken off."
    assert in_words(ConnectTimeoutError("late")) == "The provider did not answer in time."


def test_the_pre_send_check_stands_after_the_handshake(tmp_path: Path) -> None:
    def pre_send_check() -> None:
        raise NotSent("too late")

    shown = identity(tmp_path, "127.0.0.1")
    answering = after_reading(lambda caller: caller.answer(ORDER))
    with serving(answering, tls=shown.context) as server:
        with pytest.raises(NotSent, match="certificate is not valid"):
            client_of(server, deadline=5, connect_timeout=5).add(PAYLOAD)
        believing = client_of(server, ca_bundle=str(shown.bundle), deadline=5, connect_timeout=5)
        with pytest.raises(NotSent, match="too late"):
            believing.add(PAYLOAD, before_send=pre_send_check)
        assert server.heard == b""
        assert believing.add(PAYLOAD) == Placed("23501")
