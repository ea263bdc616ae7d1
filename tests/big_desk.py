"""A desk that has been at work for long: copies of a few rows, by the database itself."""

from __future__ import annotations

from typing import Any

from django.db import connection, models

from orders.status import AT_PROVIDER, Outcome, Status

from .builders import make_attempt, make_event, make_order, make_provider, make_service

ORDERS = 2000
ACCOUNTS = 20
DAYS_BETWEEN = 5
_OTHERS = (Status.IN_PROGRESS, Status.PENDING, Status.PARTIAL, Status.CANCELED)
_FIRST = 1_000_000  # the number of the first of them


def fill() -> None:
    """`ORDERS` that were sent once each, as many at each account, most of them completed: one every
    `DAYS_BETWEEN` days."""
    services = [make_service(make_provider()) for _ in range(ACCOUNTS)]
    for place, service in enumerate(services):
        status = _OTHERS[place] if place < len(_OTHERS) else Status.COMPLETED
        order = make_order(status, service=service, reference=f"R{place}", id=_FIRST + place)
        attempt = make_attempt(order, outcome=Outcome.ACCEPTED, id=order.pk)
        event = make_event(order)
        number = f"{_FIRST + place} + {ACCOUNTS} * n"
        own = {"order_id": number, "external_id": _text(number)}
        _copy(order, {"id": number, **own, **_of_order(number)})
        _copy(attempt, {"id": number, **own})
        _copy(event, {**own, "id": f"{number} + {_FIRST * place}"})
        if status in AT_PROVIDER:
            _copy(order.poll_schedule, own)


def analyze() -> None:
    """The database learns how many rows there are of each kind, as it does on a desk at work."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _of_order(number: str) -> dict[str, str]:
    sqlite = connection.vendor == "sqlite"
    name = f"printf('%032x', {number})" if sqlite else f"lpad(to_hex({number}), 32, '0')::uuid"
    return {
        "form_key": name,
        "link": f"'https://lumen.example/' || {_text(number)}",
        "link_key": _text(number),
        "reference": f"'R' || {_text(number)}",
        "created_at": _before("created_at", sqlite=sqlite),
        "ended_at": _before("ended_at", sqlite=sqlite),
    }


def _before(column: str, *, sqlite: bool) -> str:
    """Each of an account longer ago than the one that was made before it."""
    if sqlite:
        return f"datetime({column}, (-{DAYS_BETWEEN} * n) || ' days')"
    return f"{column} - n * interval '{DAYS_BETWEEN} days'"


def _text(number: str) -> str:
    return f"CAST({number} AS varchar(20))"


def _copy(row: models.Model, own: dict[str, Any]) -> None:
    quote, table = connection.ops.quote_name, row._meta.db_table
    fields = row._meta.concrete_fields
    columns = [str(field.column) for field in fields]
    values = ", ".join(own.get(field.attname, quote(str(field.column))) for field in fields)
    key = quote(str(row._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE counted(n) AS"
            f" (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {ORDERS // ACCOUNTS - 1})"
            f" INSERT INTO {table} ({', '.join(map(quote, columns))})"
            f" SELECT {values} FROM counted, {table} WHERE {key} = {row.pk}"
        )
