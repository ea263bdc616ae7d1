"""Refill tasks: asked for by order, followed by an id of their own."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.dice import roll
from sandbox.ledger import Ledger
from sandbox.order import Order, Temper
from sandbox.refusals import Refusal


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

    def start(self, order: Order, now: float) -> Refill:
        """Raises `Refusal` while an earlier task of the order is open."""
        before = self.latest.get(order.id)
        if before and before.status(now, self.temper) in ("Pending", "In progress"):
            raise Refusal("refill_open")
        task = Refill(str(len(self.tasks) + 1), order.id, order.account, now)
        self.ledger.append("refill", refill=task.id, id=order.id, account=order.account, at=now)
        self.remember(task)
        return task

    def remember(self, task: Refill) -> None:
        self.tasks[task.id] = task
        self.latest[task.order] = task
