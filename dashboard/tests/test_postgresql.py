"""A database server that vanishes or stands still is given up in seconds."""

from __future__ import annotations

import socket
import time

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections

from dashboard.databases.postgresql import (
    lift_statement_timeout,
    restore_statement_timeout,
    timeouts,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


def shown(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


def on_postgresql() -> bool:
    return connection.vendor == "postgresql"


def test_a_server_that_accepts_and_says_nothing_is_given_up_after_the_connect_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(
                host="127.0.0.1",
                port=silent.getsockname()[1],
                user="desk",
                **timeouts(connect=2, silent=20, statement=60),
            )
        assert time.monotonic() - began < 5


def test_a_vanished_server_is_noticed_within_the_silence_we_allow() -> None:
    """Nothing outstanding: keepalives. Something unacknowledged: the user timeout."""
    options = timeouts(connect=5, silent=20, statement=60)
    keepalives = options["keepalives_idle"] + 3 * options["keepalives_interval"]
    assert (options["connect_timeout"], options["keepalives"]) == (5, 1)
    silences = (keepalives, options["tcp_user_timeout"] / 1000)
    assert min(silences) > 0 and max(silences) <= 20, "and 0 would be the kernel's own time"


def test_the_server_is_told_too_what_a_statement_may_take_and_when_we_are_gone() -> None:
    told = timeouts(connect=5, silent=20, statement=60)["options"].split(" -c ")
    assert {"-c statement_timeout=60000", "tcp_user_timeout=20000"} <= set(told)


def test_every_connection_has_its_timeouts() -> None:
    wanted = settings.POSTGRESQL_OPTIONS
    if not on_postgresql():
        assert "connect_timeout" not in settings.DATABASES["default"]["OPTIONS"]
        return
    connection.ensure_connection()
    given = connection.connection.info.get_parameters()
    assert given["connect_timeout"] == str(wanted["connect_timeout"])
    assert given["tcp_user_timeout"] == str(wanted["tcp_user_timeout"])
    assert shown("statement_timeout") == "1min"


def test_a_statement_that_does_not_end_is_ended_but_a_migration_is_not() -> None:
    if not on_postgresql():
        lift_statement_timeout(using="default")  # nothing to lift
        return
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 100")
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute("SELECT pg_sleep(5)")
    lift_statement_timeout(using="default")
    assert shown("statement_timeout") == "0"
    restore_statement_timeout(using="default")
    assert shown("statement_timeout") == "1min"
    connections.close_all()
