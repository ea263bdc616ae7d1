"""Real sockets: what is "not sent", what is unknown, and that every call ends in time."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from providers.panel_api import (
    Credentials,
    NotSent,
    OutcomeUnknown,
    PackageWish,
    PanelClient,
    Placed,
    ProviderError,
    Transport,
    Unavailable,
)

from .misbehaviour import MISBEHAVIOUR, OK, ORDER, after_reading, saying
from .servers import Caller, Server, serving
from .stub import KEY

DEADLINE = 0.25
WISH = PackageWish(service_id="1", link="https://a.example/x")


def client_of(server: Server, **options: Any) -> PanelClient:
    options = {"deadline": DEADLINE, "connect_timeout": DEADLINE, **options}
    transport = Transport(loopback_origins={server.origin}, **options)
    return PanelClient(Credentials(server.url, KEY), transport=transport)


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_after_the_first_byte_the_outcome_is_unknown(name: str) -> None:
    with serving(MISBEHAVIOUR[name]) as server:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown) as raised:
            client_of(server).add(WISH)
        assert time.monotonic() - began < DEADLINE + 0.5
    evidence = raised.value.evidence
    assert evidence is not None
    assert evidence.bytes_left
    assert KEY not in repr(raised.value.evidence) + str(raised.value)
    assert raised.value.__context__ is None  # what lies under it would hold the request


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_reads_end_as_unavailable(name: str) -> None:
    with serving(MISBEHAVIOUR[name]) as server:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            client_of(server).balance()
        assert time.monotonic() - began < DEADLINE + 0.5


def test_a_whole_answer_is_an_order() -> None:
    for answer in (
        OK + b"\r\n" + ORDER,
        OK + b"Content-Length: 15\r\n\r\n" + ORDER,
        OK + b"Transfer-Encoding: chunked\r\n\r\nf\r\n" + ORDER + b"\r\n0\r\n\r\n",
        OK + b"Content-Encoding: identity\r\n\r\n" + ORDER,
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"\r\n" + ORDER,
        OK + b"Content-Length: 5\r\n\r\n23501",
    ):
        with serving(saying(answer)) as server:
            assert client_of(server).add(WISH) == Placed("23501")


def test_a_refused_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = client_of(Server(port))
    with pytest.raises(NotSent, match="refused") as raised:
        client.add(WISH)
    assert raised.value.evidence is not None
    assert not raised.value.evidence.bytes_left
    with pytest.raises(Unavailable, match="refused"):
        client.balance()


def test_a_full_backlog_is_not_sent() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        place = silent.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(place)
        with pytest.raises(NotSent):
            client_of(Server(place[1])).add(WISH)
        for one in waiting:
            one.close()


@pytest.mark.parametrize("status", [b"301", b"302", b"303", b"307", b"308"])
def test_redirects_are_not_followed(status: bytes) -> None:
    with serving(after_reading(lambda caller: caller.answer(ORDER))) as third_party:
        location = b"Location: " + third_party.url.encode()
        behave = after_reading(lambda c: c.answer(b"", location, status=status + b" Moved"))
        with serving(behave) as server:
            transport = Transport(loopback_origins={server.origin, third_party.origin})
            client = PanelClient(Credentials(server.url, KEY), transport=transport)
            with pytest.raises(OutcomeUnknown, match="redirect"):
                client.add(WISH)
            with pytest.raises(Unavailable, match="redirect"):
                client.balance()
        assert third_party.accepted == 0


def test_a_redirect_with_an_endless_body_ends() -> None:
    def behave(caller: Caller) -> None:
        caller.read()
        caller.say(b"HTTP/1.1 302 Found", b"Location: /elsewhere")
        caller.pour(b" " * 65536)

    with serving(behave) as server, pytest.raises(OutcomeUnknown, match="larger than 256 KiB"):
        client_of(server, deadline=5).add(WISH)


def test_the_fence_stands_after_connecting_and_before_the_first_byte() -> None:
    seen: list[int] = []

    def fence() -> None:
        deadline = time.monotonic() + 1
        while not server.accepted and time.monotonic() < deadline:
            time.sleep(0.001)
        seen.append(server.accepted)
        raise NotSent("The kill switch is on.")

    with serving(after_reading(lambda caller: caller.answer(ORDER))) as server:
        with pytest.raises(NotSent, match="kill switch"):
            client_of(server, deadline=2).add(WISH, before_send=fence)
        assert seen == [1]
        time.sleep(0.02)
        assert server.heard == b""


@pytest.mark.parametrize(
    "trouble", [BrokenPipeError(), ConnectionResetError(104, "x"), KeyError("x"), TimeoutError()]
)
def test_whatever_the_fence_raises_nothing_is_written(trouble: Exception) -> None:
    def fence() -> None:
        raise trouble

    with serving(saying(OK + b"\r\n" + ORDER)) as server:
        with pytest.raises(NotSent):
            client_of(server).add(WISH, before_send=fence)
        time.sleep(0.02)
        assert server.heard == b""


def test_a_fence_that_outlasts_the_deadline_sends_nothing() -> None:
    with serving(saying(OK + b"\r\n" + ORDER)) as server:
        with pytest.raises(NotSent):
            client_of(server, deadline=0.1).add(WISH, before_send=lambda: time.sleep(0.2))
        assert server.heard == b""


def test_every_write_has_a_connection_of_its_own_and_reads_share_one() -> None:
    def behave(caller: Caller) -> None:
        while caller.read():
            caller.answer(b'{"order":7,"balance":"1"}')

    with serving(behave) as server:
        client = client_of(server)
        client.balance()
        client.add(WISH)
        client.add(WISH)
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


def test_the_environment_s_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = after_reading(lambda caller: caller.answer(ORDER))
    with serving(answering) as proxy, serving(answering) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        monkeypatch.setenv("no_proxy", "")
        assert client_of(server).add(WISH).order_id == "23501"
        assert proxy.accepted == 0


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


def test_a_killed_call_never_counts_as_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog cuts dripping headers: http.client then sees a clean, empty 200."""
    with serving(MISBEHAVIOUR["headers drip"]) as server:
        delivery = client_of(server).transport.post(server.url, b"a=1", {}, fresh=True)
    assert delivery.failure == "No whole answer came within the time allowed."
    assert delivery.bytes_left


def test_errors_do_not_hold_the_request_of_the_library() -> None:
    with serving(MISBEHAVIOUR["close after the request"]) as server:
        try:
            client_of(server).add(WISH)
        except ProviderError as error:
            assert error.__cause__ is None
            assert error.__context__ is None
