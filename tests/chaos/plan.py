"""What is wanted in one run: who orders what where, by which way, told by the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

LINES_IN_A_PASTE = 12  # in a small run fewer, so that no account has much more than the others
QUANTITIES = (100, 200, 500)  # few, so that few prices are in use
SERVICES_USED = 3
FIRST_ORDERS = 6  # of each account, undisturbed: from them the desk sees that its ids rise
ACCOUNTS_ON_A_PANEL = 4


class Way(StrEnum):
    """How people send the form of an order."""

    PLAIN = "plain"
    DOUBLE_CLICK = "double_click"  # two at the same moment
    IMPATIENT = "impatient"  # cut off before the answer, then sent again
    HTMX = "htmx"  # answered, and sent again by a script that did not hear it
    PASTE = "paste"


SINGLE_WAYS = {Way.PLAIN: 40, Way.DOUBLE_CLICK: 12, Way.IMPATIENT: 9, Way.HTMX: 9}


@dataclass(frozen=True, slots=True)
class Panel:
    """A provider: one sandbox process, with as many accounts as it has names."""

    name: str
    accounts: tuple[str, ...]
    switches: tuple[tuple[str, Any], ...] = ()


PLAIN, GUARDED, RANDOM = "plain", "guarded", "random"
SWITCHES: dict[str, tuple[tuple[str, Any], ...]] = {
    PLAIN: (),
    GUARDED: (("link_guard", True),),
    RANDOM: (("random_ids", True),),
}
RANDOM_WEIGHT = 0.25  # nothing is proven there, so each lost answer costs the full hold


def is_random(account: str) -> bool:
    """Its order ids do not rise: the desk may prove nothing by them."""
    return account.startswith(RANDOM)


def is_left_held(order: int) -> bool:
    """People never decide about this one when its terms changed; the number is the desk's."""
    return order % 10 == 9


@dataclass(frozen=True, slots=True)
class PlannedOrder:
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
    accounts: int = 12
    prices: str = "equal"
    pastes: float = 0.3
    minutes: float = 0.0  # people stop ordering after so many; 0: when the plan is done
    restore: bool = False
    steady: bool = False  # no price moves and no clock steps: what recovery is measured in

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        return cls(**{name: told[name] for name in cls.__slots__ if name in told})


def panels_of(terms: Terms) -> tuple[Panel, ...]:
    """Enough sandboxes for all accounts; at least two accounts are of each kind."""
    strange = max(2, terms.accounts // 10)
    guarded = max(2, (terms.accounts - strange) * 2 // 5)
    sizes = {PLAIN: terms.accounts - strange - guarded, GUARDED: guarded, RANDOM: strange}
    return tuple(
        Panel(f"{kind}-{first}", names[first : first + ACCOUNTS_ON_A_PANEL], SWITCHES[kind])
        for kind, size in sizes.items()
        for names in [tuple(f"{kind}-{number + 1}" for number in range(size))]
        for first in range(0, size, ACCOUNTS_ON_A_PANEL)
    )


def accounts_of(terms: Terms) -> tuple[str, ...]:
    return tuple(account for panel in panels_of(terms) for account in panel.accounts)


def first_orders(terms: Terms) -> list[PlannedOrder]:
    """Before the trouble begins: pasted, a few for each account."""
    return [
        PlannedOrder(
            -1,
            account,
            0,
            f"https://lumen.example/{terms.seed}/first/{position}/{line}",
            QUANTITIES[0],
            Way.PASTE,
            paste=-1 - position,
        )
        for position, account in enumerate(accounts_of(terms))
        for line in range(FIRST_ORDERS)
    ]


def one_each(terms: Terms, name: str, accounts: Iterable[str]) -> list[PlannedOrder]:
    """An order for each of these accounts, each by the form of a single one."""
    return [
        PlannedOrder(
            -1,
            account,
            0,
            f"https://lumen.example/{terms.seed}/{name}/{position}",
            QUANTITIES[0],
            Way.PLAIN,
        )
        for position, account in enumerate(accounts)
    ]


def numbered(planned_orders: Iterable[PlannedOrder], start: int) -> list[PlannedOrder]:
    """With numbers of their own in this run."""
    return [replace(planned, number=number) for number, planned in enumerate(planned_orders, start)]


def plan_of(terms: Terms) -> list[PlannedOrder]:
    """The planned_orders of a run, in the order in which people come to them."""
    dice = random.Random(f"plan-{terms.seed}")
    planned_orders: list[PlannedOrder] = []
    accounts = accounts_of(terms)
    weights = [RANDOM_WEIGHT if is_random(one) else 1.0 for one in accounts]
    singles = sum(SINGLE_WAYS.values())
    ways = {**SINGLE_WAYS, Way.PASTE: singles * terms.pastes / max(1 - terms.pastes, 0.01)}
    most = min(LINES_IN_A_PASTE, max(3, terms.orders // len(accounts) // 2))
    paste, account_of_paste, lines = -1, "", most
    for number in range(terms.orders):
        way = dice.choices(list(ways), list(ways.values()))[0]
        account = dice.choices(accounts, weights)[0]
        if way is Way.PASTE:
            if lines == most:
                paste, account_of_paste, lines = paste + 1, account, 0
            account, lines = account_of_paste, lines + 1
        planned_orders.append(_planned(dice, number, account, way, paste, planned_orders, terms))
    return planned_orders


def _planned(
    dice: random.Random,
    number: int,
    account: str,
    way: Way,
    paste: int,
    earlier: list[PlannedOrder],
    terms: Terms,
) -> PlannedOrder:
    """With equal prices only one that stands behind another costs something else."""
    link = f"https://lumen.example/{terms.seed}/{number}"
    service, quantity = dice.randrange(SERVICES_USED), dice.choice(QUANTITIES)
    if terms.prices == "equal":
        service, quantity = 0, QUANTITIES[0]
    if way is Way.PASTE:
        return PlannedOrder(number, account, service, link, quantity, way, paste=paste)
    first = next((one for one in reversed(earlier) if one.account == account), None)
    stands_behind = (
        account.startswith(GUARDED)
        and first
        and first.link.endswith(f"/{first.number}")
        and first.way is not Way.PASTE
        and dice.random() < 0.2
    )
    if first and stands_behind:
        others = [one for one in QUANTITIES if one != first.quantity]
        return PlannedOrder(
            number, account, service, first.link, dice.choice(others), way, behind=True
        )
    return PlannedOrder(number, account, service, link, quantity, way)
