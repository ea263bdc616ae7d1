"""What several types of order have in common: their fields, and the payloads they build on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .fields import Kind, OrderPayload, asked

MOST_MINUTES = 525_600  # a year


def link_field() -> Any:
    return asked(
        "link", Kind.LINK, "Link", "https://shop.example/new", help="The address the order is for."
    )


def quantity_field() -> Any:
    return asked("quantity", Kind.QUANTITY, "Quantity", 1000, weighs=True)


def names_field(*, counts: bool = False) -> Any:
    return asked(
        "usernames",
        Kind.LINES,
        "Usernames",
        ("lumen", "harbor"),
        counts=counts,
        weighs=counts,
        help="One a line; each line is one unit." if counts else "One a line.",
    )


def comments_field(label: str = "Comments", *, counts: bool = True) -> Any:
    return asked(
        "comments",
        Kind.LINES,
        label,
        ("Well made", "Good to know"),
        counts=counts,
        weighs=counts,
        help="One a line; each line is one unit." if counts else "One a line.",
    )


def owner_field() -> Any:
    return asked("username", Kind.TEXT, "Username", "lumen", help="The owner of the comment.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPayload(OrderPayload):
    link: str = link_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityPayload(LinkPayload):
    quantity: int = quantity_field()


@dataclass(frozen=True, slots=True, kw_only=True)
class DripFedPayload(QuantityPayload):
    """May be delivered in runs: `quantity` is that of one run, and every run is paid."""

    runs: int | None = asked(
        "runs",
        Kind.NUMBER,
        "Runs",
        5,
        optional=True,
        weighs=True,
        minimum=2,
        maximum=10_000,
        help="Drip-feed: the quantity is delivered this many times.",
    )
    interval: int | None = asked(
        "interval",
        Kind.NUMBER,
        "Interval, minutes",
        60,
        optional=True,
        weighs=True,
        minimum=1,
        maximum=MOST_MINUTES,
        own_set="intervals",
        help="Drip-feed: minutes between two runs.",
    )

    @property
    def is_drip_feed(self) -> bool:
        return self.runs is not None and self.interval is not None

    @property
    def units(self) -> int | None:
        return self.quantity * (self.runs or 1)
