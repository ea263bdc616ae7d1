"""The desk's rows, read with plain SQL, as the checker wants them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .checker import IN_DOUBT, Doubt, Key, Lost, Shown
from .plan import is_left_held
from .right_time import RightTime
from .servers import Database

RIGHT = RightTime()

SHOWN = """
    SELECT o.id, p.name, s.external_id, o.link, o.units, o.status, o.external_id, o.charge,
           o.hold_reason, blocker.status, blocker.hold_reason, blocker.id
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
    SELECT a.order_id, p.name, a.outcome, a.resolution, a.calls, a.unknown_at, a.recorded_at
    FROM orders_attempt a
    JOIN providers_provider p ON p.id = a.provider_id
    WHERE a.unknown_at IS NOT NULL AND a.code <> 'recalled'
    ORDER BY a.id
"""
STORIES = "SELECT order_id, at, text FROM orders_orderevent WHERE order_id IN ({}) ORDER BY id"
CALIBRATION = "SELECT provider_id, calibration FROM orders_recovery"
STOPPED_SEARCHES = """
    SELECT p.name, r.stopped_because FROM orders_recovery r
    JOIN providers_provider p ON p.id = r.provider_id WHERE r.stopped_because <> ''
"""
WAITING_TO_BE_SENT = "SELECT count(*) FROM orders_order WHERE status IN ('queued', 'sending')"
RESTORED = "SELECT count(*) FROM orders_halt WHERE kind = 'restored' AND lifted_at IS NULL"
HALTS = "SELECT kind, count(*) FROM orders_halt GROUP BY kind"
COUNTS = "SELECT status, count(*) FROM orders_order GROUP BY status"
BATCHES = "SELECT count(*) FROM orders_orderbatch WHERE state = 'placing'"
HELD_FOR_TERMS = (
    "SELECT id FROM orders_order WHERE status = 'held' AND hold_reason = 'terms_changed'"
)
EVER_HELD_FOR_TERMS = """
    SELECT count(DISTINCT order_id) FROM orders_orderevent
    WHERE before = 'queued' AND after = 'held'
"""
AGREED = """
    SELECT p.name, o.link, o.units, o.terms
    FROM orders_order o JOIN providers_provider p ON p.id = o.provider_id
"""
HELD_CATALOGS = "SELECT id, provider_id FROM providers_catalogrun WHERE state = 'held'"


def shown_in(database: Database) -> list[Shown]:
    """Every order, as it stands."""
    return [
        Shown(
            number,
            account,
            service,
            link,
            units,
            status,
            external_id,
            None if charge is None else Decimal(str(charge)),
            waits_for_doubt=hold == "link_busy" and blocked_by in IN_DOUBT,
            waits_for_consent=_is_left(status, hold, number)
            or (hold == "link_busy" and _is_left(blocked_by, its_hold, its_number)),
        )
        for (
            number,
            account,
            service,
            link,
            units,
            status,
            external_id,
            charge,
            hold,
            blocked_by,
            its_hold,
            its_number,
        ) in database.ask(SHOWN)
    ]


def _is_left(status: str | None, hold_reason: str | None, number: int) -> bool:
    return (status, hold_reason) == ("held", "terms_changed") and is_left_held(number)


def agreed_rates_in(database: Database) -> dict[Key, Decimal]:
    """What people agreed to pay for a thousand, last of all."""
    found = {}
    for account, link, units, kept in database.ask(AGREED):
        terms = json.loads(kept) if isinstance(kept, str) else kept
        if terms["rate"] is not None:
            found[account, link, units] = Decimal(terms["rate"])
    return found


def ever_held_for_terms_in(database: Database) -> int:
    return int(database.ask(EVER_HELD_FOR_TERMS)[0][0])


def held_for_terms_in(database: Database) -> list[int]:
    """Those that people decide about."""
    orders = [int(row[0]) for row in database.ask(HELD_FOR_TERMS)]
    return [order for order in orders if not is_left_held(order)]


def held_catalogs_in(database: Database) -> list[tuple[int, int]]:
    """Those that wait for a decision, each with its account."""
    return [(run, provider) for run, provider in database.ask(HELD_CATALOGS)]


def doubts_in(database: Database, right: RightTime = RIGHT) -> list[Doubt]:
    """How each order that ever was unconfirmed came to be so."""
    return [
        Doubt(
            order,
            after_start=(after := right.seconds(_moment(started), _moment(at))),
            after_lease=max(after - (_moment(lease) - _moment(started)).total_seconds(), 0.0),
            has_evidence=bool(attempt_reason or reason or text),
        )
        for order, at, started, lease, attempt_reason, reason, text in database.ask(DOUBTS)
    ]


def lost_in(database: Database, right: RightTime = RIGHT) -> list[Lost]:
    """Every answer that was ever lost, and how it was replaced."""
    return [
        Lost(
            order,
            account,
            outcome,
            resolution,
            calls,
            right.seconds(_moment(unknown), _moment(recorded)) if resolution else None,
        )
        for order, account, outcome, resolution, calls, unknown, recorded in database.ask(LOST)
    ]


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


def halts_in(database: Database) -> dict[str, int]:
    """How often each kind of halt was closed."""
    return dict(sorted(database.ask(HALTS)))


def waiting_in(database: Database) -> int:
    return int(database.ask(WAITING_TO_BE_SENT)[0][0])


def is_stopped_as_restored(database: Database) -> bool:
    return bool(database.ask(RESTORED)[0][0])


def counts_in(database: Database) -> Counter[str]:
    return Counter(dict(database.ask(COUNTS)))


def unfinished_in(database: Database) -> int:
    """What still has to happen before the desk may be checked, orders and batches together."""
    counts = counts_in(database)
    on_the_way = counts["queued"] + counts["sending"]
    waiting = sum(
        one.status == "held" and not (one.waits_for_doubt or one.waits_for_consent)
        for one in shown_in(database)
    )
    return int(on_the_way + database.ask(BATCHES)[0][0] + waiting)


def _moment(value: Any) -> datetime:
    """SQLite gives text without a zone, which is UTC."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)
