"""The export of 1,000,000 orders against one of 10,000: memory stays what it was.

Each export runs in a process of its own on the same desk, through the page that staff use. What
is compared is the most that a process holds for itself; the file of the database, which SQLite
maps into it, belongs to the system and is not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.desk import fresh_desk

ORDERS = 1_000_000
FEW = 10_000
LOOK_EVERY = 5  # chunks of the file between two looks at the memory
BARS = {"memory_against_few": 1.2}


def main() -> dict[str, Any]:
    """Run it; the figures and whether the bar was met. Linux only: it reads /proc."""
    fresh_desk()
    _fill()
    few, all_of_them = _exported("status=partial"), _exported("")
    ratio = all_of_them["megabytes"] / few["megabytes"]
    figures = {
        "orders": all_of_them["lines"],
        "few": few["lines"],
        "peak_mb": all_of_them["megabytes"],
        "peak_mb_of_few": few["megabytes"],
        "seconds": all_of_them["seconds"],
        "orders_a_second": round(all_of_them["lines"] / all_of_them["seconds"]),
        "file_mb": all_of_them["file_mb"],
        "memory_against_few": round(ratio, 3),
    }
    whole = (few["lines"], all_of_them["lines"]) == (FEW, ORDERS)
    met = whole and figures["memory_against_few"] <= BARS["memory_against_few"]
    return {"name": "export", "figures": figures, "bars": BARS, "met": met}


def _exported(query: str) -> dict[str, Any]:
    """The figures of one export, as its own process saw them."""
    command = [sys.executable, "-m", "benchmarks.export", "export", query]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _export(query: str) -> dict[str, Any]:
    """Read the whole answer of the page as it comes, and keep none of it."""
    import django

    django.setup()
    from django.test import Client
    from django.urls import reverse

    from core.models import User

    browser = Client(headers={"host": "localhost"})
    browser.force_login(User.objects.get(), backend="django.contrib.auth.backends.ModelBackend")
    started = time.perf_counter()
    answer: Any = browser.get(f"{reverse('order-export')}?{query}")
    assert answer.status_code == 200, answer.status_code
    lines = size = peak = 0
    for number, part in enumerate(answer.streaming_content):
        lines, size = lines + part.count(b"\r\n"), size + len(part)
        if number % LOOK_EVERY == 0:
            peak = max(peak, _kilobytes())
    return {
        "lines": lines - 1,
        "megabytes": round(max(peak, _kilobytes()) / 1024, 1),
        "seconds": round(time.perf_counter() - started, 1),
        "file_mb": round(size / 1e6),
    }


def _kilobytes() -> int:
    """What this process holds for itself, mapped files apart."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "RssAnon" in line)


def _pattern() -> Any:
    """One order, of which all others are copies."""
    from decimal import Decimal

    from core.clocks import database_now
    from core.models import User
    from core.roles import Role
    from orders.models import Order
    from orders.status import Status
    from providers.models import Provider, Service

    now = database_now()
    person = User.objects.create(username="operator")
    person.set_role(Role.OPERATOR)
    provider = Provider.objects.create(name="Northwind", url="https://a.example/api/v2")
    service = Service.objects.create(
        provider=provider,
        external_id="1",
        name="Website visits",
        type="Default",
        rate=Decimal("0.9"),
        first_seen_at=now,
        changed_at=now,
    )
    return Order.objects.create(
        provider=provider,
        service=service,
        type="Default",
        placed_by=person,
        units=1000,
        payload={"link": "https://lumen.example/1", "quantity": "1000"},
        external_id="9000001",
        link="https://lumen.example/1",
        link_key="1",
        status=Status.PARTIAL,
        remains=10,
        charge=Decimal("0.891"),
        estimate=Decimal("0.9"),
        reference="INV-1",
        note="=1+1",
        send_after=now,
        changed_at=now,
        created_at=now,
    )


def _fill() -> None:
    """A million orders written by the database itself, one in a hundred of them partial."""
    from django.db import connection

    from orders.models import Order
    from orders.status import Status

    pattern = _pattern()
    own = {
        "id": "n",
        "submission": "printf('%032x', n)",
        "external_id": "9000000 + n",
        "link": "'https://lumen.example/' || n",
        "link_key": "n",
        "reference": "'INV-' || n",
        "status": f"CASE WHEN n % {ORDERS // FEW} = 0 THEN 'partial' ELSE 'completed' END",
    }
    columns = [str(field.column) for field in Order._meta.concrete_fields]
    values = ", ".join(own.get(column, column) for column in columns)
    Order.objects.filter(pk=pattern.pk).update(status=Status.COMPLETED)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE counted(n) AS"
            f" (SELECT 2 UNION ALL SELECT n + 1 FROM counted WHERE n < {ORDERS})"
            f" INSERT INTO orders_order ({', '.join(columns)})"
            f" SELECT {values} FROM counted, orders_order WHERE id = {pattern.pk}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["export"]:
        print(json.dumps(_export(sys.argv[2])))
        sys.exit(0)
    from benchmarks.report import report

    sys.exit(report(main()))
