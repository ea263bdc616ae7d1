"""The desk's rows, read with plain SQL, as the judge wants them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .judge import IN_DOUBT, Doubt, Lost, Shown
from .servers import Database

SHOWN = """
    SELECT o.id, p.name, s.external_id, o.link, o.units, o.status, o.external_id, o.charge,
           o.hold_reason, blocker.status
    FROM orders_order o
    JOIN providers_provider p ON p.id = o.provider_id
    JOIN providers_service s ON s.id = o.service_id
    LEFT JOIN orders_order blocker ON blocker.id = o.blocked_by_id
    ORDER BY o.id
"""
DOUBTS = """
    SELECT e.order_id, e.at, a.started_at, a.lease_until, a.reason, o.reason, e.text
    FROM orders_orderevent e
    JOIN orders_order o ON o.id = e.order_id
    JOIN orders_attempt a ON a.order_id = e.order_id
    WHERE e.after = 'unconfirmed' AND a.started_at = (
        SELECT max(b.started_at) FROM orders_attempt b
        WHERE b.order_id = e.order_id AND b.started_at <= e.at)
    ORDER BY e.id
"""
LOST = """
    SELECT a.order_id, p.name, a.outcome, a.resolution, a.calls, a.unknown_at, a.settled_at
    FROM orders_attempt a
    JOIN providers_provider p ON p.id = a.provider_id
    WHERE a.unknown_at IS NOT NULL
    ORDER BY a.id
"""
STORIES = "SELECT order_id, at, text FROM orders_orderevent WHERE order_id IN ({}) ORDER BY id"
CALIBRATION = "SELECT provider_id, calibration FROM orders_recovery"
STOPPED_SEARCHES = """
    SELECT p.name, r.stopped_because FROM orders_recovery r
    JOIN providers_provider p ON p.id = r.provider_id WHERE r.stopped_because <> ''
"""
WAITING_TO_BE_SENT = "SELECT count(*) FROM orders_order WHERE status IN ('queued', 'sending')"
RESTORED = "SELECT count(*) FROM orders_gate WHERE kind = 'restored' AND opened_at IS NULL"
GATES = "SELECT kind, count(*) FROM orders_gate GROUP BY kind"
COUNTS = "SELECT status, count(*) FROM orders_order GROUP BY status"
BATCHES = "SELECT count(*) FROM orders_orderbatch WHERE state = 'placing'"
WAITING = """
    SELECT count(*) FROM orders_order o
    LEFT JOIN orders_order blocker ON blocker.id = o.blocked_by_id
    WHERE o.status = 'held'
      AND (blocker.status IS NULL OR blocker.status NOT IN ('unconfirmed', 'given_up'))
"""


def shown_in(database: Database) -> list[Shown]:
    """Every order, as it stands."""
    return [
        Shown(
            number, account, service, link, units, status, external_id,
            None if charge is None else Decimal(str(charge)),
            waits_for_doubt=hold == "link_busy" and blocked_by in IN_DOUBT,
        )
        for number, account, service, link, units, status, external_id, charge, hold, blocked_by
        in database.ask(SHOWN)
    ]  # fmt: skip


def doubts_in(database: Database) -> list[Doubt]:
    """How each order that ever was unconfirmed came to be so."""
    return [
        Doubt(
            order,
            after_start=(_moment(at) - _moment(started)).total_seconds(),
            after_lease=max((_moment(at) - _moment(lease)).total_seconds(), 0.0),
            has_evidence=bool(attempt_reason or reason or text),
        )
        for order, at, started, lease, attempt_reason, reason, text in database.ask(DOUBTS)
    ]


def lost_in(database: Database) -> list[Lost]:
    """Every answer that was ever lost, and how it was replaced."""
    return [
        Lost(
            order, account, outcome, resolution, calls,
            (_moment(settled) - _moment(unknown)).total_seconds() if resolution else None,
        )
        for order, account, outcome, resolution, calls, unknown, settled in database.ask(LOST)
    ]  # fmt: skip


def stories_in(database: Database, orders: Collection[int]) -> dict[int, list[str]]:
    """What the desk has noted about each of these orders, oldest first."""
    stories: dict[int, list[str]] = {order: [] for order in orders}
    if orders:
        for order, at, text in database.ask(STORIES.format(", ".join(map(str, orders)))):
            stories[order].append(f"{_moment(at):%H:%M:%S} {text}")
    return stories


def calibrated_in(database: Database) -> set[int]:
    """The rows of accounts whose ids are known to prove something."""
    found = set()
    for row, told in database.ask(CALIBRATION):
        seen = json.loads(told) if isinstance(told, str) else told
        if seen.get("rises") and seen.get("own_answers") and seen.get("foreign_errors"):
            found.add(row)
    return found


def stopped_searches_in(database: Database) -> dict[str, str]:
    return dict(database.ask(STOPPED_SEARCHES))


def gates_in(database: Database) -> dict[str, int]:
    """How often each kind of gate was closed."""
    return dict(sorted(database.ask(GATES)))


def waiting_in(database: Database) -> int:
    return int(database.ask(WAITING_TO_BE_SENT)[0][0])


def is_stopped_as_restored(database: Database) -> bool:
    return bool(database.ask(RESTORED)[0][0])


def counts_in(database: Database) -> Counter[str]:
    return Counter(dict(database.ask(COUNTS)))


def unfinished_in(database: Database) -> int:
    """What still has to happen before the desk may be judged, orders and batches together."""
    counts = counts_in(database)
    on_the_way = counts["queued"] + counts["sending"]
    return int(on_the_way + database.ask(BATCHES)[0][0] + database.ask(WAITING)[0][0])


def _moment(value: Any) -> datetime:
    """SQLite gives text without a zone, which is UTC."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)
