"""docker-compose.yml fits its schema, and what it runs works on a real PostgreSQL and Valkey."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import redis
import yaml
from django.conf import settings

from dashboard.supervisor.secrets_file import MAKERS
from tests.desk_image import build_image
from tests.running_desk import free_port, wait_until
from tests.running_services import postgres, server_command, valkey
from tests.slow_senders import (
    HALF_BODY,
    HALF_CHUNKS,
    HALF_HEADER,
    answers_in_time,
    plainly,
    slow_senders,
)
from tests.web_alone import warm_up

ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker-dispatch", "worker-follow", "beat", "migrate")
RUNNING = OURS[:-1]


def test_it_fits_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests" / "compose_schema" / "compose-spec.json").read_text())
    assert list(jsonschema.Draft7Validator(schema).iter_errors(COMPOSE)) == []


@pytest.mark.parametrize("name", OURS)
def test_what_is_ours_runs_with_little_power_and_real_secrets(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    for secret in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"):
        assert ":?" in service["environment"][secret]  # no start without it


@pytest.mark.parametrize("name", ["worker-dispatch", "worker-follow", "beat", "database", "broker"])
def test_everything_that_stays_is_checked_and_comes_back(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_nothing_but_web_on_loopback_is_open_to_the_outside() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_what_was_sent_outlives_the_container_that_sent_it() -> None:
    (volume,) = SERVICES["worker-dispatch"]["volumes"]
    name, _, directory = volume.partition(":")
    assert name in COMPOSE["volumes"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"DESK_DATA_DIR={directory}" in dockerfile
    assert f"-o desk -g desk -m 0700 {directory}" in dockerfile  # a new volume takes its owner


def test_one_service_builds_the_image_that_all_of_ours_run() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]
    images = {(SERVICES[name]["image"], SERVICES[name]["pull_policy"]) for name in OURS}
    assert images == {("reseller-desk", "never")}


def test_the_broker_is_not_root_and_shows_its_password_to_no_other_process() -> None:
    broker = SERVICES["broker"]
    assert broker["user"] == "999:1000"
    assert broker["cap_drop"] == ["ALL"] and broker["read_only"] is True
    word, port, program = "a-word-of-ours", free_port(), server_command(ROOT)[0]
    shell, option, written = broker["command"]
    with tempfile.TemporaryDirectory() as scratch:
        written = written.replace("$$", "$").replace("--dir /tmp", f"--dir {scratch}")
        written = written.replace("valkey-server -", f"{program} - --port {port}")
        environment = {**os.environ, "REDISCLI_AUTH": word}
        server = subprocess.Popen([shell, option, written], env=environment)
        try:
            wait_until(lambda: _pings(port, word), "the broker")
            assert not _pings(port, "another")
            title = subprocess.run(["ps", "-o", "args=", str(server.pid)], capture_output=True)
            assert title.stdout and word not in title.stdout.decode()
        finally:
            server.terminate()
            server.wait(20)


def _pings(port: int, password: str) -> bool:
    try:
        with redis.Redis(port=port, password=password) as broker:
            return bool(broker.ping())
    except redis.RedisError:
        return False


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER desk" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    command = json.loads(next(line for line in lines if line.startswith("CMD ["))[4:])
    assert command == SERVICES["web"]["command"]


def test_the_image_holds_every_package_that_is_imported() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.M))
    let_in = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.M))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "benchmarks"} | {"static", "templates"} == copied
    assert copied <= let_in


@dataclass(frozen=True)
class Image:
    """What was built, and how its commands are run here."""

    place: Path
    environment: dict[str, str]
    port: int

    def command(self, name: str) -> list[str]:
        """A service's command, on a port of its own."""
        here = {"0.0.0.0:8000": f"127.0.0.1:{self.port}"}
        return [here.get(word, word) for word in SERVICES[name]["command"]]

    def run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        """The command and what it said, when it has ended."""
        return subprocess.run(
            command, cwd=self.place, env=self.environment, capture_output=True, check=False
        )

    @contextmanager
    def started(self) -> Iterator[None]:
        """The services that stay, as processes on this machine."""
        running = []
        try:
            for name in RUNNING:
                command = self.command(name)
                running.append(subprocess.Popen(command, cwd=self.place, env=self.environment))
            yield
        finally:
            for process in running:
                process.terminate()
            codes = [process.wait(60) for process in running]
        assert codes == [0] * len(RUNNING)

    def ask(self, path: str) -> str:
        """The page. Raises OSError when it does not come."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            page: bytes = answer.read()
            return page.decode(errors="replace")

    def is_ready(self) -> bool:
        try:
            state = json.loads(self.ask("/readyz"))
        except OSError:
            return False
        return None not in state["workers_seconds_ago"].values()


@pytest.fixture
def image() -> Iterator[Image]:
    """The image with its servers, its `python` being ours."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-")))
        scratch.chmod(0o755)
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        place, data_dir = scratch / "desk", scratch / "data"
        place.mkdir()
        outside = {**os.environ, "PATH": programs, "DESK_DATA_DIR": str(data_dir)}
        build_image(place, {name: outside[name] for name in outside if name not in MAKERS})
        environment = {
            **outside,
            **{name: make() for name, make in MAKERS.items()},
            "DATABASE_URL": stack.enter_context(postgres(scratch)),
            "REDIS_URL": stack.enter_context(valkey(scratch)),
            "DESK_ADMIN_PASSWORD": "a-first-pass-phrase",
            "ALLOWED_HOSTS": "desk.example",
        }
        yield Image(place, environment, free_port())


def test_what_the_image_runs_makes_a_desk_that_is_ready(image: Image) -> None:
    for _ in range(2):  # a second deploy does it again
        migrated = image.run(SERVICES["migrate"]["command"])
        assert migrated.returncode == 0, migrated.stderr
    with image.started():
        wait_until(image.is_ready, "every service heard", 120)  # on a busy machine
        for name in RUNNING[1:]:
            check = SERVICES[name]["healthcheck"]["test"][1:]
            assert image.run(check).returncode == 0, check
        parts = set(re.findall(r"/static/[^\"]+", image.ask("/log-in/")))
        assert parts
        assert all(image.ask(part) for part in parts)
        warm_up(image.port)
        with slow_senders(plainly(image.port), HALF_HEADER, HALF_BODY, HALF_CHUNKS):
            assert answers_in_time(plainly(image.port))
