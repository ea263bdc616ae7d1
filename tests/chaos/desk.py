"""A whole desk for one run, with the commands of docker-compose.yml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from dashboard.supervisor.secrets_file import MAKERS
from tests.running_desk import free_port

from . import entry
from .processes import Crew, Process, wait_until
from .sandboxes import Provider, connect_all
from .servers import Broker, Database, Postgres, Sqlite

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
    "services"
]
FIRST_PASSWORD = "a-first-pass-phrase"
START_SECONDS = 300  # a busy machine has taken 140
FORKING = "dispatch-2"  # has children, one of which can be killed alone
MACHINES = ("dispatch-1", FORKING)  # each sends from a disk of its own, which outlives it
WORKERS = (*MACHINES, "follow-1", "follow-2")
CLIENTS = ("beat", *WORKERS, "web")  # of the database and the broker
SHIFTABLE = ("dispatch-1", "follow-1", "beat")


class Desk:
    """`crew` are its processes; `database` and `broker` are asked and hurt directly."""

    def __init__(self, kind: str, directory: Path) -> None:
        self.kind, self.directory = kind, directory
        self.logs, self.data_dir = directory / "logs", directory / "data"
        for made in (self.logs, self.data_dir):
            made.mkdir(parents=True)
        self.port = free_port()
        self.crew = Crew()
        self.broker = Broker(self.data_dir, self.logs)
        self.database: Database = (
            Postgres(directory, self.logs) if kind == "postgres" else Sqlite(self.data_dir)
        )
        self.bells = directory / "bells"
        self.clock_step = directory / "clock-step"
        self.clock_steps = [(datetime.now(UTC), 0.0)]  # since when it is off by how much

    def start(self, providers: Sequence[Provider]) -> None:
        """Until it says that it is ready. The providers may still be starting."""
        self.environment = self._environment()
        self.crew.add(self.broker.process)
        if isinstance(self.database, Postgres):
            self.database.initialise()
            self.crew.add(self.database.process)
            wait_until(self.database.answers, "the database", START_SECONDS)
        wait_until(self.broker.answers, "the broker", START_SECONDS)
        self._prepare()
        connect_all(providers)
        self.environment[entry.ORIGINS] = " ".join(provider.origin for provider in providers)
        self.crew.add(*self._own_processes())
        wait_until(self.is_ready, "the desk", START_SECONDS)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **{name: make() for name, make in MAKERS.items()},
            "DATABASE_URL": self.database.url,
            "REDIS_URL": self.broker.url,
            "DESK_DATA_DIR": str(self.data_dir),
            "DESK_ADMIN_PASSWORD": FIRST_PASSWORD,
            "PORT": str(self.port),
            entry.BELLS: str(self.bells),
            entry.CLOCK_SHIFT: "0",
            entry.CLOCK_STEP: str(self.clock_step),
        }

    def _prepare(self) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", "prepare"],
            cwd=ROOT,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        (self.logs / "prepare.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            raise RuntimeError(f"the desk could not be prepared: {done.stderr[-2000:]}")

    def _own_processes(self) -> list[Process]:
        web = self._process("web", "web", {"0.0.0.0:8000": f"127.0.0.1:{self.port}"})
        beat = self._process("beat", "beat", {})
        workers = []
        for name in WORKERS:
            words = {f"{name.split('-')[0]}@%h": f"{name}@%h"}
            words |= {"threads": "prefork", "8": "2"} if name == FORKING else {}
            words |= {"24": "8"}
            workers.append(self._process(name, f"worker-{name.split('-')[0]}", words))
        return [web, *workers, beat]

    def _process(self, name: str, service: str, words: dict[str, str]) -> Process:
        """A service of the compose file, by the entry points of this directory."""
        entries = {
            "python": sys.executable,
            "dashboard.celery": "tests.chaos.celery_app",
            "dashboard.wsgi:application": "tests.chaos.wsgi:application",
        }
        words = {**entries, **words}
        command = [words.get(word, word) for word in SERVICES[service]["command"]]
        environment = self.environment
        if name in MACHINES:
            disk = self.directory / "machines" / name
            disk.mkdir(parents=True)
            environment = {**environment, "DESK_DATA_DIR": str(disk)}
        return Process(name, command, environment, self.logs / f"{name}.log", ROOT)

    def set_clock(self, name: str, shift: float) -> None:
        """From its next start on, this process lives so many seconds later."""
        member = self.crew[name]
        member.environment = {**member.environment, entry.CLOCK_SHIFT: str(shift)}

    def step_clock(self, seconds: float) -> None:
        """The clock of the database is off by so much from now on, at once and for everybody."""
        written = self.clock_step.with_suffix(".new")
        written.write_text(str(seconds))
        self.clock_steps.append((datetime.now(UTC), seconds))
        written.replace(self.clock_step)

    def is_ready(self) -> bool:
        """Web, database, broker, beat, and a worker on each queue."""
        try:
            address = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(address, timeout=5) as answer:
                said = json.load(answer)
        except (OSError, ValueError):
            return False
        heard = said["workers_seconds_ago"].values()
        return bool(said["ready"]) and all(ago is not None and ago < 15 for ago in heard)

    def make_bells_unreliable(self) -> None:
        self.bells.touch()

    def bells_delivered(self) -> dict[str, int]:
        """How many bells were rung since they are unreliable, by how often each was delivered."""
        tally = self.bells.read_bytes()
        return {str(times): tally.count(b"%d" % times) for times in entry.DELIVERIES}

    def stop(self) -> None:
        self.crew.stop(at_once=CLIENTS)
