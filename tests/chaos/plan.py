"""What is wanted in one run: who orders what where, by which way, told by the seed alone."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

LINES_IN_A_PASTE = 12
QUANTITIES = (100, 200, 500)  # few, so that few prices are in use: the worst case for proofs
SERVICES_USED = 3


class Way(StrEnum):
    """How people send the form of an order."""

    PLAIN = "plain"
    DOUBLE_CLICK = "double_click"  # two at the same moment
    IMPATIENT = "impatient"  # cut off before the answer, then sent again
    HTMX = "htmx"  # answered, and sent again by a script that did not hear it
    PASTE = "paste"


WAYS = {Way.PLAIN: 40, Way.DOUBLE_CLICK: 12, Way.IMPATIENT: 9, Way.HTMX: 9, Way.PASTE: 30}


@dataclass(frozen=True, slots=True)
class Panel:
    """A provider: one sandbox process, with as many accounts as it has names."""

    name: str
    accounts: tuple[str, ...]
    switches: tuple[tuple[str, Any], ...] = ()


PANELS = (
    Panel("plain", ("plain-1", "plain-2", "plain-3")),
    Panel("guarded", ("guarded-1", "guarded-2"), (("link_guard", True),)),
    Panel("random", ("random-1", "random-2"), (("random_ids", True),)),
)
GUARDED = "guarded"
ACCOUNTS = tuple(account for panel in PANELS for account in panel.accounts)


@dataclass(frozen=True, slots=True)
class Wish:
    """One order somebody wants once. Account, link and quantity name it everywhere.

    `service` counts the services in use of its account; `paste` is the paste it stands in.
    """

    number: int
    account: str
    service: int
    link: str
    quantity: int
    way: Way
    behind: bool = False
    paste: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything a run depends on, as it stands in the first line of its history."""

    orders: int
    seed: int
    database: str
    kills_every: float
    faults: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        return cls(**{name: told[name] for name in cls.__slots__})


def plan_of(terms: Terms) -> list[Wish]:
    """The wishes of a run, in the order in which people come to them."""
    dice = random.Random(f"plan-{terms.seed}")
    wishes: list[Wish] = []
    paste, account_of_paste, lines = -1, "", LINES_IN_A_PASTE
    for number in range(terms.orders):
        way = dice.choices(list(WAYS), list(WAYS.values()))[0]
        account = dice.choice(ACCOUNTS)
        if way is Way.PASTE:
            if lines == LINES_IN_A_PASTE:
                paste, account_of_paste, lines = paste + 1, account, 0
            account, lines = account_of_paste, lines + 1
        wishes.append(_wish(dice, number, account, way, paste, wishes, terms.seed))
    return wishes


def _wish(
    dice: random.Random,
    number: int,
    account: str,
    way: Way,
    paste: int,
    earlier: list[Wish],
    seed: int,
) -> Wish:
    link = f"https://lumen.example/{seed}/{number}"
    service, quantity = dice.randrange(SERVICES_USED), dice.choice(QUANTITIES)
    if way is Way.PASTE:
        return Wish(number, account, service, link, quantity, way, paste=paste)
    first = next((one for one in reversed(earlier) if one.account == account), None)
    stands_behind = (
        account.startswith(GUARDED) and first and first.link.endswith(f"/{first.number}")
        and first.way is not Way.PASTE and dice.random() < 0.2
    )  # fmt: skip
    if first and stands_behind:
        others = [one for one in QUANTITIES if one != first.quantity]
        return Wish(number, account, service, first.link, dice.choice(others), way, behind=True)
    return Wish(number, account, service, link, quantity, way)
