"""The order book: who has which order, what it cost, what came back when it ended."""

from __future__ import annotations

import base64
from decimal import Decimal
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Any

from sandbox.ledger.accounts import Account, Accounts
from sandbox.ledger.catalog import Service
from sandbox.ledger.dice import roll_between
from sandbox.ledger.ledger import Ledger
from sandbox.ledger.order import Order, Progress, Temper, cancel_decided_at, course, progress
from sandbox.ledger.order_types import Wanted
from sandbox.protocol.dialect import Dialect

A_MOMENT = 0.001  # so that adding and subtracting floats cannot make a waking too early


class Book:
    """Orders by id; money moves here and nowhere else. Not locked: its provider is."""

    def __init__(self, temper: Temper, accounts: Accounts, ledger: Ledger) -> None:
        self.temper, self.accounts, self.ledger = temper, accounts, ledger
        self.orders: dict[str, Order] = {}
        self.by_link: dict[tuple[str, str], list[str]] = {}
        self.by_request: dict[tuple[str, str], str] = {}
        self.last_number = roll_between(10_000, 99_999, temper.seed, 0, 39)
        self.newest_id = ""
        self._numbers: set[int] = set()
        self._due: list[tuple[float, int, str]] = []
        self._serial = 0

    def next_id(self, dialect: Dialect) -> tuple[int, str]:
        """A fresh number and its spelling; the numbers between belong to other customers."""
        issued, seed = len(self.orders), self.temper.seed
        number = self.last_number + roll_between(dialect.gap_min, dialect.gap_max, seed, issued, 40)
        turn = 0
        while dialect.random_ids and (turn == 0 or number in self._numbers):
            number = roll_between(10**6, 10**9, seed, issued, 41 + turn)
            turn += 1
        if dialect.id_style == "number":
            return number, str(number)
        digest = blake2b(f"{seed}:{number}".encode(), digest_size=12).digest()
        if dialect.id_style == "hex":
            return number, digest.hex()
        return number, "ord_" + base64.b32encode(digest).decode().rstrip("=")

    def accept(
        self,
        account: Account,
        service: Service,
        wanted: Wanted,
        charge: Decimal,
        now: float,
        dialect: Dialect,
        fields: dict[str, str] | None = None,
        request_id: str = "",
    ) -> Order:
        """Take the money and write the order down; the answer comes after."""
        number, order_id = self.next_id(dialect)
        parent = wanted.runs > 0 or service.type == "Subscriptions"
        order = Order(
            order_id,
            number,
            account.fingerprint,
            service.id,
            service.type,
            wanted.link,
            wanted.total,
            charge,
            now,
            dialect.charge_places,
            fields or {},
            "",
            request_id,
            wanted.runs,
            wanted.interval,
            [] if parent else None,
        )
        self.enter(order, sequential=not dialect.random_ids)
        account.change(-charge, now)
        return order

    def enter(self, order: Order, *, sequential: bool, paid: bool = True) -> None:
        """Add an order to the book and the ledger; `paid` says whether it took money."""
        self.remember(order, sequential=sequential)
        self.ledger.append("order", **order_facts(order), sequential=sequential, paid=paid)

    def remember(self, order: Order, *, sequential: bool) -> None:
        self.orders[order.id] = order
        self.newest_id = order.id
        self._numbers.add(order.number)
        if sequential:
            self.last_number = max(self.last_number, order.number)
        if order.request_id:
            self.by_request[order.account, order.request_id] = order.id
        if not order.parent:
            self.by_link.setdefault((order.account, order.link), []).append(order.id)
        elif (parent := self.orders[order.parent]).children is not None:
            parent.children.append(order.id)
        if order.children is None and course(order, self.temper).outcome != "Completed":
            ends = order.accepted_at + course(order, self.temper).ends
            self.wake(order, ends + A_MOMENT)

    def find(self, account: Account, order_id: str) -> Order | None:
        """Only one's own orders exist."""
        order = self.orders.get(order_id)
        return order if order and order.account == account.fingerprint else None

    def wake(self, order: Order, at: float) -> None:
        """Look at the order again at this virtual time."""
        self._serial += 1
        heappush(self._due, (at, self._serial, order.id))

    def due(self, now: float) -> tuple[float, Order] | None:
        """The next order to look at, and since when; None when nothing waits."""
        while self._due and self._due[0][0] <= now:
            at, _, order_id = heappop(self._due)
            if order_id in self.orders:
                return at, self.orders[order_id]
        return None

    def progress(self, order: Order, now: float) -> Progress:
        return progress(order, now, self.temper)

    def settle(self, order: Order, now: float) -> None:
        """Give back what an ended order did not use; giving back twice is impossible."""
        state = self.progress(order, now)
        if not state.ended:
            return
        self.refund(order, order.charge - state.charge - order.refunded, now)

    def refund(self, order: Order, amount: Decimal, now: float) -> None:
        if amount <= 0:
            return
        self.ledger.append("refund", id=order.id, amount=str(amount), at=now)
        self.record_refund(order, amount)
        self.accounts.named(order.account).change(amount, now)

    def record_refund(self, order: Order, amount: Decimal) -> None:
        order.refunded += amount
        parent = self.orders.get(order.parent)
        if parent is not None and parent.runs:
            parent.refunded += amount

    def cancel(self, order: Order, now: float) -> None:
        """Note a customer's request to cancel; whether it is honoured shows in the status."""
        self.ledger.append("cancel", id=order.id, at=now)
        self.record_cancel(order, now)

    def record_cancel(self, order: Order, at: float) -> None:
        order.cancel_at = at
        if order.children is not None:
            self.wake(order, at)
            return
        decided = cancel_decided_at(order, course(order, self.temper), self.temper)
        if decided is not None:
            self.wake(order, decided + A_MOMENT)

    def override(self, order: Order, forced: dict[str, Any] | None, now: float) -> None:
        """Replace what the order would show by itself; None lets it run by itself again."""
        self.ledger.append("override", id=order.id, forced=forced)
        order.forced = forced
        if order.children is None:
            self.settle(order, now)
        else:
            self.wake(order, now)


def order_facts(order: Order) -> dict[str, Any]:
    """What the ledger keeps of an order, as JSON."""
    return {
        "id": order.id,
        "number": order.number,
        "account": order.account,
        "service": order.service,
        "type": order.type,
        "link": order.link,
        "quantity": order.quantity,
        "charge": str(order.charge),
        "accepted_at": order.accepted_at,
        "places": order.places,
        "fields": order.fields,
        "parent": order.parent,
        "request_id": order.request_id,
        "runs": order.runs,
        "interval": order.interval,
        "children": None if order.children is None else [],
    }
