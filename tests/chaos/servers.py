"""Database and broker of a run, as processes that can be killed and come back."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import redis

from dashboard.supervisor import broker
from tests import running_services

from .processes import Process

Row = tuple[Any, ...]


class Database(ABC):
    """Asked directly, beside the desk's own code."""

    url: str
    can_restart = False

    @abstractmethod
    def ask(self, sql: str) -> list[Row]:
        """Rows of a question; OSError while the database is away."""

    @abstractmethod
    def dump(self, path: Path) -> None:
        """Everything in it, as text."""

    @abstractmethod
    def back_up(self, path: Path) -> None:
        """A backup as docs/production.md makes it."""

    @abstractmethod
    def restore(self, path: Path) -> None:
        """Take the database back to this backup; nobody may be at it."""


class Sqlite(Database):
    """A file; there is no server to hurt."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "desk.sqlite3"
        self.url = f"sqlite:///{self.path}"

    def ask(self, sql: str) -> list[Row]:
        line = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=20)
        try:
            return line.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            raise ConnectionError(str(error)) from None
        finally:
            line.close()

    def dump(self, path: Path) -> None:
        line = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=20)
        with path.open("w") as file:
            file.writelines(f"{statement}\n" for statement in line.iterdump())
        line.close()

    def back_up(self, path: Path) -> None:
        with closing(sqlite3.connect(self.path, timeout=20)) as line:
            line.execute("VACUUM INTO ?", [str(path)])

    def restore(self, path: Path) -> None:
        for end in ("-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        shutil.copyfile(path, self.path)


class Postgres(Database):
    """A server with the safety of production: commits are on disk before they are told."""

    can_restart = True

    def __init__(self, directory: Path, logs: Path) -> None:
        self.sockets, self.cluster = directory / "pg", directory / "cluster"
        self.how = running_services.as_somebody_else()
        self.programs = running_services.postgres_programs(directory)
        self.url = f"postgres://desk@/{self.sockets}/postgres"
        self.process = Process(
            "database",
            [
                str(self.programs / "postgres"),
                "-D",
                str(self.cluster),
                "-k",
                str(self.sockets),
                "-c",
                "listen_addresses=",
                "-c",
                "max_connections=300",
            ],
            os.environ,
            logs / "database.log",
            Path("/"),
            self.how,
            dies_with_us=False,
            polite=signal.SIGINT,
        )

    def initialise(self) -> None:
        for directory in (self.cluster, self.sockets):
            directory.mkdir(mode=0o700)
            if self.how:
                os.chown(directory, self.how["user"], self.how["group"])
        wanted = ["-U", "desk", "-A", "trust", "--encoding=UTF8", "--no-locale"]
        subprocess.run(
            [self.programs / "initdb", "-D", self.cluster, *wanted],
            check=True,
            capture_output=True,
            cwd="/",
            **self.how,
        )

    def _connect(self) -> psycopg.Connection[Row]:
        try:
            return psycopg.connect(
                host=str(self.sockets),
                user="desk",
                dbname="postgres",
                connect_timeout=5,
                autocommit=True,
            )
        except psycopg.Error as error:
            raise ConnectionError(str(error)) from None

    def ask(self, sql: str) -> list[Row]:
        try:
            with self._connect() as line:
                return line.execute(sql.encode()).fetchall()
        except psycopg.OperationalError as error:
            raise ConnectionError(str(error)) from None

    def answers(self) -> bool:
        try:
            return bool(self.ask("SELECT 1"))
        except OSError:
            return False

    def crash(self) -> None:
        """The immediate shutdown of a server that loses its power: recovery at the next start."""
        self.process.signal_first(signal.SIGQUIT)

    def end_sessions(self) -> None:
        self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def dump(self, path: Path) -> None:
        with path.open("wb") as file:
            self._run("pg_dump", stdout=file)

    def back_up(self, path: Path) -> None:
        with path.open("wb") as file:
            self._run("pg_dump", "--clean", "--if-exists", stdout=file)

    def restore(self, path: Path) -> None:
        with path.open("rb") as file:
            self._run("psql", "--quiet", "-v", "ON_ERROR_STOP=1", stdin=file, capture_output=True)

    def _run(self, program: str, *words: str, **streams: Any) -> None:
        command = [str(self.programs / program), "-h", str(self.sockets), "-U", "desk"]
        command += [*words, "postgres"]
        subprocess.run(command, check=True, cwd="/", **self.how, **streams)


class Broker:
    """A Valkey on a unix socket, which writes its bells to disk within a second."""

    def __init__(self, data_dir: Path, logs: Path, name: str = "broker") -> None:
        self.path = broker.socket_path(data_dir)
        broker.make_socket_dir(self.path)
        self.url = f"redis+socket://{self.path}"
        self.process = Process(
            name, broker.command(data_dir), os.environ, logs / f"{name}.log", data_dir
        )

    def answers(self) -> bool:
        return broker.answers(self.path)

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.path), socket_timeout=5)

    def flush(self) -> None:
        """Every bell is gone."""
        try:
            self._client().flushall()
        except redis.RedisError as error:
            raise ConnectionError(str(error)) from None

    def ring(self, bell: str) -> None:
        """Leave a bell that nobody waits for."""
        self._client().lpush("planted", bell)

    def dump(self, path: Path) -> None:
        """Every key with what it holds."""
        line = self._client()
        reads: dict[bytes, Callable[[bytes], Any]] = {
            b"list": lambda key: line.lrange(key.decode(), 0, -1),
            b"hash": lambda key: line.hgetall(key.decode()),
            b"set": lambda key: line.smembers(key.decode()),
            b"zset": lambda key: line.zrange(key.decode(), 0, -1),
            b"string": lambda key: line.get(key),
        }
        keys: Iterable[bytes] = line.scan_iter()
        with path.open("w") as file:
            for key in keys:
                kind: Any = line.type(key)
                file.write(f"{key!r}: {reads[kind](key)!r}\n")


def copy_logs(logs: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(logs, to)
