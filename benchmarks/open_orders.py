"""Accounts with open orders, at a sandbox that takes no time of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

LEASES = 16


class SandboxProcess:
    """The sandbox as a process of its own, so that it takes no time of ours."""

    def __enter__(self) -> dict[str, Any]:
        keys = [f"--key=bench-key-{number:04}:1000000" for number in range(LEASES)]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sandbox",
                "--port",
                "0",
                "--control-port",
                "0",
                "--seed",
                "1",
                "--services",
                "20",
                "--speed",
                "0",
                *keys,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        place: dict[str, Any] = json.loads(self.process.stdout.readline())
        return place

    def __exit__(self, *args: object) -> None:
        self.process.terminate()
        self.process.wait(10)


def account_at(url: str, key: str) -> Any:
    from core.encryption import encrypt
    from providers.actions.leases import ensure_leases
    from providers.models import Provider

    account = Provider.objects.create(
        name=key, url=url, key_ciphertext=encrypt(key), calls_per_minute=60_000
    )
    ensure_leases(account.pk)
    return account


def write_down(account: Any, item: Any, ids: list[str]) -> None:
    from datetime import timedelta

    from core.clocks import database_now
    from orders.models import Order, PollSchedule
    from orders.status import Status
    from providers.models import Service

    now = database_now()
    service = Service.objects.create(
        provider=account,
        external_id=item.service_id,
        name=item.name,
        type="Default",
        rate=item.rate,
        first_seen_at=now,
        changed_at=now,
    )
    orders = Order.objects.bulk_create(
        Order(
            provider=account,
            service=service,
            type="Default",
            payload={},
            link=f"lumen/{number}",
            link_key=str(number),
            units=item.min or 100,
            status=Status.PENDING,
            external_id=order_id,
            send_after=now,
            created_at=now,
            changed_at=now,
        )
        for number, order_id in enumerate(ids)
    )
    due = now - timedelta(seconds=1)
    PollSchedule.objects.bulk_create(
        PollSchedule(
            order=o, provider=account, external_id=o.external_id, next_at=due, changed_at=now
        )
        for o in orders
    )
