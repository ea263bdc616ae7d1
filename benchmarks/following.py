"""Following 20,000 open orders: requests made, share of the latency limit, against one by one.

The sandbox stands in a process of its own and takes 200 ms for every answer. Sixteen lanes
follow sixteen accounts; the limit is what sixteen lanes could do if the desk took no time. The
share of it is taken over the middle 80 % of the run, when all lanes are under way.
"""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.desk import fresh_desk
from sandbox import RemoteSandbox

ORDERS = 20_000
LANES = 16
WORKERS = 2
LATENCY = 0.2
BATCH = 100
PASSED = 420.0  # virtual seconds between two looks: a tenth of the orders or less has moved
ONE_BY_ONE = 160  # calls of the comparison: enough to know its pace
BARS = {"requests_against_minimum": 1.05, "share_of_latency_limit": 0.85, "times_one_by_one": 50.0}


def main() -> dict[str, Any]:
    """Run it; the figures and whether each bar was met."""
    fresh_desk()
    with SandboxProcess() as place:
        accounts, ids = _open_orders(place)
        box = RemoteSandbox(place["control_url"], place["control_token"])
        _follow_all(accounts)  # the first words, and code and connections as in a running worker
        box.advance(PASSED)
        box.fault("latency", "after", action="status", seconds=LATENCY)
        _make_all_due()
        before, events = box.calls("status"), _events()
        seconds = _follow_all(accounts)
        requests = box.calls("status") - before
        left, steady = _still_due(), _steady_pace()
        moved = _events() - events
        pace_of_one = _one_by_one(accounts, ids)
    minimum = -(-ORDERS // BATCH)
    limit = LANES / LATENCY * BATCH
    figures = {
        "orders": ORDERS,
        "left_behind": left,
        "moved": moved,
        "requests": requests,
        "seconds": round(seconds, 2),
        "requests_against_minimum": round(requests / minimum, 3),
        "share_of_latency_limit": round(steady / limit, 3),
        "share_with_start_and_end": round(ORDERS / seconds / limit, 3),
        "times_one_by_one": round(ORDERS / seconds / pace_of_one, 1),
    }
    met = (
        figures["requests_against_minimum"] <= BARS["requests_against_minimum"]
        and figures["share_of_latency_limit"] >= BARS["share_of_latency_limit"]
        and figures["times_one_by_one"] >= BARS["times_one_by_one"]
        and left == 0
    )
    return {"name": "following", "figures": figures, "bars": BARS, "met": met}


class SandboxProcess:
    """The sandbox as a process of its own, so that it takes no time of ours."""

    def __enter__(self) -> dict[str, Any]:
        keys = [f"--key=bench-key-{number:04}:1000000" for number in range(LANES)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", "--control-port", "0",
             "--seed", "1", "--services", "20", "--speed", "0", *keys],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        place: dict[str, Any] = json.loads(self.process.stdout.readline())
        return place

    def __exit__(self, *args: object) -> None:
        self.process.terminate()
        self.process.wait(10)


def _open_orders(place: dict[str, Any]) -> tuple[list[Any], dict[int, list[str]]]:
    """Accounts whose orders the sandbox has accepted and the desk is following, all due."""
    from django.conf import settings

    settings.SANDBOX_URL = place["url"]
    from providers.connect import client_for
    from providers.panel_api import DefaultWish

    accounts = [_account(place["url"], f"bench-key-{n:04}") for n in range(LANES)]
    item = next(i for i in client_for(accounts[0]).services().items if i.type == "Default")
    ids: dict[int, list[str]] = {}

    def buy(account: Any) -> None:
        client = client_for(account)
        for number in range(ORDERS // LANES):
            wish = DefaultWish(
                service_id=item.service_id,
                link=f"https://lumen.example/{account.pk}/{number}",
                quantity=item.min or 100,
            )
            ids.setdefault(account.pk, []).append(client.add(wish).order_id)

    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(buy, accounts))
    for account in accounts:
        _write_down(account, item, ids[account.pk])
    return accounts, ids


def _account(url: str, key: str) -> Any:
    from core.encryption import encrypt
    from providers.actions.lanes import ensure_lanes
    from providers.models import Provider

    account = Provider.objects.create(
        name=key, url=url, key_ciphertext=encrypt(key), calls_per_minute=60_000
    )
    ensure_lanes(account.pk)
    return account


def _write_down(account: Any, item: Any, ids: list[str]) -> None:
    from datetime import timedelta

    from core.clocks import database_now
    from orders.models import Order, Watch
    from orders.status import Status
    from providers.models import Service

    now = database_now()
    service = Service.objects.create(
        provider=account, external_id=item.service_id, name=item.name, type="Default",
        rate=item.rate, first_seen_at=now, changed_at=now,
    )  # fmt: skip
    orders = Order.objects.bulk_create(
        Order(
            provider=account, service=service, type="Default", wish={}, link=f"lumen/{number}",
            link_key=str(number), units=item.min or 100, status=Status.PENDING,
            external_id=order_id, send_after=now, created_at=now, changed_at=now,
        )
        for number, order_id in enumerate(ids)
    )  # fmt: skip
    due = now - timedelta(seconds=1)
    Watch.objects.bulk_create(
        Watch(order=o, provider=account, external_id=o.external_id, next_at=due, changed_at=now)
        for o in orders
    )


def _make_all_due() -> None:
    from datetime import timedelta

    from core.clocks import database_now
    from orders.models import Watch

    Watch.objects.update(next_at=database_now() - timedelta(seconds=1), checked_at=None)


def _events() -> int:
    from orders.models import OrderEvent

    return OrderEvent.objects.count()


def _follow_all(accounts: list[Any]) -> float:
    """Seconds until nothing is due, with one lane an account, over two worker processes."""
    from django.db import connections

    connections.close_all()
    processes = multiprocessing.get_context("fork")
    workers = [
        processes.Process(target=_work, args=(accounts[number::WORKERS],))
        for number in range(WORKERS)
    ]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - started


def _work(accounts: list[Any]) -> None:
    """One worker process: a thread for each of its lanes."""
    from django.db import connections

    from core.clocks import database_now
    from orders.actions.following import follow_account
    from providers.connect import client_for

    def lane(account: Any) -> None:
        try:
            follow_account(account, client_for(account), clock=database_now, seconds=60)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(accounts)) as pool:
        list(pool.map(lane, accounts))


def _still_due() -> int:
    from orders.models import Watch

    return Watch.objects.filter(checked_at=None).count()


def _steady_pace() -> float:
    """Orders a second over the middle 80 % of the run, when all lanes are under way."""
    from orders.models import Watch

    moments = Watch.objects.values_list("checked_at", flat=True)
    seen = sorted(moment for moment in moments if moment is not None)
    first, last = seen[len(seen) // 10], seen[len(seen) * 9 // 10]
    return len(seen) * 0.8 / (last - first).total_seconds()


def _one_by_one(accounts: list[Any], ids: dict[int, list[str]]) -> float:
    """Orders a second when each is asked about alone, over just as many lanes."""
    from providers.connect import client_for

    def lane(account: Any) -> None:
        client = client_for(account)
        for order_id in ids[account.pk][: ONE_BY_ONE // LANES]:
            client.statuses_once([order_id])

    started = time.perf_counter()
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lane, accounts))
    return ONE_BY_ONE / (time.perf_counter() - started)


if __name__ == "__main__":
    from benchmarks.report import report

    sys.exit(report(main()))
