"""What `manage.py up` becomes once it knows the settings."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from pathlib import Path
from socket import socket

from . import broker, crew, locks
from .journal import say
from .refusal import Refused
from .sandbox_process import SandboxProcess, open_sandbox
from .watch import Stopped, Watch
from .watchdog import Listener, ask, is_ready


def main() -> int:
    chosen = _options()
    desk = crew.Desk(
        data_dir=chosen.data_dir,
        port=chosen.port,
        leases=chosen.leases,
        sandbox_speed=chosen.sandbox_speed,
        loud=chosen.loud,
    )
    watch = Watch()
    watch.obey_signals()
    try:
        with locks.claimed(desk.data_dir), locks.listen(desk.port) as listener:
            _run(watch, desk, listener, chosen)
    except Refused as refusal:
        print(f"manage.py up: {refusal}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py up")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--leases", type=int, required=True)
    parser.add_argument("--sandbox-speed", type=float, required=True)
    parser.add_argument("--loud", action="store_true")
    parser.add_argument("--embedded-broker", action="store_true")
    parser.add_argument("--sandbox", action="store_true")
    return parser.parse_args()


def _run(watch: Watch, desk: crew.Desk, listener: socket, chosen: argparse.Namespace) -> None:
    try:
        environment = {"DESK_DATA_DIR": str(desk.data_dir), "PORT": str(desk.port)}
        if chosen.embedded_broker:
            _start_broker(watch, desk)
        sandbox = _start_sandbox(watch, desk) if chosen.sandbox else None
        if sandbox:
            environment["DESK_SANDBOX_URL"] = sandbox.url
        password = _prepare(watch, desk, environment, sandbox)
        _open(watch, desk, environment, listener, password)
        _keep_running(watch, desk)
    except Stopped:
        say("Stopping …")
    finally:
        watch.stop()


def _start_broker(watch: Watch, desk: crew.Desk) -> None:
    try:
        broker.make_socket_dir(broker.socket_path(desk.data_dir))
        child = crew.broker_of(desk)
    except (OSError, ImportError, RuntimeError) as problem:
        raise Refused(
            f"The embedded broker cannot run here ({problem}). Set REDIS_URL to a Redis or Valkey."
        ) from None
    watch.start(child)
    watch.wait_for(child.answers, "The broker")
    say("  broker     Valkey, in the data directory")


def _start_sandbox(watch: Watch, desk: crew.Desk) -> SandboxProcess:
    sandbox = open_sandbox(desk.data_dir / "sandbox", desk.port)
    child = crew.sandbox_of(desk, sandbox)
    watch.start(child)
    watch.wait_for(child.answers, "The sandbox provider")
    say(f"  sandbox    a provider to play with, {sandbox.url}")
    return sandbox


def _prepare(
    watch: Watch, desk: crew.Desk, environment: dict[str, str], sandbox: SandboxProcess | None
) -> str:
    """Tables, static files, the first admin and the sandbox's catalog, by `manage.py prepare`.

    Returns the first admin's password when it was made up and used just now, else "".
    """
    given = os.environ.get("DESK_ADMIN_PASSWORD", "")
    password = given or secrets.token_urlsafe(12)
    report = desk.data_dir / "prepared.json"
    extra = {"DESK_ADMIN_PASSWORD": password}
    if sandbox:
        extra["DESK_SANDBOX_KEY"] = sandbox.key
    command = [sys.executable, "manage.py", "prepare", "--report", str(report)]
    if watch.run(command, {**os.environ, **environment, **extra}) != 0:
        raise Refused("The desk could not be prepared; the reason stands above.")
    if not json.loads(report.read_text())["admin_made"]:
        return ""
    return "the password in DESK_ADMIN_PASSWORD" if given else password


def _open(
    watch: Watch, desk: crew.Desk, environment: dict[str, str], listener: socket, password: str
) -> None:
    began = time.monotonic()
    web = crew.web_of(desk, environment, listener)
    watch.start(web, crew.worker_of(desk, environment), crew.beat_of(desk, environment))
    watch.wait_for(lambda: is_ready(ask(desk.port)), "The desk")
    say(f"  running    web, worker and beat, after {time.monotonic() - began:.1f} s; Ctrl-C stops")
    if password:
        say(f"\nLog in as admin with {password}  (shown this once)")
    say(f"\nhttp://localhost:{desk.port}/")


def _keep_running(watch: Watch, desk: crew.Desk) -> None:
    """Until Stopped. Silence is told from the web's health page, so that web, worker and beat
    which live but do nothing are noticed too. A worker that says itself that it works is left
    alone: another one would find the same database."""
    listener = Listener(desk.port)
    listener.start()
    while True:
        watch.check_children()
        for child in watch.children:
            silent = listener.is_silent(child.name, child.age, time.monotonic())
            if silent and not child.has_a_pulse():
                watch.replace(child, "has gone silent")


if __name__ == "__main__":
    sys.exit(main())
