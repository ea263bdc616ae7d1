"""What may be asked of a provider: one frozen dataclass per service type.

The classes are the table of order types. The order form, its checks, the cost, the wire
parameters, the preview and the tests are all drawn from the `Ask` kept with each field.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

SUBSCRIPTION_DELAYS = (
    *(0, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 210, 240, 270, 300),
    *(360, 420, 480, 540, 600),
)


class Kind(StrEnum):
    """How a field is asked for, checked and written on the wire."""

    LINK = "link"
    QUANTITY = "quantity"  # whole units, checked against the service's min and max
    LINES = "lines"  # one entry a line; sent joined by "\n"
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    DATE = "date"  # sent as d/m/Y


@dataclass(frozen=True, slots=True)
class Ask:
    """One field of an order form. `wire` is the parameter's name in the protocol."""

    wire: str
    kind: Kind
    label: str
    help: str = ""
    optional: bool = False
    counts: bool = False  # its lines are the order's quantity
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[tuple[str, str], ...] = ()


def asked(wire: str, kind: Kind, label: str, *, optional: bool = False, **more: Any) -> Any:
    """A dataclass field that carries its `Ask`; optional fields default to None."""
    ask = Ask(wire=wire, kind=kind, label=label, optional=optional, **more)
    if optional:
        return dataclasses.field(default=None, metadata={"ask": ask})
    return dataclasses.field(metadata={"ask": ask})


@dataclass(frozen=True, slots=True)
class CostRange:
    """A cost known only within bounds; `high` is None when there is no upper bound."""

    low: Decimal
    high: Decimal | None


def count_lines(text: str) -> int:
    """Lines that carry something, after either line ending, as providers count them."""
    return sum(1 for line in split_lines(text) if line)


def split_lines(text: str) -> tuple[str, ...]:
    """Lines stripped of spaces, empty ones dropped; only CR and LF end a line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(line.strip() for line in lines if line.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order for one service, ready to be sent. Subclasses add the fields of their type."""

    type_name: ClassVar[str] = ""
    priced_per_package: ClassVar[bool] = False

    service_id: str

    @classmethod
    def asks(cls) -> dict[str, Ask]:
        """The fields of this type, by attribute name, in the order a form shows them."""
        return {f.name: f.metadata["ask"] for f in dataclasses.fields(cls) if "ask" in f.metadata}

    def wire(self) -> dict[str, str]:
        """The parameters of `add` beside key and action. Optional ones unset are left out."""
        sent = {"service": self.service_id}
        for name, ask in self.asks().items():
            value = getattr(self, name)
            if value is None or value == "" or value == ():
                continue
            sent[ask.wire] = _on_the_wire(value)
        return sent

    @property
    def quantity_per_run(self) -> int | None:
        """What is checked against the service's min; None where the type has no quantity."""
        for name, ask in self.asks().items():
            value = getattr(self, name)
            if ask.counts:
                return len(value)
            if ask.kind is Kind.QUANTITY and ask.wire == "quantity":
                return int(value)
        return None

    @property
    def units(self) -> int | None:
        """Everything that will be delivered and paid, all runs together."""
        return self.quantity_per_run

    def cost(self, rate: Decimal) -> Decimal | CostRange | None:
        """Our estimate in the account's currency, before the provider's own rounding."""
        if self.priced_per_package:
            return rate
        return None if self.units is None else rate * self.units / 1000


@dataclass(frozen=True, slots=True)
class WrittenWish:
    """A wish as it was written down: exactly these parameters are sent, nothing is derived."""

    parameters: dict[str, str]

    def wire(self) -> dict[str, str]:
        return dict(self.parameters)


def _on_the_wire(value: object) -> str:
    if isinstance(value, tuple):
        return "\n".join(value)
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return str(value)


def _link() -> Any:
    return asked("link", Kind.LINK, "Link", help="The address the order is for.")


def _quantity() -> Any:
    return asked("quantity", Kind.QUANTITY, "Quantity")


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultWish(Wish):
    type_name = "Default"

    link: str = _link()
    quantity: int = _quantity()
    runs: int | None = asked(
        "runs", Kind.NUMBER, "Runs", optional=True, minimum=2, maximum=10_000,
        help="Drip-feed: the quantity is delivered this many times.",
    )  # fmt: skip
    interval: int | None = asked(
        "interval", Kind.NUMBER, "Interval, minutes", optional=True, minimum=1, maximum=525_600,
        help="Drip-feed: minutes between two runs.",
    )  # fmt: skip

    @property
    def is_drip_feed(self) -> bool:
        return self.runs is not None and self.interval is not None

    @property
    def units(self) -> int | None:
        return self.quantity * (self.runs or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageWish(Wish):
    type_name = "Package"
    priced_per_package = True

    link: str = _link()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCommentsWish(Wish):
    type_name = "Custom Comments"

    link: str = _link()
    comments: tuple[str, ...] = asked(
        "comments", Kind.LINES, "Comments", counts=True, help="One a line; each line is one unit."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionWish(Wish):
    type_name = "Subscriptions"

    username: str = asked("username", Kind.TEXT, "Username", help="The account to watch.")
    min: int = asked("min", Kind.QUANTITY, "Minimum per post")
    max: int = asked("max", Kind.QUANTITY, "Maximum per post")
    delay: int = asked(
        "delay", Kind.CHOICE, "Delay, minutes",
        choices=tuple((str(d), "at once" if d == 0 else f"{d} min") for d in SUBSCRIPTION_DELAYS),
    )  # fmt: skip
    posts: int | None = asked(
        "posts", Kind.NUMBER, "New posts", optional=True, minimum=1, maximum=1_000_000,
        help="How many future posts are served; empty means no limit.",
    )  # fmt: skip
    old_posts: int | None = asked(
        "old_posts", Kind.NUMBER, "Existing posts", optional=True, minimum=0, maximum=1_000_000,
        help="Only where the service allows it.",
    )  # fmt: skip
    expiry: date | None = asked("expiry", Kind.DATE, "Ends on", optional=True)

    def cost(self, rate: Decimal) -> Decimal | CostRange | None:
        if self.posts is None:
            return CostRange(rate * self.min / 1000, None)
        posts = self.posts + (self.old_posts or 0)
        return CostRange(rate * self.min * posts / 1000, rate * self.max * posts / 1000)


WISHES: dict[str, type[Wish]] = {
    wish.type_name: wish
    for wish in (DefaultWish, PackageWish, CustomCommentsWish, SubscriptionWish)
}


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if "a" <= char <= "z")


_BY_LETTERS = {_letters(name): name for name in WISHES} | {"customdata": "Custom Comments"}


def type_name(published: str) -> str:
    """Our name for a provider's spelling of a type; empty when it is not one we know."""
    return _BY_LETTERS.get(_letters(published), "")
