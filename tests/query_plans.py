"""How the database finds rows, said so that a test can refuse the reading of a whole table."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction

from .query_counts import queries_of

# Tables that grow with every order, or every restore; reading one of them from end to end is what
# must not happen.
LARGE = frozenset({"orders_order", "orders_attempt", "orders_orderevent", "orders_unmatchedorder"})

_ALIAS = re.compile(r'"(\w+)" ([A-Z]\d+)\b')  # how Django names a table in a subquery


def scans_of(work: Callable[[], object]) -> list[str]:
    """The queries of `work` that read a large table in proportion to its size, with their plans.

    A page of a list walks along an index and stops at its limit, and a count may stop at its
    cap; that is no reading of the table, unless rows are thrown away on the way to a count.
    """
    found = []
    for sql in queries_of(work):
        if not sql.startswith("SELECT") or _stops_at_its_limit(sql):
            continue
        plan, scanned = _plan_of(sql)
        if scanned & LARGE:
            found.append(f"{sorted(scanned)}: {sql}\n{plan}")
    return found


def _stops_at_its_limit(sql: str) -> bool:
    """It walks in the order of an index; or counts whatever comes, up to so many."""
    walks = re.search(r" ORDER BY .* LIMIT \d+( OFFSET \d+)?$", sql)
    counts = re.search(r"LIMIT \d+\) subquery$", sql) and " WHERE " not in sql
    return bool(walks or counts)


def _plan_of(sql: str) -> tuple[str, set[str]]:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
            names = {short: table for table, short in _ALIAS.findall(sql)}
            read = re.findall(r"^SCAN (\w+)", plan, re.MULTILINE)
            return plan, {names.get(name, name) for name in read}
        # With few rows PostgreSQL likes to read them all; now it does so only where it must.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        (answer,) = cursor.fetchone()
        plan = json.loads(answer) if isinstance(answer, str) else answer
        cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL")
        partial = {name for (name,) in cursor.fetchall()}
    return json.dumps(plan, indent=1), set(_read_whole(plan[0]["Plan"], partial))


def _read_whole(node: dict[str, Any], partial: set[str], table: str = "") -> Iterator[str]:
    """An index that no condition narrows is read from end to end like its table; a partial one
    holds few rows."""
    table = node.get("Relation Name", table)
    by_index = node["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
    unnarrowed = by_index and "Index Cond" not in node and node["Index Name"] not in partial
    if node["Node Type"] == "Seq Scan" or unnarrowed:
        yield table
    if node["Node Type"] == "Limit" and not any("Filter" in child for child in node["Plans"]):
        return  # so many rows and no more: how PostgreSQL finds the highest number
    for child in node.get("Plans", ()):
        yield from _read_whole(child, partial, table)
