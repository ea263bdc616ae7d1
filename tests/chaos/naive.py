"""Three ways to send orders that look right and are not. The chaos must find them out.

`early`: Celery as it comes, checking the row before it sends. `late`: acknowledged late,
rejected when the worker is lost, retried on errors. `loop`: reads, checks, sends and saves.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from celery import Celery

PATIENCE_SECONDS = 3
TABLE = """
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, account TEXT, service TEXT, link TEXT, quantity INTEGER,
        status TEXT, external_id TEXT
    )
"""
SETTINGS: dict[str, Any] = {
    "task_ignore_result": True,
    "worker_prefetch_multiplier": 1,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {"visibility_timeout": 7, "unacked_restore_interval": 2},
}

app = Celery("naive", broker=os.environ.get("NAIVE_BROKER", "memory://"))
app.conf.update(SETTINGS)


class NoGoodAnswer(Exception):
    """Something else than an order number came back."""


@contextmanager
def rows() -> Iterator[sqlite3.Connection]:
    line = sqlite3.connect(os.environ["NAIVE_DATABASE"], timeout=20, isolation_level=None)
    try:
        yield line
    finally:
        line.close()


def add(order: Mapping[str, Any]) -> str:
    """The provider's number. NoGoodAnswer, or OSError, for everything else."""
    account = json.loads(os.environ["NAIVE_ACCOUNTS"])[order["account"]]
    planned = {name: order[name] for name in ("service", "link", "quantity")}
    body = urlencode({"key": account["key"], "action": "add", **planned}).encode()
    try:
        with urlopen(account["url"], body, timeout=PATIENCE_SECONDS) as answer:
            return str(json.load(answer)["order"])
    except HTTPError as error:
        raise NoGoodAnswer(error.code) from None
    except (ValueError, LookupError, TypeError) as error:
        raise NoGoodAnswer(type(error).__name__) from None


def read(order_id: int) -> dict[str, Any]:
    with rows() as line:
        line.row_factory = sqlite3.Row
        return dict(line.execute("SELECT * FROM orders WHERE id = ?", [order_id]).fetchone())


def save(order_id: int, status: str, external_id: str = "") -> None:
    with rows() as line:
        line.execute(
            "UPDATE orders SET status = ?, external_id = ? WHERE id = ?",
            [status, external_id, order_id],
        )


@app.task(name="early")
def early(order_id: int) -> None:
    order = read(order_id)
    if order["status"] != "queued":
        return
    try:
        save(order_id, "pending", add(order))
    except (NoGoodAnswer, OSError):
        save(order_id, "rejected")


@app.task(
    name="late",
    acks_late=True,
    reject_on_worker_lost=True,
    autoretry_for=[Exception],
    max_retries=5,
    retry_backoff=True,
    retry_backoff_max=2,
)
def late(order_id: int) -> None:
    order = read(order_id)
    if order["status"] == "queued":
        save(order_id, "pending", add(order))


def loop() -> None:
    """Several of these run at once."""
    while True:
        with rows() as line:
            found = line.execute("SELECT id FROM orders WHERE status = 'queued' LIMIT 10")
            numbers = [number for (number,) in found]
        for number in numbers:
            order = read(number)
            if order["status"] != "queued":
                continue
            try:
                save(number, "pending", add(order))
            except NoGoodAnswer:
                save(number, "rejected")
            except OSError:
                time.sleep(0.05)  # it will be tried again
        time.sleep(0.1)


if __name__ == "__main__":
    loop()
