"""Tiny servers on this machine that misbehave in one way each."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[["Caller"], None]
OK = b"HTTP/1.1 200 OK\r\n"
ORDER = b'{"order":23501}'
MOST_KEPT = 300_000


@dataclass
class Visit:
    """One connection as the server saw it: what it read and said, inside TLS where there is TLS.

    `asked` counts the requests it read whole and went on to act upon.
    """

    heard: bytes = b""
    said: bytes = b""
    asked: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)


@dataclass
class Server:
    """What one server saw, a visit for each connection in order of arrival."""

    port: int
    scheme: str = "http"
    host: str = "127.0.0.1"
    visits: list[Visit] = field(default_factory=list)
    elsewhere: str = ""  # where its redirects lead
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def accepted(self) -> int:
        return len(self.visits)

    @property
    def received(self) -> list[bytes]:
        return [visit.heard for visit in self.visits]

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/api/v2"

    @property
    def heard(self) -> bytes:
        return b"".join(self.received)


class Caller:
    """One connection, from the server's side."""

    def __init__(self, sock: socket.socket, server: Server, visit: Visit) -> None:
        self.sock, self.server, self._visit = sock, server, visit

    def read(self) -> bytes:
        """The whole request, or what came before the other side closed."""
        heard = b""
        while b"\r\n\r\n" not in heard or len(heard) < _whole_length(heard):
            if not (piece := self.read_some()):
                return heard
            heard += piece
        self._visit.asked += 1
        return heard

    def read_some(self, most: int = 65536) -> bytes:
        piece = self.sock.recv(most)
        self._visit.heard += piece
        return piece

    def send(self, raw: bytes) -> None:
        self.sock.sendall(raw)
        self._visit.said += raw[: max(0, MOST_KEPT - len(self._visit.said))]

    def say(self, *lines: bytes, body: bytes = b"") -> None:
        self.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def answer(self, body: bytes, *headers: bytes, status: bytes = b"200 OK") -> None:
        length = b"Content-Length: %d" % len(body)
        self.say(b"HTTP/1.1 " + status, length, *headers, body=body)

    def drip(self, text: bytes, every: float = 0.05) -> None:
        """A byte at a time until the server is over."""
        for byte in text:
            if self.server.over.wait(every):
                return
            self.send(bytes([byte]))

    def pour(self, piece: bytes) -> None:
        """The same again until the other side gives up, or no longer reads."""
        self.sock.settimeout(0.5)
        while not self.server.over.is_set():
            self.send(piece)

    def hang(self, unread: float = 0) -> None:
        """Say no more and act upon nothing; what still comes is read, `unread` seconds late."""
        self.server.over.wait(unread)
        self.sock.settimeout(0.1)
        while not self.server.over.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.read_some():
                    return

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def _whole_length(heard: bytes) -> int:
    head, _, _ = heard.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(head) + 4 + int(line[15:])
    return len(head) + 4


def after_reading(finish: Behaviour) -> Behaviour:
    def behave(caller: Caller) -> None:
        caller.read()
        finish(caller)

    return behave


def saying(raw: bytes) -> Behaviour:
    """Read the request, say these bytes, close."""
    return after_reading(lambda caller: caller.send(raw))


@contextlib.contextmanager
def serving(
    behave: Behaviour,
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    small_windows: bool = False,
) -> Iterator[Server]:
    """A server that treats every connection as `behave` says; TLS is shaken before that.

    With `small_windows` a request of 200 kB does not fit into what the kernels buffer.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if small_windows:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        server = Server(listener.getsockname()[1], "https" if tls else "http", host)

        def treat(sock: socket.socket, visit: Visit) -> None:
            try:
                with contextlib.suppress(OSError), sock:
                    if tls:
                        sock = tls.wrap_socket(sock, server_side=True)
                    with sock:
                        behave(Caller(sock, server, visit))
            finally:
                visit.is_over.set()

        def listen() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                server.visits.append(visit := Visit())
                threading.Thread(target=treat, args=(sock, visit), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Identity:
    """A certificate that signs itself and the context of a server that shows it."""

    bundle: Path
    context: ssl.SSLContext


def identity(folder: Path, *names: str, called: str = "", begins_in: int = -1) -> Identity:
    """A certificate for these names or addresses, valid for two days that begin in so many."""
    key, called = ec.generate_private_key(ec.SECP256R1()), called or names[0]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    begins = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=begins_in)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(map(_spoken, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, secret = folder / f"{called}.pem", folder / f"{called}.key"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, secret)
    return Identity(bundle, context)


def _spoken(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
