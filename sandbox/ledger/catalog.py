"""The seeded catalog: neutral services of every type, with prices that may drift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sandbox.ledger.dice import roll, roll_between
from sandbox.ledger.order_types import ORDER_TYPES

DEFAULT_GOODS = (
    ("Website visits", "visits"),
    ("Directory listings", "listings"),
    ("Newsletter listings", "listings"),
    ("Video plays", "plays"),
    ("Podcast plays", "plays"),
    ("Survey answers", "answers"),
    ("Article reads", "reads"),
    ("Audio plays", "plays"),
    ("Press listings", "listings"),
    ("Landing page visits", "visits"),
    ("App page visits", "visits"),
    ("Livestream viewers", "viewers"),
    ("Event page visits", "visits"),
    ("Catalog listings", "listings"),
    ("Banner views", "views"),
    ("Map listings", "listings"),
    ("Job listings", "listings"),
    ("Shop page visits", "visits"),
    ("Newsletter opens", "opens"),
    ("Photo gallery views", "views"),
)
TYPED_GOODS = {
    "Package": ("Launch packages", "Launch package"),
    "SEO": ("Search listings", "Keyword listings"),
    "Custom Comments": ("Reader comments", "Reader comments"),
    "Custom Comments Package": ("Reader comments", "Comment package"),
    "Mentions": ("Newsletter mentions", "Newsletter mentions"),
    "Mentions with Hashtags": ("Newsletter mentions", "Mentions with topics"),
    "Mentions Custom List": ("Newsletter mentions", "Mentions from your list"),
    "Mentions Hashtag": ("Newsletter mentions", "Mentions by topic"),
    "Mentions User Followers": ("Newsletter mentions", "Mentions of subscribers"),
    "Mentions Media Likers": ("Newsletter mentions", "Mentions of readers"),
    "Comment Likes": ("Reader comments", "Comment votes"),
    "Comment Replies": ("Reader comments", "Comment replies"),
    "Poll": ("Survey answers", "Survey answers for one option"),
    "Invites from Groups": ("Webinar invitations", "Invitations from groups"),
    "Subscriptions": ("New episodes", "Plays for new episodes"),
    "Web Traffic": ("Website visits", "Website visits by country and device"),
}
SOURCES = ("Mixed sources", "Worldwide", "Germany", "France", "Brazil", "India", "Japan", "Canada")
GUARANTEES = ("no refill", "7-day refill", "30-day refill", "60-day refill", "365-day refill")
SPEEDS = ("slow start", "steady", "fast start", "up to 5K a day", "up to 50K a day")
TIMES = ("12 minutes", "38 minutes", "1 hour 5 minutes", "3 hours 20 minutes", "1 day 2 hours")


@dataclass(frozen=True, slots=True)
class Service:
    """`rate` is the price of 1000 units, of one package where the type is one."""

    id: int
    name: str
    type: str
    category: str
    rate: Decimal
    min: int
    max: int
    refill: bool
    cancel: bool
    dripfeed: bool
    description: str
    average_time: str


def make_service(seed: int, number: int) -> Service:
    """The service with this number, counted from 1, in the catalog of this seed."""
    kind = _type_of(number)
    category, thing = _goods(kind, seed, number)
    guarantee = roll_between(0, len(GUARANTEES) - 1, seed, number, 2)
    source = SOURCES[roll_between(0, len(SOURCES) - 1, seed, number, 3)]
    speed = SPEEDS[roll_between(0, len(SPEEDS) - 1, seed, number, 4)]
    low, high = _range(kind, seed, number)
    return Service(
        id=number,
        name=f"{thing} · {source} · {GUARANTEES[guarantee]} · {speed}",
        type=kind,
        category=category,
        rate=_rate(seed, number),
        min=low,
        max=high,
        refill=guarantee > 0,
        cancel=roll(seed, number, 6) < 0.6,
        dripfeed=kind in ("Default", "Web Traffic") and roll(seed, number, 7) < 0.7,
        description=f"{thing}. Source: {source}. Public pages only, {GUARANTEES[guarantee]}.",
        average_time=TIMES[roll_between(0, len(TIMES) - 1, seed, number, 8)],
    )


def _type_of(number: int) -> str:
    """Every type within the first 32 services; after that nine in ten are Default."""
    special = tuple(TYPED_GOODS)
    if number <= 2 * len(special):
        return special[number // 2 - 1] if number % 2 == 0 else "Default"
    return special[number // 10 % len(special)] if number % 10 == 0 else "Default"


def _goods(kind: str, seed: int, number: int) -> tuple[str, str]:
    if kind != "Default":
        return TYPED_GOODS[kind]
    category, unit = DEFAULT_GOODS[roll_between(0, len(DEFAULT_GOODS) - 1, seed, number, 1)]
    return category, category if category.endswith(unit) else f"{category}: {unit}"


def _range(kind: str, seed: int, number: int) -> tuple[int, int]:
    if ORDER_TYPES[kind].package:
        return 1, 1
    if ORDER_TYPES[kind].lines:
        return 1, 500
    low = (10, 20, 50, 100)[roll_between(0, 3, seed, number, 9)]
    return low, (10_000, 50_000, 200_000, 1_000_000)[roll_between(0, 3, seed, number, 10)]


def _rate(seed: int, number: int) -> Decimal:
    places = roll_between(2, 5, seed, number, 11)
    digits = roll_between(10**places // 10, 10**places * 12, seed, number, 12)
    return Decimal(digits).scaleb(-places)


class Catalog:
    """What the provider offers now; `version` grows with every change of it."""

    def __init__(self, seed: int, size: int) -> None:
        if not 0 <= size <= 100_000:
            raise ValueError("a catalog holds 0 to 100,000 services")
        self.seed, self.size = seed, size
        self.version = 0
        self.rounds = 0
        self.services = {number: make_service(seed, number) for number in range(1, size + 1)}
        self.gone: set[int] = set()

    def offered(self) -> Iterable[Service]:
        if not self.gone:
            return self.services.values()
        return (service for number, service in self.services.items() if number not in self.gone)

    def get(self, number: int) -> Service | None:
        return None if number in self.gone else self.services.get(number)

    def drift(self, share: float = 0.1, step: float = 0.1) -> int:
        """Move the price of about `share` of the services by up to `step`; how many moved."""
        self.rounds += 1
        moved = 0
        for number, service in self.services.items():
            if roll(self.seed, self.rounds, number, 20) >= share:
                continue
            swing = 1 + step * (2 * roll(self.seed, self.rounds, number, 21) - 1)
            places = Decimal(1).scaleb(max(-5, min(-2, int(service.rate.as_tuple().exponent))))
            rate = (service.rate * Decimal(repr(swing))).quantize(places)
            self.services[number] = replace(service, rate=max(rate, places))
            moved += 1
        self.version += 1
        return moved

    def remove(self, fraction: float) -> int:
        """Take about this fraction of what is offered away; how many went."""
        self.rounds += 1
        going = [
            service.id
            for service in self.offered()
            if roll(self.seed, self.rounds, service.id, 22) < fraction
        ]
        self.gone.update(going)
        self.version += 1
        return len(going)

    def close(self, number: int) -> None:
        """Offer this one no longer, until `restore` or an edit brings it back."""
        self.gone.add(number)
        self.version += 1

    def restore(self) -> int:
        """Bring everything removed back; how many came."""
        back = len(self.gone)
        self.gone.clear()
        self.version += 1
        return back

    def edit(self, number: int, **changes: Any) -> Service:
        """Change fields of one service, or add it: an unknown number starts as a seeded one."""
        before = self.services.get(number) or make_service(self.seed, number)
        if "rate" in changes:
            changes["rate"] = Decimal(str(changes["rate"]))
        self.services[number] = replace(before, **changes)
        self.gone.discard(number)
        self.version += 1
        return self.services[number]
