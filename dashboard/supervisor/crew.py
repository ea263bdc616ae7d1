"""Who works at this desk: the children with their command lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from core.clocks import WORKER_STOP_SECONDS

from . import broker
from .child import Child
from .journal import Journal
from .locks import accepts
from .sandbox_process import SandboxProcess
from .watchdog import ask, is_ready

WEB_THREADS = 8
BROKER_STOP_SECONDS = WEB_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What `manage.py up` found in the settings. `leases`: accounts polled at the same time."""

    data_dir: Path
    port: int
    leases: int
    sandbox_speed: float
    loud: bool

    def journal(self, name: str, secrets: tuple[str, ...] = ()) -> Journal:
        return Journal(name, self.data_dir / "logs", loud=self.loud, secrets=secrets)


def broker_of(desk: Desk) -> Child:
    path = broker.socket_path(desk.data_dir)
    return Child(
        "broker",
        broker.command(desk.data_dir),
        {},
        desk.journal("broker"),
        answers=lambda: broker.answers(path),
        grace=BROKER_STOP_SECONDS,
    )


def sandbox_of(desk: Desk, sandbox: SandboxProcess) -> Child:
    return Child(
        "sandbox",
        sandbox.command(desk.data_dir / "sandbox", desk.sandbox_speed),
        sandbox.secrets,
        desk.journal("sandbox", tuple(sandbox.secrets.values())),
        answers=lambda: accepts(sandbox.port),
        grace=BROKER_STOP_SECONDS,
    )


def web_of(desk: Desk, environment: Mapping[str, str], listener: socket) -> Child:
    """One process: its threads wait for the database, not for each other's Python."""
    command = [
        *(sys.executable, "-m", "gunicorn", "dashboard.wsgi:application"),
        *("--bind", f"fd://{listener.fileno()}", "--no-control-socket"),
        *("--worker-class", "dashboard.serving.worker.PatientWorker"),
        *("--workers", "1", "--threads", str(WEB_THREADS)),
        *("--graceful-timeout", "3", "--log-level", "warning"),
    ]
    return Child(
        "web",
        command,
        environment,
        desk.journal("web"),
        answers=lambda: ask(desk.port, "/healthz") is not None,
        grace=WEB_STOP_SECONDS,
        keep_open=(listener.fileno(),),
    )


def worker_of(desk: Desk, environment: Mapping[str, str]) -> Child:
    """One process for both queues, to save memory. Sends find threads beside those of polling."""
    command = [
        *(sys.executable, "-m", "celery", "-A", "dashboard.celery", "worker"),
        *("--pool", "threads", "--concurrency", str(desk.leases + WEB_THREADS)),
        *("--queues", "dispatch,follow", "--hostname", "desk@%h", "--loglevel", "warning"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    pulse = desk.data_dir / "worker.pulse"
    return Child(
        "worker",
        command,
        {**environment, "DESK_PULSE_FILE": str(pulse)},
        desk.journal("worker"),
        answers=lambda: is_ready(ask(desk.port)),
        grace=WORKER_STOP_SECONDS,
        pulse=pulse,
    )


def beat_of(desk: Desk, environment: Mapping[str, str]) -> Child:
    command = [
        *(sys.executable, "-m", "celery", "-A", "dashboard.celery", "beat"),
        *("--pidfile=", "--loglevel", "warning"),
    ]
    return Child(
        "beat",
        command,
        environment,
        desk.journal("beat"),
        answers=lambda: is_ready(ask(desk.port)),
        grace=BROKER_STOP_SECONDS,
    )
