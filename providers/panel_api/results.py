"""What a provider said, in our words. Ids are text, money is Decimal, unknown is None."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from .errors import Evidence, RefusalCode
from .refusals.request_refusals import NOTHING, Says, said_by


class OrderState(StrEnum):
    """The provider's word for an order, normalised; the same strings as our own statuses."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    PROCESSING = "processing"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    PARTIAL = "partial"
    CANCELED = "canceled"
    REFUNDED = "refunded"
    EXPIRED = "expired"


class RefillState(StrEnum):
    """The provider's word for a refill, normalised."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    REJECTED = "rejected"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """One service as published. `type` is the provider's own spelling; `None` means not said.

    `rate` is the price of 1000 units, or of one package, in the account's currency.
    """

    service_id: str
    name: str
    type: str
    category: str
    rate: Decimal | None
    min: int | None
    max: int | None
    refill: bool | None = None
    cancel: bool | None = None
    dripfeed: bool | None = None
    description: str = ""
    average_time: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row of an answer that could not be read; the rows beside it are not affected.

    `code` is set when the provider itself said no for this row (an unknown id, say).
    `missing` is true when the answer had no row at all for what was asked. `about` is the id
    of the row where it has a readable one. `is_no_id`: nobody was asked, for no provider gives it.
    """

    reason: str
    code: RefusalCode = RefusalCode.UNLISTED
    missing: bool = False
    about: str = ""
    is_no_id: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """A whole services answer: readable items in the order sent, and what could not be read."""

    items: tuple[CatalogItem, ...]
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """An accepted `add`. `charge` and `balance` only where the provider volunteers them."""

    order_id: str
    charge: Decimal | None = None
    balance: Decimal | None = None
    evidence: Evidence | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """One order's status. `status` is None when the provider's word (`raw_status`) is unknown.

    `children` holds the ids of orders that a drip-feed or subscription order has started.
    `names_children`: there is a place for them in the answer, which may be empty.
    `runs` and `posts` are the provider's own counters for those. `remains` is kept as they say
    it, below zero too: whether it can be is for those who know the order.
    """

    status: OrderState | None
    raw_status: str
    charge: Decimal | None = None
    start_count: int | None = None
    remains: int | None = None
    children: tuple[str, ...] = field(default=())
    runs: int | None = None
    posts: int | None = None
    names_children: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class RecentOrder:
    """One row of a provider's own list of our newest orders; `created_at` is its own text.

    `order_id` is empty where the row names none that can be read: it may be any order."""

    order_id: str
    progress: Progress | Unreadable
    link: str = ""
    quantity: int | None = None
    service_id: str = ""
    created_at: str = ""


@dataclass(frozen=True, slots=True)
class RefillStarted:
    """A refill was taken on. `refill_id` is empty where the provider gives it no id."""

    refill_id: str


@dataclass(frozen=True, slots=True)
class RefillProgress:
    status: RefillState | None
    raw_status: str


@dataclass(frozen=True, slots=True)
class CancelAccepted:
    """The request was taken; only a later status says what became of the order."""

    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider said no for this one row. `wait_seconds` where its text names a wait, and
    `spacing_seconds` where it names the least time since the last request.

    With `code` UNLISTED the words are not known to prove that nothing was done. With `is_own` they
    are the desk's, of an answer that has none. `says` is what all of its sentences say, also those
    that `reason` has no room for; where it is not given, as far as `reason` and `code` show it.
    """

    reason: str
    code: RefusalCode = RefusalCode.UNLISTED
    wait_seconds: int | None = None
    spacing_seconds: int | None = None
    is_own: bool = field(default=False, compare=False)
    says: Says = field(default=NOTHING, compare=False)

    def __post_init__(self) -> None:
        if not self.says:
            object.__setattr__(self, "says", said_by(self.reason, self.code))


@dataclass(frozen=True, slots=True)
class Balance:
    amount: Decimal
    currency: str = ""
