"""What is done every few seconds costs the same however many orders have ended.

Counted is what the database reads, not what a clock tells: steps of SQLite's machine, rows that
PostgreSQL fetched. Five times the orders would be five times as much of a table that is read whole.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest
from django.db import connection, models

from core.clocks import database_now
from dashboard.health.pulse import Pulse, Work
from orders.aftersales.tasks import sweep_requests
from orders.bulk.tasks import ring_jobs
from orders.mass.tasks import place_batches
from orders.models import Attempt, Order, Recheck
from orders.polling.tasks import ring_recheck
from orders.recovery.tasks import ring_recovery
from orders.sending import invariants, tasks
from orders.status import Outcome, Status
from orders.watchdog.overdue import standstills
from providers.models import Provider
from tests.builders import make_attempt, make_order, make_provider

pytestmark = [pytest.mark.django_db, pytest.mark.services]

FEW, MANY = 4_000, 20_000  # orders of a desk, nearly all of which have ended
MOST_GROWTH = 1.2
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# For the newest send of an account that has none PostgreSQL walks those of all others.
GROWS = frozenset({"what stands still"})
EVERY_FEW_SECONDS: dict[str, Callable[[], object]] = {
    "pulse": Pulse(Work(threads=1), ["dispatch", "follow"]).beat_once,
    "sweep": tasks.sweep,
    "reap": tasks.reap,
    "check_orders": tasks.check_orders,
    "ring_due": tasks.ring_due,
    "ring_probes": tasks.ring_probes,
    "ring_recheck": ring_recheck,
    "ring_recovery": ring_recovery,
    "ring_jobs": ring_jobs,
    "sweep_requests": sweep_requests,
    "place_batches": place_batches,
    "what stands still": lambda: standstills(database_now()),
}


def test_the_pulse_and_each_sweep_read_no_more_where_five_times_as_many_orders_have_ended(
    monkeypatch,
):
    monkeypatch.setattr("dashboard.health.pulse.close_old_connections", lambda: None)
    attempt = make_attempt(make_order(Status.COMPLETED), outcome=Outcome.ACCEPTED)
    for status in (Status.QUEUED, Status.PENDING, Status.UNCONFIRMED):
        make_order(status, provider=make_provider())
    real = invariants._of_this_part  # the first of all parts: the last one may be nearly empty
    monkeypatch.setattr(invariants, "_of_this_part", lambda now: real(EPOCH))
    now = database_now()
    for account in Provider.objects.all():
        Recheck.objects.create(provider=account, through_at=now)
    read: dict[str, list[int]] = {name: [] for name in EVERY_FEW_SECONDS}
    for orders in (FEW, MANY):
        _fill_up_to(orders, attempt)
        for work in EVERY_FEW_SECONDS.values():
            work()  # once for what it finds to do
        for name, work in EVERY_FEW_SECONDS.items():
            read[name].append(_read_by(work))
    assert Order.objects.count() == MANY
    grown = {name for name, (few, many) in read.items() if many > few * MOST_GROWTH}
    assert grown - (GROWS if _is_postgresql() else set()) == set(), read


def test_reading_all_orders_would_have_been_seen():
    attempt = make_attempt(make_order(Status.COMPLETED), outcome=Outcome.ACCEPTED)
    read = []
    for orders in (100, 500):
        _fill_up_to(orders, attempt)
        read.append(_read_by(lambda: Order.objects.filter(note__contains="never").exists()))
    assert read[1] > read[0] * 4


def _fill_up_to(orders: int, like: Attempt) -> None:
    """Copies of this order with its one try, made by the database itself."""
    newest, have = Order.objects.latest("pk").pk, Order.objects.count()
    key = "lpad(to_hex(n), 32, '0')::uuid" if _is_postgresql() else "printf('%%032x', n)"
    ids = {"submission": key, "external_id": "'c' || n"}
    numbers = (
        f"(WITH RECURSIVE numbers(n) AS (SELECT {have + 1} UNION ALL SELECT n + 1 FROM numbers "
        f"WHERE n < {orders}) SELECT n FROM numbers) AS numbers"
    )
    _copy(Order, ids, f"orders_order AS one, {numbers} WHERE one.id = {like.order_id}")
    of_each = {"order_id": "other.id", "external_id": "other.external_id"}
    _copy(
        Attempt,
        of_each,
        f"orders_attempt AS one, orders_order AS other WHERE one.id = {like.pk} "
        f"AND other.id > {newest}",
    )
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _copy(model: type[models.Model], other: dict[str, str], source: str) -> None:
    quote = connection.ops.quote_name
    columns = [str(field.column) for field in model._meta.concrete_fields if not field.primary_key]
    values = ", ".join(other.get(column, f"one.{quote(column)}") for column in columns)
    into = f"{quote(model._meta.db_table)} ({', '.join(map(quote, columns))})"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {into} SELECT {values} FROM {source}", [])


def _read_by(work: Callable[[], object]) -> int:
    if _is_postgresql():
        before = _rows_fetched()
        work()
        return _rows_fetched() - before
    steps = count()
    connection.connection.set_progress_handler(lambda: next(steps) and None, 10)
    try:
        work()
    finally:
        connection.connection.set_progress_handler(None, 10)
    return next(steps)


def _rows_fetched() -> int:
    """By this transaction, which is all of the test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        )
        return int(cursor.fetchone()[0])


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
