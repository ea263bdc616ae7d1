"""How a person reads numbers. Whoever answers a request says whose style it is; what runs in the
background, and what is written down, has the style of the desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal

from core.money import plain

NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """What stands between thousands and before decimals; `locale` is a browser's name for it."""

    thousands: str
    point: str
    locale: str


DESK = "point"
STYLES = {
    DESK: NumberStyle(",", ".", "en-US"),
    "comma": NumberStyle(".", ",", "de-DE"),
    "space": NumberStyle(NO_BREAK, ",", "fr-FR"),
}
LABELS = {"point": "1,234.56", "comma": "1.234,56", "space": f"1{NO_BREAK}234,56"}

_shown: ContextVar[NumberStyle] = ContextVar("number_style", default=STYLES[DESK])


def style() -> NumberStyle:
    """Of whoever is shown something now."""
    return _shown.get()


@contextmanager
def shown_as(name: str) -> Iterator[None]:
    token = _shown.set(STYLES[name])
    try:
        yield
    finally:
        _shown.reset(token)


def grouped(count: int) -> str:
    """A whole number with its thousands apart."""
    return f"{count:,}".replace(",", style().thousands)


def spelled(amount: Decimal) -> str:
    """All digits that carry something, at least two places, no sign."""
    whole, _, places = plain(abs(amount)).partition(".")
    return f"{grouped(int(whole))}{style().point}{places:0<2}"


def with_point(text: str) -> str:
    """A number whose digits are as Python writes them, 12.5, with this style's point."""
    return text.replace(".", style().point)
