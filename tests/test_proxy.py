"""The proxy of docs/production.md, by real nginx before a real desk: both as the paper has them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.running_desk import free_port
from tests.running_services import running
from tests.slow_senders import HALF_BODY, HALF_HEADER, answers_in_time, by_tls, plainly
from tests.slow_senders import slow_senders as slow
from tests.web_alone import PASSWORD, environment_in, prepared, web

ROOT = Path(__file__).resolve().parent.parent
PAPER = (ROOT / "docs/production.md").read_text()
MB = 1024 * 1024
HOST = "desk.example"


def of_the_paper(tongue: str) -> str:
    [block] = re.findall(rf"^```{tongue}\n(.*?)^```", PAPER, re.M | re.S)
    return str(block)


def web_command() -> list[str]:
    [command] = re.findall(r"^\| web \| `([^`]+)`", PAPER, re.M)
    return shlex.split(command)


def test_the_paper_binds_to_loopback() -> None:
    command = web_command()
    assert command[command.index("--bind") + 1] == "127.0.0.1:8000"
    assert "0.0.0.0" not in PAPER
    assert "proxy_pass http://127.0.0.1:8000;" in of_the_paper("nginx")


@dataclass(frozen=True)
class Proxied:
    """A desk behind its proxy: where it is reached by https, by http and, by nobody, directly."""

    secure: int
    plain: int
    desk: int

    def opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(CookieJar()),
            Stay(),
        )
        address = f"https://127.0.0.1:{self.secure}"
        opener.addheaders = [("Host", HOST), ("Referer", f"{address}/"), ("Origin", address)]
        return opener


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects name a host that nobody here resolves."""

    def redirect_request(self, *_: object) -> None:
        return None


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "nginx is needed: sudo apt install nginx"
    place = tmp_path_factory.mktemp("proxy")
    (place / "data").mkdir()
    prepared(environment_in(place / "data"))
    found = Proxied(free_port(), free_port(), free_port())  # taken at once, before others are
    config = place / "nginx.conf"
    config.write_text(as_a_whole(place, found))
    origin = f"https://127.0.0.1:{found.secure}"
    environment = environment_in(place / "data", DESK_HTTPS="true", CSRF_TRUSTED_ORIGINS=origin)
    command = [word.replace(":8000", f":{found.desk}") for word in web_command()]
    with (
        running([program, "-c", config, "-e", place / "error.log"], lambda: is_up(found)),
        web(command, found.desk, environment),
    ):
        yield found


def is_up(found: Proxied) -> bool:
    """The proxy alone: it answers for a desk that is not there yet."""
    try:
        by_tls(found.secure)().close()
    except OSError:
        return False
    return True


def as_a_whole(place: Path, found: Proxied) -> str:
    """What the distribution has around the block of the paper, which has its own ports here."""
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={HOST}"]
    files = ["-keyout", str(place / "key.pem"), "-out", str(place / "cert.pem")]
    subprocess.run([*made, *files], check=True, capture_output=True)
    block = of_the_paper("nginx")
    for told, here in {
        "listen 80;": f"listen 127.0.0.1:{found.plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{found.secure} ssl;",
        "/etc/ssl/certs/desk.example.pem": str(place / "cert.pem"),
        "/etc/ssl/private/desk.example.key": str(place / "key.pem"),
        "127.0.0.1:8000": f"127.0.0.1:{found.desk}",
    }.items():
        assert block.count(told) == 1
        block = block.replace(told, here)
    kept = "".join(
        f"{name}_temp_path {place}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "" if os.geteuid() else "user root;\n"  # its own could not enter this place
    return (
        f"{user}daemon off;\npid {place}/nginx.pid;\nworker_processes auto;\n"
        "events { worker_connections 768; }\n"
        f"http {{\naccess_log off;\n{kept}{block}}}\n"
    )


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("by", ["https", "http", "no proxy"])
def test_two_hundred_half_sent_requests_do_not_keep_healthz_waiting(
    proxied: Proxied, by: str
) -> None:
    port = proxied.desk if by == "no proxy" else proxied.plain
    connect = by_tls(proxied.secure) if by == "https" else plainly(port)
    with slow(connect, HALF_HEADER, HALF_BODY):
        assert answers_in_time(connect)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_paste_of_five_megabytes_passes_the_proxy_of_the_paper(proxied: Proxied) -> None:
    opener = proxied.opener()
    page = send(opener, proxied, "/log-in/", username="admin", password=PASSWORD)
    assert page == (302, "/")
    line = f"1204|https://a.example/{'p' * 5000}|100\n"
    paste = line * int(4.9 * MB / len(line))
    code, to = send(opener, proxied, "/orders/mass-orders/new/", text=paste)
    assert code == 302 and re.fullmatch(r"/orders/mass-orders/\d+/", to)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_more_than_the_desk_takes_is_said_by_the_desk_behind_the_proxy(proxied: Proxied) -> None:
    opener = proxied.opener()
    code, page = send(opener, proxied, "/log-in/", text="a" * int(6.2 * MB))
    assert code == 413 and "This is too large" in page
    code, page = send(opener, proxied, "/log-in/", text="a" * 8 * MB)
    assert code == 413 and "nginx" in page


def send(
    opener: urllib.request.OpenerDirector, proxied: Proxied, path: str, **values: str
) -> tuple[int, str]:
    """The form of this page: what was answered, and where it leads or what it says."""
    address = f"https://127.0.0.1:{proxied.secure}{path}"
    with opener.open(address, timeout=60) as page:
        [token, *_] = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    parts = {"csrfmiddlewaretoken": token, **values}
    body = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    kind = {"Content-Type": "multipart/form-data; boundary=cut"}
    request = urllib.request.Request(address, f"{body}--cut--\r\n".encode(), kind)
    try:
        with opener.open(request, timeout=150) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers["Location"] or answer.read().decode()
