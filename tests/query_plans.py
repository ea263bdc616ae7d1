"""How the database finds rows, said so that a test can refuse the reading of a whole table."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from django.db import connection, transaction

from .query_counts import queries_of

# Tables that grow with every order, and one that grows with a restore; reading one of them from end
# to end is what must not happen.
GROW = frozenset({"orders_order", "orders_attempt", "orders_orderevent"})
LISTED = "orders_unmatchedorder"  # walked to its next page, whatever is left out on the way
# Of a part of the rows, which is nearly all of them once a desk is old.
PARTIAL_AND_LARGE = frozenset(
    {
        "attempt_accepted_rows",
        "attempt_by_account",
        "external_id_once_per_provider",
        "one_live_attempt_per_order",
        "order_by_start_of_reference",
        "order_by_spend_day",
        "order_by_tags",
    }
)

_READS = re.compile(r"\(?SELECT ")
_ALIAS = re.compile(r'"(\w+)" ([A-Z]\d+\w*)\b')  # how Django names a table in a subquery
_OPENS, _ENDS = "\x01", "\x02"  # for brackets that were looked into
_BRACKETS = re.compile(r"\([^()]*\)")
_LOOKED_INTO = re.compile(f"{_OPENS}[^{_OPENS}{_ENDS}]*{_ENDS}")
_AT_MOST = re.compile(r" LIMIT \d+( OFFSET \d+)?$")
_FROM = re.compile(r' FROM "(\w+)"(?: ([A-Z]\d+\w*))?')
_LIMIT = re.compile(r" ORDER BY .* LIMIT \d+( OFFSET \d+)?$")
_OF_NOBODY = re.compile(r"^\w+ IS NULL$|^\(?\w+\)?(::text)? = ''::text$")
# Their first part is read as far as rows are wanted of them.
_AS_WANTED = frozenset(
    {"Nested Loop", "Hash Join", "Merge Join", "Subquery Scan", "Result", "LockRows"}
)


def empty_large_tables() -> None:
    """With the space that rows of the past have had, and what PostgreSQL knew of them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(sorted(GROW | {LISTED}))} CASCADE")


def scans_of(work: Callable[[], object]) -> list[str]:
    """The queries of `work` that read a large table in proportion to its size, with their plans.

    A page of a list walks along an index and stops at its limit, and a count may stop at its
    cap; that is no reading of the table, unless rows are thrown away on the way. A search for what
    nearly all rows have is one.
    """
    found = []
    for sql in queries_of(work):
        if not _READS.match(sql) or _counts_to_its_cap(sql):
            continue
        plan, read = _plan_of(sql)
        large = GROW if _LIMIT.search(sql) else GROW | {LISTED}
        if read & large:
            found.append(f"{sorted(read & large)}: {sql}\n{plan}")
    return found


def plans_of(work: Callable[[], object]) -> list[str]:
    """How the database finds the rows of each query of `work`, in its own words."""
    return [_plan_of(sql)[0] for sql in queries_of(work) if _READS.match(sql)]


def _plan_of(sql: str) -> tuple[str, set[str]]:
    """And the tables that it reads from end to end."""
    return _of_sqlite(sql) if connection.vendor == "sqlite" else _of_postgresql(sql)


def _counts_to_its_cap(sql: str) -> bool:
    """It counts whatever comes, up to so many."""
    return bool(re.search(r"LIMIT \d+\) subquery$", sql) and " WHERE " not in sql)


def _of_sqlite(sql: str) -> tuple[str, set[str]]:
    sql, stopped = _each_name_once(sql)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        steps = [str(row[-1]) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        )
        few = {name for (name,) in cursor.fetchall()} - PARTIAL_AND_LARGE
    if "USE TEMP B-TREE FOR ORDER BY" in steps:
        stopped = set()
    names = {short: table for table, short in _ALIAS.findall(sql)}
    whole = set()
    for words in steps:
        how, name, *_ = [*words.split(), ""]
        table = names.get(name, name)
        if how not in ("SCAN", "SEARCH") or few.intersection(words.split()):
            continue
        walked = how == "SCAN" and name not in stopped
        made = "AUTOMATIC" in words  # an index of the whole table, for this query alone
        shared = how == "SEARCH" and table in GROW and _asks_for_nobody(sql, name, words)
        if walked or made or shared:
            whole.add(table)
    return "\n".join(steps), whole


