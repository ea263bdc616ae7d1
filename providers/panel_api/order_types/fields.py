"""What an order form is made of: its fields, what they put on the wire, what they cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Self


class Kind(StrEnum):
    """How a field is asked for, checked and written on the wire."""

    LINK = "link"
    QUANTITY = "quantity"  # whole units, checked against the service's min and max
    LINES = "lines"  # one entry a line; sent joined by "\n"
    TEXT = "text"
    WORD = "word"  # a text without spaces
    NUMBER = "number"
    CHOICE = "choice"
    DATE = "date"  # sent as d/m/Y


@dataclass(frozen=True, slots=True)
class Ask:
    """One field of an order form. `wire` is the parameter's name in the protocol.

    `needed_when` names another field and the value of it with which this one is needed; with any
    other value it has no business on the wire. `own_set` names the column of a provider that
    lists the values it allows, in minutes, instead of those of the protocol.
    """

    wire: str
    kind: Kind
    label: str
    example: Any
    help: str = ""
    optional: bool = False
    counts: bool = False  # its lines are the order's quantity
    weighs: bool = False  # the cost depends on it
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    needed_when: tuple[str, object] | None = None
    own_set: str = ""


def asked(
    wire: str, kind: Kind, label: str, example: Any, *, optional: bool = False, **more: Any
) -> Any:
    """A dataclass field that carries its `Ask`; optional fields default to None."""
    ask = Ask(wire, kind, label, example, optional=optional, **more)
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
    return len(split_lines(text))


def split_lines(text: str) -> tuple[str, ...]:
    """Lines stripped of spaces, empty ones dropped; only CR and LF end a line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(line.strip() for line in lines if line.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPayload:
    """An order for one service, ready to be sent. Subclasses add the fields of their type."""

    type_name: ClassVar[str] = ""
    about: ClassVar[str] = ""
    priced_per_package: ClassVar[bool] = False
    is_subscription: ClassVar[bool] = False  # paid post by post, as the provider serves them
    fits_on: ClassVar[tuple[str, ...]] = ()  # other names providers publish the type under

    service_id: str

    @classmethod
    def asks(cls) -> Mapping[str, Ask]:
        """The fields of this type, by attribute name, in the order a form shows them."""
        if cls not in _ASKS:
            _ASKS[cls] = _asks_of(cls)
        return _ASKS[cls]

    @classmethod
    def example(cls, service_id: str, *, whole: bool = False) -> Self:
        """A payload filled with the examples of the table; `whole`: with the optional ones too."""
        asks = cls.asks()
        values = {name: ask.example for name, ask in asks.items()}
        for name, ask in asks.items():
            if ask.needed_when:
                other, value = ask.needed_when
                wanted = values[other] == value
            else:
                wanted = whole or not ask.optional
            if not wanted:
                values[name] = None
        return cls(service_id=service_id, **values)

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
        units = self.units
        return None if units is None else rate * units / 1000


@dataclass(frozen=True, slots=True)
class WrittenPayload:
    """A payload as it was written down: exactly these parameters are sent, nothing is derived."""

    parameters: dict[str, str]

    def wire(self) -> dict[str, str]:
        return dict(self.parameters)


_ASKS: dict[type[OrderPayload], Mapping[str, Ask]] = {}


def _asks_of(payload: type[OrderPayload]) -> Mapping[str, Ask]:
    """What must be said comes before what may be."""
    found = {f.name: f.metadata["ask"] for f in dataclasses.fields(payload) if "ask" in f.metadata}
    said_last = [name for name, ask in found.items() if ask.optional and not ask.needed_when]
    said_first = [name for name in found if name not in said_last]
    return MappingProxyType({name: found[name] for name in (*said_first, *said_last)})


def _on_the_wire(value: object) -> str:
    if isinstance(value, tuple):
        return "\n".join(value)
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return str(value)
