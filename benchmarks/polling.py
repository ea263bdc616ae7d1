"""Polling 20,000 open orders: requests made, share of the latency limit, against one by one.

The sandbox stands in a process of its own and takes 200 ms for every answer. Sixteen leases
poll sixteen accounts, as threads of two processes of eight: so do the two `worker-follow` of
docker-compose.yml, and each does what its task does. The limit is what sixteen leases could do if
neither the desk nor the sandbox took any time. The share of it is taken over the middle 80 % of
the orders, when all leases are under way; the one from the first lease's start to the last one's
end, with all first answers at the same moment, is told beside it, and so is what the one worker
of `make run` reaches. Of three rounds the median counts, and all are told.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks.desk import fresh_desk
from benchmarks.open_orders import LEASES, SandboxProcess, account_at, write_down
from sandbox import RemoteSandbox

ORDERS = 20_000
WORKERS = 2
LATENCY = 0.2
BATCH = 100
PATIENCE = 120.0  # seconds a lease may take; a worker's task would pass it on after 20
ROUNDS = (420.0, 20.0, 20.0)  # virtual seconds before each: a tenth of the orders or less has moved
ONE_BY_ONE = 160  # calls of the comparison: enough to know its pace
BARS = {"requests_against_minimum": 1.05, "share_of_latency_limit": 0.85, "times_one_by_one": 50.0}


def main() -> dict[str, Any]:
    """Run it; the figures and whether each bar was met."""
    fresh_desk()
    with SandboxProcess() as place:
        accounts, ids = _open_orders(place)
        box = RemoteSandbox(place["control_url"], place["control_token"])
        _poll_all(accounts)  # the first words, and code and connections as in a running worker
        box.fault("latency", "after", action="status", seconds=LATENCY)
        rounds = [_round(box, accounts, passed) for passed in ROUNDS]
        alone = _round(box, accounts, ROUNDS[-1], workers=1)
        pace_of_one = _one_by_one(accounts, ids)
    figures = _figures(rounds, alone, pace_of_one)
    met = (
        figures["requests_against_minimum"] <= BARS["requests_against_minimum"]
        and figures["share_of_latency_limit"] >= BARS["share_of_latency_limit"]
        and figures["times_one_by_one"] >= BARS["times_one_by_one"]
        and figures["left_behind"] == 0
    )
    return {"name": "polling", "figures": figures, "bars": BARS, "met": met}


@dataclass(frozen=True, slots=True)
class Round:
    """All orders asked about once. `pace` is orders a second over the middle 80 % of them."""

    requests: int
    seconds: float
    pace: float
    moved: int
    left: int


def _round(box: RemoteSandbox, accounts: list[Any], passed: float, workers: int = WORKERS) -> Round:
    box.advance(passed)
    _make_all_due()
    before, events = box.calls("status"), _events()
    seconds = _poll_all(accounts, workers)
    moved, requests = _events() - events, box.calls("status") - before
    return Round(requests, seconds, _steady_pace(), moved, _still_due())


def _figures(rounds: list[Round], alone: Round, pace_of_one: float) -> dict[str, Any]:
    limit = LEASES / LATENCY * BATCH
    shares = [one.pace / limit for one in rounds]
    middle = statistics.median(one.seconds for one in rounds)
    requests = max(one.requests for one in (*rounds, alone))
    return {
        "orders": ORDERS,
        "left_behind": sum(one.left for one in (*rounds, alone)),
        "moved": ", ".join(str(one.moved) for one in rounds),
        "requests": requests,
        "seconds": round(middle, 2),
        "requests_against_minimum": round(requests / -(-ORDERS // BATCH), 3),
        "share_of_latency_limit": round(statistics.median(shares), 3),
        "shares": ", ".join(f"{share:.3f}" for share in shares),
        "share_with_start_and_end": round(ORDERS / middle / limit, 3),
        "share_of_one_process": round(alone.pace / limit, 3),
        "times_one_by_one": round(ORDERS / middle / pace_of_one, 1),
    }


def _open_orders(place: dict[str, Any]) -> tuple[list[Any], dict[int, list[str]]]:
    """Accounts whose orders the sandbox has accepted and the desk polls, all due."""
    from django.conf import settings

    settings.SANDBOX_URL = place["url"]
    from providers.connect import client_for
    from providers.panel_api import DefaultPayload

    accounts = [account_at(place["url"], f"bench-key-{n:04}") for n in range(LEASES)]
    item = next(i for i in client_for(accounts[0]).services().items if i.type == "Default")
    ids: dict[int, list[str]] = {}

    def buy(account: Any) -> None:
        client = client_for(account)
        for number in range(ORDERS // LEASES):
            payload = DefaultPayload(
                service_id=item.service_id,
                link=f"https://lumen.example/{account.pk}/{number}",
                quantity=item.min or 100,
            )
            ids.setdefault(account.pk, []).append(client.add(payload).order_id)

    with ThreadPoolExecutor(LEASES) as pool:
        list(pool.map(buy, accounts))
    for account in accounts:
        write_down(account, item, ids[account.pk])
    return accounts, ids


def _make_all_due() -> None:
    """All due, as orders that have stood still for an hour: they are not due again in the run."""
    from datetime import timedelta

    from core.clocks import database_now
    from orders.models import PollSchedule

    now = database_now()
    PollSchedule.objects.update(
        next_at=now - timedelta(seconds=1), changed_at=now - timedelta(hours=1), checked_at=None
    )


def _events() -> int:
    from orders.models import OrderEvent

    return OrderEvent.objects.count()


def _poll_all(accounts: list[Any], workers: int = WORKERS) -> float:
    """Seconds until nothing is due, with a lease an account, over so many processes."""
    from django.db import connections

    connections.close_all()
    forked = multiprocessing.get_context("fork")
    processes = [
        forked.Process(target=_work, args=(accounts[number::workers],)) for number in range(workers)
    ]
    started = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return time.perf_counter() - started


def _work(accounts: list[Any]) -> None:
    """One worker process: a thread for each of its leases."""
    from django.db import connections

    from core.clocks import database_now
    from orders.polling.poll_cycle import poll_account
    from orders.wake_ups import account_of

    def lease(account: Any) -> None:
        try:
            if ready := account_of(account.pk):
                poll_account(*ready, clock=database_now, seconds=PATIENCE)
        finally:
            connections.close_all()  # so does Celery after each task

    with ThreadPoolExecutor(len(accounts)) as pool:
        list(pool.map(lease, accounts))


def _steady_pace() -> float:
    """Orders a second over the middle 80 % of them, when all leases are under way."""
    from orders.models import PollSchedule

    moments = PollSchedule.objects.values_list("checked_at", flat=True)
    seen = sorted(moment for moment in moments if moment is not None)
    first, last = seen[len(seen) // 10], seen[len(seen) * 9 // 10]
    return len(seen) * 0.8 / (last - first).total_seconds()


def _still_due() -> int:
    from orders.models import PollSchedule

    return PollSchedule.objects.filter(checked_at=None).count()


def _one_by_one(accounts: list[Any], ids: dict[int, list[str]]) -> float:
    """Orders a second when each is asked about alone, over just as many leases."""
    from providers.connect import client_for

    def lease(account: Any) -> None:
        client = client_for(account)
        for order_id in ids[account.pk][: ONE_BY_ONE // LEASES]:
            client.statuses_once([order_id])

    started = time.perf_counter()
    with ThreadPoolExecutor(LEASES) as pool:
        list(pool.map(lease, accounts))
    return ONE_BY_ONE / (time.perf_counter() - started)


if __name__ == "__main__":
    from benchmarks.report import report

    sys.exit(report(main()))
