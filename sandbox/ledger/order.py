"""One order as the provider keeps it, and its progress: a pure function of order and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from sandbox.ledger.dice import roll, roll_between

ENDED = frozenset({"Completed", "Partial", "Canceled", "Refunded", "Expired"})
ZERO = Decimal(0)
REMEMBERED = 32_768  # courses of orders: each is asked for with every status


@dataclass(slots=True)
class Order:
    """`charge` is what acceptance took; `account` a key's fingerprint; times are virtual."""

    id: str
    number: int
    account: str
    service: int
    type: str
    link: str
    quantity: int
    charge: Decimal
    accepted_at: float
    places: int = 5
    fields: dict[str, str] = field(default_factory=dict)
    parent: str = ""
    request_id: str = ""
    runs: int = 0
    interval: int = 0
    children: list[str] | None = None
    cancel_at: float | None = None
    refunded: Decimal = ZERO
    forced: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Temper:
    """How orders go here: shares that end partial or canceled, and a factor on all times."""

    seed: int
    partial: float = 0.06
    canceled: float = 0.04
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """`start_count` is None until the provider has looked at the link."""

    status: str
    remains: int
    charge: Decimal
    start_count: int | None

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Course:
    """Seconds after acceptance; `stop` is the share delivered when it ends."""

    begins: float
    slows: float
    ends: float
    outcome: str
    stop: float


def round_charge(amount: Decimal, places: int) -> Decimal:
    """Half up to the provider's last place."""
    return amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def course(order: Order, temper: Temper) -> Course:
    """What fate the seed holds: 40 to 120 virtual minutes in all, the first ten or so pending."""
    return _course(order.number, temper)


@lru_cache(REMEMBERED)
def _course(number: int, temper: Temper) -> Course:
    seed = temper.seed
    begins = 400 + 400 * roll(seed, number, 30)
    ends = 2400 + 4800 * roll(seed, number, 31)
    fate = roll(seed, number, 32)
    if fate < temper.canceled:
        outcome, stop = "Canceled", 0.0
    elif fate < temper.canceled + temper.partial:
        outcome, stop = "Partial", 0.2 + 0.7 * roll(seed, number, 33)
    else:
        outcome, stop = "Completed", 1.0
    slows = begins + 0.85 * (ends - begins) if roll(seed, number, 34) < 0.35 else ends
    return Course(begins * temper.pace, slows * temper.pace, ends * temper.pace, outcome, stop)


def start_count(order: Order, temper: Temper) -> int:
    """How many units the link had before, by the seed."""
    return roll_between(0, 5000, temper.seed, order.number, 35)


def progress(order: Order, now: float, temper: Temper) -> Progress:
    """Where the order is at this time; overrides and cancels included."""
    path = course(order, temper)
    canceled_at = cancel_decided_at(order, path, temper)
    if order.forced is not None:
        return _forced(order, now, temper, path)
    if canceled_at is not None and now >= canceled_at:
        delivered = _delivered(order, canceled_at - order.accepted_at, path)
        return _ended(order, "Partial" if delivered else "Canceled", delivered, temper)
    return _natural(order, now, temper, path)


def _natural(order: Order, now: float, temper: Temper, path: Course) -> Progress:
    age = now - order.accepted_at
    if age < path.begins:
        return Progress("Pending", order.quantity, order.charge, None)
    delivered = _delivered(order, age, path)
    if age >= path.ends:
        outcome = "Canceled" if path.outcome == "Partial" and not delivered else path.outcome
        return _ended(order, outcome, delivered, temper)
    word = "Processing" if age >= path.slows else "In progress"
    remains = order.quantity - delivered
    return Progress(word, remains, order.charge, start_count(order, temper))


def _delivered(order: Order, age: float, path: Course) -> int:
    if age <= path.begins:
        return 0
    share = min(1.0, (age - path.begins) / (path.ends - path.begins)) * path.stop
    return min(order.quantity, int(order.quantity * share))


def _ended(order: Order, status: str, delivered: int, temper: Temper) -> Progress:
    charge = order.charge
    if status == "Partial" and order.quantity:
        charge = round_charge(charge * delivered / order.quantity, order.places)
    elif status in ("Canceled", "Refunded"):
        charge = round_charge(ZERO, order.places)
    remains = order.quantity - delivered
    return Progress(status, remains, charge, start_count(order, temper))


def cancel_decided_at(order: Order, path: Course, temper: Temper) -> float | None:
    """When a requested cancel takes hold; None where there is none or it is turned down."""
    if order.cancel_at is None or roll(temper.seed, order.number, 36) >= 0.85:
        return None
    decided = order.cancel_at + 600 * temper.pace
    return decided if decided < order.accepted_at + path.ends else None


def _forced(order: Order, now: float, temper: Temper, path: Course) -> Progress:
    """An override wins field by field; `progress` is the share delivered, 0 to 1."""
    forced = order.forced or {}
    now_is = _natural(order, now, temper, path)
    status = str(forced.get("status", now_is.status))
    delivered = order.quantity - now_is.remains
    if "progress" in forced:
        delivered = int(order.quantity * float(forced["progress"]))
    elif status == "Completed":
        delivered = order.quantity
    was = _ended(order, status, delivered, temper)
    return Progress(
        status,
        int(forced.get("remains", was.remains)),
        Decimal(str(forced.get("charge", was.charge))),
        forced.get("start_count", was.start_count),
    )
