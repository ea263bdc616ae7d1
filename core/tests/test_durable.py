"""Claims that power may not take back, and connections that broke."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from core.rows.durable import DATABASE_AWAY, drop_broken_connection, durable_transaction
from providers.models import Provider
from tests.builders import make_provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


@pytest.fixture
def synchronous() -> Callable[[], int | None]:
    """How far SQLite waits for the disk: 1 NORMAL, 2 FULL. None elsewhere."""

    def level() -> int | None:
        if connection.vendor != "sqlite":
            return None
        with connection.cursor() as cursor:
            found: int = cursor.execute("PRAGMA synchronous").fetchone()[0]
            return found

    return level


def test_the_disk_is_waited_for_inside_and_only_there(
    synchronous: Callable[[], int | None],
) -> None:
    inside, outside = (2, 1) if connection.vendor == "sqlite" else (None, None)
    with durable_transaction():
        make_provider()
        assert synchronous() == inside
    assert synchronous() == outside
    assert Provider.objects.count() == 1


def test_what_failed_leaves_nothing_and_waits_no_longer(
    synchronous: Callable[[], int | None],
) -> None:
    with pytest.raises(ZeroDivisionError), durable_transaction():
        make_provider()
        raise ZeroDivisionError
    assert not Provider.objects.exists()
    assert synchronous() in (1, None)


def test_inside_another_transaction_it_would_promise_too_much() -> None:
    with (
        transaction.atomic(),
        pytest.raises(RuntimeError, match="durable"),
        durable_transaction(),
    ):
        raise AssertionError("It may be rolled back from outside.")


def test_a_connection_that_broke_is_made_anew() -> None:
    make_provider()
    if connection.vendor == "postgresql":  # SQLite is a file: nothing goes away
        connection.connection.close()
        with pytest.raises(DATABASE_AWAY):
            Provider.objects.count()
    drop_broken_connection()
    assert Provider.objects.count() == 1


def test_a_connection_that_works_is_kept() -> None:
    make_provider()
    before = connection.connection
    drop_broken_connection()
    assert connection.connection is before
