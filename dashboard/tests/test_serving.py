"""Nobody holds a thread of the desk by sending or reading slowly, and nobody else notices."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from dashboard.serving import room
from tests.running_desk import free_port
from tests.slow_senders import (
    HALF_BODY,
    HALF_CHUNKS,
    HALF_HEADER,
    HOST,
    MANY,
    answers_in_time,
    plainly,
    slow_senders,
)
from tests.web_alone import web

THREADS = 4
WORKER = "dashboard.serving.worker.PatientWorker"


@contextmanager
def served() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "tests.small_app:application"),
        *("--bind", f"127.0.0.1:{port}", "--worker-class", WORKER, "--threads", str(THREADS)),
        *("--no-control-socket", "--graceful-timeout", "20", "--log-level", "warning"),
    ]
    with web(command, port, {"PATH": "/usr/bin:/bin", "PYTHONPATH": "."}) as process:
        yield port, process


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served() as (port, _):
        yield port


def request(path: str, *headers: str) -> bytes:
    told = "".join(f"{one}\r\n" for one in (f"Host: {HOST}", *headers))
    return f"GET {path} HTTP/1.1\r\n{told}\r\n".encode()


def post(length: int, *headers: str) -> bytes:
    return request("/", f"Content-Length: {length}", *headers).replace(b"GET", b"POST", 1)


def answer_of(line: socket.socket) -> tuple[int, bytes]:
    answer = http.client.HTTPResponse(line)
    answer.begin()
    return answer.status, answer.read()


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET",
        HALF_HEADER,
        HALF_BODY,
        HALF_CHUNKS,
        post(100_000_000),
        post(1000, "Expect: 100-continue"),
        request("/bytes/300000", "Connection: close"),
        request("/bytes/300000?file"),
        request("/bytes/10", "Connection: close"),
        request("/bytes/10") + HALF_HEADER,
        b"\r\n\r\n" + HALF_HEADER,
        b"\x16\x03\x01\x02\x00\x01",
    ],
    ids=[
        *("nothing", "a word", "half a header", "half a body", "half in chunks", "none of 100 MB"),
        *("waits to be told", "reads nothing", "reads no file", "never hangs up"),
        *("half a second request", "blank lines", "TLS"),
    ],
)
def test_two_hundred_slow_sockets_keep_nobody_waiting(port: int, half: bytes) -> None:
    with slow_senders(plainly(port), half):
        assert answers_in_time(plainly(port))


def test_who_sends_a_byte_now_and_then_keeps_nobody_waiting(port: int) -> None:
    with ExitStack() as stack:
        lines = [stack.enter_context(plainly(port)()) for _ in range(MANY)]
        for line in lines:
            line.sendall(HALF_HEADER)
        for _ in range(5):
            for line in lines:
                line.sendall(b"a")
            assert answers_in_time(plainly(port))


@pytest.mark.parametrize("cut", [1, 15, 16, 17, 18, 19, 20, 60, 5000])
def test_a_request_that_comes_in_pieces_is_answered(port: int, cut: int) -> None:
    whole = post(5000) + b"a" * 5000
    with plainly(port)() as line:
        for piece in (whole[:cut], whole[cut:-1], whole[-1:]):
            line.sendall(piece)
            time.sleep(0.05)
        assert answer_of(line) == (200, b"5000")


def test_requests_one_behind_the_other_are_answered_each(port: int) -> None:
    one, last = post(3000) + b"a" * 3000, request("/bytes/7", "Connection: close")
    for together in (one * 3 + last, one * 3 + last[:20]):
        with plainly(port)() as line:
            line.sendall(together)
            if not together.endswith(last):
                time.sleep(0.3)
                line.sendall(last[20:])
            said = b"".join(iter(lambda: line.recv(65536), b""))
        answers = [part.partition(b"\r\n\r\n")[2] for part in said.split(b"HTTP/1.1 200 OK")]
        assert answers[1:] == [b"3000"] * 3 + [b"a" * 7]


def test_a_line_is_kept_for_the_next_request(port: int) -> None:
    browser = http.client.HTTPConnection("127.0.0.1", port)
    browser.connect()
    own = browser.sock.getsockname()
    for size in (0, 5_900_000, 10):
        browser.request("POST", "/", b"a" * size)
        assert browser.getresponse().read() == str(size).encode()
        assert browser.sock.getsockname() == own


@pytest.mark.parametrize("asked", ["", "?file"])
@pytest.mark.parametrize("size", [0, 100, 900_000, 30_000_000])
def test_an_answer_of_any_size_arrives_whole(port: int, size: int, asked: str) -> None:
    with plainly(port)() as line:
        line.sendall(request(f"/bytes/{size}{asked}"))
        time.sleep(0.3)
        assert answer_of(line) == (200, b"a" * size)


def test_who_waits_to_be_told_to_send_is_told(port: int) -> None:
    with plainly(port)() as line:
        line.sendall(post(5, "Expect: 100-continue"))
        assert line.recv(1000).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"aaaaa")
        assert answer_of(line) == (200, b"5")


def test_who_sends_far_too_much_reads_that_it_is(port: int) -> None:
    """As a browser does: it looks for an answer once it has sent all."""
    with plainly(port)() as line:
        line.sendall(post(20 * room.MB))
        line.sendall(b"a" * 20 * room.MB)
        assert answer_of(line)[0] == 413


def test_what_is_no_request_is_refused_at_once(port: int) -> None:
    for said in (b"\x16\x03\x01\x02\x00\x01", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n"):
        began = time.monotonic()
        with plainly(port)() as line:
            line.sendall(said)
            assert b"200" not in line.recv(1000)
        assert time.monotonic() - began < 1
    with plainly(port)() as line:
        line.sendall(b"GET / HTTP/1.1\r\nA: " + b"a" * room.MOST_HEAD)
        assert line.recv(1000).startswith((b"HTTP/1.1 4", b""))


def test_more_lines_than_the_desk_has_room_for_shut_nobody_out(port: int) -> None:
    """gunicorn takes a thousand; the oldest that has not asked for anything goes first."""
    with slow_senders(plainly(port), HALF_HEADER, HALF_BODY, b"", count=1200):
        assert answers_in_time(plainly(port))


@pytest.mark.long
def test_a_slow_request_is_given_up(port: int) -> None:
    with plainly(port)() as line:
        line.sendall(HALF_HEADER)
        line.settimeout(room.REQUEST_SECONDS + 5)
        began = time.monotonic()
        assert line.recv(10) == b""
        assert time.monotonic() - began > room.REQUEST_SECONDS - 1


def test_many_at_once_are_all_answered(port: int) -> None:
    found: list[bytes] = []

    def ask() -> None:
        browser = http.client.HTTPConnection("127.0.0.1", port)
        for size in range(1, 40):
            browser.request("POST", "/", b"a" * (size * 7919))
            found.append(browser.getresponse().read())

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted([str(size * 7919).encode() for size in range(1, 40)] * 20)


def test_half_requests_fill_no_more_memory_than_there_is_room_for(port: int) -> None:
    size = 5 * room.MB
    with ExitStack() as stack:
        lines = [stack.enter_context(plainly(port)()) for _ in range(40)]
        for line in lines:
            with suppress(OSError):
                line.sendall(post(size + 1) + b"a" * size)
        time.sleep(0.5)
        assert answers_in_time(plainly(port))
        kept = 0
        for line in lines:
            line.setblocking(False)
            with suppress(ConnectionError):
                try:
                    kept += bool(line.recv(1))
                except BlockingIOError:
                    kept += 1
    assert 0 < kept <= room.MOST_HELD // size + 1


def test_a_worker_that_stops_waits_for_no_half_request_and_ends_a_whole_one() -> None:
    with served() as (port, process), ExitStack() as stack:
        lines = [stack.enter_context(plainly(port)()) for _ in range(20)]
        for line in lines:
            line.sendall(HALF_HEADER)
        asked = stack.enter_context(plainly(port)())
        asked.sendall(request("/slowly"))
        time.sleep(0.3)
        began = time.monotonic()
        process.terminate()
        assert answer_of(asked) == (200, b"0")
        process.wait(30)
        assert time.monotonic() - began < 15  # of the twenty it may take
