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


@dataclass
class Server:
    """What one server saw. `received` holds a text per connection, in order of arrival."""

    port: int
    scheme: str = "http"
    host: str = "127.0.0.1"
    received: list[bytes] = field(default_factory=list)
    accepted: int = 0
    over: threading.Event = field(default_factory=threading.Event)

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

    def __init__(self, sock: socket.socket, server: Server, place: int) -> None:
        self.sock, self._server, self._place = sock, server, place

    def read(self) -> bytes:
        """The whole request, or what came before the other side closed."""
        heard = b""
        while b"\r\n\r\n" not in heard or len(heard) < _whole_length(heard):
            piece = self.sock.recv(65536)
            if not piece:
                break
            heard += piece
            self._server.received[self._place] += piece
        return heard

    def say(self, *lines: bytes, body: bytes = b"") -> None:
        self.sock.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def answer(self, body: bytes, *headers: bytes, status: bytes = b"200 OK") -> None:
        length = b"Content-Length: %d" % len(body)
        self.say(b"HTTP/1.1 " + status, length, *headers, body=body)

    def drip(self, text: bytes, every: float = 0.05) -> None:
        """A byte at a time until the server is over."""
        for byte in text:
            if self._server.over.wait(every):
                return
            self.sock.sendall(bytes([byte]))

    def pour(self, piece: bytes) -> None:
        """The same again until the other side gives up."""
        while not self._server.over.is_set():
            self.sock.sendall(piece)

    def hang(self) -> None:
        self._server.over.wait(5)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def _whole_length(heard: bytes) -> int:
    head, _, _ = heard.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(head) + 4 + int(line[15:])
    return len(head) + 4


@contextlib.contextmanager
def serving(
    behave: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Server]:
    """A server that treats every connection as `behave` says; TLS is shaken before that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1], "https" if tls else "http", host)

        def treat(sock: socket.socket, place: int) -> None:
            with contextlib.suppress(OSError), sock:
                if tls:
                    sock = tls.wrap_socket(sock, server_side=True)
                with sock:
                    behave(Caller(sock, server, place))

        def listen() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                server.accepted += 1
                server.received.append(b"")
                place = len(server.received) - 1
                threading.Thread(target=treat, args=(sock, place), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Identity:
    """A self-signed certificate and the context of a server that shows it."""

    bundle: Path
    context: ssl.SSLContext


def identity(folder: Path, name: str) -> Identity:
    """A certificate for this name or address, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "panel.example")])
    now = datetime.datetime.now(datetime.UTC)
    try:
        spoken: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        spoken = x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([spoken]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, secret = folder / f"{name}.pem", folder / f"{name}.key"
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