def _each_name_once(sql: str) -> tuple[str, set[str]]:
    """Django calls the tables of two subqueries beside one another the same. And which are read no
    further than to a limit: no condition throws a row away before."""
    number, stopped = count(), set()

    def named(match: re.Match[str]) -> str:
        part = match[0][1:-1]
        if part.startswith("SELECT"):
            mine = next(number)
            for name in {name for _, name in _ALIAS.findall(part)}:
                part = re.sub(rf"\b{name}\b", f"{name}_{mine}", part)
            note(part)
        return f"{_OPENS}{part}{_ENDS}"

    def note(select: str) -> None:
        first = _FROM.search(select)
        while (outside := _LOOKED_INTO.sub("", select)) != select:
            select = outside
        if first and _AT_MOST.search(select) and " WHERE " not in select:
            stopped.add(first[2] or first[1])

    while (done := _BRACKETS.sub(named, sql)) != sql:
        sql = done
    note(sql)
    return sql.replace(_OPENS, "(").replace(_ENDS, ")"), stopped


def _asks_for_nobody(sql: str, name: str, words: str) -> bool:
    """For what most rows have: nobody, no moment, an empty text."""
    asked = words.partition("(")[2].partition(")")[0].split(" AND ")
    columns = [re.escape(part.removesuffix("=?")) for part in asked]
    return all(re.search(rf'"{name}"."{one}" (IS NULL|= \'\')', sql) for one in columns)


def _of_postgresql(sql: str) -> tuple[str, set[str]]:
    with transaction.atomic(), connection.cursor() as cursor:
        # With few rows PostgreSQL likes to read them all; now it does so only where it must.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        (answer,) = cursor.fetchone()
        plan = json.loads(answer) if isinstance(answer, str) else answer
        cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL")
        few = {name for (name,) in cursor.fetchall()} - PARTIAL_AND_LARGE
        cursor.execute("SET LOCAL enable_seqscan = on")
    return json.dumps(plan, indent=1), set(_read_whole(plan[0]["Plan"], few))


def _read_whole(
    node: dict[str, Any], few: set[str], table: str = "", *, stops: bool = False
) -> Iterator[str]:
    """An index that no condition narrows is read from end to end like its table; a partial one
    may hold few rows. Below a limit that `stops` it, it is read as far as rows are wanted."""
    table = node.get("Relation Name", table)
    by_index = node["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
    unnarrowed = by_index and node["Index Name"] not in few and not _narrows(node, table)
    if (node["Node Type"] == "Seq Scan" or unnarrowed) and not (stops and "Filter" not in node):
        yield table
    below = node.get("Plans", [])
    stops = node["Node Type"] == "Limit" or (stops and _as_wanted(node, below))
    for child in below:
        first = child.get("Parent Relationship") in ("Outer", "Subquery")
        yield from _read_whole(child, few, table, stops=stops and first)


def _narrows(node: dict[str, Any], table: str) -> bool:
    asked = node.get("Index Cond", "").removeprefix("(").removesuffix(")").split(") AND (")
    return asked != [""] and not (table in GROW and all(map(_OF_NOBODY.match, asked)))


def _as_wanted(node: dict[str, Any], below: list[dict[str, Any]]) -> bool:
    """Each row of the first goes on; a join that is no outer one throws those away which find
    nobody."""
    if "Join Type" not in node or node["Join Type"] == "Left":
        return node["Node Type"] in _AS_WANTED
    throws = "Join Filter" in node or any("Filter" in child for child in below[1:])
    return node["Join Type"] == "Inner" and not throws
