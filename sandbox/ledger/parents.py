"""Orders that beget orders: drip-feeds and subscriptions, and when their children come."""

from __future__ import annotations

from decimal import Decimal

from sandbox.ledger.book import Book
from sandbox.ledger.catalog import Catalog
from sandbox.ledger.dice import roll, roll_between
from sandbox.ledger.order import ENDED, ZERO, Order, Progress, round_charge
from sandbox.ledger.order_types import expiry_time
from sandbox.protocol.dialect import Dialect

FIRST_CHILD = 300.0
POST_EVERY = 3600.0
POST_JITTER = 1200.0


class Parents:
    """Follows the parents of one book."""

    def __init__(self, book: Book, catalog: Catalog) -> None:
        self.book, self.catalog = book, catalog
        self.paused: set[str] = set()

    def watch(self, parent: Order) -> None:
        """Look again when the next child is due."""
        due_at = self._next_child_at(parent)
        if due_at is not None:
            self.book.wake(parent, due_at)

    def visit(self, parent: Order, at: float, dialect: Dialect) -> None:
        """Start the child that is due at this time, or give back what will not be used."""
        status = str((parent.forced or {}).get("status", ""))
        if parent.cancel_at is not None or status in ENDED:
            self._refund_unstarted(parent, at)
            return
        due_at = self._next_child_at(parent)
        if due_at is None or due_at > at:
            return
        if status == "Paused" or not self._start_child(parent, at, dialect):
            self.paused.add(parent.id)
            self.book.wake(parent, at + POST_EVERY * self.book.temper.pace)
            return
        self.paused.discard(parent.id)
        self.watch(parent)

    def _next_child_at(self, parent: Order) -> float | None:
        started = len(parent.children or ())
        pace = self.book.temper.pace
        if parent.runs:
            if started >= parent.runs:
                return None
            return parent.accepted_at + FIRST_CHILD * pace + started * parent.interval * 60
        limit = _post_limit(parent)
        if limit is not None and started >= limit:
            return None
        old = int(parent.fields.get("old_posts", "0"))
        if started < old:
            return parent.accepted_at + FIRST_CHILD * pace
        jitter = POST_JITTER * roll(self.book.temper.seed, parent.number, 50, started)
        published = ((started - old + 1) * POST_EVERY + jitter) * pace
        due_at = parent.accepted_at + published + int(parent.fields.get("delay", "0")) * 60
        expires = _expires_at(parent)
        return None if expires is not None and due_at >= expires else due_at

    def _start_child(self, parent: Order, at: float, dialect: Dialect) -> bool:
        """Add one child; False where the balance does not pay for it."""
        quantity, charge = self._portion(parent)
        account = self.book.accounts.named(parent.account)
        paid = not parent.runs
        if paid and charge > account.balance:
            return False
        number, order_id = self.book.next_id(dialect)
        child = Order(
            order_id,
            number,
            parent.account,
            parent.service,
            parent.type,
            parent.link,
            quantity,
            charge,
            at,
            parent.places,
            parent=parent.id,
        )
        self.book.enter(child, sequential=not dialect.random_ids, paid=paid)
        if paid:
            account.change(-charge, at)
        return True

    def _portion(self, parent: Order) -> tuple[int, Decimal]:
        started = len(parent.children or ())
        if parent.runs:
            share = round_charge(parent.charge / parent.runs, parent.places)
            last = started == parent.runs - 1
            charge = parent.charge - share * (parent.runs - 1) if last else share
            return parent.quantity // parent.runs, charge
        low, high = int(parent.fields["min"]), int(parent.fields["max"])
        quantity = roll_between(low, high, self.book.temper.seed, parent.number, 51, started)
        rate = self.catalog.services[parent.service].rate
        return quantity, round_charge(rate * quantity / 1000, parent.places)

    def _refund_unstarted(self, parent: Order, now: float) -> None:
        if not parent.runs:
            return
        children = [self.book.orders[child] for child in parent.children or ()]
        unstarted = parent.charge - sum((child.charge for child in children), ZERO)
        returned = sum((child.refunded for child in children), ZERO)
        self.book.refund(parent, unstarted - (parent.refunded - returned), now)

    def progress(self, parent: Order, now: float) -> Progress:
        """A parent's own row: the sum of its children."""
        children = [self.book.orders[child] for child in parent.children or ()]
        rows = [self.book.progress(child, now) for child in children]
        delivered = sum(
            child.quantity - row.remains for child, row in zip(children, rows, strict=True)
        )
        charge = parent.charge - parent.refunded
        if not parent.runs:
            charge = sum((row.charge for row in rows), ZERO)
        status = self._status(parent, rows, now)
        start = rows[0].start_count if rows else None
        return Progress(status, max(0, parent.quantity - delivered), charge, start)

    def _status(self, parent: Order, rows: list[Progress], now: float) -> str:
        if parent.forced and "status" in parent.forced:
            return str(parent.forced["status"])
        if not parent.runs:
            return self._subscription_status(parent, rows, now)
        if any(not row.ended for row in rows):
            return "In progress"
        if parent.cancel_at is not None:
            return "Partial" if rows else "Canceled"
        if len(rows) == parent.runs:
            return "Completed"
        return "In progress" if rows else "Pending"

    def _subscription_status(self, parent: Order, rows: list[Progress], now: float) -> str:
        limit, expires = _post_limit(parent), _expires_at(parent)
        if parent.cancel_at is not None:
            return "Canceled"
        if limit is not None and len(rows) >= limit:
            return "Completed"
        if expires is not None and now >= expires:
            return "Expired"
        return "Paused" if parent.id in self.paused else "Active"


def _post_limit(parent: Order) -> int | None:
    """How many children a subscription will have; None is no limit."""
    old = int(parent.fields.get("old_posts", "0"))
    if "delay" not in parent.fields:
        return old
    posts = int(parent.fields.get("posts", "0"))
    return old + posts if posts else None


def _expires_at(parent: Order) -> float | None:
    return expiry_time(parent.fields["expiry"]) if "expiry" in parent.fields else None
