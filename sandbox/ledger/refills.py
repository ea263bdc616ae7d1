"""Refill tasks: asked for by order, followed by an id of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sandbox.ledger.dice import roll
from sandbox.ledger.ledger import Ledger
from sandbox.ledger.order import Order, Temper
from sandbox.protocol.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Refill:
    """`at` is the virtual time it was asked for."""

    id: str
    order: str
    account: str
    at: float

    def status(self, now: float, temper: Temper) -> str:
        """Pending five minutes, at work twenty more; one in ten is rejected."""
        age = (now - self.at) / temper.pace if temper.pace else 1e9
        if age < 300:
            return "Pending"
        if roll(temper.seed, int(self.id), 60) < 0.1:
            return "Rejected"
        return "In progress" if age < 1500 else "Completed"


class Refills:
    """All refill tasks, and the latest of each order."""

    def __init__(self, temper: Temper, ledger: Ledger) -> None:
        self.temper, self.ledger = temper, ledger
        self.tasks: dict[str, Refill] = {}
        self.latest: dict[str, Refill] = {}
        self.counts: Counter[str] = Counter()

    def start(self, order: Order, now: float, cap: int = 0, spacing: float = 0) -> Refill:
        """Raises `Refusal` while an earlier task is open, too recent, or one too many.

        `cap` is how many an order may have, `spacing` the virtual seconds between; 0 is no rule.
        """
        before = self.latest.get(order.id)
        if before and now - before.at < spacing:
            raise Refusal("refill_wait", hours=f"{spacing / 3600:g}")
        if cap and self.counts[order.id] >= cap:
            raise Refusal("refill_cap")
        if before and before.status(now, self.temper) in ("Pending", "In progress"):
            raise Refusal("refill_open")
        task = Refill(str(len(self.tasks) + 1), order.id, order.account, now)
        self.ledger.append("refill", refill=task.id, id=order.id, account=order.account, at=now)
        self.remember(task)
        return task

    def remember(self, task: Refill) -> None:
        self.tasks[task.id] = task
        self.latest[task.order] = task
        self.counts[task.order] += 1
